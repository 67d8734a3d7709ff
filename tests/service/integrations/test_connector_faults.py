"""The twelve faults of other systems, for every kind of connector that there is."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from fakes.lab import Measurement
from fakes.server import Answered
from lane_world import OBJECTS, LaneWorld, fake_kinds, make_fake
from sqlalchemy import delete, select, update

from service.integrations import pulling, sending
from service.lims.registry import connector_kind, connector_kinds
from service.outbox.pushes import push
from service.store import candidates
from service.store.tables import Connector, ConnectorLink, OutboxItem, Result, Round
from workers import connectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.settings import Settings

pytestmark = pytest.mark.slow
KINDS = fake_kinds()


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, settings: Settings) -> Iterator[LaneWorld]:
    made = LaneWorld(settings, make_fake(request.param))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def only_where_it_can_happen(request: pytest.FixtureRequest) -> None:
    """Skip a fault that a kind of system cannot have; its fake says so."""
    marker = request.node.get_closest_marker("fault")
    if marker is None or "world" not in request.fixturenames:
        return
    world: LaneWorld = request.getfixturevalue("world")
    if marker.args[0] not in world.fake.faults:
        pytest.skip(f"{world.fake.kind} cannot have {marker.args[0]}: its fake says why")


def whole(world: LaneWorld) -> None:
    """Assert that the batch is there once, and that we know it."""
    wanted = sorted(world.key(name) for name in world.objects)
    assert sorted(held.key for held in world.fake.materials()) == wanted
    sends_materials = connector_kind(world.fake.kind).manners.sends_materials
    assert len(world.records("candidate")) == (len(wanted) if sends_materials else 0)
    assert [sorted(order.materials) for order in world.fake.orders()] == [wanted]
    assert len(world.records("round")) == 1
    assert {item.state for item in world.items()} == {"done"}


def test_there_is_a_fake_of_every_kind():
    assert set(connector_kinds()) <= set(KINDS)


@pytest.mark.fault("F1")
def test_f1_an_answer_that_is_lost_doubles_nothing(world: LaneWorld, settings: Settings):
    world.release()
    world.settle()
    whole(world)
    n_writes = world.fake.n_writes
    assert n_writes
    for lost in range(n_writes):
        with closing(LaneWorld(settings, make_fake(world.fake.kind))) as other:
            other.release()
            other.fake.lose_answers(1, skip=lost)
            other.settle()
            whole(other)


@pytest.mark.fault("F2")
def test_f2_a_worker_that_dies_between_answer_and_commit_doubles_nothing(
    world: LaneWorld, monkeypatch: pytest.MonkeyPatch
):
    world.release()

    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    sends_materials = connector_kind(world.fake.kind).manners.sends_materials
    for name in ("store_answers", "store_order") if sends_materials else ("store_order",):
        with monkeypatch.context() as patch:
            patch.setattr(sending, name, die)
            with pytest.raises(KilledError):
                world.settle()
        world.expire_lease()
        world.later()
    world.settle()
    whole(world)


@pytest.mark.fault("F3")
def test_f3_the_patience_that_the_other_side_asks_for_is_kept(world: LaneWorld):
    world.release()
    world.fake.rate_limit(7, skip=2)
    world.run()
    quiet = world.connector()
    assert quiet.quiet_until is not None
    assert quiet.updated_at is not None
    n = world.fake.n_requests
    world.run()
    assert world.fake.n_requests == n, "nothing is sent before the time has come"
    with world.sessions() as session:
        left = session.scalars(
            select(Connector.quiet_until - Connector.finished_at).where(Connector.id == world.connector_id)
        ).one()
    assert 5.5 <= left.total_seconds() <= 7.5
    world.later()
    world.settle()
    whole(world)


@pytest.mark.fault("F4")
def test_f4_access_that_expires_is_renewed_and_access_that_ends_stops_the_lane(world: LaneWorld):
    world.release()
    world.run()
    world.fake.expire_access(for_ever=False)
    world.later()
    world.settle()
    assert world.connector().status == "active"
    whole(world)
    world.fake.expire_access(for_ever=True)
    world.later()
    world.run()
    broken = world.connector()
    assert broken.status == "broken"
    assert broken.problem is not None
    assert len(world.events("connector.needs_attention")) == 1
    n = world.fake.n_requests
    world.later()
    world.run()
    assert world.fake.n_requests == n, "a broken connector is left alone"
    assert len(world.events("connector.needs_attention")) == 1


@pytest.mark.fault("F5")
def test_f5_what_changes_between_pages_is_read_once(world: LaneWorld, monkeypatch: pytest.MonkeyPatch):
    world.objects = tuple(format(127 - n, "07b") for n in range(6))
    world.release()
    world.settle()
    keys = [world.key(name) for name in world.objects]
    ids = [world.fake.measure(key, Measurement(str(10 + n))) for n, key in enumerate(keys[:5])]
    world.fake.set_page_size(2)
    happened = []
    keep = pulling.keep

    def keep_and_change(*args: object) -> object:
        kept = keep(*args)  # type: ignore[arg-type]
        if not happened:
            happened.append(1)
            world.fake.measure(keys[5], Measurement("99"))
            world.fake.correct(ids[4], Measurement("77"))
        return kept

    monkeypatch.setattr(connectors.pulling, "keep", keep_and_change)
    world.read()
    values = {name: [row.value for row in rows] for name, rows in world.results().items()}
    expected = dict(zip(world.objects, ([10.0], [11.0], [12.0], [13.0], [77.0], [99.0]), strict=True))
    assert values == expected


@pytest.mark.fault("F6")
def test_f6_a_correction_takes_the_place_of_the_value(world: LaneWorld):
    world.release()
    world.settle()
    measured = world.fake.measure(world.key(OBJECTS[0]), Measurement("12.5"))
    world.read()
    (first,) = world.results()[OBJECTS[0]]
    assert (first.value, first.units) == (12.5, "nM")
    world.fake.correct(measured, Measurement("125"))
    world.read()
    (second,) = world.results()[OBJECTS[0]]
    assert second.value == 125.0
    assert world.n_stored() == 2, "the value of before stays for rounds that read it"
    assert second.sequence > first.sequence
    world.read()
    assert world.n_stored() == 2


@pytest.mark.fault("F7")
def test_f7_a_retraction_lets_the_candidate_wait_and_a_retest_measures_it(world: LaneWorld):
    world.release()
    world.settle()
    measured = world.fake.measure(world.key(OBJECTS[0]), Measurement("12.5"))
    world.read()
    assert world.candidates()[OBJECTS[0]].status == "measured"
    world.fake.withdraw(measured)
    world.read()
    assert OBJECTS[0] not in world.results()
    assert world.candidates()[OBJECTS[0]].status == "released"
    world.fake.measure(world.key(OBJECTS[0]), Measurement("30"))
    world.read()
    assert [row.value for row in world.results()[OBJECTS[0]]] == [30.0]
    assert world.candidates()[OBJECTS[0]].status == "measured"


@pytest.mark.fault("F8")
def test_f8_limits_units_and_failures_are_read_as_what_they_are(world: LaneWorld):
    world.objects = tuple(format(127 - n, "07b") for n in range(4))
    world.release()
    world.settle()
    low, high, failed, unread = (world.key(name) for name in world.objects)
    world.fake.measure(low, Measurement("10", relation="<"))
    world.fake.measure(high, Measurement("30", relation=">", units="uM"))
    world.fake.measure(failed, Measurement("", outcome="no fit"))
    world.fake.measure(unread, Measurement("n.d."))
    world.read()
    counting = {name: rows[0] for name, rows in world.results().items()}
    found = {name: (row.relation, row.value, row.outcome) for name, row in counting.items()}
    names = world.objects
    assert found[names[0]] == ("<", 10.0, "ok")
    assert found[names[1]][:2] == (">", pytest.approx(30_000.0))
    assert found[names[2]][1:] == (None, "assay_failed")
    assert names[3] not in found, "not determined is no number"


@pytest.mark.fault("F9")
def test_f9_one_material_that_is_refused_waits_for_a_person_and_the_others_are_written(world: LaneWorld):
    world.release()
    world.fake.fail_task_for(world.key(OBJECTS[1]), "Name is already in use by another registry")
    for _ in range(6):
        world.run()
        world.later()
    refused = [item for item in world.items("refused") if item.verb == "material"]
    assert len(refused) == 1
    assert "already in use by another registry" in str(refused[0].problem)
    assert len(world.records("candidate")) == 2
    (order,) = [item for item in world.items() if item.verb == "order"]
    assert order.state == "refused"
    assert world.events("connector.needs_attention")
    with world.sessions.begin() as session:
        session.execute(update(OutboxItem).where(OutboxItem.id == refused[0].id).values(state="skipped"))
    world.settle()
    (sent,) = world.fake.orders()
    assert sorted(sent.materials) == sorted(world.key(OBJECTS[n]) for n in (0, 2))


@pytest.mark.fault("F10")
def test_f10_a_field_that_is_required_since_is_named(world: LaneWorld):
    world.fake.require_field("Batch owner")
    world.release()
    for _ in range(6):
        world.run()
        world.later()
    refused = [item for item in world.items("refused") if item.verb == "material"]
    assert len(refused) == len(OBJECTS)
    assert all("batch owner" in str(item.problem).casefold().replace("_", " ") for item in refused)
    assert not world.fake.orders()


@pytest.mark.fault("F11")
@pytest.mark.parametrize("page", ["login", "cut", "endless"])
def test_f11_a_page_that_is_no_answer_is_neither_a_result_nor_its_absence(world: LaneWorld, page: str):
    world.release()
    world.settle()
    world.fake.measure(world.key(OBJECTS[0]), Measurement("12.5"))
    html = {"Content-Type": "text/html"}
    bad = {
        "login": Answered(200, b"<html><body>Please sign in</body></html>", html),
        "cut": Answered(200, b'{"count": 3, "items": [{"id": '),
        "endless": Answered(200, b"[" + b" " * 50_000_000 + b"]"),
    }[page]
    world.later()
    world.fake.answer_instead(bad)
    world.run()
    assert not world.results()
    assert world.connector().status == "active"
    world.read()
    assert [row.value for row in world.results()[OBJECTS[0]]] == [12.5]


@pytest.mark.fault("F12")
def test_f12_a_button_that_is_pressed_twice_orders_once(world: LaneWorld):
    round_id = world.release()
    world.settle()
    whole(world)
    with world.sessions.begin() as session:
        row = session.get_one(Round, round_id)
        batch = candidates.of_round(session, round_id)
        link = session.get_one(ConnectorLink, world.link_id)
        assert push(session, link, row, batch) == 0
        session.execute(delete(ConnectorLink).where(ConnectorLink.id == world.link_id))
    with world.sessions.begin() as session:
        link = world._link(session)
        push(session, link, session.get_one(Round, round_id), candidates.of_round(session, round_id))
    world.settle()
    whole(world)


def test_results_of_others_in_the_same_system_are_passed_over(world: LaneWorld):
    world.release()
    world.settle()
    world.read()
    with world.sessions() as session:
        assert session.scalars(select(Result).where(Result.campaign_id == world.campaign_id)).all() == []
