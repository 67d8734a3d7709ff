"""Checkpoints of unfinished work: intact or absent."""

import errno
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from workers.checkpoints import FileCheckpoint, FileJournal, delete_others


def test_the_last_state_is_kept_and_forgotten(tmp_path: Path):
    folder, round_id = tmp_path / "not there yet", uuid4()
    checkpoint = FileCheckpoint(folder, round_id)
    assert checkpoint.load() is None
    for content in (b"", b"first", b"second" * 1000):
        checkpoint.save(content)
        assert FileCheckpoint(folder, round_id).load() == content
    assert FileCheckpoint(folder, uuid4()).load() is None
    assert len(list(folder.iterdir())) == 1
    checkpoint.delete()
    checkpoint.delete()
    assert checkpoint.load() is None


@pytest.mark.parametrize("keep", [0, 10, 31, 32, 40])
def test_a_cut_file_is_no_checkpoint(tmp_path: Path, keep: int):
    checkpoint = FileCheckpoint(tmp_path, uuid4())
    checkpoint.save(b"a state of some length")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:keep])
    assert checkpoint.load() is None


def test_a_changed_byte_is_noticed(tmp_path: Path):
    checkpoint = FileCheckpoint(tmp_path, uuid4())
    checkpoint.save(b"a state")
    (file,) = tmp_path.iterdir()
    for index in range(file.stat().st_size):
        content = bytearray(file.read_bytes())
        content[index] ^= 1
        file.write_bytes(content)
        assert checkpoint.load() is None
        content[index] ^= 1
        file.write_bytes(content)
    assert checkpoint.load() == b"a state"


RECORDS = (b'{"first": 1}', b"", b"second " * 1000, b"third")


def test_records_are_added_and_forgotten(tmp_path: Path):
    folder, job_id = tmp_path / "not there yet", uuid4()
    journal = FileJournal(folder, job_id)
    assert journal.load() == []
    journal.delete()
    for n, record in enumerate(RECORDS):
        journal.append(record)
        assert FileJournal(folder, job_id).load() == list(RECORDS[: n + 1])
    assert FileJournal(folder, uuid4()).load() == []
    journal.delete()
    assert (journal.load(), list(folder.iterdir())) == ([], [])


def test_records_that_are_cut_or_changed_are_left_out_and_the_next_is_whole(tmp_path: Path):
    journal = FileJournal(tmp_path, uuid4())
    for record in (b"one", b"two"):
        journal.append(record)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for keep in range(len(whole)):
        file.write_bytes(whole[:keep])
        expected = [b"one"] if keep >= len(whole) // 2 else []
        assert journal.load() == expected
        journal.append(b"three")
        assert journal.load() == [*expected, b"three"]
    for index in range(len(whole)):
        changed = bytearray(whole)
        changed[index] ^= 1
        file.write_bytes(changed)
        assert set(journal.load()) <= {b"one", b"two"}
        assert len(journal.load()) >= 1 or index == len(whole) // 2
    file.write_bytes(b"no journal at all\n\n\xff\x00")
    assert journal.load() == []


def test_orphans_and_half_written_files_are_swept(tmp_path: Path):
    kept, orphan = uuid4(), uuid4()
    for round_id in (kept, orphan):
        FileCheckpoint(tmp_path, round_id).save(b"state")
        (tmp_path / f"{round_id}.123.partial").touch()
    FileJournal(tmp_path, orphan).append(b"record")
    FileJournal(tmp_path, job := uuid4()).append(b"record")
    (tmp_path / "something else").touch()
    delete_others(tmp_path, [kept, job])
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [f"{kept}.checkpoint", f"{kept}.123.partial", f"{job}.checkpoint", "something else"]
    )
    delete_others(tmp_path / "missing", [])


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_old_state_and_reports_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoint = FileCheckpoint(tmp_path, uuid4())
    checkpoint.save(b"old")
    assert checkpoint.trouble is None
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        checkpoint.save(b"new")
    assert checkpoint.trouble == "No space left on device"
    assert checkpoint.load() == b"old"
    assert len(list(tmp_path.iterdir())) == 1  # a partial file would keep the disk full
    checkpoint.save(b"newer")
    assert checkpoint.load() == b"newer"


def test_a_folder_that_cannot_be_used_raises_nothing(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.touch()
    checkpoint, journal = FileCheckpoint(blocked, uuid4()), FileJournal(blocked, uuid4())
    checkpoint.save(b"state")
    journal.append(b"record")
    assert (checkpoint.load(), journal.load()) == (None, [])
    assert checkpoint.trouble is not None
    checkpoint.delete()
    journal.delete()
    delete_others(blocked, [])
