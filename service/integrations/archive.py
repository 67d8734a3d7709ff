"""Events as users ask to see them. Reads only; all within a workspace."""

from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store import events
from service.store.paging import Page
from service.store.tables import Event


def list_events(
    session: Session,
    workspace_id: UUID,
    page: tuple[int, str | None],
    event_type: str | None = None,
    after: UUID | None = None,
) -> Page[Event]:
    """Return one page of events, by limit and cursor, in the order in which they happened.

    Args:
        session: the transaction.
        workspace_id: whose.
        page: limit and cursor.
        event_type: of this type only.
        after: the id of an event; only later ones are returned.

    Raises:
        NotFoundError: if `after` is no event of the workspace (any more).
    """
    first = 0 if after is None else get_event(session, workspace_id, after).sequence
    return events.page(session, workspace_id, event_type, *page, after=first)


def get_event(session: Session, workspace_id: UUID, event_id: UUID) -> Event:
    """Return an event.

    Raises:
        NotFoundError: if the workspace has none with this id (any more).
    """
    row = events.find(session, workspace_id, event_id)
    if row is None:
        raise NotFoundError(f"no event {event_id}; events are kept for 90 days")
    return row
