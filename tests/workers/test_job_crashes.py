"""Killed and stopped workers: a job is begun anew by the next one, or waits for it, and never runs twice at once."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from models.request_specs import BacktestRequest
from service.campaigns import backtests, jobs
from service.campaigns.jobs import Shelf
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Job

pytestmark = pytest.mark.slow

SPEC = {"name": "Long", "domain": {"kind": "switches", "n": 6}, "objectives": [{"name": "glow"}]}
TABLE = "switches,glow\n" + "".join(
    f"{text},{text.count('1')}\n" for text in map("".join, itertools.product("01", repeat=6))
)
LONG = {"spec": SPEC, "rounds": 10, "batch_size": 4, "initial": 8, "seeds": 100, "methods": ["assayflow"]}


@pytest.fixture
def shelf(live_sessions: Sessions) -> Shelf:
    with live_sessions.begin() as session:
        return Shelf("backtests", ensure_workspace(session, "crashes").id)


def queue(sessions: Sessions, shelf: Shelf) -> UUID:
    with sessions.begin() as session:
        asked = BacktestRequest.model_validate(LONG)
        return backtests.ask_backtest(session, shelf, asked, (TABLE.encode(), "text/csv")).id


def wait(sessions: Sessions, shelf: Shelf, job_id: UUID, until: Callable[[Job], bool], seconds: float = 90.0) -> Job:
    deadline = time.monotonic() + seconds
    while True:
        with sessions() as session:
            row = jobs.find(session, shelf, job_id)
        if until(row):
            return row
        assert time.monotonic() < deadline, f"{row.state} at {row.progress}: {row.message} {row.failure}"
        time.sleep(0.05)


def is_at_work(row: Job) -> bool:
    return row.state == "running" and row.progress > 0


def cancel(sessions: Sessions, shelf: Shelf, job_id: UUID) -> None:
    with sessions.begin() as session:
        jobs.cancel(session, shelf, job_id)


def test_a_stopped_worker_gives_its_job_back_and_a_killed_one_loses_it(
    live_sessions: Sessions, shelf: Shelf, start_worker: Callable[..., Any]
):
    job_id = queue(live_sessions, shelf)
    stopped = start_worker()
    wait(live_sessions, shelf, job_id, is_at_work)
    os.kill(stopped.pid, signal.SIGTERM)
    assert stopped.wait(20) == 0
    row = wait(live_sessions, shelf, job_id, lambda row: row.state == "queued", seconds=1)
    assert (row.attempt, row.lease_owner) == (0, None)
    killed = start_worker()
    first = wait(live_sessions, shelf, job_id, is_at_work)
    assert first.attempt == 1
    killed.kill()
    killed.wait()
    start_worker()
    second = wait(live_sessions, shelf, job_id, lambda row: is_at_work(row) and row.attempt > 1)
    assert second.attempt == 2
    assert second.lease_owner != first.lease_owner
    cancel(live_sessions, shelf, job_id)
    wait(live_sessions, shelf, job_id, lambda row: row.state == "cancelled", seconds=20)
