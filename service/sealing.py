"""Seal secrets that this service must read again: symmetric encryption with keys of a file.

A token holds the workspace, the purpose and the authority of its secret, and opens for these alone. A row of
another workspace that is copied over, or a changed address, therefore yields nothing. The file is read for
every use, so that a new key counts without a restart.

Tokens are those of Fernet: AES-128-CBC and HMAC-SHA256 (https://github.com/fernet/spec).
"""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from service.errors import UnavailableError
from service.settings import PREFIX, Settings

SETTING = f"{PREFIX}SECRET_KEYS_FILE"
_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


class SealingError(UnavailableError):
    """A secret cannot be sealed or opened; the message names what the operator must mend, and no secret."""


@final
class Sealer:
    """Seal and open secrets with the keys of a file: one Fernet key per line, the newest first.

    Args:
        path: the file; None where the operator has named none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def seal(self, value: str, workspace_id: UUID, purpose: str, authority: str) -> bytes:
        """Return a token that opens for this workspace, purpose and authority alone.

        Raises:
            SealingError: if there is no usable key.
        """
        content = {**_bound(workspace_id, purpose, authority), "value": value}
        return MultiFernet(self._keys()).encrypt(json.dumps(content).encode())

    def unseal(self, token: bytes, workspace_id: UUID, purpose: str, authority: str) -> str:
        """Return the secret of a token.

        Raises:
            SealingError: if no key opens it, or it was sealed for something else.
        """
        with self._opening():
            content = json.loads(MultiFernet(self._keys()).decrypt(token))
        value = content.pop("value")
        if content != _bound(workspace_id, purpose, authority):
            raise SealingError(
                f"the stored secret is not one of this workspace for {purpose} {authority}".rstrip()
                + "; enter the credentials again"
            )
        return str(value)

    def reseal(self, token: bytes) -> bytes:
        """Return a token under the newest key: the same one if it is under that key already.

        Raises:
            SealingError: if no key opens it.
        """
        keys = self._keys()
        with suppress(InvalidToken):
            keys[0].decrypt(token)
            return token
        with self._opening():
            return MultiFernet(keys).rotate(token)

    def check(self) -> None:
        """Check that there is a usable key.

        Raises:
            SealingError: if there is none.
        """
        self._keys()

    def _keys(self) -> list[Fernet]:
        if self._path is None:
            raise SealingError(
                f"{SETTING} is not set: name a file of keys there, made with `assayflow secrets new-key`"
            )
        return _read(self._path)

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except InvalidToken:
            raise SealingError(
                f"no key in {self._path} opens a stored secret: put the key back with which it was sealed, "
                "or enter the credentials again"
            ) from None


def open_sealer(settings: Settings) -> Sealer:
    """Return the sealer of the operator's file of keys, without reading it."""
    return Sealer(settings.secret_keys_file)


def add_key(path: Path) -> None:
    """Write a new key into the first line of a file, which is made with mode 0600 if it is absent.

    Raises:
        SealingError: if the file exists and is no file of keys.
    """
    if path.exists():
        _read(path)
        _write(path, f"{Fernet.generate_key().decode()}\n{path.read_text(encoding='ascii')}", path.stat())
    else:
        make_keys(path)


def make_keys(path: Path) -> None:
    """Make a file with one key unless it exists; of two processes that do, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with _private_copy(path, f"{Fernet.generate_key().decode()}\n") as written, suppress(FileExistsError):
            path.hardlink_to(written)


def _bound(workspace_id: UUID, purpose: str, authority: str) -> dict[str, str]:
    return {"workspace": str(workspace_id), "purpose": purpose, "authority": authority}


def _read(path: Path) -> list[Fernet]:
    try:
        text = path.read_text(encoding="ascii")
        mode, is_read_only = path.stat().st_mode, bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError as error:
        raise SealingError(
            f"the file of keys {path} ({SETTING}) cannot be read ({error.strerror}); "
            "make one with `assayflow secrets new-key`, or put back the one with which secrets were sealed"
        ) from error
    except UnicodeDecodeError:
        raise SealingError(f"{path} ({SETTING}) is no file of keys") from None
    keys = [
        _key(path, number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]
    if not keys:
        raise SealingError(f"{path} ({SETTING}) holds no key; make one with `assayflow secrets new-key`")
    # A container platform hands secrets in on a read-only mount of this container's own, readable by all.
    if mode & _OPEN_TO_OTHERS and not is_read_only:
        raise SealingError(f"others may read or change {path} ({SETTING}); give it the mode 0600")
    return keys


def _key(path: Path, number: int, line: str) -> Fernet:
    try:
        return Fernet(line)
    except ValueError:
        raise SealingError(
            f"line {number} of {path} ({SETTING}) is no key: each line is one that "
            "`assayflow secrets new-key` made"
        ) from None


def _write(path: Path, text: str, like: os.stat_result) -> None:
    with _private_copy(path, text) as written:
        written.chmod(stat.S_IMODE(like.st_mode))
        if os.geteuid() == 0:
            os.chown(written, like.st_uid, like.st_gid)
        written.replace(path)


@contextmanager
def _private_copy(path: Path, text: str) -> Iterator[Path]:
    """Write a file beside another, readable by this user alone, and remove what is left of it at the end."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield written
    finally:
        written.unlink(missing_ok=True)
