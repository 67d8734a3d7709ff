"""SQL of events and of the endpoints that hear of them."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.orm import Session

from service.store.paging import Page, cut, read_cursor
from service.store.tables import Event, Json, OutboxItem, WebhookEndpoint


def lock_wanting(session: Session, workspace_id: UUID, types: Collection[str]) -> Sequence[WebhookEndpoint]:
    """Return and lock the endpoints that hear of one of these types, paused ones too, but no broken ones."""
    is_wanted = or_(WebhookEndpoint.types == [], WebhookEndpoint.types.overlap(list(types)))
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.workspace_id == workspace_id, WebhookEndpoint.status != "broken", is_wanted
    )
    query = query.order_by(WebhookEndpoint.id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def lock_order(session: Session, workspace_id: UUID) -> None:
    """Let no other transaction add events of a workspace until this one ends.

    So the order of their numbers is that of the commits, and a reader that remembers the last number misses
    none.
    """
    digest = hashlib.sha256(f"events:{workspace_id}".encode()).digest()
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(digest[:8], "big", signed=True))))


def add(session: Session, workspace_id: UUID, event_type: str, data: Json) -> Event:
    """Add an event; it has its number when this returns."""
    row = Event(workspace_id=workspace_id, type=event_type, data=data, created_at=func.clock_timestamp())
    session.add(row)
    session.flush()
    return row


def find(session: Session, workspace_id: UUID, event_id: UUID) -> Event | None:
    """Return an event of this workspace."""
    query = select(Event).where(Event.id == event_id, Event.workspace_id == workspace_id)
    return session.scalars(query).one_or_none()


def page(
    session: Session,
    workspace_id: UUID,
    event_type: str | None,
    limit: int,
    cursor: str | None = None,
    *,
    after: int = 0,
) -> Page[Event]:
    """Return events in the order in which they happened, later than number `after`; of one type or all."""
    first = max(after, 0 if cursor is None else read_cursor(cursor, int)[0])
    query = select(Event).where(Event.workspace_id == workspace_id, Event.sequence > first)
    if event_type is not None:
        query = query.where(Event.type == event_type)
    query = query.order_by(Event.sequence).limit(limit + 1)
    return cut(session.scalars(query).all(), limit, lambda row: [row.sequence])


def forget_older(session: Session, age: timedelta) -> None:
    """Drop old events that no endpoint still waits for."""
    waits = exists().where(OutboxItem.event_id == Event.id, OutboxItem.state == "waiting")
    session.execute(delete(Event).where(Event.created_at < func.now() - age, ~waits))
