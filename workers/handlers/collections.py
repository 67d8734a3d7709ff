# ruff: noqa: A005 - the name of a handler is the kind of its jobs
"""Read a long list of objects and store it as a collection."""

from sqlalchemy.orm import Session

from service.campaigns import object_lists
from service.campaigns.jobs import ClaimedJob
from service.campaigns.uploads import Owner, table_errors_as_problems
from service.store import jobs
from service.store.tables import Json
from workers.context import WorkerContext
from workers.handlers import Finalizer
from workers.progress import JobProgress


def handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Finalizer:
    """Return a finalizer that stores the list under the id of the job."""
    with context.sessions.begin() as session:
        content, _ = jobs.load_input(session, job.id)
        owner = Owner(jobs.workspace_of(session, job.id), job.context["api_key_id"])
    file = object_lists.claimed_list(job, content)
    with table_errors_as_problems():
        report = object_lists.read_list(context.reader, file, progress.report_reading)

    def finish(session: Session) -> Json:
        row = object_lists.store_list(session, owner, file, report, job.id)
        jobs.drop_input(session, job.id)
        return {"sha256": row.sha256}

    return finish
