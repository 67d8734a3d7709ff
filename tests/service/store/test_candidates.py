"""Candidates are found however many objects or ids an upload names."""

from uuid import uuid4

from sqlalchemy.orm import Session

from service.store import candidates
from service.store.campaigns import ensure_workspace
from service.store.tables import Campaign, Candidate, Round


def test_more_are_looked_up_than_a_statement_has_parameters(session: Session):
    campaign = Campaign(workspace_id=ensure_workspace(session).id, name="x", domain_kind="switches", spec={})
    session.add(campaign)
    session.flush()
    made = Round(campaign_id=campaign.id, number=1, seed=1, spec={}, snapshot={})
    session.add(made)
    session.flush()
    item = Candidate(
        campaign_id=campaign.id, round_id=made.id, rank=1, object="7", display="7", columns={}, payload={}
    )
    session.add(item)
    session.flush()
    assert candidates.newest_by_object(session, campaign.id, [str(n) for n in range(70_000)]) == {"7": item}
    assert candidates.by_id(session, campaign.id, [item.id, *(uuid4() for _ in range(70_000))]) == {
        item.id: item
    }
