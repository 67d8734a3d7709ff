"""What workers do with a round: claim it, load its data, store its batch, each in one short transaction.

What is alike in all leased work (progress, failing, giving back) is in `leases`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import History, Proposal, ProposedCandidate
from service.campaigns import leases
from service.campaigns.history import load_history
from service.campaigns.leases import Lease
from service.campaigns.payloads import identity, payload
from service.campaigns.round_transitions import ROUNDS, round_data, workspace_of
from service.campaigns.starts import RoundStart, load_start
from service.outbox.events import emit
from service.store import artefacts
from service.store import leases as lease_rows
from service.store.tables import Candidate, Reserve, Round


@dataclass(frozen=True, slots=True)
class ClaimedRound:
    """All that a worker needs; it holds no connection."""

    id: UUID
    number: int
    spec: CampaignSpec
    history: History
    seed: int
    attempt: int
    start: RoundStart | None


def lease_of(round_id: UUID, owner: str, seconds: float) -> Lease[Round]:
    """Return the lease that an owner wants of a round."""
    return Lease(ROUNDS, round_id, owner, seconds)


def claim(session: Session, lease: Lease[Round], versions: Mapping[str, str]) -> bool:
    """Take a queued round; False if it is not queued (any more): done, running elsewhere, or cancelled."""
    return leases.claim(session, lease, versions, state="fitting", message="reading results")


def load(session: Session, lease: Lease[Round]) -> ClaimedRound:
    """Return what the claimed round is to be computed from.

    Raises:
        RuntimeError: if the data differs from what an earlier attempt of the same round saw.
        pydantic.ValidationError: if the specification is no longer valid, for instance without its domain.
    """
    row = lease_rows.get(session, Round, lease.item_id)
    history = load_history(session, row)
    digest = history.digest()
    if row.snapshot.get("digest", digest) != digest:
        raise RuntimeError("the stored results changed since this round was first computed")
    leases.change(session, lease, snapshot={**row.snapshot, "digest": digest})
    return ClaimedRound(
        id=row.id,
        number=row.number,
        spec=CampaignSpec.from_stored(row.spec),
        history=history,
        seed=row.seed,
        attempt=row.attempt,
        start=load_start(session, row),
    )


def finish(session: Session, lease: Lease[Round], spec: CampaignSpec, proposal: Proposal) -> bool:
    """Store the batch, its reserves and what was trained, once.

    False if the lease was lost or it was finished before.
    An empty batch completes the round: there is nothing to wait for, and the summary says why.
    """
    empty = not proposal.candidates
    row = leases.finish(
        session,
        lease,
        state="completed" if empty else "awaiting_results",
        progress=1.0,
        message="no candidate found" if empty else f"{len(proposal.candidates)} candidates are ready",
        summary=dict(proposal.summary),
    )
    if row is None:
        return False
    domain = open_domain(spec.domain)
    owner = {"campaign_id": row.campaign_id, "round_id": row.id}
    session.add_all(Candidate(**owner, **_columns(item, domain)) for item in proposal.candidates)
    session.add_all(Reserve(round_id=row.id, **_columns(item, domain)) for item in proposal.reserves)
    if proposal.artefact is not None:
        artefacts.save(session, row.id, proposal.artefact)
    ready = {**round_data(row, "/batch"), "n_candidates": len(proposal.candidates)}
    emit(session, workspace_of(session, row), "batch.ready", ready)
    session.flush()
    return True


def _columns(item: ProposedCandidate, domain: Domain) -> dict[str, Any]:
    """Return what a table keeps of a proposed object."""
    return {**identity(item, domain), "payload": payload(item, domain)}
