"""A check and a preview of every kind of connector: bodies are shown, and nothing is written there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fakes.lab import Measurement
from lane_world import LaneWorld, fake_kinds, make_fake

from service.integrations import checks, preview_jobs
from service.lims.registry import connector_kind
from service.store.tables import Connector, ConnectorLink, Job
from workers.jobs import do_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.settings import Settings


@pytest.fixture(params=fake_kinds())
def world(request: pytest.FixtureRequest, settings: Settings) -> Iterator[LaneWorld]:
    made = LaneWorld(settings, make_fake(request.param))
    yield made
    made.close()


def done(world: LaneWorld, kind: str) -> dict[str, Any]:
    """Ask for a job, do it, and return its result."""
    with world.sessions.begin() as session:
        connector = session.get_one(Connector, world.connector_id)
        link = session.get_one(ConnectorLink, world.link_id)
        if kind == checks.CHECKS:
            job = checks.enqueue_check(session, connector)
        else:
            job = preview_jobs.enqueue_preview(session, connector, link, None, None)
    do_job(world.context, job.id)
    with world.sessions() as session:
        row = session.get_one(Job, job.id)
        assert row.state == "succeeded", (row.message, row.failure)
        assert row.result is not None
        found: dict[str, Any] = row.result
        return found


def secrets(world: LaneWorld) -> list[str]:
    return [text for text in world.fake.credentials().values() if isinstance(text, str) and len(text) > 5]


def test_a_check_of_every_kind_works_and_finds_its_fields(world: LaneWorld) -> None:
    found = done(world, checks.CHECKS)
    assert found["standing"]["outcome"] == "working", found
    assert found["standing"]["server"]
    assert world.connector().standing == found["standing"]
    assert len(world.connector().fields or ()) == found["n_fields"]


def test_a_preview_of_every_kind_shows_what_would_be_sent_and_writes_nothing(world: LaneWorld) -> None:
    world.release()
    shown = done(world, preview_jobs.PREVIEWS)
    assert list(world.fake.materials()) == []
    assert list(world.fake.orders()) == []
    kind = connector_kind(world.fake.kind)
    if kind.manners.sends_materials:
        named = [key for item in shown["materials"] for key in item["keys"]]
        assert sorted(named) == sorted(world.key(name) for name in world.objects), shown["notes"]
        for item in shown["materials"]:
            sent = (item["body"] + item["path"]).casefold()
            assert [key for key in item["keys"] if key.casefold() not in sent] == []
    if kind.manners.sends_materials and kind.manners.sends_orders:
        assert any("not there yet" in note for note in shown["notes"]), shown["notes"]
    text = json.dumps(shown)
    assert [secret for secret in secrets(world) if secret in text] == []


def test_a_preview_of_every_kind_reads_what_is_there_and_stores_nothing(world: LaneWorld) -> None:
    world.release()
    world.settle()
    if not connector_kind(world.fake.kind).manners.sends_materials:
        world.fake.measure(world.key(world.objects[0]), Measurement("5"))
        world.later()
        assert done(world, preview_jobs.PREVIEWS)["measurements"] == []
        return
    world.fake.measure(world.key(world.objects[0]), Measurement("5"))
    shown = done(world, preview_jobs.PREVIEWS)
    if connector_kind(world.fake.kind).manners.sends_orders:
        is_known = any("it is there already" in note for note in shown["notes"])
        assert shown["order"] or is_known, shown["notes"]
    assert shown["measurements"], shown["notes"]
    (row,) = shown["report"]["upload"]["rows"]
    assert (row["status"], row["object"], row["would_store"]["value"]) == ("accepted", world.objects[0], 5.0)
    assert world.n_stored() == 0
    world.read()
    assert world.n_stored() == 1
