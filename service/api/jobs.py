"""Shared HTTP behaviour of all jobs: acceptance, long polling (RFC 7240) and files.

Depends on no kind of job.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, final
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from service.api.admission import release_slots
from service.api.conventions import answer
from service.api.dependencies import Caller, CampaignId, Reader, Writer, poller_of, sessions_of
from service.api.documentation import Responses, files, guarded, header
from service.api.events import followed, job_events, streamed
from service.api.polling import Poller
from service.campaigns import jobs
from service.campaigns.jobs import JobScope
from service.errors import ConflictError
from service.exchange import prediction_formats
from service.schemas.jobs import JobEvent
from service.store.states import UNFINISHED_JOB_STATES
from service.store.tables import Job, Json

MOST_SECONDS = 30
POLL_SECONDS = 0.2
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=$|[,;])', re.IGNORECASE)

Prefer = Annotated[
    str | None,
    Header(
        description=f"`wait=N` returns 200 with the finished resource within N <= {MOST_SECONDS} s, else 202"
    ),
]
LastSeen = Annotated[
    str, Header(alias="Last-Event-ID", max_length=64, description="the `id` of the last event that was seen")
]
EVENTS = {**streamed("job", JobEvent), **guarded(404)}
ACCEPTED: Responses = {
    202: {
        "description": "The accepted job; poll or stream it at `Location`",
        **header("Location", "its address"),
    }
}
FILE: Responses = {
    200: {
        "description": "The resource; formats other than JSON are files",
        **header("Content-Disposition", "the file's name, when it is a file"),
    }
}
TABLE: Responses = {200: {**FILE[200], "content": files(prediction_formats().values())}}


@final
class LongPollResponse(Response):
    """The response of an accepted job, delayed until the job is done or the preferred wait is over.

    It waits after the commit of the request's transaction, and holds neither a slot nor a connection between
    polls.

    Args:
        accepted: the response if the wait ends first.
        seconds: how long to wait.
        look: returns the finished resource, or None before it exists.
        poller: runs `look`.
    """

    def __init__(
        self, accepted: Response, seconds: float, look: Callable[[], Response | None], poller: Poller
    ) -> None:
        super().__init__(accepted.body, accepted.status_code, accepted.headers)
        self._accepted = accepted
        self._seconds = seconds
        self._look = look
        self._poller = poller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the finished resource, or the accepted job."""
        release_slots(scope)
        deadline = time.monotonic() + self._seconds
        with self._poller.following():
            finished = await self._poller.look(self._look)
            while finished is None and time.monotonic() < deadline:
                await self._poller.pause(POLL_SECONDS)
                finished = await self._poller.look(self._look)
        chosen = finished or self._accepted
        chosen.headers["Preference-Applied"] = f"wait={self._seconds:g}"
        await chosen(scope, receive, send)


@final
class WaitPreference:
    """Let a POST respond with the finished resource, if the caller prefers to wait for it."""

    def __init__(self, request: Request, prefer: Prefer = None) -> None:
        self._sessions, self._poller = sessions_of(request), poller_of(request)
        self._seconds = seconds_of(prefer)

    def __call__(
        self, accepted: Response, scope: JobScope, to_response: Callable[[Session, Job], BaseModel | Response]
    ) -> Response:
        """Return a response that waits for the job's end, or the accepted job if too many requests wait."""
        if self._seconds is None or self._poller.is_full:
            return accepted
        job_id = UUID(json.loads(bytes(accepted.body))["id"])

        def look() -> Response | None:
            with self._sessions.begin() as session:
                row = jobs.find(session, scope, job_id)
                if row.state in UNFINISHED_JOB_STATES:
                    return None
                view = to_response(session, row)
                return view if isinstance(view, Response) else answer(view)

        return LongPollResponse(accepted, self._seconds, look, self._poller)


Wait = Annotated[WaitPreference, Depends()]


@final
class EventFollower:
    """Let a caller follow a job as server-sent events."""

    def __init__(self, request: Request, last_event_id: LastSeen = "") -> None:
        self._sessions, self._poller = sessions_of(request), poller_of(request)
        self._last = last_event_id

    def __call__(self, scope: JobScope, job_id: UUID) -> Response:
        """Return the job's events after the last one that the client received, until its end."""
        return followed(self._poller, job_events(self._sessions, scope, job_id), self._last)


Follow = Annotated[EventFollower, Depends()]


def readers(kind: str) -> Callable[[UUID, Caller], Awaitable[JobScope]]:
    """Return a dependency: the scope of a campaign's jobs of a kind, for callers that may read."""

    async def scope(campaign_id: CampaignId, caller: Reader) -> JobScope:
        return JobScope(kind, caller.workspace_id, campaign_id)

    return scope


def writers(kind: str) -> Callable[[UUID, Caller], Awaitable[JobScope]]:
    """Return a dependency: the scope of a campaign's jobs of a kind, for callers that may write."""

    async def scope(campaign_id: CampaignId, caller: Writer) -> JobScope:
        return JobScope(kind, caller.workspace_id, campaign_id)

    return scope


def workspace_readers(kind: str) -> Callable[[Caller], Awaitable[JobScope]]:
    """Return a dependency: the scope of a workspace's jobs of a kind, for callers that may read."""

    async def scope(caller: Reader) -> JobScope:
        return JobScope(kind, caller.workspace_id)

    return scope


def workspace_writers(kind: str) -> Callable[[Caller], Awaitable[JobScope]]:
    """Return a dependency: the scope of a workspace's jobs of a kind, for callers that may write."""

    async def scope(caller: Writer) -> JobScope:
        return JobScope(kind, caller.workspace_id)

    return scope


def seconds_of(prefer: str | None) -> int | None:
    """Return the caller's preferred wait in seconds, at most 30; None without such a preference."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), MOST_SECONDS) if match else None


def accepted(view: BaseModel, location: str) -> Response:
    """Respond with 202 and the location of the job."""
    return answer(view, 202, {"Location": location})


def result_of(row: Job) -> Json:
    """Return a job's result for a download.

    Raises:
        ConflictError: if there is none.
    """
    if row.result is None or row.state != "succeeded":
        raise ConflictError(f"this job is {row.state}: only a succeeded job has a result to download")
    return row.result
