"""What people and systems do at the same time, and what no system should say: no lane stands still."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import pytest
from fakes.lab import Measurement
from fakes.server import Answered
from lane_world import OBJECTS, LaneWorld, fake_kinds, make_fake
from sqlalchemy import func, select, update

from service.integrations import connectors as commands
from service.integrations import hooks, lane_steps, links, pulling, sending
from service.integrations.connector_settings import Operator
from service.integrations.lane_steps import CONNECTORS
from service.lims.contract import Pending, RetryLaterError
from service.lims.registry import connector_kind
from service.lims.replies import json_body, plain_detail
from service.outbound.pinned_http import Reply
from service.sealing import open_sealer
from service.store import lims
from service.store.tables import Connector, ConnectorLink, ExchangeRecord, OutboxItem
from workers.lease_runner import lease_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from service.settings import Settings

REFUSING = sorted(set(fake_kinds()) - {"watched_folder"})
BAD = "the vault\0 is closed \ud83d"


def failing(fake: Any) -> dict[str, str]:
    """Return what a fake refuses, by key."""
    held: dict[str, str] = fake.tenant.failing if fake.kind == "benchling" else fake.refused
    return held


@pytest.fixture
def labkey(settings: Settings) -> Iterator[LaneWorld]:
    with closing(LaneWorld(settings, make_fake("labkey"))) as made:
        yield made


def kind_of(world: LaneWorld) -> Any:
    return connector_kind(world.fake.kind)


def during(world: LaneWorld, method: str, happens: Callable[[], None]) -> Any:
    """Let something happen while the system answers, once."""
    kind = kind_of(world)
    real, done = getattr(kind, method), []

    def call(self: Any, *arguments: Any) -> Any:
        answer = real(self, *arguments)
        if not done:
            done.append(1)
            happens()
        return answer

    return patch.object(kind, method, call)


@pytest.mark.parametrize("kind", REFUSING)
def test_words_that_no_database_holds_refuse_one_material_and_it_can_be_sent_again(
    kind: str, settings: Settings
):
    with closing(LaneWorld(settings, make_fake(kind))) as world:
        world.release()
        world.fake.fail_task_for(world.key(OBJECTS[1]), BAD)
        for _ in range(6):
            world.run()
            world.later()
        (refused,) = [item for item in world.items("refused") if item.verb == "material"]
        assert "closed" in str(refused.problem)
        assert "\0" not in str(refused.problem)
        assert world.connector().problem is None
        failing(world.fake).clear()
        with world.sessions.begin() as session:
            commands.retry(session, session.get_one(Connector, world.connector_id), refused.id)
        for _ in range(4):  # nothing else wakes the lane than what waits in its outbox
            world.later()
            world.run()
        assert {item.state for item in world.items()} == {"done"}
        assert len(world.fake.materials()) == len(OBJECTS)
        assert [len(order.materials) for order in world.fake.orders()] == [len(OBJECTS)]


def test_a_material_that_was_skipped_and_wanted_again_keeps_its_place_in_a_task(settings: Settings):
    with closing(LaneWorld(settings, make_fake("benchling"))) as world:
        world.release()
        with patch.object(kind_of(world), "task", lambda *_: Pending(ticket="t", seconds=5)):
            world.run()
        waiting = [item for item in world.items("waiting") if item.ticket]
        assert len(waiting) == len(OBJECTS)
        with world.sessions.begin() as session:
            connector = session.get_one(Connector, world.connector_id)
            commands.skip(session, connector, waiting[1].id, "by mistake", "somebody")
            commands.retry(session, connector, waiting[1].id)
        world.settle()
        assert {item.state for item in world.items()} == {"done"}
        there = {held.key: held.id for held in world.fake.materials()}
        known = {row.key: row.external_id for row in world.records("candidate")}
        assert known == there
        assert len(known) == len(OBJECTS)


def test_a_task_that_never_ends_is_left_to_a_person_after_a_day(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    with closing(LaneWorld(settings, make_fake("benchling"))) as world:
        world.release()
        world.run()
        with patch.object(kind_of(world), "task", lambda *_: Pending(ticket="t", seconds=5)):
            world.later()
            world.run()
            assert {item.state for item in world.items()} == {"waiting"}
            assert "not ended" in str(world.items()[0].problem)
            monkeypatch.setattr(sending, "LONGEST_TASK", timedelta(0))
            for _ in OBJECTS:
                world.later()
                world.run()
        assert {item.state for item in world.items() if item.verb == "material"} == {"dead"}
        assert world.events("connector.needs_attention")
        monkeypatch.undo()
        with world.sessions.begin() as session:
            row = session.get_one(Connector, world.connector_id)
            for item in world.items("dead"):
                commands.retry(session, row, item.id)
        world.settle()
        world.settle()
        assert {item.state for item in world.items()} == {"done"}
        assert len(world.fake.materials()) == len(OBJECTS)


def test_an_order_goes_in_the_run_that_sends_the_last_of_its_materials(labkey: LaneWorld):
    labkey.release()
    labkey.fake.fail_task_for(labkey.key(OBJECTS[1]), "no")
    labkey.run()
    failing(labkey.fake).clear()
    with labkey.sessions.begin() as session:
        row = session.get_one(Connector, labkey.connector_id)
        commands.retry(session, row, labkey.items("refused")[0].id)
    labkey.run()
    assert {item.state for item in labkey.items()} == {"done"}
    assert len(labkey.fake.orders()) == 1


@pytest.mark.parametrize("error", [ArithmeticError, RecursionError, OSError, RuntimeError])
def test_whatever_a_kind_raises_is_of_one_item_and_of_one_link(labkey: LaneWorld, error: type[Exception]):
    def broken(*_: Any) -> Any:
        raise error("secret words")

    labkey.release()
    with (
        patch.object(kind_of(labkey), "put_materials", broken),
        patch.object(kind_of(labkey), "changes", broken),
    ):
        labkey.run()
    assert {item.state for item in labkey.items() if item.verb == "material"} == {"refused"}
    row = labkey.connector()
    assert (row.state, row.status, row.quiet_until) == ("idle", "active", None)
    assert error.__name__ in str(row.problem)
    assert "secret" not in str(row.problem)


def test_a_run_that_fails_says_so_until_one_does_not(labkey: LaneWorld, monkeypatch: pytest.MonkeyPatch):
    labkey.release()
    with monkeypatch.context() as broken:
        broken.setattr(pulling, "next_pull", lambda *_: 1 / 0)
        labkey.run()
    row = labkey.connector()
    assert row.problem is not None
    assert "worker's log" in row.problem["detail"]
    with labkey.sessions.begin() as session:
        session.execute(update(ConnectorLink).values(pull="never"))
    labkey.later()
    labkey.run()
    assert labkey.connector().problem is None


def test_a_hook_that_comes_while_changes_are_read_is_not_lost(labkey: LaneWorld):
    def hook() -> None:
        with labkey.sessions.begin() as session:
            lims.pull_now(session, labkey.connector_id)

    calls: list[object] = []
    labkey.settle()
    labkey.later()
    kind, real = kind_of(labkey), kind_of(labkey).changes
    counted = patch.object(kind, "changes", lambda *args: (calls.append(args), real(*args))[1])
    with counted, during(labkey, "changes", hook):
        labkey.run()
    assert len(calls) == 2
    with labkey.sessions() as session:
        due = select(ConnectorLink.pull_due_at > func.now()).where(ConnectorLink.id == labkey.link_id)
        assert session.scalars(due).one()


def test_a_link_that_is_deleted_while_its_batch_is_sent_leaves_the_lane_at_work(labkey: LaneWorld):
    def delete() -> None:
        with labkey.sessions.begin() as session:
            links.delete(session, session.get_one(Connector, labkey.connector_id), labkey.link_id)

    labkey.release()
    with during(labkey, "put_materials", delete):
        labkey.run()
    row = labkey.connector()
    assert (row.state, row.quiet_until, row.problem) == ("idle", None, None)
    with labkey.sessions() as session:
        mine = select(func.count()).where(ExchangeRecord.connector_id == labkey.connector_id)
        assert session.scalars(mine).one() == labkey.fake.n_requests - 2  # of the check
    assert not labkey.items()


def test_a_connector_that_is_deleted_while_it_sends_ends_its_run(labkey: LaneWorld):
    def delete() -> None:
        with labkey.sessions.begin() as session:
            commands.delete(session, labkey.workspace_id, labkey.connector_id)

    labkey.release()
    with during(labkey, "put_materials", delete):
        labkey.run()
    with labkey.sessions() as session:
        assert session.get(Connector, labkey.connector_id) is None


@pytest.mark.parametrize("seconds", [0.0, 366 * 86400.0])
def test_the_wish_of_a_system_is_bounded_on_both_sides(labkey: LaneWorld, seconds: float):
    def later(*_: Any) -> Any:
        raise RetryLaterError("busy", seconds)

    labkey.release()
    with (
        patch.object(kind_of(labkey), "put_materials", later),
        patch.object(kind_of(labkey), "changes", later),
    ):
        labkey.run()
    with labkey.sessions() as session:
        wait = func.extract("epoch", OutboxItem.due_at - func.clock_timestamp())
        query = select(wait).where(OutboxItem.connector_id == labkey.connector_id)
        first = session.scalars(query.order_by(OutboxItem.sequence)).first()
    assert first is not None
    assert 0.2 < first <= 86400


@pytest.mark.parametrize("how", ["resume", "credentials"])
def test_what_a_system_wanted_for_a_day_is_over_when_a_person_has_mended_it(labkey: LaneWorld, how: str):
    with labkey.sessions.begin() as session:
        far = func.now() + timedelta(days=1)
        session.execute(update(ConnectorLink).values(pull_due_at=far))
        mine = update(Connector).where(Connector.id == labkey.connector_id)
        session.execute(mine.values(status="broken", problem={"detail": "no"}))
        row = session.get_one(Connector, labkey.connector_id)
        if how == "resume":
            commands.resume(session, row.workspace_id, row.id)
        else:
            operator = Operator(labkey.settings.connector_rules, open_sealer(labkey.settings))
            changes = {"credentials": labkey.fake.credentials()}
            commands.change(session, row.workspace_id, row.id, row.version, changes, operator)
    with labkey.sessions() as session:
        assert session.scalars(
            select(ConnectorLink.pull_due_at <= func.clock_timestamp()).where(
                ConnectorLink.id == labkey.link_id
            )
        ).all() == [True]


def test_an_answer_that_is_nested_too_deeply_is_no_answer():
    reply = Reply(200, httpx.Headers(), b"[" * 200_000, "GET /x")
    with pytest.raises(RetryLaterError, match="no JSON"):
        json_body(reply)
    assert plain_detail(reply) == ""


Together = tuple[str, "Callable[[Session, Connector], object]"]
COMMANDS: list[Together] = [
    ("run", lambda session, row: commands.run_now(session, row.workspace_id, row.id)),
    ("pull", lambda session, row: links.pull_now(session, row, _link(session, row))),
    (
        "change",
        lambda session, row: links.change(
            session, row, _link(session, row).id, _link(session, row).version, {"every_seconds": 7}
        ),
    ),
    ("delete link", lambda session, row: links.delete(session, row, _link(session, row).id)),
    ("delete", lambda session, row: commands.delete(session, row.workspace_id, row.id)),
]


def _link(session: Session, row: Connector) -> ConnectorLink:
    return session.scalars(select(ConnectorLink).where(ConnectorLink.connector_id == row.id)).one()


@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_commands_and_a_page_that_is_kept_wait_for_each_other_in_one_order(labkey: LaneWorld, name: str):
    labkey.release()
    labkey.settle()
    labkey.fake.measure(labkey.key(OBJECTS[0]), Measurement("12"))
    labkey.later()
    command, failures = dict(COMMANDS)[name], []
    real = lane_steps.leases.change

    def act() -> None:
        try:
            with labkey.sessions.begin() as session:
                command(session, session.get_one(Connector, labkey.connector_id))
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads: list[threading.Thread] = []

    def slow(*arguments: Any, **values: Any) -> Any:
        """Give the command its turn at each step of the lane that holds something."""
        if not threads and values.get("problem", "") is None:
            threads.append(threading.Thread(target=act))
            threads[0].start()
            threads[0].join(0.4)
        return real(*arguments, **values)

    with patch.object(lane_steps.leases, "change", slow):
        labkey.run()
    threads[0].join(20)
    assert not failures
    row = None
    with labkey.sessions() as session:
        row = session.get(Connector, labkey.connector_id)
    assert row is None or (row.problem is None and row.quiet_until is None)


def test_a_person_and_a_worker_settle_one_message_in_one_order(labkey: LaneWorld):
    """A retry waits for the worker that settles the item, and finds that it was sent."""
    labkey.release()
    with labkey.sessions.begin() as session:
        session.execute(update(Connector).where(Connector.id == labkey.connector_id).values(state="queued"))
    lease = lease_for(labkey.context, CONNECTORS, labkey.connector_id)
    found: list[BaseException] = []
    item_id = labkey.items()[0].id

    def skip() -> None:
        try:
            with labkey.sessions.begin() as session:
                row = session.get_one(Connector, labkey.connector_id)
                commands.skip(session, row, item_id, "enough", "somebody")
        except Exception as error:  # noqa: BLE001 - told below
            found.append(error)

    with labkey.sessions.begin() as session:
        assert lane_steps.claim(session, lease)
    with labkey.sessions.begin() as session:
        lane_steps.renew(session, lease)
        thread = threading.Thread(target=skip)
        thread.start()
        thread.join(0.5)
        lane_steps.settle_item(session, lease, item_id)
    thread.join(20)
    assert ["was sent" in str(error) for error in found] == [True]
    assert next(item for item in labkey.items() if item.id == item_id).state == "done"


def test_hooks_and_lanes_lock_in_one_order() -> None:
    """A hook wakes the lane first; its links come after, as where a page is kept."""
    names = hooks.hear.__code__.co_names
    assert names.index("wake") < names.index("pull_now")


def test_a_link_that_cannot_be_read_for_an_hour_is_announced_once_and_stays_a_problem(labkey: LaneWorld):
    labkey.release()
    labkey.settle()
    for hours in (0, 2, 3):
        with labkey.sessions.begin() as session:
            row = session.get_one(Connector, labkey.connector_id)
            if row.problem is not None:
                since = datetime.fromisoformat(row.problem["since"]) - timedelta(hours=hours)
                row.problem = {**row.problem, "since": since.isoformat()}
        labkey.later()
        labkey.fake.answer_instead(Answered(200, b"<html>Please sign in</html>"))
        labkey.run()
        problem = labkey.connector().problem
        assert problem is not None
        assert problem["link_id"] == str(labkey.link_id)
        said = [event.data.get("failing") for event in labkey.events("connector.needs_attention")]
        assert said == ([] if hours == 0 else [1])
    labkey.read()
    assert labkey.connector().problem is None
