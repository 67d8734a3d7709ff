"""Show what a link would send and read; nothing is written there, and nothing is stored here."""

from sqlalchemy.orm import Session

from service.campaigns.jobs import ClaimedJob
from service.errors import ConflictError
from service.integrations import checks, preview_jobs, receipts
from service.integrations.opening import Outside, UnusableConnectorError
from service.integrations.previews import read_measurements, show_writes
from service.lims.record_json import measured_to_json
from service.outbound.pinned_http import Exchange
from service.store.tables import Json
from workers.context import WorkerContext
from workers.handlers import Finalizer
from workers.progress import JobProgress


def handle(
    context: WorkerContext, job: ClaimedJob, progress: JobProgress, outside: Outside | None = None
) -> Finalizer:
    """Return a finalizer that logs the requests and returns the preview; `outside` is replaced by tests."""
    exchanges = list[Exchange]()
    try:
        with context.sessions.begin() as session:
            prepared = preview_jobs.prepare(session, job, context.settings)
    except UnusableConnectorError as error:
        raise ConflictError(str(error)) from error
    given = outside or Outside()
    watched = Outside(
        on_exchange=exchanges.append,
        check_cancelled=progress.raise_if_cancelled,
        resolve=given.resolve,
        transport=given.transport,
    )
    progress(0.1, "trying what would be sent")
    shown = show_writes(prepared.wanted, watched)
    progress(0.5, "reading what is there")
    records, notes = read_measurements(prepared.wanted, watched)
    with context.sessions.begin() as session:
        plan = preview_jobs.plan_rows(session, prepared, records)
    read = receipts.read(context.sessions.begin, context.reader, plan)
    with context.sessions.begin() as session:
        report = preview_jobs.reported(session, plan, read)
    seen = [measured_to_json(record) for record in records]
    result = preview_jobs.as_result(prepared, (*shown[:2], [*shown.notes, *notes]), seen, report)

    def finish(session: Session) -> Json:
        checks.log(session, prepared.connector_id, exchanges)
        return result

    return finish
