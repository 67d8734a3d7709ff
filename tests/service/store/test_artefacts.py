"""What a round trained is stored with its batch, once, and read back whole or not at all."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.records import Proposal
from service.campaigns import commands, rounds
from service.store import artefacts
from service.store.campaigns import ensure_workspace
from service.store.tables import Round

SPEC = CampaignSpec.model_validate(
    {"name": "Switches", "domain": {"kind": "switches"}, "objectives": [{"name": "glow"}]}
)
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def trained(session: Session) -> Round:
    workspace_id = ensure_workspace(session, "lab").id
    campaign_id = commands.create_campaign(session, workspace_id, SPEC).id
    row = commands.start_round(session, workspace_id, campaign_id)
    lease = rounds.lease_of(row.id, "worker", 60)
    assert rounds.claim(session, lease, {})
    assert artefacts.newest_round(session, campaign_id) is None
    assert rounds.finish(session, lease, SPEC, Proposal((), {}, artefact=CONTENT))
    return row


def test_what_was_trained_comes_back_byte_for_byte(session: Session, trained: Round):
    assert artefacts.load(session, trained.id) == CONTENT
    assert artefacts.is_there(session, trained.id)
    assert artefacts.newest_round(session, trained.campaign_id) is trained


def test_a_damaged_artefact_is_reported_and_not_used(session: Session, trained: Round):
    session.execute(text("UPDATE round_artefacts SET content = 'x' WHERE round_id = :id"), {"id": trained.id})
    with pytest.raises(artefacts.DamagedError, match="damaged"):
        artefacts.load(session, trained.id)


def test_a_round_that_trained_nothing_has_nothing(session: Session, trained: Round):
    row = commands.start_round(session, _workspace(session), trained.campaign_id)
    lease = rounds.lease_of(row.id, "worker", 60)
    rounds.claim(session, lease, {})
    rounds.finish(session, lease, SPEC, Proposal((), {}))
    assert artefacts.load(session, row.id) is None
    assert not artefacts.is_there(session, row.id)
    assert artefacts.newest_round(session, trained.campaign_id) is trained


def _workspace(session: Session):  # noqa: ANN202 - an id
    return ensure_workspace(session, "lab").id
