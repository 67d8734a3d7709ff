"""What is alike in all work that a worker claims: rounds and jobs.

Each function is one short transaction's work. A claim gives a lease to one owner. Everything after it is a
conditional UPDATE on that lease, so that a worker that was given up for dead changes nothing when it comes
back, and a task delivered twice does its work once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from service.dispatch import send_after_commit
from service.store import leases
from service.store.states import Queue
from service.store.tables import Json, Leased

Item = TypeVar("Item", bound=Leased)
LeaseStatus = Literal["held", "cancelled", "lost"]
"""A worker's hold on its work: still its own, asked to stop, or somebody else's by now."""


@dataclass(frozen=True, slots=True)
class WorkKind(Generic[Item]):
    """One sort of work: where it is kept, in which states a worker has it, and how its task is sent.

    `record` is told of every change of a row; `before_end` locks what must be locked before a row may end.
    What `may_fail` fails after it lost some workers; other work is queued again for ever.
    """

    noun: str
    table: type[Item]
    running: tuple[str, ...]
    task: str
    queue_of: Callable[[Item], Queue]
    record: Callable[[Session, Item], None]
    before_end: Callable[[Session, UUID], object]
    may_fail: bool = True


@dataclass(frozen=True, slots=True)
class Lease(Generic[Item]):
    """Who holds a piece of work, and for how long without a sign of life."""

    work: WorkKind[Item]
    item_id: UUID
    owner: str
    seconds: float

    @property
    def held(self) -> tuple[UUID, str]:
        """The row and its owner."""
        return self.item_id, self.owner


def send(session: Session, work: WorkKind[Item], row: Item) -> None:
    """Send a row's task when the transaction commits."""
    send_after_commit(session, work.task, row.id, work.queue_of(row))


def move(
    session: Session, work: WorkKind[Item], item_id: UUID, states: tuple[str, ...], **values: Any
) -> Item | None:
    """Change a row that is in one of `states` and record it; None if it is in another."""
    return _recorded(session, work, leases.move(session, work.table, item_id, states, **values))


def claim(session: Session, lease: Lease[Item], versions: Mapping[str, str], **values: Any) -> bool:
    """Take queued work; False if it is not queued (any more): done, running elsewhere, or cancelled."""
    table = lease.work.table
    row = move(
        session,
        lease.work,
        lease.item_id,
        ("queued",),
        attempt=table.attempt + 1,
        lease_owner=lease.owner,
        started_at=func.coalesce(table.started_at, func.clock_timestamp()),
        versions=dict(versions),
        **leases.lease(lease.seconds),
        **values,
    )
    return row is not None


def heartbeat(session: Session, lease: Lease[Any]) -> LeaseStatus:
    """Renew the lease."""
    work = lease.work
    asked_to_cancel = leases.extend(session, work.table, lease.held, work.running, lease.seconds)
    if asked_to_cancel is None:
        return "lost"
    return "cancelled" if asked_to_cancel else "held"


def report_progress(
    session: Session, lease: Lease[Item], state: str, progress: float, message: str
) -> LeaseStatus:
    """Record how far the work is and renew the lease."""
    fields = {"state": state, "progress": min(max(progress, 0.0), 1.0), "message": message}
    row = change(session, lease, **fields, **leases.lease(lease.seconds))
    if row is None:
        return "lost"
    lease.work.record(session, row)
    return "cancelled" if row.cancel_requested else "held"


def change(session: Session, lease: Lease[Item], **values: Any) -> Item | None:
    """Change held work without a record; None if the lease was lost."""
    return leases.move_leased(session, lease.work.table, lease.held, lease.work.running, **values)


def finish(session: Session, lease: Lease[Item], **values: Any) -> Item | None:
    """Move held work to its end; None if the lease was lost."""
    lease.work.before_end(session, lease.item_id)
    return _recorded(session, lease.work, change(session, lease, **values, **_end_fields()))


def fail(session: Session, lease: Lease[Any], failure: Json) -> bool:
    """End work with a problem (RFC 9457); False if the lease was lost."""
    return finish(session, lease, state="failed", message=str(failure["title"]), failure=failure) is not None


def cancel(session: Session, lease: Lease[Any]) -> bool:
    """End work that somebody asked to cancel; False if the lease was lost."""
    return finish(session, lease, state="cancelled", message="cancelled") is not None


def request_cancel(session: Session, work: WorkKind[Item], item_id: UUID) -> Item | None:
    """Stop work: at once while it is queued, within seconds while a worker has it; None if it has ended."""
    over = {"state": "cancelled", "message": "cancelled", "finished_at": func.clock_timestamp()}
    return move(session, work, item_id, ("queued",), **over) or move(
        session, work, item_id, work.running, cancel_requested=True, message="stopping"
    )


def give_back(session: Session, lease: Lease[Any]) -> bool:
    """Queue work again because its worker shuts down; False if the lease was lost."""
    if change(session, lease, lease_until=func.clock_timestamp()) is None:
        return False
    attempt = lease.work.table.attempt - 1
    row = requeue(
        session, lease.work, lease.item_id, lease.work.running, "its worker shuts down", attempt=attempt
    )
    assert row is not None, "this transaction has locked it"
    send(session, lease.work, row)
    return True


def requeue(
    session: Session,
    work: WorkKind[Item],
    item_id: UUID,
    states: tuple[str, ...],
    message: str,
    **values: Any,
) -> Item | None:
    """Put work back into the queue; the caller sends its task."""
    fresh = {"state": "queued", "message": message, "queued_at": func.clock_timestamp()}
    return move(session, work, item_id, states, **fresh, lease_owner=None, lease_until=None, **values)


def unfinished(session: Session, work: WorkKind[Any]) -> set[UUID]:
    """Return the rows that a worker has or will have, which may go on from what an earlier one kept."""
    return leases.unfinished(session, work.table, work.running)


def requeue_lost(
    session: Session, work: WorkKind[Item], resend_seconds: float, max_attempts: int
) -> Sequence[UUID]:
    """Put work whose worker fell silent back into the queue, and send again what was queued long ago.

    What was asked to cancel ends as cancelled; what lost `max_attempts` workers as failed. Returns the rows
    that were changed or sent.
    """
    silent = leases.expired(session, work.table, work.running)
    waiting = leases.waiting(session, work.table, resend_seconds)
    for row in silent:
        _recover(session, work, row, max_attempts)
    for row in waiting:
        row.queued_at = func.clock_timestamp()
        send(session, work, row)
    session.flush()
    return [row.id for row in (*silent, *waiting)]


def _recover(session: Session, work: WorkKind[Item], row: Item, max_attempts: int) -> None:
    if row.cancel_requested:
        move(session, work, row.id, work.running, state="cancelled", message="cancelled", **_end_fields())
    elif work.may_fail and row.attempt >= max_attempts:
        failure = {
            "type": "about:blank",
            "title": "The worker was lost",
            "status": 500,
            "detail": f"{row.attempt} workers died or fell silent in this {work.noun}; see their logs, or "
            f"ask again",
        }
        fields = {"message": failure["title"], "failure": failure}
        move(session, work, row.id, work.running, state="failed", **fields, **_end_fields())
    else:
        requeue(session, work, row.id, work.running, "its worker was lost; waiting for another")
        send(session, work, row)


def _end_fields() -> dict[str, Any]:
    return {"finished_at": func.clock_timestamp(), "lease_owner": None, "lease_until": None}


def _recorded(session: Session, work: WorkKind[Item], row: Item | None) -> Item | None:
    if row is not None:
        work.record(session, row)
    return row
