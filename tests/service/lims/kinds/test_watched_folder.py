import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fakes.lab import Measurement
from fakes.watched_folder import make_fake

from service.lims.contract import (
    AccessDeniedError,
    ConnectorEnvironment,
    File,
    Material,
    News,
    Order,
    Refused,
    RetryLaterError,
    Scope,
)
from service.lims.kinds import watched_folder
from service.lims.kinds.watched_folder import WatchedFolderConnector
from service.lims.local_folders import LocalFolder
from service.lims.mapping_specs import LinkMapping
from service.lims.registry import connector_kind

TABLE = b"candidate_id,type,value,units\n1,IC50,12.5,nM\n"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 60) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lab").mkdir()
    return tmp_path / "lab"


def _connector(url: object, clock: Clock, **settings: Any) -> WatchedFolderConnector:
    kind = connector_kind("watched_folder")
    environment = ConnectorEnvironment(folders={"lab": str(url)}, now=clock)
    connector = kind(kind.Settings(folder="lab", **settings), kind.Credentials(), environment)
    assert isinstance(connector, WatchedFolderConnector)
    return connector


@pytest.fixture
def connector(root: Path, clock: Clock) -> WatchedFolderConnector:
    made = _connector(root, clock)
    made.check()
    return made


def _scan(
    connector: WatchedFolderConnector, cursor: Any = None, folder: str | None = None
) -> tuple[dict[str, Any], Any]:
    page = connector.changes(Scope(folder=folder), cursor)
    return {found.file.name: found for found in page.files}, json.loads(json.dumps(page.cursor))


def _order(*files: File, key: str = "AFR-1", name: str = "ab12-R1", **other: Any) -> Order:
    files = files or (File(name="batch.csv", media_type="text/csv", content=b"rank\n1\n"),)
    return Order(key=key, name=name, files=files, **other)


def test_a_check_makes_the_folders_and_says_what_is_never_read(root: Path, clock: Clock):
    connector = _connector(root, clock)
    assert connector.check().server == "folder of this machine"
    assert {path.name for path in root.iterdir()} == {
        "inbox", "outbox", "processed", "refused", "assayflow.txt",
    }  # fmt: skip
    (root / "inbox" / "passwords.csv").symlink_to("/etc/passwd")
    os.mkfifo(root / "inbox" / "pipe.csv")
    Path(os.fsdecode(bytes(root / "inbox") + b"/caf\xe9.csv")).write_bytes(TABLE)
    names = [warning.partition(" is never read")[0] for warning in connector.check().warnings]
    assert names == ["inbox/caf?.csv", "inbox/passwords.csv", "inbox/pipe.csv"]
    _, cursor = _scan(connector)
    assert cursor["seen"] == {}


def test_a_batch_is_written_whole_with_checksums(connector: WatchedFolderConnector, root: Path):
    files = [
        File(name=f"batch.{ending}", media_type="x/y", content=ending.encode()) for ending in ("csv", "xlsx")
    ]
    record = connector.put_order(_order(*files, folder="Kinase: A", fields={"why": "first"}))
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
    assert connector.put_order(_order(*files, folder="Kinase: A")) == record
    assert not (place / "batch.csv").exists()

    other = connector.put_order(_order(key="AFR-2", folder="Kinase: A"))
    assert isinstance(other, Refused)
    assert other.field == "order.name"
    assert connector.put_order(Order(key="AFR-3", name="x")).field == "order.files"
    assert isinstance(connector.put_materials([Material(key="AFC-1", name="x")])[0], Refused)


def test_an_order_that_was_interrupted_is_finished(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watched_folder, "ORDER", "no/../name")
    with pytest.raises(AccessDeniedError):
        connector.put_order(_order())
    monkeypatch.undo()
    assert connector.find("order", ["AFR-1"]) == {}
    assert connector.put_order(_order()) == connector.find("order", ["AFR-1"])["AFR-1"]
    assert [path.name for path in root.rglob(".*")] == []


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "..", "/etc/passwd", "a/../../b", "CON\x00x"])
def test_no_order_leaves_the_outbox(connector: WatchedFolderConnector, root: Path, name: str):
    record = connector.put_order(
        _order(File(name=name, media_type="x/y", content=b"x"), name=name, folder=name)
    )
    assert record.id.startswith("outbox/")
    assert {path.name for path in root.parent.iterdir()} == {"lab"}


