"""A watched folder: which files of the inbox are taken, and what becomes of them."""

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from folder_calls import TABLE, Clock, opened_folder, order, scan

from service.lims.contract import (
    AccessDeniedError,
    File,
    News,
    Scope,
)
from service.lims.kinds import watched_folder
from service.lims.kinds.watched_folder import WatchedFolderConnector
from service.lims.local_folders import LocalFolder


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


def test_a_file_is_taken_when_it_stood_still_for_two_scans(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    file = root / "inbox" / "plate 1.csv"
    file.write_bytes(TABLE[:20])
    found, cursor = scan(connector)
    assert found == {}
    clock.tick()
    file.write_bytes(TABLE)
    found, cursor = scan(connector, cursor)
    assert found == {}, "it grew between the scans"
    clock.tick(2)
    found, cursor = scan(connector, cursor)
    assert found == {}, "it stood still too shortly"
    clock.tick()
    found, cursor = scan(connector, cursor)
    assert found["plate 1.csv"].file == File(name="plate 1.csv", media_type="text/csv", content=TABLE)
    clock.tick()
    assert scan(connector, cursor)[0] == {}, "it is read already, and waits to be moved"


def test_a_clock_of_the_device_does_not_matter(connector: WatchedFolderConnector, root: Path, clock: Clock):
    file = root / "inbox" / "late.csv"
    file.write_bytes(TABLE)
    os.utime(file, (4e9, 4e9))
    _, cursor = scan(connector)
    clock.tick()
    assert list(scan(connector, cursor)[0]) == ["late.csv"]


def test_a_done_file_says_that_it_is_complete(connector: WatchedFolderConnector, root: Path):
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    (root / "inbox" / "empty.csv").touch()
    (root / "inbox" / "empty.csv.done").touch()
    found, _ = scan(connector)
    assert list(found) == ["a.csv"]
    assert not (root / "inbox" / "a.csv.done").exists()


def test_an_empty_file_waits(connector: WatchedFolderConnector, root: Path, clock: Clock):
    file = root / "inbox" / "a.csv"
    file.touch()
    _, cursor = scan(connector)
    clock.tick()
    found, cursor = scan(connector, cursor)
    assert found == {}
    file.write_bytes(TABLE)
    _, cursor = scan(connector, cursor)
    clock.tick()
    assert list(scan(connector, cursor)[0]) == ["a.csv"]


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
    _, cursor = scan(connector)
    clock.tick()
    assert scan(connector, cursor)[0] == {}
    assert (root / "inbox" / name).exists()


def test_a_link_is_never_followed(connector: WatchedFolderConnector, root: Path):
    outside = root.parent / "secret"
    outside.mkdir()
    (outside / "x.csv").write_bytes(TABLE)
    (root / "inbox" / "passwords.csv").symlink_to("/etc/passwd")
    (root / "inbox" / "passwords.csv.done").touch()
    (root / "inbox" / "site").symlink_to(outside)
    assert scan(connector)[0] == {}
    with pytest.raises(AccessDeniedError, match="site is no folder, or a link"):
        scan(connector, None, "site")
    with pytest.raises(AccessDeniedError, match=r"'\.\.' is no name"):
        scan(connector, None, "../../secret")
    (root / "outbox" / "trap").symlink_to(outside)
    with pytest.raises(AccessDeniedError):
        connector.put_order(order(folder="trap"))
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
    assert scan(connector)[0] == {}


def test_each_link_has_a_folder_of_its_own(connector: WatchedFolderConnector, root: Path):
    assert scan(connector, None, "kinase")[0] == {}
    for place in ("inbox/kinase", "inbox"):
        (root / place / f"{place[-2:]}.csv").write_bytes(TABLE)
        (root / place / f"{place[-2:]}.csv.done").touch()
    assert list(scan(connector, None, "kinase")[0]) == ["se.csv"]
    assert list(scan(connector)[0]) == ["ox.csv"]


def test_a_file_that_was_read_is_moved_with_its_report(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    (root / "inbox" / "sub").mkdir()
    (root / "inbox" / "sub" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "sub" / "a.csv.done").touch()
    found, cursor = scan(connector, None, "sub")
    report = {"upload": {"accepted": 1, "rows": [{"row": 1, "status": "accepted", "reason": None}]}}
    news = News(event="read", comment="1 result is stored", report=report)
    for _ in range(2):  # twice, as after a worker that was killed
        assert connector.notify(found["a.csv"].record, news) is None
    place = root / "processed" / "sub"
    assert {path.name for path in place.iterdir()} == {"a.csv", "a.csv.report.json", "a.csv.report.txt"}
    assert (place / "a.csv").read_bytes() == TABLE
    written = json.loads((place / "a.csv.report.json").read_bytes())
    assert written["report"] == report
    assert written["sha256"] == hashlib.sha256(TABLE).hexdigest()
    assert list((root / "inbox" / "sub").iterdir()) == []
    clock.tick()
    assert scan(connector, cursor, "sub")[1] == {"seen": {}, "taken": {}}


def test_a_refused_file_has_a_report_that_names_row_and_column(connector: WatchedFolderConnector, root: Path):
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    found, _ = scan(connector)
    row = {"row": 7, "status": "rejected", "column": "ic50", "reason": "'12,5x' is no number"}
    report = {"notes": [], "upload": {"rejected": 1, "warnings": ["no units given"], "rows": [row]}}
    connector.notify(
        found["a.csv"].record, News(event="refused", comment="nothing was stored", report=report)
    )
    assert (root / "refused" / "a.csv").read_bytes() == TABLE
    assert (root / "refused" / "a.csv.report.txt").read_text().splitlines() == [
        "a.csv: refused, 2026-11-30T12:00:00+00:00",
        "nothing was stored",
        "Note: no units given",
        "Row 7, column ic50: '12,5x' is no number",
    ]


def test_a_name_that_is_written_for_ever_is_a_new_file_each_time(
    connector: WatchedFolderConnector, root: Path, clock: Clock
):
    cursor, ids, file = None, set(), root / "inbox" / "results.csv"
    for number in range(3):
        file.write_bytes(TABLE + b"2,IC50,%d,nM\n" % number)
        _, cursor = scan(connector, cursor)
        clock.tick()
        found, cursor = scan(connector, cursor)
        record = found["results.csv"].record
        ids.add(record.id)
        connector.notify(record, News(event="read"))
    assert len(ids) == 3
    moved = sorted((root / "processed").glob("*.csv"))
    assert len({path.read_bytes() for path in moved}) == 3
    assert all(path.with_name(f"{path.name}.report.txt").exists() for path in moved)


def test_files_can_stay_where_they_are(root: Path, clock: Clock):
    connector = opened_folder(root, clock, keeps_files=True)
    connector.check()
    file, cursor, read = root / "inbox" / "results.csv", None, []
    for content in (TABLE, TABLE, TABLE + b"2,IC50,3,nM\n"):
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
        for _ in range(2):
            found, cursor = scan(connector, cursor)
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
    found, _ = scan(connector)
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
    found, cursor = scan(connector)
    file.write_bytes(TABLE + b"2,IC50,3,nM\n")
    connector.notify(found["a.csv"].record, News(event="read"))
    assert file.exists()
    assert (root / "processed" / "a.csv.report.txt").exists()
    _, cursor = scan(connector, cursor)
    clock.tick()
    assert scan(connector, cursor)[0]["a.csv"].file.content.endswith(b"3,nM\n")


def test_a_file_that_is_too_long_is_refused_at_once(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watched_folder, "MOST_BYTES", 10)
    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    assert scan(connector)[0] == {}
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


def test_a_file_that_may_not_be_read_is_refused(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    opened = os.open

    def guarded(path: Any, *arguments: Any, **options: Any) -> int:
        if path == "a.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    (root / "inbox" / "a.csv").write_bytes(TABLE)
    (root / "inbox" / "a.csv.done").touch()
    monkeypatch.setattr("service.lims.local_folders.os.open", guarded)
    assert scan(connector)[0] == {}
    assert "may not be read by Assayflow" in (root / "refused" / "a.csv.report.txt").read_text()


def test_no_file_takes_the_place_of_another_that_was_put_away(
    connector: WatchedFolderConnector, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watched_folder, "MOST_BYTES", 600)
    contents = [bytes([letter]) * 700 for letter in b"abc"]
    for number, content in enumerate(contents):
        file = root / "inbox" / "a.tar.gz"
        file.write_bytes(content)
        os.utime(file, (number, number))
        file.with_name("a.tar.gz.done").touch()
        scan(connector)
    moved = [path for path in (root / "refused").iterdir() if path.name.endswith(".tar.gz")]
    assert sorted(path.read_bytes() for path in moved) == contents
