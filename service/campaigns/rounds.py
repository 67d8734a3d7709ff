"""What workers do with a round: claim it, tell its progress, finish it. Each function is one short transaction's work.

A claim gives a lease to one owner. Everything after it is a conditional UPDATE on that lease, so that a worker that was
given up for dead changes nothing when it comes back, and a task delivered twice does its work once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import History, Proposal, ProposedCandidate, Stage
from service.campaigns import events
from service.campaigns.history import load_history
from service.dispatch import ROUND_TASK, send_after_commit
from service.store import campaigns, rounds
from service.store.states import RUNNING
from service.store.tables import Candidate, Json, Round

Standing = Literal["held", "cancelled", "lost"]
"""A worker's hold on its round: still its own, asked to stop, or somebody else's by now."""


@dataclass(frozen=True, slots=True)
class ClaimedRound:
    """All that a worker needs; it holds no connection."""

    id: UUID
    number: int
    spec: CampaignSpec
    history: History
    seed: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a round, and for how long without a sign of life."""

    round_id: UUID
    owner: str
    seconds: float


def claim(session: Session, lease: Lease, versions: Mapping[str, str]) -> bool:
    """Take a queued round; False if it is not queued (any more): done, running elsewhere, or cancelled."""
    row = events.move(
        session,
        lease.round_id,
        ("queued",),
        state="fitting",
        message="reading results",
        attempt=Round.attempt + 1,
        lease_owner=lease.owner,
        started_at=func.coalesce(Round.started_at, func.clock_timestamp()),
        versions=dict(versions),
        **rounds.lease(lease.seconds),
    )
    return row is not None


def load(session: Session, lease: Lease) -> ClaimedRound:
    """Return what the claimed round is to be computed from.

    Raises:
        RuntimeError: if the data differs from what an earlier attempt of the same round saw.
        pydantic.ValidationError: if the specification is no longer valid, for instance without its domain.
    """
    row = rounds.get(session, lease.round_id)
    history = load_history(session, row)
    digest = history.digest()
    if row.snapshot.get("digest", digest) != digest:
        raise RuntimeError("the stored results changed since this round was first computed")
    rounds.move_leased(session, row.id, lease.owner, snapshot={**row.snapshot, "digest": digest})
    return ClaimedRound(
        id=row.id,
        number=row.number,
        spec=CampaignSpec.model_validate(row.spec),
        history=history,
        seed=row.seed,
        attempt=row.attempt,
    )


def heartbeat(session: Session, lease: Lease) -> Standing:
    """Renew the lease."""
    asked_to_cancel = rounds.extend_lease(session, lease.round_id, lease.owner, lease.seconds)
    if asked_to_cancel is None:
        return "lost"
    return "cancelled" if asked_to_cancel else "held"


def record_progress(session: Session, lease: Lease, stage: Stage, progress: float, message: str) -> Standing:
    """Record progress as the round's state and as an event, and renew the lease."""
    values = {"state": stage, "progress": min(max(progress, 0.0), 1.0), "message": message}
    row = rounds.move_leased(session, lease.round_id, lease.owner, **values, **rounds.lease(lease.seconds))
    if row is None:
        return "lost"
    rounds.append_event(session, row)
    return "cancelled" if row.cancel_requested else "held"


def finish(session: Session, lease: Lease, spec: CampaignSpec, proposal: Proposal) -> bool:
    """Store the batch, once; False if the lease was lost or the round was finished before.

    An empty batch completes the round: there is nothing to wait for, and the summary says why.
    """
    empty = not proposal.candidates
    row = _end(
        session,
        lease,
        state="completed" if empty else "awaiting_results",
        progress=1.0,
        message="no candidate found" if empty else f"{len(proposal.candidates)} candidates are ready",
        summary=dict(proposal.summary),
    )
    if row is None:
        return False
    session.add_all(_rows(row, open_domain(spec.domain), proposal.candidates))
    session.flush()
    return True


