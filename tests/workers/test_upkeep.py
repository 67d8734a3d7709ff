"""The sweep: what unfinished work kept stays, what belongs to nobody any more goes."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from service.campaigns import jobs, leases
from service.campaigns.jobs import JOBS, NewJob, Shelf
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from workers.checkpoints import FileJournal
from workers.process import Process
from workers.upkeep import sweep


@pytest.fixture
def process(settings: Settings, sessions: Sessions, tmp_path: Path) -> Process:
    made = Process(settings.model_copy(update={"artefacts_dir": tmp_path}))
    made.sessions = sessions
    return made


def ask(session: Session) -> UUID:
    shelf = Shelf("backtests", ensure_workspace(session, "upkeep").id)
    return jobs.ask(session, shelf, NewJob(queue="celery", request={}, context={})).id


def test_what_jobs_kept_is_swept_when_they_are_over(process: Process, sessions: Sessions):
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