def test_a_file_is_taken_when_it_stood_still_for_two_scans(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    file = root / "inbox" / "plate 1.csv"
    file.write_bytes(TABLE[:20])
    found, cursor = _scan(connector)
    assert found == {}
    clock.tick()
    file.write_bytes(TABLE)
    found, cursor = _scan(connector, cursor)
    assert found == {}, "it grew between the scans"
    clock.tick(2)
    found, cursor = _scan(connector, cursor)
    assert found == {}, "it stood still too shortly"
    clock.tick()
    found, cursor = _scan(connector, cursor)
    assert found["plate 1.csv"].file == File(name="plate 1.csv", media_type="text/csv", content=TABLE)
    clock.tick()
    assert _scan(connector, cursor)[0] == {}, "it is read already, and waits to be moved"


def test_a_clock_of_the_instrument_does_not_matter(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    file = root / "inbox" / "late.csv"
    file.write_bytes(TABLE)
    os.utime(file, (4e9, 4e9))
    _, cursor = _scan(connector)
    clock.tick()
    assert list(_scan(connector, cursor)[0]) == ["late.csv"]


def test_a_done_file_says_that_it_is_complete(connector: WatchedFolderConnector, root: Path):
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    (root / "inbox" / "empty.csv").touch()
    (root / "inbox" / "empty.csv.done").touch()
    found, _ = _scan(connector)
    assert list(found) == ["a.csv"]
    assert not (root / "inbox" / "a.csv.done").exists()


def test_an_empty_file_waits(connector: WatchedFolderConnector, root: Path, clock: Clock):
    file = root / "inbox" / "a.csv"
    file.touch()
    _, cursor = _scan(connector)
    clock.tick()
    found, cursor = _scan(connector, cursor)
    assert found == {}
    file.write_bytes(TABLE)
    _, cursor = _scan(connector, cursor)
    clock.tick()
    assert list(_scan(connector, cursor)[0]) == ["a.csv"]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.csv",
        "~$plate.xlsx",
        "a.csv.tmp",
        "a.csv.part",
        "a.csv.PART",
        "a.sha256",
        "Thumbs.db",
        "._a.csv",
    ],
)
def test_what_is_no_table_is_left_alone(
    connector: WatchedFolderConnector, root: Path, clock: Clock, name: str
):
    (root / "inbox" / name).write_bytes(TABLE)
    _, cursor = _scan(connector)
    clock.tick()
    assert _scan(connector, cursor)[0] == {}
    assert (root / "inbox" / name).exists()


def test_a_link_is_never_followed(connector: WatchedFolderConnector, root: Path):
    outside = root.parent / "secret"
    outside.mkdir()
    (outside / "x.csv").write_bytes(TABLE)
    (root / "inbox" / "passwords.csv").symlink_to("/etc/passwd")
    (root / "inbox" / "passwords.csv.done").touch()
    (root / "inbox" / "site").symlink_to(outside)
    assert _scan(connector)[0] == {}
    with pytest.raises(AccessDeniedError, match="site is no folder, or a link"):
        _scan(connector, None, "site")
    with pytest.raises(AccessDeniedError, match=r"'\.\.' is no name"):
        _scan(connector, None, "../../secret")
    (root / "outbox" / "trap").symlink_to(outside)
    with pytest.raises(AccessDeniedError):
        connector.put_order(_order(folder="trap"))
    assert [path.name for path in outside.iterdir()] == ["x.csv"]


