"""A round's events as a stream. It polls the database in short transactions and holds none open in between."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from sse_starlette import ServerSentEvent

from service.campaigns import queries
from service.campaigns.lifecycle import is_computing
from service.schemas.rounds import RoundEvent
from service.store import tables
from service.store.session import Sessions

POLL_SECONDS = 0.5
PAGE = 200


@dataclass(frozen=True, slots=True)
class Followed:
    """Which round is followed, and where it is read."""

    sessions: Sessions
    workspace_id: UUID
    campaign_id: UUID
    number: int


def has_more(followed: Followed, last_id: int) -> bool:
    """Return whether there is, or will be, an event after `last_id`.

    Raises:
        NotFoundError: if there is no such round.
    """
    rows, is_over = _read(followed, last_id)
    return bool(rows) or not is_over


async def stream(followed: Followed, last_id: int) -> AsyncIterator[ServerSentEvent]:
    """Yield every event after `last_id`, until the round is at rest and all were told."""
    is_over = False
    while not is_over:
        rows, is_over = await run_sync(_read, followed, last_id)
        for row in rows:
            last_id = row.id
            yield ServerSentEvent(RoundEvent.model_validate(row).model_dump_json(), id=str(row.id), event="progress")
        if not is_over and not rows:
            await anyio.sleep(POLL_SECONDS)


def _read(followed: Followed, last_id: int) -> tuple[Sequence[tables.RoundEvent], bool]:
    """Return the next events, and whether they are the last ones."""
    with followed.sessions.begin() as session:
        # The state is read first: once the round is at rest, a later look at the events sees all of them.
        row = queries.get_round(session, followed.workspace_id, followed.campaign_id, followed.number)
        is_at_rest = not is_computing(row.state)
        rows = queries.events_after(session, row.id, last_id, PAGE)
        return rows, is_at_rest and len(rows) < PAGE