def fail(session: Session, lease: Lease, failure: Json) -> bool:
    """End a round with a problem (RFC 9457); False if the lease was lost."""
    return _end(session, lease, state="failed", message=str(failure["title"]), failure=failure) is not None


def cancel(session: Session, lease: Lease) -> bool:
    """End a round that somebody asked to cancel; False if the lease was lost."""
    return _end(session, lease, state="cancelled", message="cancelled") is not None


def give_back(session: Session, lease: Lease) -> bool:
    """Queue a round again because its worker shuts down; False if the lease was lost."""
    row = rounds.move_leased(session, lease.round_id, lease.owner, lease_until=func.clock_timestamp())
    if row is None:
        return False
    events.requeue(session, row.id, RUNNING, "its worker shuts down", attempt=Round.attempt - 1)
    send_after_commit(session, ROUND_TASK, row.id)
    return True


def requeue_lost(session: Session, resend_seconds: float, max_attempts: int) -> Sequence[UUID]:
    """Put rounds whose worker fell silent back into the queue, and send again what was queued long ago.

    A round that was asked to cancel ends as cancelled; one that lost `max_attempts` workers as failed. Returns the
    rounds that were changed or sent.
    """
    silent, waiting = rounds.expired(session), rounds.waiting(session, resend_seconds)
    for row in silent:
        _recover(session, row, max_attempts)
    for row in waiting:
        row.queued_at = func.clock_timestamp()
        send_after_commit(session, ROUND_TASK, row.id)
    session.flush()
    return [row.id for row in (*silent, *waiting)]


def _recover(session: Session, row: Round, max_attempts: int) -> None:
    end: dict[str, Any] = {"finished_at": func.clock_timestamp(), "lease_owner": None, "lease_until": None}
    if row.cancel_requested:
        events.move(session, row.id, RUNNING, state="cancelled", message="cancelled", **end)
    elif row.attempt >= max_attempts:
        failure = {
            "type": "about:blank",
            "title": "The worker was lost",
            "status": 500,
            "detail": f"{row.attempt} workers died or fell silent during this round; see their logs, or retry it",
        }
        events.move(session, row.id, RUNNING, state="failed", message=failure["title"], failure=failure, **end)
    else:
        events.requeue(session, row.id, RUNNING, "its worker was lost; waiting for another")
        send_after_commit(session, ROUND_TASK, row.id)


def computing_ids(session: Session) -> set[UUID]:
    """Return the rounds that may still need their checkpoint."""
    return rounds.computing_ids(session)


def _end(session: Session, lease: Lease, **values: Any) -> Round | None:
    """Move a held round to its end; the campaign is locked first, as commands do, so that nothing can deadlock."""
    campaigns.lock_by_id(session, rounds.get(session, lease.round_id).campaign_id)
    done = {"finished_at": func.clock_timestamp(), "lease_owner": None, "lease_until": None}
    row = rounds.move_leased(session, lease.round_id, lease.owner, **values, **done)
    if row is not None:
        rounds.append_event(session, row)
    return row


def _rows(row: Round, domain: Domain, chosen: Sequence[ProposedCandidate]) -> list[Candidate]:
    return [
        Candidate(
            campaign_id=row.campaign_id,
            round_id=row.id,
            rank=item.rank,
            object=item.object,
            display=domain.display(item.object),
            columns=domain.columns(item.object),
            purpose=item.purpose,
            payload=_payload(item),
        )
        for item in chosen
    ]


def _payload(item: ProposedCandidate) -> Json:
    """Return what explains the choice; a candidate that no policy drew has no condition."""
    fields = asdict(item)
    condition = {"beta": fields.pop("beta"), "preference": fields.pop("preference")}
    kept = {name: value for name, value in fields.items() if name not in ("rank", "object", "purpose")}
    return {"condition": None if item.beta is None else condition, **kept}
