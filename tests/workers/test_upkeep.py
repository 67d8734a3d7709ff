"""The sweep: checkpoints of unfinished work stay, orphaned ones are deleted, repeatedly."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from service import presence
from service.campaigns import jobs, leases
from service.campaigns.jobs import JOBS, JobScope, NewJob
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from workers.checkpoints import FileJournal
from workers.context import WorkerContext
from workers.health import is_answering
from workers.upkeep import sweep


@pytest.fixture
def process(settings: Settings, sessions: Sessions, tmp_path: Path) -> WorkerContext:
    made = WorkerContext(settings.model_copy(update={"artefacts_dir": tmp_path}))
    made.sessions = sessions
    return made


def ask(session: Session) -> UUID:
    scope = JobScope("backtests", ensure_workspace(session, "upkeep").id)
    return jobs.enqueue(session, scope, NewJob(queue="celery", request={}, context={})).id


def test_what_jobs_kept_is_swept_when_they_are_over(process: WorkerContext, sessions: Sessions):
    with sessions.begin() as session:
        queued, running, done, failed = (ask(session) for _ in range(4))
        for job_id in (running, done, failed):
            assert jobs.claim(session, jobs.lease_of(job_id, "worker", 60), {})
        assert jobs.finish(session, jobs.lease_of(done, "worker", 60), {})
        assert leases.fail(session, jobs.lease_of(failed, "worker", 60), {"title": "It broke"})
    folder = process.settings.artefacts
    for job_id in (queued, running, done, failed, uuid4()):
        FileJournal(folder, job_id).append(b"a choice")
    sweep(process)
    assert {file.stem for file in folder.iterdir()} == {str(queued), str(running)}
    with sessions.begin() as session:
        assert leases.unfinished(session, JOBS) == {queued, running}


FAILING_ONCE = """
import sys, workers.upkeep as upkeep
sweep, calls = upkeep.sweep, []
def failing(process):
    calls.append(1)
    if len(calls) == 1:
        raise RuntimeError("once")
    sweep(process)
upkeep.sweep = failing
from workers.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_upkeep_continues_after_a_failed_sweep_and_withdraws_its_presence(
    start_worker: Callable[..., Any], settings: Settings
):
    with presence.opened(settings.required_redis_url()) as client:
        presence.forget(client)
    assert not is_answering(settings, role="upkeep")
    upkeep = start_worker("--beat", program=FAILING_ONCE)
    deadline = time.monotonic() + 60
    while not is_answering(settings, role="upkeep"):
        assert upkeep.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    upkeep.send_signal(signal.SIGTERM)
    assert upkeep.wait(10) == 0
    assert not is_answering(settings, role="upkeep")
