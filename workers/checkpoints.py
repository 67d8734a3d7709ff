"""What unfinished work can go on from, on disk: a cache with checksums, one file per round or job.

A round replaces its training state; a job adds records to what it has. Knows neither their content nor torch.
"""

import hashlib
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import final
from uuid import UUID

_SUFFIX = ".checkpoint"
_DIGEST_BYTES = hashlib.sha256().digest_size


@final
class FileCheckpoint:
    """The latest state of one round: a SHA-256, then the content, in one file that is replaced at once.

    The digest stands in front of the content instead of in a second file, so that the two cannot part in a crash.
    """

    def __init__(self, folder: Path, round_id: UUID) -> None:
        self._path = folder / f"{round_id}{_SUFFIX}"

    def load(self) -> bytes | None:
        """Return the last saved state, or None if there is none or it is damaged."""
        with suppress(FileNotFoundError):
            stored = self._path.read_bytes()
            digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
            if hashlib.sha256(content).digest() == digest:
                return content
        return None

    def save(self, content: bytes) -> None:
        """Replace the saved state; after a crash the old or the new one is there, whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}.partial")
        with fresh.open("wb") as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def delete(self) -> None:
        """Forget the state."""
        self._path.unlink(missing_ok=True)


@final
class FileJournal:
    """The records of one job, added as they come: each is a line, a SHA-256 and the record, which has no line breaks.

    A line that was cut off or changed is left out; the others stand.
    """

    def __init__(self, folder: Path, job_id: UUID) -> None:
        self._path = folder / f"{job_id}{_SUFFIX}"

    def load(self) -> list[bytes]:
        """Return the whole records, oldest first."""
        with suppress(FileNotFoundError):
            lines = [line.partition(b" ") for line in self._path.read_bytes().split(b"\n")]
            return [record for digest, _, record in lines if digest == _hex(record)]
        return []

    def append(self, record: bytes) -> None:
        """Add a record; when this returns, the end of the process does not lose it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            # the break comes first: this record is whole even after one that was cut off
            file.write(b"\n" + _hex(record) + b" " + record)

    def delete(self) -> None:
        """Forget all records."""
        self._path.unlink(missing_ok=True)


def _hex(record: bytes) -> bytes:
    return hashlib.sha256(record).hexdigest().encode()


def delete_others(folder: Path, keep: Collection[UUID]) -> None:
    """Delete the files of all rounds and jobs but these, and what a crash left half written."""
    names = {str(item_id) for item_id in keep}
    for pattern in (f"*{_SUFFIX}", "*.partial"):
        for path in folder.glob(pattern):
            if path.name.split(".")[0] not in names:
                path.unlink(missing_ok=True)
