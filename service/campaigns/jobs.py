"""Jobs beside rounds: asking for one, following it, and what a worker does with it. Knows no kind of job.

A kind is a module of `workers.handlers`; what is alike in all leased work is in `leases`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from service.campaigns import leases
from service.campaigns.leases import Lease, WorkKind
from service.dispatch import JOB_TASK
from service.errors import ConflictError, NotFoundError
from service.store import jobs
from service.store import leases as lease_rows
from service.store.paging import Page
from service.store.states import Queue
from service.store.tables import Job, Json

JOBS = WorkKind(
    noun="job",
    table=Job,
    running=("running",),
    task=JOB_TASK,
    queue_of=lambda row: row.queue,
    record=lambda _session, _row: None,
    before_end=lambda _session, _item: None,
)


@dataclass(frozen=True, slots=True)
class JobScope:
    """Where jobs of one kind are found: those of a workspace, of one campaign of it, or of one API key."""

    kind: str
    workspace_id: UUID
    campaign_id: UUID | None = None
    sender: str | None = None

    def columns(self) -> dict[str, Any]:
        """Return the values by which its jobs are found."""
        columns = {"kind": self.kind, "workspace_id": self.workspace_id}
        further = {"campaign_id": self.campaign_id, "sender": self.sender}
        return {**columns, **{name: value for name, value in further.items() if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is asked for: see `tables.Job`; `table` is an uploaded table with its media type."""

    queue: Queue
    request: Mapping[str, Any]
    context: Mapping[str, Any]
    table: tuple[bytes, str] | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """All that a handler needs; it holds no connection."""

    id: UUID
    kind: str
    campaign_id: UUID | None
    request: Json
    context: Json


def enqueue(session: Session, scope: JobScope, new: NewJob) -> Job:
    """Queue a job; a worker gets it when the transaction commits."""
    row = Job(
        kind=scope.kind,
        workspace_id=scope.workspace_id,
        campaign_id=scope.campaign_id,
        queue=new.queue,
        request=dict(new.request),
        context=dict(new.context),
    )
    session.add(row)
    session.flush()
    if new.table is not None:
        jobs.add_input(session, row.id, *new.table)
    leases.send(session, JOBS, row)
    return row


def find(session: Session, scope: JobScope, job_id: UUID) -> Job:
    """Return a job.

    Raises:
        NotFoundError: if there is none with this id in the scope.
    """
    row = jobs.find(session, job_id, **scope.columns())
    if row is None:
        raise NotFoundError(f"no {scope.kind} {job_id}")
    return row


def status_row(session: Session, scope: JobScope, job_id: UUID) -> RowMapping:
    """Return attempt, state, progress and message of a job.

    Raises:
        NotFoundError: if there is none with this id in the scope.
    """
    row = jobs.status_row(session, job_id, **scope.columns())
    if row is None:
        raise NotFoundError(f"no {scope.kind} {job_id}")
    return row


def page(session: Session, scope: JobScope, limit: int, cursor: str | None) -> Page[Any]:
    """Return one page of jobs, newest first, as rows of what a list tells of them."""
    return jobs.page(session, limit, cursor, **scope.columns())


def cancel(session: Session, scope: JobScope, job_id: UUID) -> Job:
    """Stop a job: at once while it is queued, within seconds while a worker has it.

    Raises:
        NotFoundError: if there is none with this id in the scope.
        ConflictError: if it has ended.
    """
    row = find(session, scope, job_id)
    changed = leases.request_cancel(session, JOBS, row.id)
    if changed is None:
        raise ConflictError(f"this is {find(session, scope, job_id).state} and cannot be cancelled")
    return changed


def lease_of(job_id: UUID, owner: str, seconds: float) -> Lease[Job]:
    """Return the lease that an owner wants of a job."""
    return Lease(JOBS, job_id, owner, seconds)


def claim(session: Session, lease: Lease[Job], versions: Mapping[str, str]) -> bool:
    """Take a queued job; False if it is not queued (any more): done, running elsewhere, or cancelled."""
    return leases.claim(session, lease, versions, state="running", progress=0.0, message="started")


def load(session: Session, lease: Lease[Job]) -> ClaimedJob:
    """Return what the claimed job asks for."""
    row = lease_rows.get(session, Job, lease.item_id)
    return ClaimedJob(row.id, row.kind, row.campaign_id, row.request, row.context)


def finish(session: Session, lease: Lease[Job], result: Mapping[str, Any]) -> bool:
    """Store the answer, once; False if the lease was lost or the job was finished before."""
    done = {"state": "succeeded", "progress": 1.0, "message": "done", "result": dict(result)}
    return leases.finish(session, lease, **done) is not None


def refuse(session: Session, lease: Lease[Job], failure: Json, result: Mapping[str, Any]) -> bool:
    """End a job whose input is wrong, with the problem and the report of it; False if the lease was lost."""
    fields = {"state": "failed", "message": str(failure["title"]), "failure": failure, "result": dict(result)}
    return leases.finish(session, lease, **fields) is not None
