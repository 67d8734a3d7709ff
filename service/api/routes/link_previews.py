"""Routes of previews: what a link would send and read, as a job."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from service.api.body import StrictRoute
from service.api.connectors import LinkId, Readable, Writable
from service.api.conventions import answer, content_tag
from service.api.dependencies import JobId, Transaction
from service.api.documentation import ETAG, guarded
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, Follow, Wait, accepted
from service.campaigns import jobs, queries
from service.campaigns.jobs import JobScope
from service.errors import NotFoundError
from service.integrations import links, preview_jobs
from service.schemas.jobs import Job
from service.schemas.links import PreviewAnswer, PreviewRequest
from service.store import tables

router = APIRouter(
    prefix="/v1/connectors/{connector_id}/links/{link_id}/previews",
    tags=["connectors"],
    route_class=StrictRoute,
)
_FOUND = ("materials", "order", "notes", "measurements", "report")


def scope_of(link_id: LinkId, connector: Readable, session: Transaction) -> JobScope:
    """Return where the previews of a link are found."""
    link = links.get(session, connector, link_id)
    return JobScope(preview_jobs.PREVIEWS, connector.workspace_id, link.campaign_id)


Scope = Annotated[JobScope, Depends(scope_of)]


@router.post(
    "", status_code=202, response_model=PreviewAnswer, responses={**ACCEPTED, **guarded(404, 409, 415)}
)
def preview_link(
    link_id: LinkId,
    wanted: PreviewRequest,
    connector: Writable,
    session: Transaction,
    once: Once,
    wait: Wait,
) -> Response:
    """Show the exact bodies that would be sent, and what the mapping makes of the last measurements there.

    Only questions are sent. A mapping in the request is tried in place of the link's own.
    """
    link = links.get(session, connector, link_id)

    def preview() -> Response:
        if wanted.mapping is not None:
            campaign = queries.get_campaign(session, connector.workspace_id, link.campaign_id)
            links.check_mapping(session, connector, campaign, wanted.mapping)
        row = preview_jobs.enqueue_preview(session, connector, link, wanted.mapping, wanted.round)
        return accepted(_view(row, {}), f"/v1/connectors/{connector.id}/links/{link.id}/previews/{row.id}")

    scope = JobScope(preview_jobs.PREVIEWS, connector.workspace_id, link.campaign_id)
    return wait(once(preview), scope, _finished)


@router.get("/{job_id}", response_model=PreviewAnswer, responses={200: ETAG, **guarded(404)})
def get_link_preview(job_id: JobId, link_id: LinkId, scope: Scope, session: Transaction) -> Response:
    """Return how far a preview is and, once it has ended, what it shows."""
    view = _finished(session, _of(session, scope, job_id, link_id))
    return answer(view, headers={"ETag": content_tag(view)})


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_link_preview(
    job_id: JobId, link_id: LinkId, scope: Scope, session: Transaction, follow: Follow
) -> Response:
    """Follow a preview as server-sent events; resume after a break with `Last-Event-ID`."""
    _of(session, scope, job_id, link_id)
    return follow(scope, job_id)


def _of(session: Session, scope: JobScope, job_id: UUID, link_id: UUID) -> tables.Job:
    row = jobs.find(session, scope, job_id)
    if row.request["link_id"] != str(link_id):
        raise NotFoundError(f"no {scope.kind} {job_id}")
    return row


def _finished(_session: Session, row: tables.Job) -> PreviewAnswer:
    return _view(row, row.result or {})


def _view(row: tables.Job, result: dict[str, Any]) -> PreviewAnswer:
    known = {name: row.request[name] for name in ("connector_id", "link_id", "round")}
    found = {name: result.get(name) for name in _FOUND}
    shared = Job.model_validate(row).model_dump()
    return PreviewAnswer.model_validate({**shared, "campaign_id": row.campaign_id, **known, **found})
