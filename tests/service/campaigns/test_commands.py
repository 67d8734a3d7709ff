"""What users ask for, against a real database: what changes, what is refused, and what a stranger sees."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import commands, queries, review
from service.campaigns.review import Verdict
from service.campaigns.rows import StoredUpload
from service.errors import ConflictError, NotFoundError, PreconditionFailedError, UnprocessableError
from service.store.paging import Page
from service.store.tables import Campaign, Candidate, Round

Finished = Callable[..., Round]
Store = Callable[..., StoredUpload]
ByObject = Callable[..., dict[str, Candidate]]


def test_a_campaign_keeps_its_spec_and_counts(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    assert (campaign.state, campaign.version, campaign.n_rounds, campaign.n_results) == ("active", 1, 0, 0)
    assert campaign.spec["batch"]["size"] == 24
    store(("0001", "glow", 1.0), ("0010", "glow", 2.0))
    finished("0111")
    session.expire(campaign)
    read = queries.get_campaign(session, campaign.workspace_id, campaign.id)
    assert (read.n_rounds, read.n_results) == (1, 2)


def test_a_patch_needs_the_version_it_was_made_for(session: Session, campaign: Campaign):
    where = (session, campaign.workspace_id, campaign.id)
    changed = commands.patch_campaign(*where, 1, {"name": "New", "batch": {"size": 3}})
    assert (changed.version, changed.name, changed.spec["name"]) == (2, "New", "New")
    with pytest.raises(PreconditionFailedError):
        commands.patch_campaign(*where, 1, {"name": "Newer"})


def test_a_patch_keeps_what_a_campaign_meant_when_it_was_created(session: Session, campaign: Campaign):
    before = {name: part for name, part in campaign.spec["batch"].items() if name == "size"}
    campaign.spec = {**campaign.spec, "batch": before}
    session.flush()
    where = (session, campaign.workspace_id, campaign.id)
    changed = commands.patch_campaign(*where, 1, {"batch": {"size": 3}})
    assert changed.spec["batch"]["selector"] == "greedy"
    assert (changed.spec["batch"]["size"], changed.spec["batch"]["exploration"]) == (3, 0.2)
    opened = commands.patch_campaign(*where, 2, {"batch": {"selector": None, "exploration": None}})
    assert (opened.spec["batch"]["selector"], opened.spec["batch"]["exploration"]) == ("auto", None)


def test_a_running_round_keeps_the_specification_it_started_with(session: Session, campaign: Campaign):
    row = commands.start_round(session, campaign.workspace_id, campaign.id)
    commands.patch_campaign(session, campaign.workspace_id, campaign.id, 1, {"batch": {"size": 3}})
    session.refresh(row)
    assert row.spec["batch"]["size"] == 24


def test_results_alone_fix_the_objectives(session: Session, campaign: Campaign, store: Store):
    store(("0001", "glow", 1.0))
    with pytest.raises(ConflictError):
        commands.patch_campaign(session, campaign.workspace_id, campaign.id, 1, {"domain": {"n": 5}})


def test_an_archived_campaign_only_reads(
    session: Session, campaign: Campaign, store: Store, finished: Finished
):
    finished("0111")
    where = (session, campaign.workspace_id, campaign.id)
    assert commands.archive_campaign(*where).version == 2
    assert commands.archive_campaign(*where).version == 2
    for refused in (
        lambda: commands.start_round(*where),
        lambda: commands.patch_campaign(*where, 2, {"name": "New"}),
        lambda: store(("0001", "glow", 1.0)),
        lambda: commands.retry_round(*where, 1),
    ):
        with pytest.raises(ConflictError, match="archived"):
            refused()
    assert queries.get_round(*where, 1).number == 1


def test_one_round_is_computed_at_a_time(session: Session, campaign: Campaign, finished: Finished):
    where = (session, campaign.workspace_id, campaign.id)
    assert commands.start_round(*where).number == 1
    for refused in (commands.start_round, commands.archive_campaign):
        with pytest.raises(ConflictError, match=r"round 1 is being computed \(queued\)"):
            refused(*where)
    commands.cancel_round(*where, 1)
    assert finished("0111").number == 2
    assert commands.start_round(*where).number == 3  # awaiting results does not block


def test_a_queued_round_is_cancelled_at_once_and_retried_as_it_was(
    session: Session, campaign: Campaign, store: Store
):
    where = (session, campaign.workspace_id, campaign.id)
    store(("0001", "glow", 1.0))
    seed = commands.start_round(*where).seed
    assert commands.cancel_round(*where, 1).state == "cancelled"
    with pytest.raises(ConflictError, match="cancelled"):
        commands.cancel_round(*where, 1)
    store(("0010", "glow", 2.0))
    again = commands.retry_round(*where, 1)
    assert (again.state, again.seed, again.finished_at) == ("queued", seed, None)
    with pytest.raises(ConflictError):
        commands.retry_round(*where, 1)
    states = [event.state for event in queries.events_after(session, again.id)]
    assert states == ["queued", "cancelled", "queued"]


def test_only_the_newest_round_is_retried(session: Session, campaign: Campaign, finished: Finished):
    where = (session, campaign.workspace_id, campaign.id)
    commands.start_round(*where)
    commands.cancel_round(*where, 1)
    finished("0111")
    with pytest.raises(ConflictError, match="newest"):
        commands.retry_round(*where, 1)


def test_a_release_leaves_rejects_behind(
    session: Session, campaign: Campaign, finished: Finished, by_object: ByObject
):
    where = (session, campaign.workspace_id, campaign.id)
    row = finished("0111", "1011", "1101")
    batch = by_object(queries.batch(session, row.id))
    mine = (session, campaign.workspace_id)
    review.decide(*mine, batch["0111"].id, 1, Verdict("approved", None))
    review.decide(*mine, batch["1011"].id, 1, Verdict("rejected", "toxic"))
    assert review.release_round(*where, 1).released_at is not None
    assert {text: item.status for text, item in batch.items()} == {
        "0111": "released",
        "1011": "rejected",
        "1101": "released",
    }
    with pytest.raises(ConflictError, match="frozen"):
        review.release_round(*where, 1)
    with pytest.raises(ConflictError, match="released"):
        review.decide(*mine, batch["0111"].id, 3, Verdict("rejected", "late"))


def test_decisions_need_a_version_a_reason_and_a_known_status(
    session: Session, campaign: Campaign, finished: Finished, by_object: ByObject
):
    item = by_object(queries.batch(session, finished("0111", "1011").id))["0111"]
    mine = (session, campaign.workspace_id, item.id)
    with pytest.raises(UnprocessableError) as caught:
        review.decide(*mine, 1, Verdict("rejected", " "))
    assert caught.value.errors[0]["pointer"] == "/reason"
    with pytest.raises(UnprocessableError, match="status must be one of"):
        review.decide(*mine, 1, Verdict("measured", None))
    assert review.decide(*mine, 1, Verdict("rejected", "toxic")).candidate.status_reason == "toxic"
    with pytest.raises(PreconditionFailedError):
        review.decide(*mine, 1, Verdict("approved", None))
    back = review.decide(*mine, 2, Verdict("proposed", None)).candidate
    assert (back.status, back.status_reason, back.version) == ("proposed", None, 3)


def test_no_object_is_made_twice(
    session: Session, campaign: Campaign, finished: Finished, by_object: ByObject
):
    first = by_object(queries.batch(session, finished("0111", "1011").id))["0111"]
    mine = (session, campaign.workspace_id, first.id)
    review.decide(*mine, 1, Verdict("rejected", "no stock"))
    finished("0111")
    with pytest.raises(ConflictError, match="another round"):
        review.decide(*mine, 2, Verdict("approved", None))


def test_a_round_completes_when_all_is_settled(
    session: Session, campaign: Campaign, finished: Finished, by_object: ByObject
):
    row = finished("0111", "1011")
    batch = by_object(queries.batch(session, row.id))
    mine = (session, campaign.workspace_id)
    review.decide(*mine, batch["0111"].id, 1, Verdict("withdrawn", "out of budget"))
    session.refresh(row)
    assert row.state == "awaiting_results"
    review.decide(*mine, batch["1011"].id, 1, Verdict("rejected", "unstable"))
    session.refresh(row)
    assert row.state == "completed"
    assert queries.events_after(session, row.id)[-1].state == "completed"


def test_another_workspace_sees_nothing(session: Session, campaign: Campaign, finished: Finished):
    item = queries.batch(session, finished("0111").id)[0]
    stranger = uuid4()
    for refused in (
        lambda: queries.get_campaign(session, stranger, campaign.id),
        lambda: queries.get_round(session, stranger, campaign.id, 1),
        lambda: queries.list_results(session, stranger, campaign.id, 10),
        lambda: queries.list_rounds(session, stranger, campaign.id, 10),
        lambda: queries.get_candidate(session, stranger, item.id),
        lambda: commands.patch_campaign(session, stranger, campaign.id, 1, {}),
        lambda: commands.archive_campaign(session, stranger, campaign.id),
        lambda: commands.start_round(session, stranger, campaign.id),
        lambda: commands.cancel_round(session, stranger, campaign.id, 1),
        lambda: commands.retry_round(session, stranger, campaign.id, 1),
        lambda: review.release_round(session, stranger, campaign.id, 1),
        lambda: review.decide(session, stranger, item.id, 1, Verdict("approved", None)),
    ):
        with pytest.raises(NotFoundError):
            refused()
    assert queries.list_campaigns(session, stranger, 10).items == []


def test_pages_cover_everything_once(session: Session, campaign: Campaign, store: Store, spec: CampaignSpec):
    for _ in range(4):
        commands.create_campaign(session, campaign.workspace_id, spec)
    store(*[(f"{i:04b}", "glow", 1.0) for i in range(5)])

    def walk(page_of: Callable[[str | None], Page[Any]]) -> list[Any]:
        seen, cursor = [], None
        while True:
            page = page_of(cursor)
            assert 0 < len(page.items) <= 2
            seen += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return seen

    found = walk(lambda cursor: queries.list_campaigns(session, campaign.workspace_id, 2, cursor))
    assert len(found) == len(set(found)) == 5
    rows = walk(lambda cursor: queries.list_results(session, campaign.workspace_id, campaign.id, 2, cursor))
    assert len(rows) == len(set(rows)) == 5
    with pytest.raises(UnprocessableError, match="cursor"):
        queries.list_campaigns(session, campaign.workspace_id, 2, "nonsense")
    with pytest.raises(UnprocessableError, match="cursor"):
        queries.list_results(session, campaign.workspace_id, campaign.id, 2, "WyJ4Il0=")
