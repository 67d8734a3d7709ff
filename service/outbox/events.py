"""Say what happened: an event, and a delivery to each webhook endpoint that wants it.

An event holds ids, counts and links only, never structures or values: whoever hears of it reads the rest with
a key of its own. Events are written when the transaction that caused them commits, all at once and last:
their order is that of the commits, and what they lock is locked for a moment only. What rolls back emits
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from service.outbox.waking import wake
from service.store import events, outbox
from service.store.tables import Event, Json, WebhookEndpoint

EventType = Literal[
    "round.failed",
    "batch.ready",
    "batch.released",
    "results.stored",
    "results.rejected",
    "campaign.completed",
    "connector.needs_attention",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
Data = Mapping[str, str | int | UUID | None]
"""What an event says."""
TEST_TYPE = "webhook.test"
"""What an endpoint is sent when a user tries it; it goes to this endpoint alone and is in no archive."""

_BUFFER = "assayflow.events"


@dataclass(frozen=True, slots=True)
class _Emitted:
    """An event that waits for its commit, and the savepoints within which it was emitted."""

    workspace_id: UUID
    type: EventType
    data: Json
    within: tuple[SessionTransaction, ...]


def emit(session: Session, workspace_id: UUID, event_type: EventType, data: Data) -> None:
    """Write an event when this session's transaction commits, and never if it does not.

    Args:
        session: that of the transaction that caused it.
        workspace_id: whose event it is.
        event_type: what happened.
        data: ids, counts and links. No name, structure or measured value belongs here.
    """
    session.connection()  # begins the transaction by which it is forgotten
    plain = {name: str(value) if isinstance(value, UUID) else value for name, value in data.items()}
    emitted = _Emitted(workspace_id, event_type, plain, _savepoints(session))
    session.info.setdefault(_BUFFER, []).append(emitted)


def write(session: Session) -> None:
    """Write what was emitted, and wake the endpoints; done by itself before the commit.

    Endpoints are locked in the order of their ids, and after everything else, so that two transactions never
    wait for each other.
    """
    waiting: list[_Emitted] = session.info.pop(_BUFFER, [])
    session.flush()
    for workspace_id in sorted({item.workspace_id for item in waiting}):
        _write(session, workspace_id, [item for item in waiting if item.workspace_id == workspace_id])


def delivery(endpoint: WebhookEndpoint, row: Event) -> dict[str, Any]:
    """Return the outbox row by which an endpoint hears of an event."""
    return {
        "workspace_id": endpoint.workspace_id,
        "endpoint_id": endpoint.id,
        "event_id": row.id,
        "verb": "event",
        "key": str(row.id),
        "payload": {},
    }


def _write(session: Session, workspace_id: UUID, emitted: list[_Emitted]) -> None:
    endpoints = events.lock_wanting(session, workspace_id, {item.type for item in emitted})
    for endpoint in endpoints:
        wake(session, WebhookEndpoint, endpoint.id)
    events.lock_order(session, workspace_id)
    rows = [events.add(session, workspace_id, item.type, item.data) for item in emitted]
    deliveries = [
        delivery(endpoint, row)
        for row in rows
        for endpoint in endpoints
        if not endpoint.types or row.type in endpoint.types
    ]
    outbox.add(session, deliveries)


def _savepoints(session: Session) -> tuple[SessionTransaction, ...]:
    within, transaction = [], session.get_nested_transaction()
    while transaction is not None and transaction.nested:
        within.append(transaction)
        transaction = transaction.parent
    return tuple(within)


@event.listens_for(Session, "before_commit")
def _write_before_commit(session: Session) -> None:
    if _BUFFER in session.info and not session.in_nested_transaction():
        write(session)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    waiting: list[_Emitted] = session.info.pop(_BUFFER, [])
    if previous.nested and (kept := [item for item in waiting if previous not in item.within]):
        session.info[_BUFFER] = kept
