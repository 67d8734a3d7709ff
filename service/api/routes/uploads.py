"""Routes of uploads: tables of results that are read as a job, because they are long."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from service.api.conventions import PageQuery, content_tag
from service.api.dependencies import CampaignId, JobId, ReportReader, Transaction
from service.api.documentation import ETAG, LINK, Responses, guarded, header
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, Follow, accepted, readers, writers
from service.campaigns import inference, jobs
from service.campaigns.jobs import JobScope
from service.campaigns.uploads import UPLOADS
from service.schemas.base import Page
from service.schemas.jobs import Uploading, UploadingAnswer
from service.store.jobs import result_text
from service.store.tables import Job

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/uploads", tags=["results"])


async def reported(campaign_id: CampaignId, caller: ReportReader) -> JobScope:
    """Return the scope of a campaign's uploads: all of them for readers, else those of this key."""
    sender = None if "read" in caller.scopes else caller.key_id
    return JobScope(UPLOADS, caller.workspace_id, campaign_id, sender)


Read = Annotated[JobScope, Depends(readers(UPLOADS))]
Reported = Annotated[JobScope, Depends(reported)]
Write = Annotated[JobScope, Depends(writers(UPLOADS))]
QUEUED: Responses = {
    202: {
        "model": Uploading,
        "description": "The table is long: it is read as a job, to be followed at `Location`",
        **header("Location", "its address"),
    }
}


@router.get("", responses={200: LINK, **guarded(404)})
def list_uploads(scope: Read, session: Transaction, query: PageQuery) -> Page[Uploading]:
    """List the tables that were read as jobs, newest first."""
    return query.answer(inference.page(session, scope, query.limit, query.cursor), Uploading)


@router.get("/{job_id}", response_model=UploadingAnswer, responses={200: ETAG, **guarded(404)})
def get_upload(job_id: JobId, scope: Reported, session: Transaction) -> Response:
    """Return how far an upload is and, once it has ended, its report.

    A key with the scope `results` reads those of its own uploads.
    """
    return to_response(session, jobs.find(session, scope, job_id))


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_upload(job_id: JobId, scope: Reported, follow: Follow) -> Response:
    """Follow an upload as server-sent events; resume after a break with `Last-Event-ID`.

    A key with the scope `results` follows its own uploads.
    """
    return follow(scope, job_id)


@router.post(
    "/{job_id}/cancel", status_code=202, response_model=Uploading, responses={**ACCEPTED, **guarded(404, 409)}
)
def cancel_upload(job_id: JobId, scope: Write, session: Transaction, once: Once) -> Response:
    """Stop an upload, of which nothing is stored then: at once while it is queued, else within seconds."""
    return once(lambda: queued(jobs.cancel(session, scope, job_id)))


def to_response(session: Session, row: Job) -> Response:
    """Return an upload with its report, which is handed on as the database has it.

    It may have 250,000 rows.
    """
    view = Uploading.model_validate(row)
    report = result_text(session, row.id, "report") or "null"
    body = f'{view.model_dump_json()[:-1]},"report":{report}}}'
    # The report is there when the state says so: what tells the rest apart tells all.
    return Response(body, headers={"ETag": content_tag(view)}, media_type="application/json")


def queued(row: Job) -> Response:
    """Answer 202 with where to look."""
    return accepted(Uploading.model_validate(row), f"/v1/campaigns/{row.campaign_id}/uploads/{row.id}")
