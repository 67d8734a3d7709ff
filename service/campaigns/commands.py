"""What users ask a campaign to do. Each command runs inside the caller's transaction and commits nothing.

Everything is looked up within a workspace: another workspace's id raises `NotFoundError`, like one that does not exist.
A command locks its campaign, so that commands on one campaign happen one after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import leases, results, round_transitions
from service.campaigns.history import take_snapshot
from service.campaigns.lifecycle import DECISIONS, NEEDS_REASON, check_candidate_move, check_round_move
from service.campaigns.locking import check_active, fresh, locked_campaign, locked_candidate, locked_round
from service.campaigns.patching import patched, round_seed
from service.campaigns.quantities import check_units
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.errors import ConflictError, PreconditionFailedError, UnprocessableError
from service.store import candidates, rounds
from service.store.results import any_stored
from service.store.states import COMPUTING, NEW, CandidateStatus
from service.store.tables import Campaign, Candidate, Round


def create_campaign(session: Session, workspace_id: UUID, spec: CampaignSpec) -> Campaign:
    """Create a campaign.

    Raises:
        UnprocessableError: if units of its specification are unknown, or contradict each other.
    """
    check_units(spec)
    campaign = Campaign(workspace_id=workspace_id)
    _write_spec(campaign, spec)
    session.add(campaign)
    session.flush()
    session.refresh(campaign)
    return campaign


def patch_campaign(
    session: Session,
    workspace_id: UUID,
    campaign_id: UUID,
    version: int,
    changes: Mapping[str, Any],
    check: Callable[[Any], CampaignSpec] = CampaignSpec.model_validate,
) -> Campaign:
    """Change the specification by a JSON merge patch (RFC 7396); rounds that exist keep theirs.

    `version` is the one that the caller read (If-Match). In `changes`, null brings a default back. `check` makes a
    specification of the merged document.

    Raises:
        PreconditionFailedError: if the campaign changed since.
        UnprocessableError: if the changed specification is not valid.
        ConflictError: if it is archived, or `domain` or `objectives` change although a round or a result exists.
    """
    campaign = locked_campaign(session, workspace_id, campaign_id)
    if campaign.version != version:
        raise PreconditionFailedError("the campaign changed since it was read; read it again")
    check_active(campaign)
    spec = patched(campaign.spec, changes, is_begun=_is_begun(session, campaign_id), check=check)
    if {"domain", "objectives", "constraints", "guardrails"} & changes.keys():
        check_units(spec, before=CampaignSpec.from_stored(campaign.spec))
    _write_spec(campaign, spec)
    return _touched(session, campaign)


def archive_campaign(session: Session, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """Close a campaign: it can be read, and nothing else. Archiving twice is one archive.

    Raises:
        ConflictError: if a round is being computed.
    """
    campaign = locked_campaign(session, workspace_id, campaign_id)
    if campaign.state == "archived":
        return campaign
    _check_idle(session, campaign_id)
    campaign.state = "archived"
    return _touched(session, campaign)


def store_results(
    session: Session,
    workspace_id: UUID,
    campaign_id: UUID,
    upload: NewUpload,
    rows: Sequence[NewResult],
    reason: str | None = None,
) -> StoredUpload:
    """Store parsed rows, link them to candidates, and give candidates and rounds the outcomes that follow.

    A row is linked by its `candidate_id` or, without one, to the newest candidate with the same object, one that waits
    for its outcome before others. A row whose
    `external_id` the campaign has already, also earlier in the same upload, is a duplicate. `reason` is that of rows
    that correct others.

    Raises:
        ConflictError: if the campaign is archived, or a row corrects a result that counts no more.
        UnprocessableError: if a `candidate_id` is not of this campaign.
    """
    campaign = locked_campaign(session, workspace_id, campaign_id)
    check_active(campaign)
    return results.store(session, campaign, upload, rows, reason or results.SENT_AGAIN)


def start_round(session: Session, workspace_id: UUID, campaign_id: UUID) -> Round:
    """Queue the next round; a worker gets it when the transaction commits.

    Raises:
        ConflictError: if the campaign is archived or another round is being computed.
    """
    campaign = locked_campaign(session, workspace_id, campaign_id)
    check_active(campaign)
    _check_idle(session, campaign_id)
    last = rounds.newest(session, campaign_id)
    number = last.number + 1 if last else 1
    row = Round(
        campaign_id=campaign_id,
        number=number,
        seed=round_seed(campaign.spec["seed"], number),
        spec=campaign.spec,
        snapshot=take_snapshot(session, campaign_id),
    )
    rounds.add(session, row)
    rounds.append_event(session, row)
    leases.send(session, round_transitions.ROUNDS, row)
    return row


def cancel_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Stop a round: at once while it is queued, within seconds while a worker has it.

    Raises:
        ConflictError: if it is not being computed.
    """
    row = locked_round(session, workspace_id, campaign_id, number)
    changed = leases.request_cancel(session, round_transitions.ROUNDS, row.id)
    if changed is None:
        check_round_move(number, fresh(session, row).state, "cancelled")
        raise ConflictError(f"round {number} changed at this moment; look again")
    return changed


