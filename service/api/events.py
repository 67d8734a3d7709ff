"""Stream progress as server-sent events, by polling the database in short transactions.

A round stores every step, so a resumed stream misses none. A job stores only its current state: its stream
sends each observed change, and the id of an event is a digest of its content.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent

from service.api.documentation import Responses
from service.api.polling import Poller
from service.campaigns import jobs, queries
from service.campaigns.jobs import JobScope
from service.campaigns.lifecycle import is_computing
from service.schemas.jobs import JobEvent
from service.schemas.rounds import RoundEvent
from service.store.session import Sessions
from service.store.states import UNFINISHED_JOB_STATES

POLL_SECONDS = 0.5
PAGE = 200

Step = tuple[str, BaseModel]
"""The id of an event and its data."""
Look = Callable[[str], tuple[Sequence[Step], bool]]
"""Return the next events after the one with this id, and whether they are the last ones."""


def followed(poller: Poller, look: Look, last_id: str) -> Response:
    """Respond with the events after `last_id` until the last one, or 204 if no event is left.

    Raises:
        NotFoundError: if the round or the job does not exist.
        UnavailableError: if too many streams and long polls are open.
    """
    poller.check()
    steps, is_over = look(last_id)
    if is_over and not steps:
        return Response(status_code=204)
    return EventSourceResponse(stream(poller, look, last_id))


async def stream(poller: Poller, look: Look, last_id: str) -> AsyncIterator[ServerSentEvent]:
    """Yield every event after `last_id`, until the last one."""
    is_over = False
    with poller.following():
        while not is_over:
            steps, is_over = await poller.look(look, last_id)
            for step_id, data in steps:
                last_id = step_id
                yield ServerSentEvent(data.model_dump_json(), id=step_id, event="progress")
            if not is_over and not steps:
                await poller.pause(POLL_SECONDS)


def round_events(sessions: Sessions, workspace_id: UUID, campaign_id: UUID, number: int) -> Look:
    """Return a function that reads the events of a round; their ids are increasing numbers."""

    def look(last_id: str) -> tuple[Sequence[Step], bool]:
        with sessions.begin() as session:
            # The state is read first: if the round is finished, the events that are read next are complete.
            round_id, state = queries.round_id_and_state(session, workspace_id, campaign_id, number)
            is_at_rest = not is_computing(state)
            rows = queries.events_after(session, round_id, int(last_id), PAGE)
            return [(str(item.id), RoundEvent.model_validate(item)) for item in rows], is_at_rest and len(rows) < PAGE

    return look


def job_events(sessions: Sessions, scope: JobScope, job_id: UUID) -> Look:
    """Return a function that reads the state of a job as an event."""

    def look(last_id: str) -> tuple[Sequence[Step], bool]:
        with sessions.begin() as session:
            row = jobs.status_row(session, scope, job_id)
        event = JobEvent.model_validate(dict(row))
        state_text = f"{row['attempt']}:{event.model_dump_json()}"
        new_id = hashlib.sha256(state_text.encode()).hexdigest()[:16]
        return [] if new_id == last_id else [(new_id, event)], event.state not in UNFINISHED_JOB_STATES

    return look


def streamed(noun: str, data: type[BaseModel]) -> Responses:
    """Document a stream of events with this type of data."""
    event = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "send the last one as Last-Event-ID to resume"},
            "event": {"const": "progress"},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": f"#/components/schemas/{data.__name__}"},
            },
        },
    }
    return {
        200: {
            "description": f"One event per step, each with an `id`, until the {noun} is at rest",
            "content": {"text/event-stream": {"schema": event}},
        },
        204: {"description": f"The {noun} is at rest and there was no event after Last-Event-ID"},
    }
