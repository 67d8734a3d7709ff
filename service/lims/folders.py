"""What a folder of files can do, wherever it is.

Paths are relative to the folder, with `/` between their parts. It knows neither campaigns nor connectors.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]+')


class UnsafePathError(ValueError):
    """A path leads out of its folder, or through a link."""


class MissingPackageError(Exception):
    """What a URL needs is not installed."""


class ChangedFileError(Exception):
    """A file changed or vanished since it was listed."""


class FileTooLongError(Exception):
    """A file is longer than the caller reads."""


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was listed; `version` changes when it is written."""

    path: str
    size: int
    version: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@final
@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds: files, folders, and what is neither or has a name that is no text."""

    files: tuple[Entry, ...]
    folders: tuple[str, ...]
    others: tuple[str, ...] = ()


class Folder(ABC):
    """Files below one folder. Every call may raise OSError."""

    @abstractmethod
    def listed(self, path: str) -> Listing:
        """Return what a folder holds, by name.

        Raises:
            FileNotFoundError: if there is no such folder.
        """

    @abstractmethod
    def read(self, entry: Entry, most_bytes: int) -> bytes:
        """Return a file as it was listed.

        Raises:
            ChangedFileError: if it is another file by now.
            FileTooLongError: if it is longer than `most_bytes`.
        """

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a file whole or not at all, under a temporary name first; its folders are made."""

    @abstractmethod
    def move(self, entry: Entry, path: str) -> bool:
        """Move a file as it was listed; False if another process moved, changed or removed it before."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""

    @abstractmethod
    def make(self, path: str) -> None:
        """Make a folder, if it is not there."""

    @abstractmethod
    def find(self, path: str) -> Entry | None:
        """Return a file by its path, if it is there."""


def parts_of(path: str) -> list[str]:
    """Return the parts of a path.

    Raises:
        UnsafePathError: if one is no name.
    """
    return [checked_name(part) for part in path.split("/")] if path else []


def checked_name(name: str) -> str:
    """Return a name of a file or folder.

    Raises:
        UnsafePathError: if it is none, such as `..`.
    """
    if name in ("", ".", "..") or any(letter in name for letter in "/\\\0"):
        raise UnsafePathError(f"{name!r} is no name of a file or folder")
    return name


def joined(folder: str, name: str) -> str:
    """Return the path of a name in a folder; `""` is the top folder."""
    return f"{folder}/{name}" if folder else name


def safe_names(path: str) -> list[str]:
    """Return the parts of a path as names that Windows admits too."""
    parts = (_NOT_IN_NAMES.sub("_", part).strip(" .") for part in path.split("/"))
    return [part for part in parts if part]


def safe_name(name: str) -> str:
    """Return a name of one file that Windows admits too."""
    return "_".join(safe_names(name)) or "file"