def retry_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Queue a failed or cancelled round again, with the same specification, data and seed.

    Raises:
        ConflictError: if it is neither, is not the newest, or the campaign is archived.
    """
    row = locked_round(session, workspace_id, campaign_id, number)
    check_active(locked_campaign(session, workspace_id, campaign_id))
    check_round_move(number, row.state, "queued")
    newest = rounds.newest(session, campaign_id)
    if row.state in COMPUTING or newest is None or newest.number != number:
        raise ConflictError("only the newest round can be retried, when it failed or was cancelled; start a new one")
    fresh = {"attempt": 0, "progress": 0.0, "cancel_requested": False, "failure": None, "finished_at": None}
    states = ("failed", "cancelled")
    changed = leases.requeue(session, round_transitions.ROUNDS, row.id, states, "waiting for a worker", **fresh)
    assert changed is not None, "the campaign is locked"
    leases.send(session, round_transitions.ROUNDS, changed)
    return changed


def release_round(session: Session, workspace_id: UUID, campaign_id: UUID, number: int) -> Round:
    """Release the proposed and approved candidates to the lab; rejected ones stay behind.

    Raises:
        ConflictError: if the round has no batch, or nothing is left to release.
    """
    row = locked_round(session, workspace_id, campaign_id, number)
    if row.state != "awaiting_results":
        raise ConflictError(f"round {number} is {row.state}; only a batch that awaits results can be released")
    ready = [item for item in candidates.of_round(session, row.id) if item.status in ("proposed", "approved")]
    if not ready:
        raise ConflictError(f"round {number} has no candidate left to release")
    for item in ready:
        _set_status(item, "released", item.status_reason)
    row.released_at = func.now()
    session.flush()
    session.refresh(row)
    return row


def set_candidate_status(
    session: Session,
    workspace_id: UUID,
    candidate_id: UUID,
    version: int,
    decision: tuple[CandidateStatus, str | None],
) -> Candidate:
    """Approve, reject or withdraw a candidate, or take that back ("proposed").

    `version` is the one that the caller read (If-Match); `decision` is the status and its reason, which rejecting and
    withdrawing need.

    Raises:
        PreconditionFailedError: if the candidate changed since.
        UnprocessableError: if the status is not one a person may set, or the reason is missing.
        ConflictError: if the candidate's present status does not allow it.
    """
    status, reason = decision
    _check_decision(status, reason)
    item = locked_candidate(session, workspace_id, candidate_id)
    if item.version != version:
        raise PreconditionFailedError("the candidate changed since it was read; read it again")
    check_candidate_move(item.status, status)
    is_new = item.status == "rejected" and item.purpose in NEW
    if is_new and candidates.is_new_object_live(session, item.campaign_id, item.object):
        raise ConflictError("the same object is waiting for its outcome in another round")
    _set_status(item, status, reason)
    round_transitions.complete_if_settled(session, item.round_id)
    session.refresh(item)
    return item


def _check_idle(session: Session, campaign_id: UUID) -> None:
    row = rounds.computing(session, campaign_id)
    if row is not None:
        raise ConflictError(f"round {row.number} is being computed ({row.state})")


def _check_decision(status: CandidateStatus, reason: str | None) -> None:
    if status not in DECISIONS:
        detail = f"status must be one of {', '.join(sorted(DECISIONS))}"
        raise UnprocessableError(detail, [{"pointer": "/status", "detail": detail}])
    if status in NEEDS_REASON and not (reason and reason.strip()):
        detail = f"a candidate becomes {status} with a reason"
        raise UnprocessableError(detail, [{"pointer": "/reason", "detail": detail}])


def _is_begun(session: Session, campaign_id: UUID) -> bool:
    return rounds.newest(session, campaign_id) is not None or any_stored(session, campaign_id)


def _write_spec(campaign: Campaign, spec: CampaignSpec) -> None:
    campaign.spec = spec.model_dump(mode="json")
    campaign.name = spec.name
    campaign.domain_kind = spec.domain.kind


def _touched(session: Session, campaign: Campaign) -> Campaign:
    campaign.version += 1
    campaign.updated_at = func.now()
    session.flush()
    session.refresh(campaign)
    return campaign


def _set_status(item: Candidate, status: CandidateStatus, reason: str | None) -> None:
    item.status, item.status_reason = status, reason
    item.version += 1
    item.updated_at = func.now()
