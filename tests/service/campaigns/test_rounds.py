"""A round in the hands of workers: one owner at a time, whatever they do and whenever they come back."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.records import Proposal
from service.campaigns import commands, leases, queries, review, round_transitions, rounds
from service.campaigns.review import Verdict
from service.campaigns.rounds import Lease
from service.errors import ConflictError
from service.store import leases as lease_rows
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions
from service.store.tables import Campaign, Round

MakeProposal = Callable[..., Proposal]


@pytest.fixture
def row(session: Session, campaign: Campaign) -> Round:
    return commands.start_round(session, campaign.workspace_id, campaign.id)


@pytest.fixture
def lease(row: Round) -> Lease:
    return rounds.lease_of(row.id, "first", 60)


def expire(session: Session, row: Round) -> None:
    session.execute(
        text("UPDATE rounds SET lease_until = now() - interval '1 s' WHERE id = :id"), {"id": row.id}
    )


def test_a_round_is_claimed_once(session: Session, row: Round, lease: Lease):
    assert rounds.claim(session, lease, {"torch": "2"})
    assert not rounds.claim(session, replace(lease, owner="second"), {})
    assert (row.state, row.attempt, row.lease_owner, row.versions) == ("fitting", 1, "first", {"torch": "2"})


def test_progress_is_told_to_the_owner_alone(session: Session, row: Round, lease: Lease):
    rounds.claim(session, lease, {})
    assert leases.report_progress(session, lease, "training", 0.4, "step 4") == "held"
    assert leases.heartbeat(session, lease) == "held"
    stranger = replace(lease, owner="second")
    assert leases.report_progress(session, stranger, "sampling", 0.9, "mine") == "lost"
    assert leases.heartbeat(session, stranger) == "lost"
    assert (row.state, row.progress, row.message) == ("training", 0.4, "step 4")
    assert [event.message for event in queries.events_after(session, row.id)][-1] == "step 4"


def test_a_cancel_reaches_the_worker_and_ends_the_round(
    session: Session, campaign: Campaign, row: Round, lease: Lease
):
    rounds.claim(session, lease, {})
    asked = commands.cancel_round(session, campaign.workspace_id, campaign.id, 1)
    assert (asked.state, asked.cancel_requested, asked.message) == ("fitting", True, "stopping")
    assert leases.heartbeat(session, lease) == "cancelled"
    assert leases.report_progress(session, lease, "training", 0.1, "step") == "cancelled"
    assert leases.cancel(session, lease)
    assert (row.state, row.lease_owner) == ("cancelled", None)
    assert leases.heartbeat(session, lease) == "lost"
    again = commands.retry_round(session, campaign.workspace_id, campaign.id, 1)
    assert (again.cancel_requested, again.attempt) == (False, 0)


def test_a_batch_is_stored_once(
    session: Session, row: Round, lease: Lease, spec: CampaignSpec, make_proposal: MakeProposal
):
    rounds.claim(session, lease, {})
    proposal = make_proposal("0111", "1011")
    assert not rounds.finish(session, replace(lease, owner="second"), spec, proposal)
    assert rounds.finish(session, lease, spec, proposal)
    assert not rounds.finish(session, lease, spec, proposal)
    assert not leases.fail(session, lease, {"title": "late"})
    batch = queries.batch(session, row.id)
    assert [(item.rank, item.object, item.display, item.columns) for item in batch] == [
        (1, "0111", "0111", {"switches": "0111"}),
        (2, "1011", "1011", {"switches": "1011"}),
    ]
    assert batch[0].payload["condition"] == {"beta": 8.0, "preference": {"glow": 1.0}}
    assert (row.state, row.progress, row.summary) == ("awaiting_results", 1.0, {"chosen": 2})


def test_an_empty_batch_completes_the_round(session: Session, row: Round, lease: Lease, spec: CampaignSpec):
    rounds.claim(session, lease, {})
    assert rounds.finish(session, lease, spec, Proposal((), {"statements": ["nothing is left"]}))
    assert (row.state, row.message) == ("completed", "no candidate found")


def test_an_object_is_not_proposed_again_while_it_is_pending(
    session: Session, campaign: Campaign, finished: Any, make_proposal: MakeProposal, spec: CampaignSpec
):
    finished("0111")
    second = commands.start_round(session, campaign.workspace_id, campaign.id)
    lease = rounds.lease_of(second.id, "first", 60)
    rounds.claim(session, lease, {})
    with pytest.raises(IntegrityError, match="uq_candidates_live_object"):
        rounds.finish(session, lease, spec, make_proposal("0111"))


def test_a_control_waits_in_several_rounds_and_a_round_waits_for_its_control(
    session: Session, campaign: Campaign, finished: Any, store: Any
):
    first, second = finished("0111", purpose="control"), finished("0111", purpose="control")
    third = finished("0111")  # something new may be waited for once beside controls
    items = [queries.batch(session, row.id)[0] for row in (first, second, third)]
    assert [(item.purpose, item.status) for item in items] == [
        ("control", "proposed"),
        ("control", "proposed"),
        ("exploit", "proposed"),
    ]
    assert items[0].payload["condition"] is None
    assert items[0].payload["log_pf"] is None
    store(("0111", "glow", 1.0), ("0111", "total", 1.0), candidate_id=items[1].id)
    for row in (first, second, third):
        session.refresh(row)
    assert [row.state for row in (first, second, third)] == [
        "awaiting_results",
        "completed",
        "awaiting_results",
    ]
    mine = (session, campaign.workspace_id, items[0].id)
    review.decide(*mine, 1, Verdict("rejected", "not now"))
    assert review.decide(*mine, 2, Verdict("proposed", None)).candidate.status == "proposed"


def test_nan_in_an_answer_is_refused_not_stored(session: Session, lease: Lease, spec: CampaignSpec):
    rounds.claim(session, lease, {})
    with pytest.raises(Exception, match="JSON compliant"):
        rounds.finish(session, lease, spec, Proposal((), {"log_z": float("nan")}))


def test_a_lost_round_goes_back_to_the_queue_and_its_old_owner_is_a_stranger(
    session: Session, row: Round, lease: Lease, spec: CampaignSpec, make_proposal: MakeProposal
):
    rounds.claim(session, lease, {})
    assert leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 3) == []
    expire(session, row)
    assert leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 3) == [row.id]
    assert row.state == "queued"
    assert leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 3) == []
    second = replace(lease, owner="second")
    assert rounds.claim(session, second, {})
    assert not rounds.finish(session, lease, spec, make_proposal("0111"))
    assert leases.heartbeat(session, lease) == "lost"
    assert rounds.finish(session, second, spec, make_proposal("1011"))
    assert [item.object for item in queries.batch(session, row.id)] == ["1011"]
    assert row.attempt == 2


def test_a_round_that_kills_its_workers_fails_with_a_problem(session: Session, row: Round, lease: Lease):
    for _ in range(2):
        rounds.claim(session, lease, {})
        expire(session, row)
        leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 2)
    session.refresh(row)
    assert row.state == "failed"
    assert row.failure["title"] == "The worker was lost"
    assert row.failure["detail"].startswith("2 workers")


def test_a_cancel_outlives_its_worker(session: Session, campaign: Campaign, row: Round, lease: Lease):
    rounds.claim(session, lease, {})
    commands.cancel_round(session, campaign.workspace_id, campaign.id, 1)
    expire(session, row)
    leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 3)
    session.refresh(row)
    assert row.state == "cancelled"


def test_a_round_given_back_costs_no_attempt(session: Session, row: Round, lease: Lease):
    rounds.claim(session, lease, {})
    assert leases.give_back(session, lease)
    assert (row.state, row.attempt) == ("queued", 0)
    assert not leases.give_back(session, lease)


def test_data_that_changed_under_a_round_is_noticed(session: Session, store: Any, row: Round, lease: Lease):
    rounds.claim(session, lease, {})
    assert rounds.load(session, lease).history.digest() == row.snapshot["digest"]
    row.snapshot = row.snapshot | {"last_sequence": 10**9}
    session.flush()
    store(("0001", "glow", 1.0))
    with pytest.raises(RuntimeError, match="changed since"):
        rounds.load(session, lease)


@pytest.fixture
def committed(sessions: Sessions, spec: CampaignSpec) -> tuple[UUID, UUID]:
    with sessions.begin() as session:
        workspace_id = ensure_workspace(session).id
        return workspace_id, commands.create_campaign(session, workspace_id, spec).id


def race(work: Callable[[int], Any], n: int = 8) -> list[Any]:
    """Return what n threads that start together answer, errors included."""
    gate, answers = threading.Barrier(n), []

    def run(number: int) -> None:
        gate.wait()
        try:
            answers.append(work(number))
        except ConflictError as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=[number]) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == n
    return answers


def test_of_many_starters_and_many_claimers_one_wins(sessions: Sessions, committed: tuple[UUID, UUID]):
    def start(_: int) -> UUID:
        with sessions.begin() as session:
            return commands.start_round(session, *committed).id

    started = [answer for answer in race(start) if isinstance(answer, UUID)]
    assert len(started) == 1

    def claim(number: int) -> bool:
        with sessions.begin() as session:
            return rounds.claim(session, rounds.lease_of(started[0], str(number), 60), {})

    assert sorted(race(claim)) == [False] * 7 + [True]

    def cancel_or_sweep(number: int) -> bool:
        with sessions.begin() as session:
            expire(session, lease_rows.get(session, Round, started[0]))
            return (
                bool(leases.requeue_lost(session, round_transitions.ROUNDS, 1000, 9)) if number % 2 else True
            )

    race(cancel_or_sweep)
    with sessions() as session:
        told = [event.state for event in queries.events_after(session, started[0])]
    assert told.count("queued") == 2
