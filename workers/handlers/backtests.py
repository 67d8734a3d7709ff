"""Replays a campaign on the table that came with the job."""

from models.request_specs import BacktestRequest
from service.campaigns.jobs import ClaimedJob
from service.store import jobs
from service.store.tables import Json
from workers.backtests import picture, replay_table
from workers.checkpoints import FileJournal
from workers.handlers import Tell
from workers.process import Process


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return what `assayflow backtest` writes: the figures, and the picture as SVG.

    Choices are kept as they are made: a job that lost its worker asks for the missing ones alone.
    """
    with process.sessions.begin() as session:
        table = jobs.load_input(session, job.id)
    process.prepare_science()
    request = BacktestRequest.from_stored(job.request)
    kept = FileJournal(process.settings.artefacts, job.id)
    answer = replay_table(request, table, process.settings, tell, tell.listen, kept)
    return {"answer": answer, "picture": picture(answer["curves"])}
