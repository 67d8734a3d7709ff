"""A watched folder: batches, checks, folders that are not there, and stores behind a URL."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import fsspec
import pytest
from fakes.lab import Measurement
from fakes.watched_folder import make_fake
from folder_calls import TABLE, Clock, opened_folder, order, scan
from fsspec.implementations.memory import MemoryFileSystem

from service.lims.contract import (
    AccessDeniedError,
    File,
    Material,
    News,
    Order,
    Refused,
    RetryLaterError,
)
from service.lims.kinds import watched_folder
from service.lims.kinds.watched_folder import WatchedFolderConnector
from service.lims.mapping_specs import LinkMapping


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lab").mkdir()
    return tmp_path / "lab"


@pytest.fixture
def connector(root: Path, clock: Clock) -> WatchedFolderConnector:
    made = opened_folder(root, clock)
    made.check()
    return made


def test_a_check_makes_the_folders_and_says_what_is_never_read(root: Path, clock: Clock):
    connector = opened_folder(root, clock)
    assert connector.check().server == "folder of this machine"
    assert {path.name for path in root.iterdir()} == {
        "inbox", "outbox", "processed", "refused", "assayflow.txt",
    }  # fmt: skip
    (root / "inbox" / "passwords.csv").symlink_to("/etc/passwd")
    os.mkfifo(root / "inbox" / "pipe.csv")
    Path(os.fsdecode(bytes(root / "inbox") + b"/caf\xe9.csv")).write_bytes(TABLE)
    names = [warning.partition(" is never read")[0] for warning in connector.check().warnings]
    assert names == ["inbox/caf?.csv", "inbox/passwords.csv", "inbox/pipe.csv"]
    _, cursor = scan(connector)
    assert cursor["seen"] == {}


def test_a_batch_is_written_whole_with_checksums(connector: WatchedFolderConnector, root: Path):
    files = [
        File(name=f"batch.{ending}", media_type="x/y", content=ending.encode()) for ending in ("csv", "xlsx")
    ]
    record = connector.put_order(order(*files, folder="Kinase: A", fields={"why": "first"}))
    place = root / "outbox" / "Kinase_ A" / "ab12-R1"
    assert record.id == "outbox/Kinase_ A/ab12-R1"
    assert {path.name for path in place.iterdir()} == {
        "batch.csv", "batch.csv.sha256", "batch.xlsx", "batch.xlsx.sha256", "order.json",
    }  # fmt: skip
    subprocess.run(["/usr/bin/sha256sum", "--check", "--strict", "batch.csv.sha256"], cwd=place, check=True)
    assert json.loads((place / "order.json").read_bytes())["fields"] == {"why": "first"}
    assert connector.find("order", ["AFR-1", "AFR-2"]) == {"AFR-1": record}

    # The robot took a file; the same order again puts nothing back.
    (place / "batch.csv").unlink()
    assert connector.put_order(order(*files, folder="Kinase: A")) == record
    assert not (place / "batch.csv").exists()

    other = connector.put_order(order(key="AFR-2", folder="Kinase: A"))
    assert isinstance(other, Refused)
    assert other.field == "order.name"
    assert connector.put_order(Order(key="AFR-3", name="x")).field == "order.files"
    assert isinstance(connector.put_materials([Material(key="AFC-1", name="x")])[0], Refused)


def test_an_order_that_was_interrupted_is_finished(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watched_folder, "ORDER", "no/../name")
    with pytest.raises(AccessDeniedError):
        connector.put_order(order())
    monkeypatch.undo()
    assert connector.find("order", ["AFR-1"]) == {}
    assert connector.put_order(order()) == connector.find("order", ["AFR-1"])["AFR-1"]
    assert [path.name for path in root.rglob(".*")] == []


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "..", "/etc/passwd", "a/../../b", "CON\x00x"])
def test_no_order_leaves_the_outbox(connector: WatchedFolderConnector, root: Path, name: str):
    record = connector.put_order(
        order(File(name=name, media_type="x/y", content=b"x"), name=name, folder=name)
    )
    assert record.id.startswith("outbox/")
    assert {path.name for path in root.parent.iterdir()} == {"lab"}


def test_a_folder_that_is_not_mounted_is_no_empty_one(
    root: Path, clock: Clock, connector: WatchedFolderConnector
):
    (root / "assayflow.txt").unlink()
    for call in (lambda: scan(connector), lambda: connector.put_order(order())):
        with pytest.raises(RetryLaterError, match="is it mounted"):
            call()
    gone = opened_folder(root / "nowhere", clock)
    with pytest.raises(RetryLaterError, match="lab cannot be used: No such file or directory") as error:
        gone.check()
    assert str(root) not in str(error.value)
    unknown = opened_folder(root, clock).environment
    with pytest.raises(AccessDeniedError, match="allows no folder 'other'"):
        WatchedFolderConnector(
            WatchedFolderConnector.Settings(folder="other"), WatchedFolderConnector.Credentials(), unknown
        ).check()


def test_a_shared_store_without_its_package_says_what_to_install(clock: Clock):
    with pytest.raises(AccessDeniedError, match=r"install assayflow\[folders\]") as error:
        opened_folder("smb://robot:secret@server/share", clock).check()
    assert "secret" not in str(error.value)


@pytest.fixture
def bucket() -> Iterator[str]:
    name = f"/{uuid4()}"
    files = fsspec.filesystem("memory")
    files.makedirs(name)
    yield name
    files.rm(name, recursive=True)


def test_a_store_behind_a_url_works_alike(bucket: str, clock: Clock):
    files = fsspec.filesystem("memory")
    connector = opened_folder(f"memory:/{bucket}", clock)
    assert connector.check().server == "memory"

    record = connector.put_order(order())
    assert files.cat(f"{bucket}/outbox/ab12-R1/batch.csv") == b"rank\n1\n"
    assert connector.find("order", ["AFR-1"]) == {"AFR-1": record}

    files.pipe(f"{bucket}/inbox/a.csv", TABLE[:20])
    found, cursor = scan(connector)
    clock.tick()
    files.pipe(f"{bucket}/inbox/a.csv", TABLE)
    found, cursor = scan(connector, cursor)
    assert found == {}
    clock.tick()
    found, cursor = scan(connector, cursor)
    assert found["a.csv"].file.content == TABLE
    assert scan(connector, cursor)[0] == {}
    connector.notify(found["a.csv"].record, News(event="read"))
    assert files.cat(f"{bucket}/processed/a.csv") == TABLE
    assert not files.exists(f"{bucket}/inbox/a.csv")
    assert files.exists(f"{bucket}/processed/a.csv.report.txt")
    assert [path for path in files.find(bucket) if path.endswith(".tmp")] == []


class Flat(MemoryFileSystem):
    """A store as S3 is: it knows no folders, but names of files with strokes in them."""

    protocol = "flat"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as in fsspec
        """Make nothing."""


def test_a_store_without_folders(clock: Clock):
    fsspec.register_implementation("flat", Flat, clobber=True)
    connector = opened_folder("flat://bucket/lab", clock)
    assert connector.check().server == "flat"
    assert scan(connector)[0] == {}
    assert connector.find("order", ["AFR-1"]) == {}
    record = connector.put_order(order())
    assert connector.find("order", ["AFR-1"]) == {"AFR-1": record}
    files, root = fsspec.core.url_to_fs("flat://bucket/lab")
    files.pipe(f"{root}/inbox/a.csv", TABLE)
    files.pipe(f"{root}/inbox/a.csv.done", b"")
    found, _ = scan(connector)
    connector.notify(found["a.csv"].record, News(event="read"))
    assert files.cat(f"{root}/processed/a.csv") == TABLE


def test_a_lab_that_works_with_files(clock: Clock):
    lab = make_fake()
    try:
        mapping = LinkMapping.model_validate(lab.mapping("peptides", "IC50"))
        assert mapping.order.files == ("csv",)
        connector = opened_folder(lab.folders()["lab"], clock)
        connector.check()
        candidate = "8b0c6f5e-0000-4000-8000-000000000001"
        content = f"candidate_id,object\n{candidate},ACDK\n".encode()
        connector.put_order(order(File(name="batch.csv", media_type="text/csv", content=content)))
        (material,) = lab.materials()
        assert [(held.key, held.materials) for held in lab.orders()] == [("AFR-1", [material.key])]
        measured = lab.measure(material.key, Measurement(value="12.5", relation=">"))
        found, cursor = scan(connector)
        lab.correct(measured, Measurement(outcome="no fit"))
        corrected, _ = scan(connector, cursor)
        lines = [
            item.file.content.decode().splitlines()[1] for item in (*found.values(), *corrected.values())
        ]
        assert lines == [
            f"{candidate},IC50,12.5,nM,>,,{measured}",
            f"{candidate},IC50,,,,assay_failed,{measured}",
        ]
    finally:
        lab.close()
