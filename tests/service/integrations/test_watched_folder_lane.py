"""A lane that watches a folder: files are read as uploads are, and put away with their reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes.lab import Measurement
from fakes.watched_folder import FakeFolder
from lane_world import OBJECTS, LaneWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.settings import Settings


@pytest.fixture
def lab() -> FakeFolder:
    return FakeFolder()


@pytest.fixture
def world(settings: Settings, lab: FakeFolder) -> Iterator[LaneWorld]:
    made = LaneWorld(settings, lab)
    made.release()
    made.settle()
    yield made
    made.close()


def test_a_file_is_read_moved_and_reported(world: LaneWorld, lab: FakeFolder):
    lab.measure(world.key(OBJECTS[0]), Measurement("12.5"))
    world.read()
    world.settle()
    assert {name: rows[0].value for name, rows in world.results().items()} == {OBJECTS[0]: 12.5}
    assert [path.name for path in (lab.root / "inbox").iterdir()] == []
    (report,) = (lab.root / "processed").glob("*.report.json")
    assert json.loads(report.read_bytes())["report"]["upload"]["accepted"] == 1
    assert report.with_name(report.name.removesuffix(".report.json")).exists()


def test_a_file_that_cannot_be_read_is_refused_with_its_rows(world: LaneWorld, lab: FakeFolder):
    candidate = world.candidates()[OBJECTS[0]].id
    (lab.root / "inbox" / "bad.csv").write_text(
        f"candidate_id,type,value,units\n{candidate},potency,12.5 apples,nM\n", encoding="utf-8"
    )
    (lab.root / "inbox" / "bad.csv.done").touch()
    world.read()
    world.settle()
    assert world.results() == {}
    said = (lab.root / "refused" / "bad.csv.report.txt").read_text()
    assert "Row 2, column value" in said
    assert "12.5 apples" in said


def test_the_same_bytes_under_a_new_name_are_stored_once(world: LaneWorld, lab: FakeFolder):
    candidate = world.candidates()[OBJECTS[0]].id
    for name in ("first.csv", "copy.csv"):
        (lab.root / "inbox" / name).write_text(
            f"candidate_id,type,value,units\n{candidate},potency,12.5,nM\n", encoding="utf-8"
        )
        (lab.root / "inbox" / f"{name}.done").touch()
        world.read()
        world.settle()
    assert [row.value for row in world.results()[OBJECTS[0]]] == [12.5]
    assert [path.name for path in (lab.root / "inbox").iterdir()] == []
    assert len(list(lab.root.glob("*/copy.csv.report.txt"))) == 1


def test_a_name_that_is_written_for_ever_adds_results(world: LaneWorld, lab: FakeFolder):
    for name, value in zip(OBJECTS, ("1", "2", "3"), strict=True):
        candidate = world.candidates()[name].id
        (lab.root / "inbox" / "results.csv").write_text(
            f"candidate_id,type,value,units\n{candidate},potency,{value},nM\n", encoding="utf-8"
        )
        (lab.root / "inbox" / "results.csv.done").touch()
        world.read()
        world.settle()
    assert {name: rows[0].value for name, rows in world.results().items()} == {
        name: float(number) for number, name in enumerate(OBJECTS, 1)
    }
    assert len(list((lab.root / "processed").glob("results*.csv"))) == 3
