"""Training states on disk: a cache with a checksum, one file per round. Knows neither rounds' states nor torch."""

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


def delete_others(folder: Path, keep: Collection[UUID]) -> None:
    """Delete the states of all rounds but these, and what a crash left half written."""
    names = {str(round_id) for round_id in keep}
    for pattern in (f"*{_SUFFIX}", "*.partial"):
        for path in folder.glob(pattern):
            if path.name.split(".")[0] not in names:
                path.unlink(missing_ok=True)
