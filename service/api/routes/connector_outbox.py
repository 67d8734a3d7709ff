"""Routes of what a connector has to say, and of the log of what it said."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from service.api.body import StrictRoute
from service.api.connectors import Readable, Writable
from service.api.conventions import PageQuery, answer
from service.api.dependencies import Transaction, Writer
from service.api.documentation import LINK, guarded
from service.api.idempotency import Once
from service.integrations import connectors
from service.schemas.base import Page
from service.schemas.connectors import ExchangeEntry, OutboxMessage, Skip
from service.store import lane_lists, paging, tables
from service.store.states import OutboxState

router = APIRouter(prefix="/v1/connectors/{connector_id}", tags=["connectors"], route_class=StrictRoute)

MessageId = Annotated[
    UUID, Path(description="the message's id", examples=["c5e7a9b1-3d2f-4c6e-8a10-9b8c7d6e5f42"])
]
State = Annotated[OutboxState | None, Query(description="only messages in this state")]
ForMessage = Annotated[UUID | None, Query(description="only requests for this message")]


@router.get("/outbox", responses={200: LINK, **guarded(404)})
def list_connector_messages(
    connector: Readable, session: Transaction, query: PageQuery, state: State = None
) -> Page[OutboxMessage]:
    """List what the connector has to say, newest first; messages go in their order, the oldest first."""
    table = tables.Connector
    page = lane_lists.outbox(session, table, connector.id, query.limit, query.cursor, state)
    return query.answer(paging.Page([_view(row) for row in page.items], page.next_cursor), OutboxMessage)


@router.post("/outbox/{message_id}/retry", response_model=OutboxMessage, responses=guarded(404, 409))
def retry_connector_message(
    message_id: MessageId, connector: Writable, session: Transaction, once: Once
) -> Response:
    """Send a message again now: one that was refused, given up or skipped, or waits for its next try."""
    return once(lambda: answer(_view(connectors.retry(session, connector, message_id))))


@router.post("/outbox/{message_id}/skip", response_model=OutboxMessage, responses=guarded(404, 409, 415))
def skip_connector_message(
    message_id: MessageId, why: Skip, caller: Writer, connector: Writable, session: Transaction, once: Once
) -> Response:
    """Give a message up, for a reason that is kept; those that waited for it go on."""
    return once(
        lambda: answer(_view(connectors.skip(session, connector, message_id, why.reason, caller.key_id)))
    )


@router.get("/exchanges", responses={200: LINK, **guarded(404)})
def list_connector_exchanges(
    connector: Readable, session: Transaction, query: PageQuery, message: ForMessage = None
) -> Page[ExchangeEntry]:
    """List the requests to the other system in the last 30 days, newest first."""
    table = tables.Connector
    page = lane_lists.exchanges(session, table, connector.id, query.limit, query.cursor, message)
    return query.answer(page, ExchangeEntry)


def _view(row: tables.OutboxItem) -> OutboxMessage:
    names = ("id", "link_id", "verb", "state", "due_at", "tries", "problem", "created_at", "done_at")
    about = {name: row.payload.get(name) for name in ("candidate_id", "round_id", "event")}
    return OutboxMessage.model_validate({name: getattr(row, name) for name in names} | about)
