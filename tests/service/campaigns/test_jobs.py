"""A job in the hands of workers: one owner at a time, whatever they do and whenever they come back."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.campaigns import jobs, leases
from service.campaigns.jobs import JOBS, JobScope, NewJob
from service.campaigns.leases import Lease
from service.errors import ConflictError, NotFoundError
from service.store import jobs as job_rows
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Campaign, Job

NEW = NewJob(queue="fast", request={"n": 3}, context={"known": 1})


@pytest.fixture
def scope(campaign: Campaign) -> JobScope:
    return JobScope("samples", campaign.workspace_id, campaign.id)


@pytest.fixture
def row(session: Session, scope: JobScope) -> Job:
    return jobs.enqueue(session, scope, NEW)


@pytest.fixture
def lease(row: Job) -> Lease[Job]:
    return jobs.lease_of(row.id, "first", 60)


def expire(session: Session, row: Job) -> None:
    session.execute(
        text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = :id"), {"id": row.id}
    )


def test_a_job_is_claimed_once_and_answered_once(
    session: Session, scope: JobScope, row: Job, lease: Lease[Job]
):
    assert jobs.claim(session, lease, {"torch": "2"})
    stranger = replace(lease, owner="second")
    assert not jobs.claim(session, stranger, {})
    assert (row.state, row.attempt, row.lease_owner, row.versions) == ("running", 1, "first", {"torch": "2"})
    claimed = jobs.load(session, lease)
    assert (claimed.kind, claimed.request, claimed.context) == ("samples", {"n": 3}, {"known": 1})
    assert leases.report_progress(session, lease, "running", 0.4, "drawing") == "held"
    assert leases.report_progress(session, stranger, "running", 0.9, "mine") == "lost"
    assert (row.progress, row.message) == (0.4, "drawing")
    assert not jobs.finish(session, stranger, {"samples": ["no"]})
    assert jobs.finish(session, lease, {"samples": ["yes"]})
    assert not jobs.finish(session, lease, {"samples": ["late"]})
    assert not leases.fail(session, lease, {"title": "late"})
    found = jobs.find(session, scope, row.id)
    assert (found.state, found.progress, found.result) == ("succeeded", 1.0, {"samples": ["yes"]})
    assert found.finished_at is not None


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_told(
    session: Session, scope: JobScope, row: Job
):
    assert jobs.cancel(session, scope, row.id).state == "cancelled"
    with pytest.raises(ConflictError, match="cancelled and cannot"):
        jobs.cancel(session, scope, row.id)
    second = jobs.enqueue(session, scope, NEW)
    lease = jobs.lease_of(second.id, "first", 60)
    assert jobs.claim(session, lease, {})
    asked = jobs.cancel(session, scope, second.id)
    assert (asked.state, asked.cancel_requested) == ("running", True)
    assert leases.heartbeat(session, lease) == "cancelled"
    assert leases.cancel(session, lease)
    assert (second.state, second.lease_owner) == ("cancelled", None)
    assert leases.heartbeat(session, lease) == "lost"


def test_a_lost_job_is_queued_again_and_its_old_owner_is_a_stranger(
    session: Session, row: Job, lease: Lease[Job]
):
    jobs.claim(session, lease, {})
    assert leases.requeue_lost(session, JOBS, 1000, 3) == []
    expire(session, row)
    assert leases.requeue_lost(session, JOBS, 1000, 3) == [row.id]
    assert row.state == "queued"
    second = replace(lease, owner="second")
    assert jobs.claim(session, second, {})
    assert not jobs.finish(session, lease, {})
    assert jobs.finish(session, second, {})
    assert row.attempt == 2


def test_a_job_that_loses_worker_after_worker_fails(session: Session, row: Job, lease: Lease[Job]):
    for _ in range(2):
        assert jobs.claim(session, lease, {})
        expire(session, row)
        leases.requeue_lost(session, JOBS, 1000, 2)
    assert (row.state, row.failure["title"]) == ("failed", "The worker was lost")
    assert "2 workers died or fell silent in this job" in row.failure["detail"]


def test_a_lost_job_that_was_to_be_cancelled_ends(
    session: Session, scope: JobScope, row: Job, lease: Lease[Job]
):
    jobs.claim(session, lease, {})
    jobs.cancel(session, scope, row.id)
    expire(session, row)
    leases.requeue_lost(session, JOBS, 1000, 3)
    assert row.state == "cancelled"


def test_a_job_given_back_costs_no_attempt_and_is_sent_again(session: Session, row: Job, lease: Lease[Job]):
    jobs.claim(session, lease, {})
    session.info.clear()
    assert leases.give_back(session, lease)
    assert (row.state, row.attempt, row.lease_owner) == ("queued", 0, None)
    assert not leases.give_back(session, lease)
    assert session.info["assayflow.tasks"] == [("assayflow.job", row.id, "fast")]


def test_a_job_queued_long_ago_is_sent_again_on_its_queue(session: Session, row: Job):
    session.execute(text("UPDATE jobs SET queued_at = now() - interval '1 h' WHERE id = :id"), {"id": row.id})
    session.info.clear()
    assert leases.requeue_lost(session, JOBS, 1000, 3) == [row.id]
    assert session.info["assayflow.tasks"] == [("assayflow.job", row.id, "fast")]


def test_jobs_are_found_on_their_shelf_alone(session: Session, scope: JobScope, row: Job):
    other = ensure_workspace(session, f"lab {uuid4()}").id
    wrong = (
        replace(scope, workspace_id=other),
        replace(scope, campaign_id=uuid4()),
        replace(scope, kind="predictions"),
    )
    for elsewhere in wrong:
        with pytest.raises(NotFoundError):
            jobs.find(session, elsewhere, row.id)
        with pytest.raises(NotFoundError):
            jobs.cancel(session, elsewhere, row.id)
        assert jobs.page(session, elsewhere, 10, None).items == []
    assert [item.id for item in jobs.page(session, scope, 10, None).items] == [row.id]


def test_a_damaged_table_is_not_read(session: Session, scope: JobScope):
    row = jobs.enqueue(session, scope, replace(NEW, table=(b"smiles\nCCO", "text/csv")))
    assert job_rows.load_input(session, row.id) == (b"smiles\nCCO", "text/csv")
    session.execute(text("UPDATE job_inputs SET content = 'CCN' WHERE job_id = :id"), {"id": row.id})
    session.expire_all()
    with pytest.raises(job_rows.DamagedInputError, match="send it again"):
        job_rows.load_input(session, row.id)


def test_nan_in_an_answer_is_refused_not_stored(session: Session, lease: Lease[Job], sessions: Sessions):
    del sessions
    jobs.claim(session, lease, {})
    with pytest.raises(Exception, match="JSON compliant"):
        jobs.finish(session, lease, {"mean": float("nan")})
