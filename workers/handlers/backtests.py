"""Replay a campaign on the table that came with the job."""

from functools import partial

from models.campaign.requests import BacktestRequest
from service.campaigns import backtests
from service.campaigns.jobs import ClaimedJob
from service.campaigns.reading import SentTable
from service.campaigns.uploads import table_errors_as_problems
from service.store import jobs
from service.store.tables import Json
from workers.checkpoints import FileJournal
from workers.context import WorkerContext
from workers.progress import JobProgress
from workers.run_backtest import backtest_measurements, plot_as_svg

READING_SHARE = 0.05
"""Share of a job's progress that reading its table takes."""


def handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json:
    """Return what `assayflow backtest` writes: the metrics, and the plot as SVG.

    Choices are stored as they are made: after a lost worker, only the missing ones are computed.
    """
    with context.sessions.begin() as session:
        table = jobs.load_input(session, job.id)
    request = BacktestRequest.from_stored(job.request)
    with table_errors_as_problems(sheet_in="body"):
        sent = SentTable(*table, request.sheet)
        measured = backtests.measured(
            context.reader.measurements(request.spec, sent, partial(progress.report_reading, of=READING_SHARE))
        )
    known = backtests.replayable(request, *measured) if job.context == backtests.UNREAD else {}
    context.configure_torch()
    kept = FileJournal(context.settings.artefacts, job.id)
    answer = backtest_measurements(
        request, measured, context.settings, progress.after(READING_SHARE), progress.raise_if_cancelled, kept
    )
    return {"answer": answer, "picture": plot_as_svg(answer["curves"]), **known}
