"""From which round a round begins: frozen when it starts, and never another workspace's."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import commands, rounds
from service.campaigns.starts import check_start, load_start
from service.errors import UnprocessableError
from service.store import artefacts
from service.store.campaigns import ensure_workspace
from service.store.tables import Campaign, Round, RoundArtefact

Finished = Callable[..., Round]
SPEC: dict[str, Any] = {
    "name": "Switches",
    "domain": {"kind": "switches", "n": 4},
    "objectives": [{"name": "glow"}],
}
MATERIALS = {"kind": "materials", "space": "mixture", "components": ["a", "b"], "grid": 4}


def spec_from(start: object, **changes: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(SPEC | {"sampler": {"start_from": str(start)}} | changes)


def trained(session: Session, finished: Finished, *objects: str) -> Round:
    row = finished(*objects)
    artefacts.save(session, row.id, b"policy of " + objects[0].encode())
    session.flush()
    return row


def begin(session: Session, campaign: Campaign) -> Round:
    return commands.start_round(session, campaign.workspace_id, campaign.id)


def test_a_first_round_begins_from_nothing(session: Session, campaign: Campaign):
    row = begin(session, campaign)
    assert "start" not in row.snapshot
    assert load_start(session, row) is None


def test_the_last_round_that_trained_is_frozen_with_the_data(
    session: Session, campaign: Campaign, finished: Finished
):
    trained(session, finished, "0001")
    second = trained(session, finished, "0010")
    third = begin(session, campaign)
    start = load_start(session, third)
    assert start is not None
    assert (start.campaign_id, start.round, start.artefact) == (campaign.id, 2, b"policy of 0010")
    assert third.snapshot["start"]["round_id"] == str(second.id)
    lease = rounds.lease_of(third.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    assert rounds.load(session, lease).start == start


def test_a_round_that_kept_none_is_named(session: Session, campaign: Campaign, finished: Finished):
    finished("0001")
    start = load_start(session, begin(session, campaign))
    assert start is not None
    assert (start.source, start.artefact, start.failure) == ("round 1", None, None)


def test_a_damaged_policy_is_told_and_no_failure(session: Session, campaign: Campaign, finished: Finished):
    row = trained(session, finished, "0001")
    second = begin(session, campaign)
    session.execute(
        update(RoundArtefact).where(RoundArtefact.round_id == row.id).values(content=b"something else")
    )
    start = load_start(session, second)
    assert start is not None
    assert start.artefact is None
    assert "damaged" in (start.failure or "")


def test_nothing_means_nothing(session: Session, workspace_id: UUID, campaign: Campaign, finished: Finished):
    trained(session, finished, "0001")
    commands.patch_campaign(session, workspace_id, campaign.id, 1, {"sampler": {"start_from": "nothing"}})
    assert load_start(session, begin(session, campaign)) is None


def test_a_campaign_from_before_there_was_a_choice_begins_from_nothing(
    session: Session, workspace_id: UUID, campaign: Campaign, finished: Finished
):
    trained(session, finished, "0001")
    older = {**campaign.spec, "sampler": {**campaign.spec["sampler"]}}
    del older["sampler"]["start_from"]
    campaign.spec = older
    session.flush()
    assert CampaignSpec.from_stored(campaign.spec).sampler.start_from == "nothing"
    changed = commands.patch_campaign(session, workspace_id, campaign.id, 1, {"batch": {"size": 2}})
    assert changed.spec["sampler"]["start_from"] == "nothing"  # an unrelated change means what it says
    assert load_start(session, begin(session, campaign)) is None


def test_another_campaign_serves_the_first_round_only(
    session: Session, workspace_id: UUID, campaign: Campaign, finished: Finished
):
    trained(session, finished, "0001")
    young = commands.create_campaign(session, workspace_id, spec_from(campaign.id))
    row = begin(session, young)
    trained(session, finished, "0010")  # what comes later changes no round that has begun
    start = load_start(session, row)
    assert start is not None
    assert (start.campaign_id, start.round, start.artefact) == (campaign.id, 1, b"policy of 0001")
    commands.cancel_round(session, workspace_id, young.id, 1)
    artefacts.save(session, row.id, b"its own")
    own = load_start(session, begin(session, young))
    assert own is not None
    assert (own.campaign_id, own.artefact) == (young.id, b"its own")


def test_a_campaign_without_a_trained_round_is_named(
    session: Session, workspace_id: UUID, campaign: Campaign
):
    young = commands.create_campaign(session, workspace_id, spec_from(campaign.id))
    start = load_start(session, begin(session, young))
    assert start is not None
    assert (start.source, start.artefact) == (f"campaign {campaign.id}", None)


def test_a_campaign_of_another_workspace_looks_like_none(session: Session, campaign: Campaign):
    elsewhere = ensure_workspace(session, f"lab {uuid4()}").id
    answers = []
    for other in (campaign.id, uuid4()):
        with pytest.raises(UnprocessableError) as refused:
            commands.create_campaign(session, elsewhere, spec_from(other))
        (place,) = refused.value.errors
        assert place["pointer"] == "/sampler/start_from"
        answers.append(place["detail"].replace(str(other), "…"))
    assert answers[0] == answers[1] == "no campaign …"


def test_a_round_never_takes_another_workspace_s_policy(
    session: Session, campaign: Campaign, finished: Finished
):
    """Whatever a stored specification says: it may have been written before the check, or by hand."""
    trained(session, finished, "0001")
    elsewhere = ensure_workspace(session, f"lab {uuid4()}").id
    young = commands.create_campaign(session, elsewhere, spec_from("previous"))
    young.spec = spec_from(campaign.id).model_dump(mode="json")
    session.flush()
    start = load_start(session, begin(session, young))
    assert start is not None
    assert start.artefact is None


def test_a_campaign_about_other_objects_is_refused(session: Session, workspace_id: UUID, campaign: Campaign):
    materials = spec_from(campaign.id, domain=MATERIALS)
    with pytest.raises(UnprocessableError, match="about switches, not materials"):
        commands.create_campaign(session, workspace_id, materials)
    other = commands.create_campaign(session, workspace_id, spec_from("previous", domain=MATERIALS))
    with pytest.raises(UnprocessableError, match="about materials, not switches"):
        commands.patch_campaign(
            session, workspace_id, campaign.id, 1, {"sampler": {"start_from": str(other.id)}}
        )


def test_a_bound_caller_sees_no_other_campaign(session: Session, workspace_id: UUID, campaign: Campaign):
    with pytest.raises(UnprocessableError, match="no campaign"):
        check_start(session, workspace_id, spec_from(campaign.id), bound_to=uuid4())
    check_start(session, workspace_id, spec_from(campaign.id), bound_to=campaign.id)
    check_start(session, workspace_id, spec_from("previous"), bound_to=uuid4())
