"""Replays a campaign on the table that came with the job."""

from models.request_specs import BacktestRequest
from service.campaigns.jobs import ClaimedJob
from service.store import jobs
from service.store.tables import Json
from workers.backtests import picture, replay_table
from workers.handlers import Tell
from workers.process import Process


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return what `assayflow backtest` writes: the figures, and the picture as SVG."""
    with process.sessions.begin() as session:
        table = jobs.load_input(session, job.id)
    process.prepare_science()
    request = BacktestRequest.model_validate(job.request)
    answer = replay_table(request, table, process.settings, tell, tell.listen)
    return {"answer": answer, "picture": picture(answer["curves"])}
