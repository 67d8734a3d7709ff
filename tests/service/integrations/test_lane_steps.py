"""Steps of a lane: in order, under one lease, never failed, and due again at the right time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.campaigns import leases
from service.campaigns.leases import Lease
from service.integrations import lane_steps
from service.integrations.lane_steps import CONNECTORS, ENDPOINTS, LeaseLostError, retry_after
from service.outbound.pinned_http import Exchange
from service.outbox.waking import wake
from service.store import outbox
from service.store.campaigns import ensure_workspace
from service.store.tables import Connector, ExchangeRecord, OutboxItem, WebhookEndpoint

HOUR = timedelta(hours=1)


@pytest.fixture(params=["connector", "endpoint"])
def lane(request: pytest.FixtureRequest, session: Session) -> Connector | WebhookEndpoint:
    workspace_id = ensure_workspace(session, f"lab {uuid4()}").id
    made: Connector | WebhookEndpoint
    if request.param == "connector":
        made = Connector(
            workspace_id=workspace_id, name="a", kind="folder", base_url="https://a.example", settings={}
        )
    else:
        made = WebhookEndpoint(workspace_id=workspace_id, url="https://a.example", types=[], secret_ids=[])
    session.add(made)
    session.flush()
    return made


def add(session: Session, lane: Any, *keys: str) -> list[UUID]:
    column = outbox.lane_column(type(lane)).key
    row = {"workspace_id": lane.workspace_id, column: lane.id, "verb": "notify", "payload": {}}
    ids = [item for key in keys for item in outbox.add(session, [{**row, "key": key}])]
    wake(session, type(lane), lane.id)
    return ids


def lease_of(lane: Any, owner: str = "worker", seconds: float = 60) -> Lease[Any]:
    return Lease(CONNECTORS if isinstance(lane, Connector) else ENDPOINTS, lane.id, owner, seconds)


def claimed(session: Session, lane: Any) -> Lease[Any]:
    lease = lease_of(lane)
    assert lane_steps.claim(session, lease)
    return lease


def fresh(session: Session, row: Any) -> Any:
    session.refresh(row)
    return row


def item(session: Session, item_id: UUID) -> OutboxItem:
    return session.get_one(OutboxItem, item_id, populate_existing=True)


def next_key(session: Session, lease: Lease[Any]) -> str | None:
    found = lane_steps.next_item(session, lease)
    return None if found is None else found.key


def test_items_are_taken_in_order_and_a_later_one_waits_for_an_earlier(session: Session, lane: Any) -> None:
    first, second = add(session, lane, "a", "b")
    lease = claimed(session, lane)
    assert next_key(session, lease) == "a"
    lane_steps.retry_item(session, lease, item(session, first), {"title": "no answer"})
    assert next_key(session, lease) is None
    lane_steps.end(session, lease)
    assert fresh(session, lane).due_at == item(session, first).due_at
    assert (lane.state, lane.attempt, lane.lease_owner) == ("idle", 0, None)
    assert item(session, first).tries == 1
    assert item(session, first).problem == {"title": "no answer"}
    outbox.wait_again(session, [first])
    wake(session, type(lane), lane.id)
    lease = claimed(session, lane)
    lane_steps.settle_item(session, lease, first)
    assert next_key(session, lease) == "b"
    lane_steps.settle_item(session, lease, second, "refused", {"title": "no"})
    lane_steps.end(session, lease)
    assert (fresh(session, lane).state, lane.due_at) == ("idle", None)
    assert item(session, second).state == "refused"


def test_the_same_wish_is_one_item(session: Session, lane: Any) -> None:
    assert len(add(session, lane, "a")) == 1
    assert add(session, lane, "a") == []


def test_what_was_added_while_a_lane_ran_is_found_at_its_end(session: Session, lane: Any) -> None:
    add(session, lane)
    lease = claimed(session, lane)
    assert next_key(session, lease) is None
    add(session, lane, "late")
    lane_steps.end(session, lease)
    assert fresh(session, lane).state == "queued"


def test_the_end_asks_what_else_is_due(session: Session, lane: Any) -> None:
    (only,) = add(session, lane, "a")
    lease = claimed(session, lane)
    lane_steps.wait_for_item(session, lease, only, 7200, ticket="task-1")
    soon = datetime.now(UTC) + HOUR
    lane_steps.end(session, lease, lambda _: soon)
    assert fresh(session, lane).due_at == soon
    assert (item(session, only).ticket, item(session, only).tries) == ("task-1", 0)


def test_a_quiet_paused_or_broken_lane_sends_nothing(session: Session, lane: Any) -> None:
    add(session, lane, "a")
    lease = claimed(session, lane)
    lane_steps.keep_quiet(session, lease, 30)
    assert next_key(session, lease) is None
    lane_steps.end(session, lease)
    assert fresh(session, lane).state == "idle"
    assert outbox.queue_due(session, type(lane), lane.id) == []
    lane.quiet_until = datetime.now(UTC) - HOUR
    session.flush()
    assert outbox.queue_due(session, type(lane), lane.id) == [lane.id]
    for status in ("paused", "broken"):
        session.execute(update(type(lane)).where(type(lane).id == lane.id).values(status=status))
        lease = lease_of(lane, status)
        session.execute(update(type(lane)).where(type(lane).id == lane.id).values(state="queued"))
        assert lane_steps.claim(session, lease)
        assert next_key(session, lease) is None
        lane_steps.end(session, lease)
        assert fresh(session, lane).state == "idle"


def test_nobody_asks_for_quiet_of_more_than_a_day(session: Session, lane: Any) -> None:
    add(session, lane, "a")
    lane_steps.keep_quiet(session, claimed(session, lane), 1e12)
    assert fresh(session, lane).quiet_until < datetime.now(UTC) + timedelta(days=1, minutes=1)


def test_a_broken_lane_says_why(session: Session, lane: Any) -> None:
    add(session, lane, "a")
    lease = claimed(session, lane)
    lane_steps.break_lane(session, lease, {"title": "The credentials are refused"})
    lane_steps.end(session, lease)
    assert (fresh(session, lane).status, lane.problem["title"]) == ("broken", "The credentials are refused")
    assert lane.state == "idle"


def test_a_worker_that_lost_its_lane_changes_nothing(session: Session, lane: Any) -> None:
    (only,) = add(session, lane, "a")
    lost = claimed(session, lane)
    session.execute(update(type(lane)).where(type(lane).id == lane.id).values(lease_owner="another"))
    found = item(session, only)
    for step in (
        lambda: lane_steps.next_item(session, lost),
        lambda: lane_steps.settle_item(session, lost, only),
        lambda: lane_steps.retry_item(session, lost, found, {}),
        lambda: lane_steps.wait_for_item(session, lost, only, 5),
        lambda: lane_steps.keep_quiet(session, lost, 5),
        lambda: lane_steps.break_lane(session, lost, {}),
    ):
        with pytest.raises(LeaseLostError):
            step()
    assert not lane_steps.end(session, lost)
    assert (item(session, only).state, item(session, only).tries) == ("waiting", 0)
    assert (fresh(session, lane).state, lane.lease_owner) == ("running", "another")


def test_what_a_person_skipped_meanwhile_stays_skipped(session: Session, lane: Any) -> None:
    (only,) = add(session, lane, "a")
    lease = claimed(session, lane)
    session.execute(update(OutboxItem).where(OutboxItem.id == only).values(state="skipped"))
    lane_steps.settle_item(session, lease, only)
    assert item(session, only).state == "skipped"


def test_a_lane_never_fails_however_many_workers_it_loses(session: Session, lane: Any) -> None:
    add(session, lane, "a")
    for _ in range(5):
        lease = lease_of(lane, "silent", seconds=-1)
        assert lane_steps.claim(session, lease)
        leases.requeue_lost(session, lease.work, resend_seconds=300, max_attempts=3)
        assert fresh(session, lane).state == "queued"


def test_an_exchange_is_logged_without_its_query(session: Session, lane: Any) -> None:
    (only,) = add(session, lane, "a")
    lease = claimed(session, lane)
    lane_steps.log_exchange(session, lease, Exchange("POST", "/hook?sig=secret", 200, 0.5), only)
    session.flush()
    (row,) = session.query(ExchangeRecord).filter_by(outbox_id=only)
    assert (row.method, row.path, row.status, row.problem) == ("POST", "/hook", 200, None)
    assert lane.id in (row.connector_id, row.endpoint_id)


def test_the_schedule_goes_on_for_a_day_and_more_and_then_ends(session: Session, lane: Any) -> None:
    waits = [retry_after(tries, 0.5) for tries in range(10)]
    assert waits == [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 86400]
    assert retry_after(10, 0.5) is None
    assert [retry_after(0, share) for share in (0.0, 1.0)] == pytest.approx([4.0, 6.0])
    (only,) = add(session, lane, "a")
    lease = claimed(session, lane)
    states = [lane_steps.retry_item(session, lease, item(session, only), {"title": "no"}) for _ in range(11)]
    assert states == ["waiting"] * 10 + ["dead"]
    assert (item(session, only).state, item(session, only).tries) == ("dead", 11)


def test_two_workers_cannot_both_take_a_lane(session: Session, lane: Any) -> None:
    add(session, lane, "a")
    assert lane_steps.claim(session, lease_of(lane, "one"))
    assert not lane_steps.claim(session, lease_of(lane, "two"))
