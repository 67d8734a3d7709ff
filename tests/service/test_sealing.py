"""Sealed secrets: they open for what they were sealed for alone, with keys that can be rotated."""

import os
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet

from service import sealing
from service.sealing import Sealer, SealingError, add_key, make_keys, open_sealer
from service.settings import Settings

LAB = uuid4()
BOUND = (LAB, "connector", "lims.example.org")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "keys"
    make_keys(file)
    return file


def test_a_secret_opens_for_what_it_was_sealed_for(path: Path):
    token = Sealer(path).seal("hush häß", *BOUND)
    assert b"hush" not in token
    assert Sealer(path).unseal(token, *BOUND) == "hush häß"


@pytest.mark.parametrize(
    "other",
    [
        (uuid4(), "connector", "lims.example.org"),
        (LAB, "webhook", "lims.example.org"),
        (LAB, "connector", "lims.example.org:8443"),
        (LAB, "connector", ""),
    ],
)
def test_it_opens_for_nothing_else(path: Path, other: tuple[UUID, str, str]):
    token = Sealer(path).seal("hush", *BOUND)
    with pytest.raises(SealingError, match="enter the credentials again") as refused:
        Sealer(path).unseal(token, *other)
    assert "hush" not in str(refused.value)


def test_a_changed_token_is_refused(path: Path):
    token = bytearray(Sealer(path).seal("hush", *BOUND))
    token[30] ^= 1
    with pytest.raises(SealingError, match="no key in"):
        Sealer(path).unseal(bytes(token), *BOUND)


def test_a_new_key_is_first_and_the_old_one_still_opens(path: Path):
    sealer = Sealer(path)
    old = sealer.seal("hush", *BOUND)
    add_key(path)
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert sealer.unseal(old, *BOUND) == "hush"
    new = sealer.reseal(old)
    assert new != old
    assert sealer.reseal(new) == new, "it is under the newest key already"
    path.write_text(lines[0] + "\n")
    assert sealer.unseal(new, *BOUND) == "hush"
    with pytest.raises(SealingError, match="no key in"):
        sealer.unseal(old, *BOUND)


def test_a_file_is_made_private_and_once(tmp_path: Path):
    file = tmp_path / "new" / "keys"
    make_keys(file)
    first = file.read_text()
    make_keys(file)
    assert file.read_text() == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["keys"]


def test_a_new_key_keeps_the_mode_of_the_file(path: Path):
    path.chmod(0o640)
    add_key(path)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused(path: Path, mode: int):
    path.chmod(mode)
    with pytest.raises(SealingError, match="0600"):
        Sealer(path).seal("hush", *BOUND)


def test_a_read_only_mount_of_a_container_may_be_readable(path: Path, monkeypatch: pytest.MonkeyPatch):
    path.chmod(0o444)
    monkeypatch.setattr(sealing.os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    Sealer(path).check()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no key"),
        (b"\n \n", "holds no key"),
        (b"hush\n", "line 1"),
        (Fernet.generate_key() + b"\n" + b"A" * 43 + b"\n", "line 2"),
        ("schlüssel".encode(), "no file of keys"),
    ],
)
def test_a_file_without_usable_keys_is_refused_without_showing_it(path: Path, content: bytes, words: str):
    path.write_bytes(content)
    with pytest.raises(SealingError, match=words) as refused:
        Sealer(path).check()
    assert "hush" not in str(refused.value)
    with pytest.raises(SealingError):
        add_key(path)
    assert path.read_bytes() == content


def test_what_is_missing_is_named(tmp_path: Path):
    with pytest.raises(SealingError, match="ASSAYFLOW_SECRET_KEYS_FILE is not set"):
        open_sealer(Settings(database_url="postgresql://elsewhere/x")).seal("hush", *BOUND)
    with pytest.raises(SealingError, match=r"absent.*ASSAYFLOW_SECRET_KEYS_FILE.*new-key"):
        open_sealer(Settings(secret_keys_file=tmp_path / "absent")).check()


def test_no_representation_shows_a_key(path: Path):
    sealer = Sealer(path)
    key = path.read_text().strip()
    assert key not in repr(sealer) + str(vars(sealer))
