"""Which changes of a campaign others hear of: one event each, with ids, counts and links and nothing else."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.records import Proposal
from service.campaigns import commands, leases, review, rounds
from service.campaigns.rows import StoredUpload
from service.errors import ConflictError
from service.outbox import events
from service.store.tables import Campaign, Candidate, Event, Round

Store = Callable[..., StoredUpload]


def emitted(session: Session, workspace_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Write what was emitted, as a commit does, and return all of it."""
    events.write(session)
    query = select(Event).where(Event.workspace_id == workspace_id).order_by(Event.sequence)
    return [(row.type, row.data) for row in session.scalars(query)]


def computed(session: Session, campaign: Campaign, proposal: Proposal) -> Round:
    row = commands.start_round(session, campaign.workspace_id, campaign.id)
    lease = rounds.lease_of(row.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    claimed = rounds.load(session, lease)
    assert rounds.finish(session, lease, claimed.spec, proposal)
    return session.get_one(Round, row.id, populate_existing=True)


def test_a_batch_is_ready_and_released(
    session: Session, campaign: Campaign, make_proposal: Callable[..., Proposal]
) -> None:
    row = computed(session, campaign, make_proposal("0011", "0111"))
    place = {"campaign_id": str(campaign.id), "round_id": str(row.id), "round": 1, "n_candidates": 2}
    batch = f"/v1/campaigns/{campaign.id}/rounds/1"
    ready = ("batch.ready", {**place, "href": f"{batch}/batch"})
    assert emitted(session, campaign.workspace_id) == [ready]
    review.release_round(session, campaign.workspace_id, campaign.id, 1)
    with pytest.raises(ConflictError):
        review.release_round(session, campaign.workspace_id, campaign.id, 1)
    released = {**place, "batch_sha256": row.batch_sha256, "href": f"{batch}/release"}
    assert emitted(session, campaign.workspace_id) == [ready, ("batch.released", released)]


def test_an_empty_batch_is_ready_too_for_who_waits_for_it(
    session: Session, campaign: Campaign, make_proposal: Callable[..., Proposal]
) -> None:
    computed(session, campaign, make_proposal())
    ((kind, data),) = emitted(session, campaign.workspace_id)
    assert (kind, data["n_candidates"]) == ("batch.ready", 0)


def test_a_round_fails_by_itself_or_by_losing_its_workers(session: Session, campaign: Campaign) -> None:
    row = commands.start_round(session, campaign.workspace_id, campaign.id)
    lease = rounds.lease_of(row.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    assert leases.fail(session, lease, {"title": "It broke", "detail": "CCO is in no event"})
    href = f"/v1/campaigns/{campaign.id}/rounds/1"
    data = {"campaign_id": str(campaign.id), "round_id": str(row.id), "round": 1, "href": href}
    assert emitted(session, campaign.workspace_id) == [("round.failed", data)]
    commands.retry_round(session, campaign.workspace_id, campaign.id, 1)
    assert rounds.claim(session, rounds.lease_of(row.id, "silent", -1), {})
    leases.requeue_lost(session, rounds.ROUNDS, resend_seconds=300, max_attempts=1)
    assert emitted(session, campaign.workspace_id) == [("round.failed", data)] * 2


def test_an_upload_is_one_event_however_many_rows_it_has(
    session: Session, campaign: Campaign, store: Store
) -> None:
    upload = store(("0011", "glow", 1.5), ("0111", "glow", 2.5))
    href = f"/v1/campaigns/{campaign.id}/results"
    data = {"campaign_id": str(campaign.id), "upload_id": str(upload.id), "href": href}
    expected = ("results.stored", {**data, "n_stored": 2, "n_corrections": 0})
    assert emitted(session, campaign.workspace_id) == [expected]


def test_what_stores_nothing_says_nothing(session: Session, campaign: Campaign, store: Store) -> None:
    store(("0011", "glow", 1.5), external_id="a-1")
    store(("0011", "glow", 1.5), external_id="a-1")
    assert [kind for kind, _ in emitted(session, campaign.workspace_id)] == ["results.stored"]


def test_a_campaign_is_completed_when_it_is_archived_and_once(session: Session, campaign: Campaign) -> None:
    for _ in range(2):
        commands.archive_campaign(session, campaign.workspace_id, campaign.id)
    data = {"campaign_id": str(campaign.id), "href": f"/v1/campaigns/{campaign.id}"}
    assert emitted(session, campaign.workspace_id) == [("campaign.completed", data)]


def test_no_event_holds_an_object(
    session: Session, campaign: Campaign, make_proposal: Callable[..., Proposal], store: Store
) -> None:
    computed(session, campaign, make_proposal("0011", "0111"))
    review.release_round(session, campaign.workspace_id, campaign.id, 1)
    store(("0011", "glow", 1.5), ("0111", "glow", 2.5))
    commands.archive_campaign(session, campaign.workspace_id, campaign.id)
    objects = set(session.scalars(select(Candidate.object).where(Candidate.campaign_id == campaign.id)))
    texts = [str(value) for _, data in emitted(session, campaign.workspace_id) for value in data.values()]
    assert len(texts) > 10
    assert not objects & set(texts)
    assert not {"1.5", "2.5"} & set(texts)
