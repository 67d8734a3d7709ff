"""What users ask a campaign to do. Each command runs inside the caller's transaction and commits nothing.

Everything is looked up within a workspace: another workspace's id raises `NotFoundError`, like one that does
not exist. A command locks its campaign, so that commands on one campaign happen one after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import leases, results, round_transitions
from service.campaigns.history import take_snapshot
from service.campaigns.lifecycle import check_round_move
from service.campaigns.list_contents import check_references
from service.campaigns.locking import check_active, fresh, locked_campaign, locked_round
from service.campaigns.patching import patched, round_seed
from service.campaigns.quantities import check_units, in_read_units
from service.campaigns.rows import NewResult, NewUpload, StoredUpload
from service.campaigns.starts import check_start, freeze_start
from service.errors import ConflictError, PreconditionFailedError
from service.outbox.events import Data, emit
from service.store import rounds
from service.store.results import any_stored
from service.store.states import COMPUTING
from service.store.tables import Campaign, Round


def create_campaign(session: Session, workspace_id: UUID, spec: CampaignSpec) -> Campaign:
    """Create a campaign; bounds in other units than their values are stored in those of the values.

    Raises:
        UnprocessableError: if units of its specification are unknown or contradict each other, it begins
            from a campaign that is not there or builds other objects, or it names a collection that the
            workspace does not have.
    """
    check_units(spec)
    spec = in_read_units(spec)
    check_start(session, workspace_id, spec)
    check_references(session, workspace_id, spec)
    campaign = Campaign(workspace_id=workspace_id)
    _write_spec(campaign, spec)
    session.add(campaign)
    session.flush()
    session.refresh(campaign)
    return campaign


def patch_campaign(  # noqa: PLR0913 - each is one thing that the caller or its request says
    session: Session,
    workspace_id: UUID,
    campaign_id: UUID,
    version: int,
    changes: Mapping[str, Any],
    check: Callable[[Any], CampaignSpec] = CampaignSpec.model_validate,
    *,
    bound_to: UUID | None = None,
) -> Campaign:
    """Change the specification by a JSON merge patch (RFC 7396); rounds that exist keep theirs.

    `version` is the one that the caller read (If-Match). In `changes`, null brings a default back. `check`
    makes a specification of the merged document. `bound_to` is the only campaign that the caller may see.

    Raises:
        PreconditionFailedError: if the campaign changed since.
        UnprocessableError: if the changed specification is not valid, or names a collection that the
            workspace does not have.
        ConflictError: if it is archived, or `domain` or `objectives` change although a round or a result
            exists.
    """
    campaign = locked_campaign(session, workspace_id, campaign_id)
    if campaign.version != version:
        raise PreconditionFailedError("the campaign changed since it was read; read it again")
    check_active(campaign)
    stored = CampaignSpec.from_stored(campaign.spec)
    written = stored.model_dump(mode="json")  # fields that came since keep their old meaning
    spec = patched(written, changes, is_begun=_is_begun(session, campaign_id), check=check)
    if {"domain", "objectives", "constraints", "guardrails"} & changes.keys():
        check_units(spec, before=stored)
        spec = in_read_units(spec, before=stored)
    check_references(session, workspace_id, spec)
    if (spec.sampler.start_from, spec.domain.kind) != (stored.sampler.start_from, stored.domain.kind):
        check_start(session, workspace_id, spec, bound_to)
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
    closed: Data = {"campaign_id": campaign_id, "href": f"/v1/campaigns/{campaign_id}"}
    emit(session, workspace_id, "campaign.completed", closed)
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

    A row is linked by its `candidate_id` or, without one, to the newest candidate with the same object, one
    that waits for its outcome before others. A row whose `external_id` the campaign has already, also earlier
    in the same upload, is a duplicate. `reason` is that of rows that correct others.

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
        snapshot=take_snapshot(session, campaign_id)
        | freeze_start(session, campaign, CampaignSpec.from_stored(campaign.spec)),
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
        raise ConflictError(
            "only the newest round can be retried, when it failed or was cancelled; start a new one"
        )
    fresh = {"attempt": 0, "progress": 0.0, "cancel_requested": False, "failure": None, "finished_at": None}
    states = ("failed", "cancelled")
    changed = leases.requeue(
        session, round_transitions.ROUNDS, row.id, states, "waiting for a worker", **fresh
    )
    assert changed is not None, "the campaign is locked"
    leases.send(session, round_transitions.ROUNDS, changed)
    return changed


def _check_idle(session: Session, campaign_id: UUID) -> None:
    row = rounds.computing(session, campaign_id)
    if row is not None:
        raise ConflictError(f"round {row.number} is being computed ({row.state})")


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
