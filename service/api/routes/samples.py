"""Routes of samples: more candidates from a trained policy, without training."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from models.campaign.requests import SampleRequest
from models.domains import open_domain
from service.api.body import StrictRoute
from service.api.conventions import PageQuery, answer, content_tag, negotiate
from service.api.dependencies import Checkers, JobId, Transaction
from service.api.documentation import LINK, guarded
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, TABLE, Follow, Wait, accepted, readers, result_of, writers
from service.api.routes.batches import FormatQuery, attachment
from service.campaigns import inference, jobs, payloads
from service.campaigns.batch_files import plain
from service.campaigns.checking import check_samples
from service.campaigns.inference import SAMPLES
from service.campaigns.jobs import JobScope
from service.exchange import BatchRow, batch_formats, missing_formats, write_batch
from service.schemas.base import Page
from service.schemas.jobs import Sampling, SamplingAnswer
from service.store.tables import Job

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/samples", tags=["samples"], route_class=StrictRoute)

Read = Annotated[JobScope, Depends(readers(SAMPLES))]
Write = Annotated[JobScope, Depends(writers(SAMPLES))]


@router.post(
    "", status_code=202, response_model=SamplingAnswer, responses={**ACCEPTED, **guarded(404, 409, 415)}
)
def create_samples(
    sample_request: SampleRequest,
    scope: Write,
    session: Transaction,
    once: Once,
    wait: Wait,
    children: Checkers,
) -> Response:
    """Draw more candidates from a trained policy at any temperature and trade-off, without training."""
    check = partial(check_samples, children)
    return wait(
        once(lambda: _accepted(inference.enqueue_samples(session, scope, sample_request, check), session)),
        scope,
        to_response,
    )


@router.get("", responses={200: LINK, **guarded(404)})
def list_samples(scope: Read, session: Transaction, query: PageQuery) -> Page[Sampling]:
    """List what samples were asked for, newest first."""
    return query.answer(inference.page(session, scope, query.limit, query.cursor), Sampling)


@router.get("/{job_id}", response_model=SamplingAnswer, responses={**TABLE, **guarded(404, 406, 409)})
def get_samples(
    job_id: JobId, scope: Read, session: Transaction, query: Annotated[FormatQuery, Depends()]
) -> Response:
    """Return samples as JSON, or as a file in any format of a batch.

    The filled-in CSV or XLSX is a valid upload.
    """
    row = jobs.find(session, scope, job_id)
    spec = inference.spec_of(session, scope)
    domain = open_domain(spec.domain)
    offered = {"json": "application/json", **batch_formats(domain)}
    chosen = negotiate(offered, query.name, query.accept, missing_formats(domain))
    if chosen == "json":
        view = to_response(session, row)
        return answer(view, headers={"ETag": content_tag(view)})
    rows = [
        BatchRow("", "sampled", payloads.from_json(sample), route=sample.get("route"))
        for sample in result_of(row)["samples"]
    ]
    file = write_batch(rows, spec, domain, chosen)
    return attachment(file.content, file.media_type, f"{plain(spec.name)}-samples-{row.id}.{file.extension}")


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_samples(job_id: JobId, scope: Read, follow: Follow) -> Response:
    """Follow samples as server-sent events; resume after a break with `Last-Event-ID`."""
    return follow(scope, job_id)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    response_model=SamplingAnswer,
    responses={**ACCEPTED, **guarded(404, 409)},
)
def cancel_samples(job_id: JobId, scope: Write, session: Transaction, once: Once) -> Response:
    """Stop drawing: at once while it is queued, within seconds while a worker has it."""
    return once(lambda: _accepted(jobs.cancel(session, scope, job_id), session))


def to_response(_session: Session, row: Job) -> SamplingAnswer:
    """Return a request for samples with its answer."""
    result = row.result or {"samples": None, "summary": None}
    return SamplingAnswer.model_validate(Sampling.model_validate(row).model_dump() | result)


def _accepted(row: Job, session: Session) -> Response:
    return accepted(to_response(session, row), f"/v1/campaigns/{row.campaign_id}/samples/{row.id}")
