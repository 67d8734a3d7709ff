"""SQL of webhook endpoints, of their signing secrets and of what was delivered to them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    cast,
    delete,
    exists,
    false,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store import outbox
from service.store.paging import Page, cut, read_cursor
from service.store.states import OutboxState
from service.store.tables import Event, ExchangeRecord, OutboxItem, Secret, WebhookEndpoint

OVERLAP = timedelta(hours=24)
"""How long a replaced secret still signs, so that receivers can take over the new one."""
PURPOSE = "webhook"


def lock(session: Session, workspace_id: UUID, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Return an endpoint of this workspace, locked until the transaction ends."""
    query = _of(workspace_id).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def find(session: Session, workspace_id: UUID, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Return an endpoint of this workspace."""
    query = _of(workspace_id).where(WebhookEndpoint.id == endpoint_id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def page(session: Session, workspace_id: UUID, limit: int, cursor: str | None) -> Page[WebhookEndpoint]:
    """Return endpoints, oldest first."""
    query = _of(workspace_id)
    if cursor is not None:
        after = read_cursor(cursor, datetime.fromisoformat, UUID)
        query = query.where(tuple_(WebhookEndpoint.created_at, WebhookEndpoint.id) > tuple_(*after))
    query = query.order_by(WebhookEndpoint.created_at, WebhookEndpoint.id).limit(limit + 1)
    return cut(session.scalars(query).all(), limit, lambda row: [row.created_at.isoformat(), row.id])


def count(session: Session, workspace_id: UUID) -> int:
    """Return how many endpoints a workspace has."""
    return session.scalars(select(func.count()).where(WebhookEndpoint.workspace_id == workspace_id)).one()


def waiting(session: Session, endpoint_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many deliveries of each endpoint wait; an endpoint without any is left out."""
    query = select(OutboxItem.endpoint_id, func.count()).where(
        OutboxItem.endpoint_id.in_(endpoint_ids), OutboxItem.state == "waiting"
    )
    return {key: n for key, n in session.execute(query.group_by(OutboxItem.endpoint_id)) if key is not None}


def remove(session: Session, row: WebhookEndpoint) -> None:
    """Delete an endpoint with its secrets and deliveries."""
    session.execute(delete(Secret).where(Secret.id.in_(row.secret_ids)))
    session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == row.id))


def signing(session: Session, secret_ids: Collection[UUID]) -> Sequence[Secret]:
    """Return the secrets that sign now, the newest first."""
    query = select(Secret).where(Secret.id.in_(secret_ids), ~_has_ended())
    return session.scalars(query.order_by(Secret.created_at.desc(), Secret.replaced_at.desc())).all()


def overlap_ends(session: Session, secret_ids: Collection[UUID]) -> datetime | None:
    """Return when the last of the replaced secrets ends to sign; None if none signs any more."""
    query = select(func.max(Secret.replaced_at)).where(Secret.id.in_(secret_ids), ~_has_ended())
    last = session.scalars(query).one()
    return None if last is None else last + OVERLAP


def remove_secrets(session: Session, secret_ids: Collection[UUID]) -> None:
    """Delete secrets at once."""
    session.execute(delete(Secret).where(Secret.id.in_(secret_ids)))


def drop_ended_secrets(session: Session) -> None:
    """Delete the replaced secrets that sign no more."""
    session.execute(delete(Secret).where(Secret.purpose == PURPOSE, _has_ended()))


def deliveries(
    session: Session, endpoint_id: UUID, states: Collection[OutboxState], limit: int, cursor: str | None
) -> Page[RowMapping]:
    """Return deliveries with the types of their events, newest first; in all states when none is named."""
    query = _deliveries().where(OutboxItem.endpoint_id == endpoint_id)
    if states:
        query = query.where(OutboxItem.state.in_(states))
    if cursor is not None:
        query = query.where(OutboxItem.sequence < read_cursor(cursor, int)[0])
    query = query.order_by(OutboxItem.sequence.desc()).limit(limit + 1)
    return cut(session.execute(query).mappings().all(), limit, lambda row: [row["sequence"]])


