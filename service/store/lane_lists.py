"""SQL of what people look at in a lane: its outbox, and the log of its exchanges."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.outbox import LaneTable, lane_column
from service.store.paging import Page, cut, read_cursor
from service.store.states import OutboxState
from service.store.tables import Connector, ExchangeRecord, OutboxItem


def outbox(
    session: Session,
    table: LaneTable,
    lane_id: UUID,
    limit: int,
    cursor: str | None,
    state: OutboxState | None = None,
) -> Page[OutboxItem]:
    """Return items of a lane's outbox, newest first, all or those of one state."""
    query = select(OutboxItem).where(lane_column(table) == lane_id)
    if state is not None:
        query = query.where(OutboxItem.state == state)
    if cursor is not None:
        query = query.where(OutboxItem.sequence < read_cursor(cursor, int)[0])
    rows = session.scalars(query.order_by(OutboxItem.sequence.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.sequence])


def item(session: Session, table: LaneTable, lane_id: UUID, item_id: UUID) -> OutboxItem | None:
    """Return an item of a lane's outbox, fresh, and make others that change it wait."""
    query = select(OutboxItem).where(lane_column(table) == lane_id, OutboxItem.id == item_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def exchanges(
    session: Session,
    table: LaneTable,
    lane_id: UUID,
    limit: int,
    cursor: str | None,
    item_id: UUID | None = None,
) -> Page[ExchangeRecord]:
    """Return requests to the other side of a lane, newest first, all or those for one item."""
    column = ExchangeRecord.connector_id if table is Connector else ExchangeRecord.endpoint_id
    query = select(ExchangeRecord).where(column == lane_id)
    if item_id is not None:
        query = query.where(ExchangeRecord.outbox_id == item_id)
    if cursor is not None:
        query = query.where(ExchangeRecord.id < read_cursor(cursor, int)[0])
    rows = session.scalars(query.order_by(ExchangeRecord.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: [row.id])
