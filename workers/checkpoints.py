"""Store the state of unfinished work on disk: a cache with checksums, one file per round or job.

A round replaces its training state; a job appends records. A full, read-only or broken disk costs only the
cache: the error is logged and no function here raises `OSError`. The content is opaque bytes; torch is not
imported.
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
    """The latest state of one round: a SHA-256 digest and the content in one file, replaced atomically.

    Digest and content share a file, so that a crash cannot leave one without the other.
    """

    def __init__(self, folder: Path, round_id: UUID) -> None:
        self._path = folder / f"{round_id}{_SUFFIX}"
        self.trouble: str | None = None
        """The reason why a state could not be saved, if saving failed."""

    def load(self) -> bytes | None:
        """Return the last saved state, or None if it is missing or damaged."""
        with _reported("read", self._path):
            stored = self._path.read_bytes()
            digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
            if hashlib.sha256(content).digest() == digest:
                return content
        return None

    def save(self, content: bytes) -> None:
        """Replace the saved state atomically: after a crash or a failure, a complete state remains."""
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
                fresh.unlink()  # a partial file would keep the disk full

    def delete(self) -> None:
        """Delete the state."""
        _delete(self._path)


@final
class FileJournal:
    """The append-only records of one job. Each line holds a SHA-256 digest and a record without line breaks.

    Truncated or changed lines are skipped.
    """

    def __init__(self, folder: Path, job_id: UUID) -> None:
        self._path = folder / f"{job_id}{_SUFFIX}"

    def load(self) -> list[bytes]:
        """Return the intact records, oldest first."""
        with _reported("read", self._path):
            lines = [line.partition(b" ") for line in self._path.read_bytes().split(b"\n")]
            return [record for digest, _, record in lines if digest == _hex(record)]
        return []

    def append(self, record: bytes) -> None:
        """Append a record. It then survives the end of this process, if the disk accepted it."""
        with _reported("added to", self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # The line break comes first, so that a truncated line before this record does not damage it.
                file.write(b"\n" + _hex(record) + b" " + record)

    def delete(self) -> None:
        """Delete all records."""
        _delete(self._path)


def _hex(record: bytes) -> bytes:
    return hashlib.sha256(record).hexdigest().encode()


def delete_others(folder: Path, keep: Collection[UUID]) -> None:
    """Delete the files of all other rounds and jobs, and files that a crash left incomplete."""
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
    """Log an `OSError` of the block and continue after it; a missing file is not an error."""
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        _report(what, path, error)


def _report(what: str, path: Path, error: OSError) -> None:
    _log.warning("checkpoint not " + what, path=str(path), error=error.strerror or type(error).__name__)
