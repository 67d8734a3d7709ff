"""Read a long table of results and store its accepted rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.campaigns import upload_events, uploads
from service.campaigns.jobs import ClaimedJob
from service.campaigns.reading import Known, Mentioned
from service.store import jobs
from workers.context import WorkerContext
from workers.handlers import Finalizer
from workers.progress import JobProgress


def handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Finalizer:
    """Return a finalizer that stores the rows and returns the same report as for a short table."""
    assert job.campaign_id is not None
    campaign_id = job.campaign_id
    with context.sessions.begin() as session:
        content, _ = jobs.load_input(session, job.id)
        spec, owner = uploads.destination(session, job)
    file = uploads.claimed_file(job, content)

    def known(mentioned: Mentioned) -> Known:
        with context.sessions.begin() as session:
            return uploads.known(session, campaign_id, mentioned, file)

    with uploads.table_errors_as_problems():
        report = context.reader.results(spec, file.table, known, progress.report_reading)
    return lambda session: {"report": uploads.settle(session, owner, campaign_id, file, report).as_json()}


def report_refused(session: Session, job: ClaimedJob, report: Mapping[str, Any]) -> None:
    """Say that the rows of a refused table were rejected."""
    upload_events.report_refused(session, job, report["rejected"])
