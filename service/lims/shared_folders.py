"""Folders behind a URL that `fsspec` understands, and which folder a URL means."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from service.lims.folders import (
    ChangedFileError,
    Entry,
    FileTooLongError,
    Folder,
    Listing,
    MissingPackageError,
    joined,
    parts_of,
)
from service.lims.local_folders import LocalFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAMPS = ("etag", "ETag", "mtime", "last_write_time", "LastModified", "last_modified", "updated", "created")
"""What file systems call what changes with a file, the surest first."""


def open_folder(url: str) -> Folder:
    """Return the folder behind a path of this machine or a URL.

    Raises:
        MissingPackageError: if the package for the URL is not installed.
    """
    if "://" not in url or url.startswith("file://"):
        return LocalFolder(Path(url.removeprefix("file://")))
    return SharedFolder(url)


@final
class SharedFolder(Folder):
    """A folder behind a URL such as `s3://bucket/lab`. Some such stores know no folders without files."""

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs

            self._files, root = url_to_fs(url)
        except ImportError as error:
            # The message of fsspec names the package, and no URL.
            raise MissingPackageError(
                f"install assayflow[folders] and what {url.partition(':')[0]} needs: {error}"
            ) from error
        self._root = str(root).rstrip("/")

    def listed(self, path: str) -> Listing:
        """See `Folder.listed`."""
        files, folders, others = [], [], []
        with _as_os_errors():
            self._files.invalidate_cache()
            for item in self._files.ls(self._at(path), detail=True):
                name = str(item["name"]).rstrip("/").rpartition("/")[2]
                if item["type"] == "directory":
                    folders.append(name)
                elif item["type"] == "file" and not item.get("islink"):
                    files.append(self._entry(joined(path, name), item))
                else:
                    others.append(name)
        files.sort(key=lambda entry: entry.path)
        return Listing(tuple(files), tuple(sorted(folders)), tuple(sorted(others)))

    def read(self, entry: Entry, most_bytes: int) -> bytes:
        """See `Folder.read`."""
        if entry.size > most_bytes:
            raise FileTooLongError(entry.path)
        with _as_os_errors():
            try:
                content = bytes(self._files.cat_file(self._at(entry.path)))
            except FileNotFoundError as error:
                raise ChangedFileError(entry.path) from error
        if len(content) != entry.size or self.find(entry.path) != entry:
            raise ChangedFileError(entry.path)
        return content

    def write(self, path: str, content: bytes) -> None:
        """See `Folder.write`."""
        folder, _, name = path.rpartition("/")
        temporary = self._at(joined(folder, f".{secrets.token_hex(8)}.tmp"))
        target = self._at(joined(folder, name))
        with _as_os_errors():
            self._files.makedirs(self._at(folder), exist_ok=True)
            self._files.pipe_file(temporary, content)
            try:
                # Not every store renames onto a file that is there.
                if self._files.exists(target):
                    self._files.rm_file(target)
                self._files.mv(temporary, target)
            except Exception:
                with suppress(Exception):
                    self._files.rm_file(temporary)
                raise

    def move(self, entry: Entry, path: str) -> bool:
        """See `Folder.move`."""
        if self.find(entry.path) != entry:
            return False
        with _as_os_errors():
            self._files.makedirs(self._at(path.rpartition("/")[0]), exist_ok=True)
            try:
                self._files.mv(self._at(entry.path), self._at(path))
            except FileNotFoundError:
                return False
        return True

    def remove(self, path: str) -> None:
        """See `Folder.remove`."""
        with suppress(FileNotFoundError), _as_os_errors():
            self._files.rm_file(self._at(path))

    def make(self, path: str) -> None:
        """See `Folder.make`."""
        with _as_os_errors():
            self._files.makedirs(self._at(path), exist_ok=True)

    def find(self, path: str) -> Entry | None:
        """See `Folder.find`; by its folder's list, because some stores give other times for a single file."""
        try:
            files = self.listed(path.rpartition("/")[0]).files
        except FileNotFoundError:
            return None
        return next((entry for entry in files if entry.path == path), None)

    def _at(self, path: str) -> str:
        return "/".join((self._root, *parts_of(path)))

    def _entry(self, path: str, found: dict[str, Any]) -> Entry:
        stamp = next((found[name] for name in _STAMPS if found.get(name)), None)
        stamp = self._files.ukey(self._at(path)) if stamp is None else stamp
        return Entry(path, int(found["size"]), str(stamp).replace(" ", "T"))


@contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, ChangedFileError):
        raise
    except Exception as error:
        # Stores raise errors of their own libraries, whose texts may name addresses and keys.
        raise OSError(f"the store failed ({type(error).__name__})") from error