def test_a_file_that_becomes_a_link_while_it_is_read_is_not_taken(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    file = root / "inbox" / "a.csv"
    file.write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    opened = os.open

    def exchange(path: Any, *arguments: Any, **options: Any) -> int:
        if path == "a.csv":
            file.unlink()
            file.symlink_to("/etc/passwd")
        return opened(path, *arguments, **options)

    monkeypatch.setattr("service.lims.local_folders.os.open", exchange)
    assert _scan(connector)[0] == {}


def test_each_link_has_a_folder_of_its_own(connector: WatchedFolderConnector, root: Path):
    assert _scan(connector, None, "kinase")[0] == {}
    for place in ("inbox/kinase", "inbox"):
        (root / place / f"{place[-2:]}.csv").write_bytes(TABLE)
        (root / place / f"{place[-2:]}.csv.done").touch()
    assert list(_scan(connector, None, "kinase")[0]) == ["se.csv"]
    assert list(_scan(connector)[0]) == ["ox.csv"]


def test_a_file_that_was_read_is_moved_with_its_report(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    (root / "inbox" / "sub").mkdir()
    (root / "inbox" / "sub" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "sub" / "a.csv.done").touch()
    found, cursor = _scan(connector, None, "sub")
    report = {"accepted": 1, "rejected": 0, "rows": [{"row": 1, "status": "accepted", "reason": None}]}
    news = News(event="read", comment="1 result is stored", report=report)
    for _ in range(2):  # told twice, as after a worker that was killed
        assert connector.notify(found["a.csv"].record, news) is None
    place = root / "processed" / "sub"
    assert {path.name for path in place.iterdir()} == {"a.csv", "a.csv.report.json", "a.csv.report.txt"}
    assert (place / "a.csv").read_bytes() == TABLE
    written = json.loads((place / "a.csv.report.json").read_bytes())
    assert written["report"] == report
    assert written["sha256"] == hashlib.sha256(TABLE).hexdigest()
    assert list((root / "inbox" / "sub").iterdir()) == []
    clock.tick()
    assert _scan(connector, cursor, "sub")[1] == {"seen": {}, "taken": {}}


def test_a_refused_file_has_a_report_that_names_row_and_column(connector: WatchedFolderConnector, root: Path):
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    found, _ = _scan(connector)
    row = {"row": 7, "status": "rejected", "column": "ic50", "reason": "'12,5x' is no number"}
    report = {"accepted": 0, "rejected": 1, "warnings": ["no units given"], "rows": [row]}
    connector.notify(
        found["a.csv"].record, News(event="refused", comment="nothing was stored", report=report)
    )
    assert (root / "refused" / "a.csv").read_bytes() == TABLE
    assert (root / "refused" / "a.csv.report.txt").read_text().splitlines() == [
        "a.csv: refused, 2026-11-30T12:00:00+00:00",
        "nothing was stored",
        "Rows: 0 accepted, 1 rejected",
        "Note: no units given",
        "Row 7, column ic50: '12,5x' is no number",
    ]


def test_a_name_that_is_written_for_ever_is_a_new_file_each_time(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    cursor, ids, file = None, set(), root / "inbox" / "results.csv"
    for number in range(3):
        file.write_bytes(TABLE + b"2,IC50,%d,nM\n" % number)
        _, cursor = _scan(connector, cursor)
        clock.tick()
        found, cursor = _scan(connector, cursor)
        record = found["results.csv"].record
        ids.add(record.id)
        connector.notify(record, News(event="read"))
    assert len(ids) == 3
    moved = sorted((root / "processed").glob("*.csv"))
    assert len({path.read_bytes() for path in moved}) == 3
    assert all(path.with_name(f"{path.name}.report.txt").exists() for path in moved)


def test_files_can_stay_where_they_are(root: Path, clock: Clock):
    connector = _connector(root, clock, keeps_files=True)
    connector.check()
    file, cursor, read = root / "inbox" / "results.csv", None, []
    for content in (TABLE, TABLE, TABLE + b"2,IC50,3,nM\n"):
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
        for _ in range(2):
            found, cursor = _scan(connector, cursor)
            clock.tick()
            for item in found.values():
                connector.notify(item.record, News(event="read"))
                read.append(item.file.content)
    assert read == [TABLE, TABLE + b"2,IC50,3,nM\n"]
    assert file.exists()
    assert len(list((root / "processed").glob("*.report.json"))) == 2


def test_the_same_bytes_under_a_new_name_are_another_file_with_the_same_digest(
    connector: WatchedFolderConnector, root: Path
):
    for name in ("a.csv", "copy of a.csv"):
        (root / "inbox" / name).write_bytes(TABLE)
        (root / "inbox" / f"{name}.done").touch()
    found, _ = _scan(connector)
    records = [item.record for item in found.values()]
    assert len({record.id for record in records}) == 2
    assert len({record.version.rpartition(":")[2] for record in records}) == 1


def test_of_two_workers_one_moves_a_file(root: Path):
    (root / "inbox").mkdir()
    for number in range(20):
        (root / "inbox" / f"{number}.csv").write_bytes(TABLE)
    entries = LocalFolder(root).listed("inbox").files
    moved, barrier = [], threading.Barrier(2)

    def work(worker: int) -> None:
        folder = LocalFolder(root)
        for entry in entries:
            barrier.wait(10)
            if folder.move(entry, f"processed/{entry.name}"):
                moved.append((worker, entry.name))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(name for _, name in moved) == sorted(entry.name for entry in entries)


def test_a_file_that_changed_since_it_was_read_stays_for_the_next_scan(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    file = root / "inbox" / "a.csv"
    file.write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    found, cursor = _scan(connector)
    file.write_bytes(TABLE + b"2,IC50,3,nM\n")
    connector.notify(found["a.csv"].record, News(event="read"))
    assert file.exists()
    assert (root / "processed" / "a.csv.report.txt").exists()
    _, cursor = _scan(connector, cursor)
    clock.tick()
    assert _scan(connector, cursor)[0]["a.csv"].file.content.endswith(b"3,nM\n")


def test_a_file_that_is_too_long_is_refused_at_once(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watched_folder, "MOST_BYTES", 10)
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    assert _scan(connector)[0] == {}
    assert "longer than" in (root / "refused" / "a.csv.report.txt").read_text()
    assert (root / "refused" / "a.csv").exists()


def test_many_files_come_in_pages(connector: WatchedFolderConnector, root: Path):
    for number in range(45):
        (root / "inbox" / f"{number:02}.csv").write_bytes(TABLE)
        (root / "inbox" / f"{number:02}.csv.done").touch()
    cursor, names, sizes = None, [], []
    more = True
    while more:
        page = connector.changes(Scope(), cursor)
        cursor, more = page.cursor, page.more
        names += [found.file.name for found in page.files]
        sizes.append(len(page.files))
    assert sizes == [20, 20, 5]
    assert len(set(names)) == 45


def test_a_folder_that_is_not_mounted_is_no_empty_one(
    root: Path, clock: Clock, connector: WatchedFolderConnector
):
    (root / "assayflow.txt").unlink()
    for call in (lambda: _scan(connector), lambda: connector.put_order(_order())):
        with pytest.raises(RetryLaterError, match="is it mounted"):
            call()
    gone = _connector(root / "nowhere", clock)
    with pytest.raises(RetryLaterError, match="lab cannot be used: No such file or directory") as error:
        gone.check()
    assert str(root) not in str(error.value)
    unknown = _connector(root, clock).environment
    with pytest.raises(AccessDeniedError, match="allows no folder 'other'"):
        WatchedFolderConnector(
            WatchedFolderConnector.Settings(folder="other"), WatchedFolderConnector.Credentials(), unknown
        ).check()


def test_a_shared_store_without_its_package_says_what_to_install(clock: Clock):
    with pytest.raises(AccessDeniedError, match=r"install assayflow\[folders\]") as error:
        _connector("smb://robot:secret@server/share", clock).check()
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
    connector = _connector(f"memory:/{bucket}", clock)
    assert connector.check().server == "memory"

    record = connector.put_order(_order())
    assert files.cat(f"{bucket}/outbox/ab12-R1/batch.csv") == b"rank\n1\n"
    assert connector.find("order", ["AFR-1"]) == {"AFR-1": record}

    files.pipe(f"{bucket}/inbox/a.csv", TABLE[:20])
    found, cursor = _scan(connector)
    clock.tick()
    files.pipe(f"{bucket}/inbox/a.csv", TABLE)
    found, cursor = _scan(connector, cursor)
    assert found == {}
    clock.tick()
    found, cursor = _scan(connector, cursor)
    assert found["a.csv"].file.content == TABLE
    assert _scan(connector, cursor)[0] == {}
    connector.notify(found["a.csv"].record, News(event="read"))
    assert files.cat(f"{bucket}/processed/a.csv") == TABLE
    assert not files.exists(f"{bucket}/inbox/a.csv")
    assert files.exists(f"{bucket}/processed/a.csv.report.txt")
    assert [path for path in files.find(bucket) if path.endswith(".tmp")] == []


def test_a_lab_that_works_with_files(clock: Clock):
    lab = make_fake()
    try:
        mapping = LinkMapping.model_validate(lab.mapping("peptides", "IC50"))
        assert mapping.order.files == ("csv",)
        connector = _connector(lab.folders()["lab"], clock)
        connector.check()
        candidate = "8b0c6f5e-0000-4000-8000-000000000001"
        content = f"candidate_id,object\n{candidate},ACDK\n".encode()
        connector.put_order(_order(File(name="batch.csv", media_type="text/csv", content=content)))
        (material,) = lab.materials()
        assert [(held.key, held.materials) for held in lab.orders()] == [("AFR-1", [material.key])]
        measured = lab.measure(material.key, Measurement(value="12.5", relation=">"))
        found, cursor = _scan(connector)
        lab.correct(measured, Measurement(outcome="no fit"))
        corrected, _ = _scan(connector, cursor)
        lines = [
            item.file.content.decode().splitlines()[1] for item in (*found.values(), *corrected.values())
        ]
        assert lines == [
            f"{candidate},IC50,12.5,nM,>,,{measured}",
            f"{candidate},IC50,,,,assay_failed,{measured}",
        ]
    finally:
        lab.close()
