"""Work that does not stop loses its process: no step outlives the cancellation of its job."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.records import Cancelled
from service.campaigns import jobs
from service.campaigns.jobs import JobScope, NewJob
from service.settings import Settings
from service.store import leases as lease_rows
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Job
from workers.progress import Progress


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"heartbeat_seconds": 0.05, "cancel_seconds": 0.3})


@pytest.fixture
def scope(sessions: Sessions) -> JobScope:
    with sessions.begin() as session:
        return JobScope("samples", ensure_workspace(session, uuid4().hex).id)


def claimed(sessions: Sessions, scope: JobScope) -> Any:
    with sessions.begin() as session:
        row = jobs.enqueue(session, scope, NewJob(queue="fast", request={}, context={}))
        lease = jobs.lease_of(row.id, "worker", 60)
        assert jobs.claim(session, lease, {})
    return lease


def state_of(sessions: Sessions, job_id: UUID) -> str:
    with sessions() as session:
        return lease_rows.get(session, Job, job_id).state


def test_a_cancelled_step_that_computes_on_loses_its_process(
    sessions: Sessions, scope: JobScope, quick: Settings, monkeypatch: pytest.MonkeyPatch
):
    ended: list[float] = []
    monkeypatch.setattr(Progress, "_end_process", staticmethod(lambda: ended.append(time.monotonic())))
    lease = claimed(sessions, scope)
    with Progress(sessions, lease, quick):
        with sessions.begin() as session:
            jobs.cancel(session, scope, lease.item_id)
        deadline = time.monotonic() + 20
        while not ended and time.monotonic() < deadline:
            time.sleep(0.02)  # the step that never checks for cancellation
    assert ended
    assert state_of(sessions, lease.item_id) == "cancelled"


def test_work_that_listens_keeps_its_process(
    sessions: Sessions, scope: JobScope, quick: Settings, monkeypatch: pytest.MonkeyPatch
):
    ended: list[None] = []
    monkeypatch.setattr(Progress, "_end_process", staticmethod(lambda: ended.append(None)))
    lease = claimed(sessions, scope)

    def step(report: Progress) -> None:
        with sessions.begin() as session:
            jobs.cancel(session, scope, lease.item_id)
        while True:
            report.raise_if_cancelled()
            time.sleep(0.01)

    with Progress(sessions, lease, quick) as report, pytest.raises(Cancelled):
        step(report)
    time.sleep(2 * quick.cancel_seconds)
    assert not ended
