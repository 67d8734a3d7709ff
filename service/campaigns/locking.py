"""What a command works on, looked up within a workspace and locked.

Commands on one campaign wait for each other.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.store import campaigns, candidates, rounds
from service.store import leases as lease_rows
from service.store.tables import Campaign, Candidate, Round


def locked_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """Lock a campaign and return it.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    campaign = campaigns.lock(session, workspace_id, campaign_id)
    if campaign is None:
        raise NotFoundError(f"no campaign {campaign_id}")
    return campaign


def locked_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Lock a campaign and return one of its rounds as it is now.

    Raises:
        NotFoundError: if there is no such campaign or round.
    """
    locked_campaign(session, workspace_id, campaign_id)
    row = rounds.find(session, campaign_id, number)
    if row is None:
        raise NotFoundError(f"the campaign has no round {number}")
    return fresh(session, row)


def locked_candidate(session: Session, workspace_id: UUID, candidate_id: UUID) -> Candidate:
    """Lock the campaign of a candidate and return the candidate as it is now.

    Raises:
        NotFoundError: if the workspace has none with this id.
    """
    found = _candidate(session, workspace_id, candidate_id)
    locked_campaign(session, workspace_id, found.campaign_id)
    return _candidate(session, workspace_id, candidate_id)


def fresh(session: Session, row: Round) -> Round:
    """Return a round as the database has it now."""
    return lease_rows.get(session, Round, row.id)


def check_active(campaign: Campaign) -> None:
    """Check that a campaign may be changed.

    Raises:
        ConflictError: if it is archived.
    """
    if campaign.state != "active":
        raise ConflictError("the campaign is archived")


def _candidate(session: Session, workspace_id: UUID, candidate_id: UUID) -> Candidate:
    item = candidates.find(session, workspace_id, candidate_id)
    if item is None:
        raise NotFoundError(f"no candidate {candidate_id}")
    return item
