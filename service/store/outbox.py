"""SQL of lanes and their outbox: waking a lane, its next item, what became of it, and the log of exchanges.

Times are measured by the clock of the database only. A change of an item is conditional: what a person or
another worker has settled meanwhile stays as it is.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.storable_text import storable
from service.store.states import OutboxState
from service.store.tables import Connector, ExchangeRecord, Json, OutboxItem, WebhookEndpoint

LONGEST_QUIET_SECONDS = 86400.0
"""The other side may ask for no longer than a day."""
LEAST_PAUSE_SECONDS = 1.0
"""Nothing is asked again sooner, even if the other side says that it may be."""
MATERIAL, ORDER, NOTIFY = "material", "order", "notify"
"""What an item of a connector wants: a candidate registered, a batch ordered, news told."""
LaneTable = type[Connector] | type[WebhookEndpoint]
"""A table of lanes."""


def lane_column(table: LaneTable) -> InstrumentedAttribute[UUID | None]:
    """Return the column of the outbox that names a lane of this table."""
    return OutboxItem.connector_id if table is Connector else OutboxItem.endpoint_id


def wake(session: Session, table: LaneTable, lane_id: UUID) -> bool:
    """Make a lane due now, and queue it if it may work; return whether this transaction queued it."""
    may_work = and_(table.state == "idle", table.status == "active", _is_not_quiet(table))
    query = (
        update(table)
        .where(table.id == lane_id)
        .values(
            due_at=func.least(table.due_at, func.clock_timestamp()),
            state=case((may_work, "queued"), else_=table.state),
            # the transaction's time: by it the row shows that this transaction has queued it
            queued_at=case((may_work, func.now()), else_=table.queued_at),
        )
        .returning(and_(table.state == "queued", table.queued_at == func.now()))
    )
    return session.scalars(query, execution_options={"synchronize_session": False}).one_or_none() is True


def queue_due(session: Session, table: LaneTable, lane_id: UUID | None = None) -> Sequence[UUID]:
    """Queue the idle lanes whose time has come, or this one if it has; return their ids.

    Rows that others have locked are skipped.
    """
    now = func.clock_timestamp()
    ready = [table.state == "idle", table.status == "active", table.due_at <= now, _is_not_quiet(table)]
    if lane_id is not None:
        ready.append(table.id == lane_id)
    found = session.scalars(select(table.id).where(*ready).with_for_update(skip_locked=True)).all()
    if found:
        query = update(table).where(table.id.in_(found)).values(state="queued", queued_at=now)
        session.execute(query, execution_options={"synchronize_session": False})
    return found


def lock(session: Session, table: LaneTable, lane_id: UUID) -> bool:
    """Lock a lane, so that whoever adds to its outbox from now on finds how it ended; False if it is gone."""
    query = select(table.id).where(table.id == lane_id).with_for_update(key_share=True)
    return session.scalars(query).one_or_none() is not None


def clock(session: Session) -> datetime:
    """Return the database's time."""
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now


def is_quiet(session: Session, lane: Connector | WebhookEndpoint) -> bool:
    """Return whether the other side of a lane wants quiet until a time that has not come."""
    return lane.quiet_until is not None and clock(session) < lane.quiet_until


def add(session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[UUID]:
    """Add items unless their lane has one with the same key; return the ids of the new ones."""
    if not rows:
        return ()
    query = (
        insert(OutboxItem).on_conflict_do_nothing().returning(OutboxItem.id, sort_by_parameter_order=False)
    )
    return session.scalars(query, rows).all()


def first_waiting(session: Session, table: LaneTable, lane_id: UUID) -> tuple[OutboxItem, bool] | None:
    """Return the first item that waits, and whether it is due; None if none waits.

    Later ones wait for it, so that the other side hears of everything in order. A test overtakes all.
    """
    query = (
        select(OutboxItem, OutboxItem.due_at <= func.clock_timestamp())
        .where(lane_column(table) == lane_id, OutboxItem.state == "waiting")
        .order_by(OutboxItem.verb != "test", OutboxItem.sequence)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def settle(session: Session, item_id: UUID, state: OutboxState, problem: Json | None = None) -> bool:
    """End an item that waits; False if it waits no more."""
    done_at = func.clock_timestamp()
    return _change(
        session, item_id, state=state, problem=problem, done_at=done_at, tries=OutboxItem.tries + 1
    )


def postpone(session: Session, item_id: UUID, seconds: float, **values: Any) -> bool:
    """Let an item that waits be due in so many seconds; False if it waits no more.

    `values` are further columns, as `tries`, `problem` or `ticket`.
    """
    due_at = func.clock_timestamp() + timedelta(seconds=seconds)
    return _change(session, item_id, due_at=due_at, **values)


def wait_again(session: Session, items: Collection[UUID] | Select[UUID]) -> int:
    """Let items be due now as if they had never been tried, and return how many there are.

    They had ended, or wait for a later time. `items` are their ids, or a query of them.
    """
    fresh = {"state": "waiting", "tries": 0, "problem": None, "done_at": None}
    query = update(OutboxItem).where(OutboxItem.id.in_(items))
    query = query.values(**fresh, due_at=func.clock_timestamp())
    changed = session.scalars(
        query.returning(OutboxItem.id), execution_options={"synchronize_session": False}
    )
    return len(changed.all())


def record_exchange(session: Session, *, outbox_id: UUID | None = None, **values: Any) -> None:
    """Write down one request to the other side: neither its body, its headers nor its query.

    It is about no item when that one was deleted meanwhile.
    """
    item_id = select(OutboxItem.id).where(OutboxItem.id == outbox_id).scalar_subquery()
    session.add(ExchangeRecord(**storable(values), outbox_id=None if outbox_id is None else item_id))


def forget_older(session: Session, exchanges: timedelta, items: timedelta) -> None:
    """Drop the log of old exchanges, and old items that are over.

    What another system refused or never took waits for a person; what an endpoint never took does not.
    """
    session.execute(delete(ExchangeRecord).where(ExchangeRecord.at < func.now() - exchanges))
    is_over = or_(
        OutboxItem.state.in_(("done", "skipped")),
        and_(OutboxItem.endpoint_id.is_not(None), OutboxItem.state != "waiting"),
    )
    session.execute(delete(OutboxItem).where(is_over, OutboxItem.created_at < func.now() - items))


def earliest(*times: datetime | None) -> datetime | None:
    """Return the earliest of some times that may be absent."""
    return min((time for time in times if time is not None), default=None)


def _change(session: Session, item_id: UUID, **values: Any) -> bool:
    query = update(OutboxItem).where(OutboxItem.id == item_id, OutboxItem.state == "waiting")
    query = query.values(**storable(values)).returning(OutboxItem.id)
    changed = session.scalars(query, execution_options={"synchronize_session": False})
    return changed.one_or_none() is not None


def _is_not_quiet(table: LaneTable) -> ColumnElement[bool]:
    return or_(table.quiet_until.is_(None), table.quiet_until <= func.clock_timestamp())
