"""Folders of this machine: no symbolic link below them is followed, no other file system is entered."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, final

from service.lims.folders import (
    ChangedFileError,
    Entry,
    FileTooLongError,
    Folder,
    Listing,
    UnsafePathError,
    checked_name,
    joined,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@final
class LocalFolder(Folder):
    """A folder of this machine, or one that is mounted."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def listed(self, path: str) -> Listing:
        """See `Folder.listed`."""
        files, folders, others = [], [], []
        with self._opened(path) as (descriptor, device), os.scandir(descriptor) as items:
            for item in items:
                with suppress(FileNotFoundError):
                    found = item.stat(follow_symlinks=False)
                    if not _is_text(item.name):
                        others.append(item.name.encode(errors="replace").decode())
                    elif stat.S_ISREG(found.st_mode) and found.st_dev == device:
                        files.append(_entry(joined(path, item.name), found))
                    elif stat.S_ISDIR(found.st_mode) and found.st_dev == device:
                        folders.append(item.name)
                    else:
                        others.append(item.name)
        files.sort(key=lambda entry: entry.path)
        return Listing(tuple(files), tuple(sorted(folders)), tuple(sorted(others)))

    def read(self, entry: Entry, most_bytes: int) -> bytes:
        """See `Folder.read`."""
        folder = entry.path.rpartition("/")[0]
        with self._opened(folder) as (descriptor, device):
            try:
                file = os.open(entry.name, _READ, dir_fd=descriptor)
            except PermissionError:
                raise
            except OSError as error:
                raise ChangedFileError(entry.path) from error
            with open(file, "rb") as opened:  # noqa: PTH123 - a descriptor has no path
                found = os.fstat(file)
                if not stat.S_ISREG(found.st_mode) or found.st_dev != device:
                    raise ChangedFileError(entry.path)
                content = opened.read(most_bytes + 1)
                if _entry(entry.path, found) != entry or _entry(entry.path, os.fstat(file)) != entry:
                    raise ChangedFileError(entry.path)
        if len(content) > most_bytes:
            raise FileTooLongError(entry.path)
        return content

    def write(self, path: str, content: bytes) -> None:
        """See `Folder.write`."""
        folder, _, name = path.rpartition("/")
        temporary = f".{secrets.token_hex(8)}.tmp"
        with self._opened(folder, make=True) as (descriptor, _):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with open(os.open(temporary, flags, 0o666, dir_fd=descriptor), "wb") as file:  # noqa: PTH123
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(temporary, checked_name(name), src_dir_fd=descriptor, dst_dir_fd=descriptor)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=descriptor)
                raise
            # Not every network file system can do this to a folder.
            with suppress(OSError):
                os.fsync(descriptor)

    def move(self, entry: Entry, path: str) -> bool:
        """See `Folder.move`."""
        folder, _, name = path.rpartition("/")
        with (
            self._opened(entry.path.rpartition("/")[0]) as (source, _),
            self._opened(folder, make=True) as (target, _),
        ):
            try:
                if _entry(entry.path, os.stat(entry.name, dir_fd=source, follow_symlinks=False)) != entry:
                    return False
                os.rename(entry.name, checked_name(name), src_dir_fd=source, dst_dir_fd=target)
            except FileNotFoundError:
                return False
        return True

    def remove(self, path: str) -> None:
        """See `Folder.remove`."""
        folder, _, name = path.rpartition("/")
        with suppress(FileNotFoundError), self._opened(folder) as (descriptor, _):
            os.unlink(checked_name(name), dir_fd=descriptor)

    def make(self, path: str) -> None:
        """See `Folder.make`."""
        with self._opened(path, make=True):
            pass

    def find(self, path: str) -> Entry | None:
        """See `Folder.find`."""
        folder, _, name = path.rpartition("/")
        try:
            with self._opened(folder) as (descriptor, device):
                found = os.stat(checked_name(name), dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        is_file = stat.S_ISREG(found.st_mode) and found.st_dev == device
        return _entry(path, found) if is_file else None

    @contextmanager
    def _opened(self, path: str, *, make: bool = False) -> Iterator[tuple[int, int]]:
        """Open a folder part by part, without following a link; yield its descriptor and the device."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        descriptor = os.open(self._root, flags)
        try:
            device = os.fstat(descriptor).st_dev
            for part in parts_of(path):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=descriptor)
                try:
                    inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
                except NotADirectoryError as error:
                    raise UnsafePathError(f"{path}: {part} is no folder, or a link") from error
                os.close(descriptor)
                descriptor = inner
                if os.fstat(descriptor).st_dev != device:
                    raise UnsafePathError(f"{path}: {part} is on another file system")
            yield descriptor, device
        finally:
            os.close(descriptor)


def _entry(path: str, found: os.stat_result) -> Entry:
    return Entry(path, found.st_size, str(found.st_mtime_ns))


def _is_text(name: str) -> bool:
    """Return whether a name is UTF-8 and has no sign that other systems take for a path's."""
    return "\\" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)
