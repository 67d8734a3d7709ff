"""Routes of checks: a look at the system of a connector, as a job."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse

from service.api.body import StrictRoute
from service.api.connectors import Readable, Writable
from service.api.conventions import answer, content_tag
from service.api.dependencies import JobId, Transaction
from service.api.documentation import ETAG, guarded
from service.api.idempotency import Once
from service.api.jobs import ACCEPTED, EVENTS, Follow, Wait, accepted
from service.campaigns import jobs
from service.campaigns.jobs import JobScope
from service.errors import NotFoundError
from service.integrations import checks
from service.schemas.connectors import Check
from service.schemas.jobs import Job
from service.store import tables

router = APIRouter(
    prefix="/v1/connectors/{connector_id}/checks", tags=["connectors"], route_class=StrictRoute
)


def scope_of(connector: Readable) -> JobScope:
    """Return where the checks of a connector are found."""
    return JobScope(checks.CHECKS, connector.workspace_id)


Scope = Annotated[JobScope, Depends(scope_of)]


@router.post("", status_code=202, response_model=Check, responses={**ACCEPTED, **guarded(404, 409)})
def check_connector(connector: Writable, session: Transaction, once: Once, wait: Wait) -> Response:
    """Sign in to the other system, read its fields, and mend or break the connector by what is found."""

    def check() -> Response:
        row = checks.enqueue_check(session, connector)
        return accepted(_view(row, {}), f"/v1/connectors/{connector.id}/checks/{row.id}")

    return wait(once(check), JobScope(checks.CHECKS, connector.workspace_id), _finished)


@router.get("/{job_id}", response_model=Check, responses={200: ETAG, **guarded(404)})
def get_connector_check(job_id: JobId, connector: Readable, scope: Scope, session: Transaction) -> Response:
    """Return how far a check is and, once it has ended, what was found."""
    view = _finished(session, _of(session, scope, job_id, connector.id))
    return answer(view, headers={"ETag": content_tag(view)})


@router.get("/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
def follow_connector_check(
    job_id: JobId, connector: Readable, scope: Scope, session: Transaction, follow: Follow
) -> Response:
    """Follow a check as server-sent events; resume after a break with `Last-Event-ID`."""
    _of(session, scope, job_id, connector.id)
    return follow(scope, job_id)


def _of(session: Session, scope: JobScope, job_id: UUID, connector_id: UUID) -> tables.Job:
    row = jobs.find(session, scope, job_id)
    if row.request["connector_id"] != str(connector_id):
        raise NotFoundError(f"no {scope.kind} {job_id}")
    return row


def _finished(_session: Session, row: tables.Job) -> Check:
    return _view(row, row.result or {})


def _view(row: tables.Job, result: dict[str, Any]) -> Check:
    found = {name: result.get(name) for name in ("standing", "n_fields")}
    shared = Job.model_validate(row).model_dump()
    return Check.model_validate({**shared, "connector_id": row.request["connector_id"], **found})
