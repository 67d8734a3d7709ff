"""Killed and stopped workers: the next one makes only the missing choices, with a single run's figures."""

import itertools
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from models.campaign.requests import BacktestRequest
from service.campaigns import backtests, jobs
from service.campaigns.jobs import JobScope
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.states import UNFINISHED_JOB_STATES
from service.store.tables import Job
from workers.checkpoints import FileJournal
from workers.run_backtest import backtest_table

pytestmark = pytest.mark.slow

SPEC = {
    "name": "Long",
    "domain": {"kind": "switches", "n": 6},
    "objectives": [{"name": "glow"}],
    "proxies": {"kinds": ["gaussian_process"]},
}
TABLE = "switches,glow\n" + "".join(
    f"{text},{text.count('1') + 3 * text.startswith('01')}\n"
    for text in map("".join, itertools.product("01", repeat=6))
)
REPLAY = BacktestRequest.model_validate(
    {"spec": SPEC, "rounds": 4, "batch_size": 4, "initial": 8, "seeds": 5, "methods": ["assayflow"]}
)
CHOICES = 20


@pytest.fixture
def scope(live_sessions: Sessions) -> JobScope:
    with live_sessions.begin() as session:
        return JobScope("backtests", ensure_workspace(session, "crashes").id)


def queue(sessions: Sessions, scope: JobScope) -> UUID:
    with sessions.begin() as session:
        return backtests.enqueue_checked_backtest(session, scope, REPLAY, (TABLE.encode(), "text/csv")).id


def wait(
    sessions: Sessions, scope: JobScope, job_id: UUID, until: Callable[[Job], bool], seconds: float = 120.0
) -> Job:
    deadline = time.monotonic() + seconds
    while True:
        with sessions() as session:
            row = jobs.find(session, scope, job_id)
            assert row.result is None or row.result  # read while the session is open
        if until(row):
            return row
        assert time.monotonic() < deadline, f"{row.state} at {row.progress}: {row.message} {row.failure}"
        time.sleep(0.05)


def cancel(sessions: Sessions, scope: JobScope, job_id: UUID) -> None:
    with sessions.begin() as session:
        jobs.cancel(session, scope, job_id)


def timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_another_worker_goes_on_where_a_stopped_and_a_killed_one_were(
    live_sessions: Sessions, scope: JobScope, settings: Settings, start_worker: Callable[..., Any]
):
    job_id = queue(live_sessions, scope)
    journal = FileJournal(settings.artefacts, job_id)
    stopped = start_worker()
    wait(live_sessions, scope, job_id, lambda _: len(journal.load()) >= 2)
    os.kill(stopped.pid, signal.SIGTERM)
    assert stopped.wait(20) == 0
    row = wait(live_sessions, scope, job_id, lambda row: row.state == "queued", seconds=1)
    assert (row.attempt, row.lease_owner) == (0, None)
    before = len(journal.load())
    killed = start_worker()
    first = wait(live_sessions, scope, job_id, lambda _: len(journal.load()) > before)
    killed.kill()
    killed.wait()
    kept = [json.loads(record) for record in journal.load()]
    assert first.attempt == 1
    assert len(kept) < CHOICES
    start_worker()
    second = wait(live_sessions, scope, job_id, lambda row: row.state not in UNFINISHED_JOB_STATES)
    assert (second.state, second.attempt) == ("succeeded", 2)
    assert second.result is not None
    rows = second.result["answer"]["rows"]
    # seconds are those of the worker that made the choice: none was made twice
    assert [row["seconds"] for row in rows if row["round"]][: len(kept)] == [choice["seconds"] for choice in kept]
    calm = backtest_table(REPLAY, (TABLE.encode(), "text/csv"), settings, lambda *_: None)
    assert timeless(rows) == timeless(calm["rows"])
    assert not list(settings.artefacts.glob(f"{job_id}*"))


def test_what_a_cancelled_job_kept_is_removed(
    live_sessions: Sessions, scope: JobScope, settings: Settings, start_worker: Callable[..., Any]
):
    start_worker()
    job_id = queue(live_sessions, scope)
    journal = FileJournal(settings.artefacts, job_id)
    wait(live_sessions, scope, job_id, lambda _: bool(journal.load()))
    cancel(live_sessions, scope, job_id)
    wait(live_sessions, scope, job_id, lambda row: row.state == "cancelled", seconds=20)
    deadline = time.monotonic() + 5
    while list(settings.artefacts.glob(f"{job_id}*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
