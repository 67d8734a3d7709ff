"""Run one job: claim it, call the handler of its kind and store the result. Safe under redelivery and kills.

A kind is a module of `workers.handlers` with a function

    handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json

so a new kind is a new file. A handler that stores more than its result returns a `Finalizer`, which runs in
the last transaction. A kind may have a function `report_refused(session, job, answer)`, called when its input
was refused. A handler may append intermediate results to a `FileJournal` with the job's id. If its worker is
lost, the next worker resumes from the journal; the journal is deleted when the job ends.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast
from uuid import UUID

from sqlalchemy.orm import Session

from models.records import Cancelled
from service.campaigns import jobs
from service.campaigns.jobs import JOBS, ClaimedJob
from service.campaigns.leases import Lease
from service.errors import AssayflowError
from service.store.tables import Job
from workers import handlers
from workers.checkpoints import FileJournal
from workers.context import WorkerContext, installed_versions
from workers.handlers import Handler
from workers.lease_runner import lease_for, problem, run_under_lease
from workers.progress import JobProgress, Progress


class UnknownKindError(LookupError):
    """No handler is installed for a job: the API is newer than this worker."""


def kinds() -> list[str]:
    """Return the kinds of jobs that this worker supports."""
    return sorted(module.name for module in pkgutil.iter_modules(handlers.__path__))


def do_job(context: WorkerContext, job_id: UUID) -> None:
    """Run a job if it is queued; ignore outdated messages about other jobs."""
    lease = lease_for(context, JOBS, job_id)
    with context.sessions.begin() as session:
        if not jobs.claim(session, lease, installed_versions()):
            return
    journal = FileJournal(context.settings.artefacts, job_id)
    run_under_lease(
        context, lease, lambda report: _handle_and_store(context, lease, report, journal), journal.delete
    )


def _handle_and_store(
    context: WorkerContext, lease: Lease[Job], report: Progress, journal: FileJournal
) -> None:
    with context.sessions.begin() as session:
        claimed = jobs.load(session, lease)
    try:
        answer = _handler(claimed.kind)(context, claimed, JobProgress(report))
        with context.sessions.begin() as session:
            if not jobs.finish(session, lease, answer(session) if callable(answer) else answer):
                raise Cancelled("lost")  # rolls the transaction back: no part of the result is stored
    except AssayflowError as error:
        if not error.extensions:
            raise
        with context.sessions.begin() as session:
            if jobs.refuse(session, lease, problem(error, "job"), {"report": error.extensions}):
                _report_refused(session, claimed, error.extensions)
    journal.delete()


def _handler(kind: str) -> Handler:
    if kind not in kinds():
        raise UnknownKindError(f"this worker does {', '.join(kinds())}, not {kind}; update it")
    return cast("Handler", import_module(f"workers.handlers.{kind}").handle)


def _report_refused(session: Session, job: ClaimedJob, answer: Mapping[str, Any]) -> None:
    """Let the kind of a job say that its input was refused, in the transaction that ends the job."""
    report = getattr(import_module(f"workers.handlers.{job.kind}"), "report_refused", None)
    if report is not None:
        report(session, job, answer)
