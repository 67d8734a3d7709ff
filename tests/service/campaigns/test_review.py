"""What people decide about a batch.

For ever, with analogues, with a next best, and frozen when it is released.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.records import Proposal
from service.campaigns import commands, queries, review, rounds
from service.campaigns.history import load_history
from service.campaigns.replacing import replace_candidate
from service.campaigns.review import Verdict
from service.campaigns.rows import StoredUpload
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.store.tables import Campaign, Candidate, Round

Proposing = Callable[..., Round]
Store = Callable[..., StoredUpload]


@pytest.fixture
def proposing(session: Session, campaign: Campaign, make_proposal: Callable[..., Proposal]) -> Proposing:
    """Finish a round with these objects and reserves, within limits of its batch."""

    def finish(objects: str, reserves: str = "", limits: list[dict[str, Any]] | None = None) -> Round:
        if limits is not None:
            spec = {"batch": {"limits": limits}}
            commands.patch_campaign(session, campaign.workspace_id, campaign.id, campaign.version, spec)
        row = commands.start_round(session, campaign.workspace_id, campaign.id)
        lease = rounds.lease_of(row.id, "worker", 60)
        assert rounds.claim(session, lease, {})
        claimed = rounds.load(session, lease)
        every = make_proposal(*objects.split(), *reserves.split())
        n = len(objects.split())
        proposal = replace(every, candidates=every.candidates[:n], reserves=every.candidates[n:])
        assert rounds.finish(session, lease, claimed.spec, proposal)
        session.refresh(row)
        return row

    return finish


class Reviewer:
    """Decides about candidates by their objects."""

    def __init__(self, session: Session, campaign: Campaign) -> None:
        self.session, self.campaign = session, campaign

    def item(self, text: str, number: int = 1) -> Candidate:
        row = queries.get_round(self.session, self.campaign.workspace_id, self.campaign.id, number)
        return next(item for item in queries.batch(self.session, row.id) if item.object == text)

    def decide(self, text: str, status: Any, reason: str | None = None, **more: Any) -> review.Decided:
        item = self.item(text)
        verdict = Verdict(status, reason, by="key-1", **more)
        return review.decide(self.session, self.campaign.workspace_id, item.id, item.version, verdict)

    def replace(self, text: str, number: int = 1) -> Candidate:
        return replace_candidate(
            self.session, self.campaign.workspace_id, self.item(text, number).id, "key-1"
        )

    def release(self, number: int = 1) -> Round:
        return review.release_round(
            self.session, self.campaign.workspace_id, self.campaign.id, number, "key-1"
        )

    def statuses(self, row: Round) -> dict[str, str]:
        return {item.object: item.status for item in queries.batch(self.session, row.id)}


@pytest.fixture
def reviewer(session: Session, campaign: Campaign) -> Reviewer:
    return Reviewer(session, campaign)


def told(reviewer: Reviewer, text: str) -> list[tuple[str, str | None, str | None]]:
    rows = queries.decisions(reviewer.session, reviewer.campaign.workspace_id, reviewer.item(text).id)
    return [(row.status, row.reason, row.decided_by) for row in rows]


def test_reasons_are_kept_for_ever(proposing: Proposing, reviewer: Reviewer, store: Store) -> None:
    proposing("0111 1011")
    reviewer.decide("0111", "rejected", "toxic")
    reviewer.decide("0111", "proposed")
    reviewer.decide("0111", "rejected", "no stock")
    store(("0111", "glow", 1.0), ("0111", "total", 1.0))
    reviewer.session.refresh(reviewer.item("0111"))
    assert (reviewer.item("0111").status, reviewer.item("0111").status_reason) == ("measured", "no stock")
    assert told(reviewer, "0111") == [
        ("rejected", "toxic", "key-1"),
        ("proposed", None, "key-1"),
        ("rejected", "no stock", "key-1"),
    ]


def test_analogues_are_rejected_with_the_same_reason(proposing: Proposing, reviewer: Reviewer) -> None:
    row = proposing("1111 1110 0000 0011")
    reviewer.decide("0011", "approved")
    decided = reviewer.decide("1111", "rejected", "toxic", analogues=True, similarity=0.75)
    assert [item.object for item in decided.analogues] == ["1110"]
    assert reviewer.statuses(row) == {
        "1111": "rejected",
        "1110": "rejected",
        "0000": "proposed",
        "0011": "approved",
    }
    (record,) = queries.decisions(reviewer.session, reviewer.campaign.workspace_id, decided.analogues[0].id)
    assert (record.reason, record.because_of) == ("toxic", decided.candidate.id)


@pytest.mark.parametrize(
    ("verdict", "pointer"),
    [
        (Verdict("approved", None, analogues=True), "/analogues"),
        (Verdict("rejected", "toxic", similarity=0.5), "/similarity"),
    ],
)
def test_analogues_are_of_a_rejection(
    proposing: Proposing, reviewer: Reviewer, verdict: Verdict, pointer: str
) -> None:
    proposing("1111")
    item = reviewer.item("1111")
    with pytest.raises(UnprocessableError) as caught:
        review.decide(reviewer.session, reviewer.campaign.workspace_id, item.id, 1, verdict)
    assert caught.value.errors[0]["pointer"] == pointer


def test_the_next_best_takes_a_place_once(proposing: Proposing, reviewer: Reviewer) -> None:
    row = proposing("1111 0000", "1100 0011")
    with pytest.raises(ConflictError, match="reject or withdraw it first"):
        reviewer.replace("1111")
    reviewer.decide("1111", "rejected", "toxic")
    taken = reviewer.replace("1111")
    assert (taken.object, taken.rank, taken.status, taken.replaces) == (
        "1100",
        3,
        "proposed",
        reviewer.item("1111").id,
    )
    assert taken.payload["predictions"]["glow"]["mean"] == 1.0
    assert told(reviewer, "1100") == [("proposed", "takes the place of rank 1", "key-1")]
    with pytest.raises(ConflictError, match="has taken its place already"):
        reviewer.replace("1111")
    with pytest.raises(ConflictError, match="has taken its place"):
        reviewer.decide("1111", "approved")
    assert [reserve.object for reserve in queries.reserves(reviewer.session, row.id)] == ["0011"]


def test_a_replacement_that_is_given_up_is_replaced_in_turn_until_none_is_left(
    proposing: Proposing, reviewer: Reviewer
) -> None:
    proposing("1111", "1100 0011")
    for text, following in (("1111", "1100"), ("1100", "0011")):
        reviewer.decide(text, "withdrawn", "expired")
        assert reviewer.replace(text).object == following
    reviewer.decide("0011", "rejected", "toxic")
    with pytest.raises(ConflictError, match="all are used"):
        reviewer.replace("0011")


def test_replacing_reopens_a_round_that_was_complete(proposing: Proposing, reviewer: Reviewer) -> None:
    row = proposing("1111", "1100")
    reviewer.decide("1111", "rejected", "toxic")
    reviewer.session.refresh(row)
    assert row.state == "completed"
    reviewer.replace("1111")
    reviewer.session.refresh(row)
    assert row.state == "awaiting_results"
    assert queries.events_after(reviewer.session, row.id)[-1].state == "awaiting_results"


def test_taking_a_rejection_back_reopens_the_round(proposing: Proposing, reviewer: Reviewer) -> None:
    row = proposing("1111")
    reviewer.decide("1111", "rejected", "toxic")
    reviewer.decide("1111", "proposed")
    reviewer.session.refresh(row)
    assert row.state == "awaiting_results"


def test_reserves_within_the_limits_alone_take_a_place(proposing: Proposing, reviewer: Reviewer) -> None:
    limits = [{"kind": "group", "by": "first", "max": 1}]
    proposing("1111 0000", "1100 0011", limits)
    reviewer.decide("0000", "rejected", "toxic")
    assert reviewer.replace("0000").object == "0011"
    reviewer.decide("0011", "rejected", "toxic")
    with pytest.raises(ConflictError, match="1 not: 2 have first '1', more than 1"):
        reviewer.replace("0011")


def test_reserves_like_what_was_rejected_with_its_analogues_are_passed_over(
    proposing: Proposing, reviewer: Reviewer
) -> None:
    proposing("1111", "1110 0001")
    reviewer.decide("1111", "rejected", "toxic", analogues=True, similarity=0.75)
    assert reviewer.replace("1111").object == "0001"


def test_reserves_that_were_measured_or_proposed_meanwhile_are_passed_over(
    proposing: Proposing, reviewer: Reviewer, store: Store
) -> None:
    proposing("1111", "1100 0011 0101")
    store(("1100", "other", 1.0))
    proposing("0011")
    reviewer.decide("1111", "rejected", "toxic")
    assert reviewer.replace("1111").object == "0101"


def test_a_retried_round_reads_what_it_read_although_a_place_was_taken(
    session: Session, proposing: Proposing, reviewer: Reviewer
) -> None:
    proposing("1111", "1100")
    second = commands.start_round(session, reviewer.campaign.workspace_id, reviewer.campaign.id)
    before = load_history(session, second)
    reviewer.decide("1111", "rejected", "toxic")
    reviewer.replace("1111")
    assert load_history(session, second) == before


def test_a_released_batch_is_frozen_and_named_by_its_hash(proposing: Proposing, reviewer: Reviewer) -> None:
    row = proposing("1111 0000 0011", "1100")
    reviewer.decide("0000", "rejected", "toxic")
    released = reviewer.release()
    where = (reviewer.session, reviewer.campaign.workspace_id, reviewer.campaign.id, 1)
    content, digest = queries.released_batch(*where)
    assert digest == released.batch_sha256 == hashlib.sha256(content).hexdigest()
    assert released.released_by == "key-1"
    document = json.loads(content)
    assert [item["object"] for item in document["candidates"]] == ["1111", "0011"]
    assert document["candidates"][0]["id"] == str(reviewer.item("1111").id)
    for refused in (
        lambda: reviewer.decide("0000", "approved"),
        lambda: reviewer.decide("1111", "rejected", "late"),
        lambda: reviewer.replace("0000"),
        reviewer.release,
    ):
        with pytest.raises(ConflictError, match="is frozen"):
            refused()
    reviewer.decide("1111", "withdrawn", "the vial broke")
    assert queries.released_batch(*where) == (content, digest)
    assert reviewer.statuses(row) == {"1111": "withdrawn", "0000": "rejected", "0011": "released"}


def test_equal_batches_have_equal_hashes_and_another_has_another(
    proposing: Proposing, reviewer: Reviewer
) -> None:
    row = proposing("1111 0000")
    batch = queries.batch(reviewer.session, row.id)
    assert review.frozen(row, batch) == review.frozen(row, batch)
    assert review.frozen(row, batch) != review.frozen(row, batch[:1])


def test_what_was_not_released_has_no_frozen_batch(proposing: Proposing, reviewer: Reviewer) -> None:
    proposing("1111")
    with pytest.raises(NotFoundError, match="was not released"):
        queries.released_batch(reviewer.session, reviewer.campaign.workspace_id, reviewer.campaign.id, 1)


def test_a_candidate_measured_under_other_conditions_is_not_proposed_again(
    session: Session, proposing: Proposing, reviewer: Reviewer, store: Store
) -> None:
    proposing("1111 0000")
    store(("1011", "glow", 1.0), ("1011", "total", 1.0), candidate_id=reviewer.item("1111").id)
    store(("0000", "glow", 1.0), ("0000", "total", 1.0))
    second = commands.start_round(session, reviewer.campaign.workspace_id, reviewer.campaign.id)
    assert load_history(session, second).excluded == ("1111",)