def delivery(session: Session, endpoint_id: UUID, delivery_id: UUID) -> RowMapping | None:
    """Return a delivery of an endpoint with the type of its event."""
    query = _deliveries().where(OutboxItem.endpoint_id == endpoint_id, OutboxItem.id == delivery_id)
    return session.execute(query).mappings().one_or_none()


def attempts(session: Session, delivery_ids: Collection[UUID]) -> Mapping[UUID, list[ExchangeRecord]]:
    """Return the attempts of deliveries that are still in the log, the first one first."""
    query = select(ExchangeRecord).where(ExchangeRecord.outbox_id.in_(delivery_ids))
    found: dict[UUID, list[ExchangeRecord]] = {}
    for row in session.scalars(query.order_by(ExchangeRecord.id)):
        if row.outbox_id is not None:
            found.setdefault(row.outbox_id, []).append(row)
    return found


def replay_since(session: Session, row: WebhookEndpoint, since: datetime, *, undelivered: bool) -> int:
    """Let an endpoint hear again of the events since a time that it wants, and return how many there are.

    With `undelivered`, only of those that were not delivered. Events of which it never heard, because it was
    broken or did not exist, are new deliveries; they follow in their order.
    """
    wanted = [Event.workspace_id == row.workspace_id, Event.created_at >= since]
    if row.types:
        wanted.append(Event.type.in_(row.types))
    ended = (OutboxItem.endpoint_id == row.id, OutboxItem.verb == "event", OutboxItem.state != "waiting")
    again = select(OutboxItem.id).join(Event, Event.id == OutboxItem.event_id).where(*ended, *wanted)
    if undelivered:
        again = again.where(OutboxItem.state != "done")
    return outbox.wait_again(session, again) + _add_missing(session, row, wanted)


def wait_no_longer(session: Session, endpoint_id: UUID) -> None:
    """Let what waits for a later attempt be due now, as if it had never been tried."""
    waits = select(OutboxItem.id).where(OutboxItem.endpoint_id == endpoint_id, OutboxItem.state == "waiting")
    outbox.wait_again(session, waits)


def is_failing_for(session: Session, endpoint_id: UUID, age: timedelta) -> bool:
    """Return whether deliveries to an endpoint have failed for so long without one that succeeded."""
    since = func.clock_timestamp() - age
    query = select(WebhookEndpoint.failing_since < since).where(WebhookEndpoint.id == endpoint_id)
    return session.scalars(query).one() is True


def _add_missing(session: Session, row: WebhookEndpoint, wanted: list[ColumnElement[bool]]) -> int:
    key = cast(Event.id, Text)
    is_known = exists().where(OutboxItem.endpoint_id == row.id, OutboxItem.key == key)
    columns = {
        "id": func.gen_random_uuid(),
        "workspace_id": Event.workspace_id,
        "endpoint_id": literal(row.id),
        "event_id": Event.id,
        "verb": literal("event"),
        "key": key,
        "payload": func.jsonb_build_object(),
        "state": literal("waiting"),
    }
    found = select(*columns.values()).where(*wanted, ~is_known).order_by(Event.sequence)
    query = insert(OutboxItem).from_select(list(columns), found, include_defaults=False)
    return len(session.scalars(query.on_conflict_do_nothing().returning(OutboxItem.id)).all())


def _of(workspace_id: UUID) -> Select[WebhookEndpoint]:
    return select(WebhookEndpoint).where(WebhookEndpoint.workspace_id == workspace_id)


def _deliveries() -> Select[Any]:
    columns = ("id", "sequence", "key", "state", "tries", "due_at", "problem", "created_at", "done_at")
    kind = func.coalesce(Event.type, OutboxItem.payload["type"].astext).label("type")
    shown = (getattr(OutboxItem, name) for name in columns)
    return select(*shown, kind).outerjoin(Event, Event.id == OutboxItem.event_id)


def _has_ended() -> ColumnElement[bool]:
    """Whether a secret was replaced so long ago that it signs no more."""
    return func.coalesce(Secret.replaced_at <= func.clock_timestamp() - OVERLAP, false())
