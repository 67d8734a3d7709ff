"""What users ask a campaign to do. Each command runs inside the caller's transaction and commits nothing.

Everything is looked up within a workspace: another workspace's id raises `NotFoundError`, like one that does not exist.
A command locks its campaign, so that commands on one campaign happen one after the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign import CampaignSpec
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.store.states import CandidateStatus
from service.store.tables import Campaign, Candidate, Round


def create_campaign(session: Session, workspace_id: UUID, spec: CampaignSpec) -> Campaign:
    """Create a campaign."""


def patch_campaign(
    session: Session, workspace_id: UUID, campaign_id: UUID, version: int, changes: Mapping[str, Any]
) -> Campaign:
    """Change the specification by a JSON merge patch (RFC 7396); rounds that exist keep theirs.

    Args:
        version: the version that the caller read (If-Match).
        changes: the members to change; null brings a default back.

    Raises:
        PreconditionFailedError: if the campaign changed since.
        UnprocessableError: if the changed specification is not valid.
        ConflictError: if it is archived, or `domain` or `objectives` change although a round or a result exists.
    """


def archive_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """Close a campaign: it can be read, and nothing else. Archiving twice is one archive.

    Raises:
        ConflictError: if a round is being computed.
    """


def store_results(
    session: Session, workspace_id: UUID, campaign_id: UUID, upload: NewUpload, rows: Sequence[NewResult]
) -> StoredUpload:
    """Store parsed rows, link them to candidates, and give candidates and rounds the outcomes that follow.

    A row is linked by its `candidate_id` or, without one, to the newest candidate with the same object. A row whose
    `external_id` the campaign has already, also earlier in the same upload, is a duplicate.

    Raises:
        ConflictError: if the campaign is archived.
        UnprocessableError: if a `candidate_id` is not of this campaign.
    """


def start_round(session: Session, workspace_id: UUID, campaign_id: UUID) -> Round:
    """Queue the next round; a worker gets it when the transaction commits.

    Raises:
        ConflictError: if the campaign is archived or another round is being computed.
    """


def cancel_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Stop a round: at once while it is queued, within seconds while a worker has it.

    Raises:
        ConflictError: if it is not being computed.
    """


def retry_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Queue a failed or cancelled round again, with the same specification, data and seed.

    Raises:
        ConflictError: if it is neither, is not the newest, or the campaign is archived.
    """


def release_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Release the proposed and approved candidates to the lab; rejected ones stay behind.

    Raises:
        ConflictError: if the round has no batch, or nothing is left to release.
    """


def set_candidate_status(
    session: Session,
    workspace_id: UUID,
    candidate_id: UUID,
    version: int,
    decision: tuple[CandidateStatus, str | None],
) -> Candidate:
    """Approve, reject or withdraw a candidate, or take that back ("proposed").

    Args:
        version: the version that the caller read (If-Match).
        decision: the status and the reason; rejecting and withdrawing need a reason.

    Raises:
        PreconditionFailedError: if the candidate changed since.
        UnprocessableError: if the status is not one a person may set, or the reason is missing.
        ConflictError: if the candidate's present status does not allow it.
    """
