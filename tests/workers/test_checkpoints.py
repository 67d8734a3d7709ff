"""Training states on disk: whole or not there."""

from pathlib import Path
from uuid import uuid4

import pytest

from workers.checkpoints import FileCheckpoint, delete_others


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
    for place in range(file.stat().st_size):
        content = bytearray(file.read_bytes())
        content[place] ^= 1
        file.write_bytes(content)
        assert checkpoint.load() is None
        content[place] ^= 1
        file.write_bytes(content)
    assert checkpoint.load() == b"a state"


def test_orphans_and_half_written_files_are_swept(tmp_path: Path):
    kept, orphan = uuid4(), uuid4()
    for round_id in (kept, orphan):
        FileCheckpoint(tmp_path, round_id).save(b"state")
        (tmp_path / f"{round_id}.123.partial").touch()
    (tmp_path / "something else").touch()
    delete_others(tmp_path, [kept])
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [f"{kept}.checkpoint", f"{kept}.123.partial", "something else"]
    )
    delete_others(tmp_path / "missing", [])
