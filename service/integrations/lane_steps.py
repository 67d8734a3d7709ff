"""What a worker does in any lane, each in one short transaction: claim it, take an item, say how that ended.

Knows neither webhooks nor kinds of connectors. Every step needs the lease, so that a worker that was given up
for dead changes nothing. A lane never fails: it becomes idle, due again when its next item is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.campaigns import leases
from service.campaigns.leases import Lease, WorkKind
from service.dispatch import CONNECTOR_TASK, ENDPOINT_TASK
from service.outbound.pinned_http import Exchange
from service.outbox.waking import send_due
from service.storable_text import storable
from service.store import leases as lease_rows
from service.store import outbox
from service.store.outbox import LEAST_PAUSE_SECONDS, LONGEST_QUIET_SECONDS, LaneTable
from service.store.states import OutboxState
from service.store.tables import Connector, Json, OutboxItem, WebhookEndpoint

RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)
"""How long an item waits after each of its failures; after the next failure it is dead."""
JITTER = 0.2
"""Waiting times differ by up to this share, so that what failed together is not tried together again."""
RUN_FAILED = "run_failed"
"""The code of a lane's problem while its last run ended by an error of this product."""
AnyLane = TypeVar("AnyLane", Connector, WebhookEndpoint)
_random = SystemRandom()


class LeaseLostError(Exception):
    """The lane is another worker's by now, or nobody's; nothing of this step was stored."""


def lane_work(noun: str, table: type[AnyLane], task: str) -> WorkKind[AnyLane]:
    """Return the kind of work that draining the lanes of a table is."""
    return WorkKind(
        noun=noun,
        table=table,
        running=("running",),
        task=task,
        queue_of=lambda _: "io",
        record=lambda _session, _row: None,
        before_end=lambda session, lane_id: outbox.lock(session, table, lane_id),
        may_fail=False,
    )


CONNECTORS = lane_work("connector", Connector, CONNECTOR_TASK)
ENDPOINTS = lane_work("webhook endpoint", WebhookEndpoint, ENDPOINT_TASK)


def claim(session: Session, lease: Lease[AnyLane]) -> bool:
    """Take a queued lane; False if it is not queued (any more)."""
    return leases.claim(session, lease, {}, state="running", message="at work")


def renew(session: Session, lease: Lease[AnyLane], **values: Any) -> AnyLane:
    """Renew the lease, with further columns of the lane, and return the lane; it is locked until the commit.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    row = leases.change(session, lease, **storable(values), **lease_rows.lease(lease.seconds))
    if row is None:
        raise LeaseLostError
    return row


def next_item(session: Session, lease: Lease[AnyLane]) -> OutboxItem | None:
    """Return the first item that waits, if it is due and the lane may send now.

    Later items wait for it.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    lane = renew(session, lease)
    found = outbox.first_waiting(session, lane_table(lease), lane.id)
    if found is None or not found[1] or lane.status != "active" or outbox.is_quiet(session, lane):
        return None
    return found[0]


def settle_item(
    session: Session,
    lease: Lease[AnyLane],
    item_id: UUID,
    state: OutboxState = "done",
    problem: Json | None = None,
) -> None:
    """End an item: done, refused by the other side, or dead. What a person skipped meanwhile stays skipped.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    renew(session, lease)
    outbox.settle(session, item_id, state, problem)


def retry_item(session: Session, lease: Lease[AnyLane], item: OutboxItem, problem: Json) -> OutboxState:
    """Try an item again later, as its failures so far say; return "dead" if they were too many.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    renew(session, lease)
    seconds = retry_after(item.tries, _random.random())
    if seconds is None:
        outbox.settle(session, item.id, "dead", problem)
        return "dead"
    outbox.postpone(session, item.id, seconds, tries=OutboxItem.tries + 1, problem=problem)
    return "waiting"


def wait_for_item(
    session: Session, lease: Lease[AnyLane], item_id: UUID, seconds: float, **values: Any
) -> None:
    """Look at an item again in so many seconds without counting a failure; `values` as `ticket` or `problem`.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    renew(session, lease)
    outbox.postpone(session, item_id, _bounded(seconds), **values)


def keep_quiet(session: Session, lease: Lease[AnyLane], seconds: float) -> None:
    """Send nothing in this lane for so long: the other side wants it.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    until = func.clock_timestamp() + timedelta(seconds=_bounded(seconds))
    renew(session, lease, quiet_until=until)


def break_lane(session: Session, lease: Lease[AnyLane], problem: Json) -> None:
    """Send nothing in this lane until a person has mended what is wrong.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    renew(session, lease, status="broken", problem=problem, version=lease.work.table.version + 1)


def end(
    session: Session, lease: Lease[AnyLane], also_due: Callable[[Session], datetime | None] = lambda _: None
) -> bool:
    """Let a lane be idle until its next item is due, or queue it if one is; False if the lease is lost.

    Args:
        session: the transaction.
        lease: the lane's.
        also_due: says when something else than an item is due; it is called once the lane is locked, so that
            whoever made it due before is seen, and whoever does so afterwards finds an idle lane.
    """
    table = lane_table(lease)
    outbox.lock(session, table, lease.item_id)
    head = outbox.first_waiting(session, table, lease.item_id)
    due_at = outbox.earliest(head[0].due_at if head else None, also_due(session))
    ended = leases.finish(session, lease, state="idle", message="idle", due_at=due_at, attempt=0)
    if ended is None:
        return False
    send_due(session, table, lease.item_id)
    return True


def log_exchange(
    session: Session, lease: Lease[AnyLane], exchange: Exchange, item_id: UUID | None = None
) -> None:
    """Write down a request of this lane, unless the lane was deleted: neither body, headers nor query."""
    if not outbox.lock(session, lane_table(lease), lease.item_id):
        return
    column = outbox.lane_column(lane_table(lease)).key
    fields = {name: getattr(exchange, name) for name in ("method", "status", "seconds", "problem")}
    path = exchange.path.partition("?")[0]
    outbox.record_exchange(session, **fields, path=path, outbox_id=item_id, **{column: lease.item_id})


def retry_after(tries: int, share: float) -> float | None:
    """Return how many seconds to wait after the failure number `tries`, from 0; None if it was the last.

    Args:
        tries: how often it had failed before.
        share: from 0 to 1; it chooses within the jitter.
    """
    if tries >= len(RETRY_SECONDS):
        return None
    return RETRY_SECONDS[tries] * (1 - JITTER + 2 * JITTER * share)


def leave_alone(session: Session, lease: Lease[AnyLane], seconds: float) -> None:
    """Say that a run ended by an error of this product, and let the lane rest.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    keep_quiet(session, lease, seconds)
    detail = (
        f"its last run failed by an error of this service, which the worker's log tells; "
        f"it goes on in {seconds / 60:g} minutes"
    )
    renew(session, lease, problem={"code": RUN_FAILED, "title": "The last run failed", "detail": detail})


def forget_failed_run(session: Session, lease: Lease[AnyLane]) -> None:
    """Withdraw what `leave_alone` said, after a run that did not fail.

    Raises:
        LeaseLostError: if the lease is lost.
    """
    if (renew(session, lease).problem or {}).get("code") == RUN_FAILED:
        renew(session, lease, problem=None)


def _bounded(seconds: float) -> float:
    return min(max(seconds, LEAST_PAUSE_SECONDS), LONGEST_QUIET_SECONDS)


def lane_table(lease: Lease[AnyLane]) -> LaneTable:
    """Return the table that a lease is of."""
    return lease.work.table
