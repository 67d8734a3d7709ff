"""Replays a campaign on the table that came with the job."""

from functools import partial

from models.campaign.requests import BacktestRequest
from service.campaigns import backtests
from service.campaigns.jobs import ClaimedJob
from service.campaigns.reading import SentTable
from service.campaigns.uploads import readable
from service.store import jobs
from service.store.tables import Json
from workers.checkpoints import FileJournal
from workers.handlers import Tell
from workers.process import Process
from workers.run_backtest import picture, replay_results

READING = 0.05
"""Share of a job's progress that reading its table is."""


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return what `assayflow backtest` writes: the figures, and the picture as SVG.

    Choices are kept as they are made: a job that lost its worker asks for the missing ones alone.
    """
    with process.sessions.begin() as session:
        table = jobs.load_input(session, job.id)
    request = BacktestRequest.from_stored(job.request)
    with readable(sheet_in="body"):
        sent = SentTable(*table, request.sheet)
        measured = backtests.measured(process.reader.measurements(request.spec, sent, partial(tell.read, of=READING)))
    known = backtests.replayable(request, *measured) if job.context == backtests.UNREAD else {}
    process.prepare_science()
    kept = FileJournal(process.settings.artefacts, job.id)
    answer = replay_results(request, measured, process.settings, tell.after(READING), tell.listen, kept)
    return {"answer": answer, "picture": picture(answer["curves"]), **known}
