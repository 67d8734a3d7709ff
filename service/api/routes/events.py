"""Routes of events: the archive for whoever missed a message."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from service.api.conventions import PageQuery
from service.api.dependencies import Reader, Transaction
from service.api.documentation import LINK, guarded
from service.integrations import archive
from service.outbox.events import EventType
from service.schemas.base import Page
from service.schemas.events import Event

router = APIRouter(prefix="/v1/events", tags=["webhooks"])

TypeQuery = Annotated[EventType | None, Query(alias="type", description="events of this type only")]
After = Annotated[UUID | None, Query(description="events after the one with this id, the last one you know")]
EventId = Annotated[UUID, Path(description="the event's id, which is the `webhook-id` of its messages")]


@router.get("", responses={200: LINK, **guarded(404)})
def list_events(
    caller: Reader, session: Transaction, query: PageQuery, event_type: TypeQuery = None, after: After = None
) -> Page[Event]:
    """List what happened in the last 90 days, in the order in which it was committed.

    A reader that remembers the id of its last event and asks `after` it misses none.
    """
    page = archive.list_events(session, caller.workspace_id, (query.limit, query.cursor), event_type, after)
    return query.answer(page, Event)


@router.get("/{event_id}", responses=guarded(404))
def get_event(event_id: EventId, caller: Reader, session: Transaction) -> Event:
    """Return an event."""
    return Event.model_validate(archive.get_event(session, caller.workspace_id, event_id))
