"""What unfinished work can go on from, on disk: a cache with checksums, one file per round or job.

A round replaces its training state; a job adds records to what it has. A disk that is full, read-only or broken is
reported and costs nothing but the cache: no function here raises `OSError`. Knows neither their content nor torch.
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import final
from uuid import UUID

import structlog

_SUFFIX = ".checkpoint"
_DIGEST_BYTES = hashlib.sha256().digest_size
_log = structlog.get_logger(__name__)


@final
class FileCheckpoint:
    """The latest state of one round: a SHA-256, then the content, in one file that is replaced at once.

    The digest stands in front of the content instead of in a second file, so that the two cannot part in a crash.
    """

    def __init__(self, folder: Path, round_id: UUID) -> None:
        self._path = folder / f"{round_id}{_SUFFIX}"
        self.trouble: str | None = None
        """Why a state could not be saved, if one could not."""

    def load(self) -> bytes | None:
        """Return the last saved state, or None if there is none or it is damaged."""
        with _reported("read", self._path):
            stored = self._path.read_bytes()
            digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
            if hashlib.sha256(content).digest() == digest:
                return content
        return None

    def save(self, content: bytes) -> None:
        """Replace the saved state; after a crash the old or the new one is there, whole; after a failure the old."""
        fresh = self._path.with_suffix(f".{os.getpid()}.partial")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            self.trouble = error.strerror or type(error).__name__
            _report("saved", self._path, error)
            with suppress(OSError):
                fresh.unlink()  # what there is of it would keep the disk full

    def delete(self) -> None:
        """Forget the state."""
        _delete(self._path)


@final
class FileJournal:
    """The records of one job, added as they come: each is a line, a SHA-256 and the record, which has no line breaks.

    A line that was cut off or changed is left out; the others stand.
    """

    def __init__(self, folder: Path, job_id: UUID) -> None:
        self._path = folder / f"{job_id}{_SUFFIX}"

    def load(self) -> list[bytes]:
        """Return the whole records, oldest first."""
        with _reported("read", self._path):
            lines = [line.partition(b" ") for line in self._path.read_bytes().split(b"\n")]
            return [record for digest, _, record in lines if digest == _hex(record)]
        return []

    def append(self, record: bytes) -> None:
        """Add a record; when this returns, the end of the process does not lose it, if the disk took it."""
        with _reported("added to", self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # the break comes first: this record is whole even after one that was cut off
                file.write(b"\n" + _hex(record) + b" " + record)

    def delete(self) -> None:
        """Forget all records."""
        _delete(self._path)


def _hex(record: bytes) -> bytes:
    return hashlib.sha256(record).hexdigest().encode()


def delete_others(folder: Path, keep: Collection[UUID]) -> None:
    """Delete the files of all rounds and jobs but these, and what a crash left half written."""
    names = {str(item_id) for item_id in keep}
    with _reported("listed", folder):
        for pattern in (f"*{_SUFFIX}", "*.partial"):
            for path in folder.glob(pattern):
                if path.name.split(".")[0] not in names:
                    _delete(path)


def _delete(path: Path) -> None:
    with _reported("deleted", path):
        path.unlink(missing_ok=True)


@contextmanager
def _reported(what: str, path: Path) -> Iterator[None]:
    """Log what the operating system refuses in the block, and go on after it; that no file is there is no refusal."""
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        _report(what, path, error)


def _report(what: str, path: Path, error: OSError) -> None:
    _log.warning("checkpoint not " + what, path=str(path), error=error.strerror or type(error).__name__)
