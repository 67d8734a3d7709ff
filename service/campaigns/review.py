"""What people decide about a batch before it is made: approve, reject, release.

Each is one transaction's work. Whatever is decided is written down for ever, with its reason and whose key it
was. A released batch is frozen.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.campaigns.lifecycle import DECISIONS, NEEDS_REASON, OF_A_DRAFT, check_candidate_move
from service.campaigns.locking import locked_candidate, locked_round
from service.campaigns.round_transitions import complete_if_settled, reopen, round_data
from service.errors import ConflictError, PreconditionFailedError, UnprocessableError
from service.outbox.events import emit
from service.outbox.pushes import notify_of_candidates, push_released
from service.store import candidates, reviews
from service.store import leases as lease_rows
from service.store.states import LIVE, NEW, CandidateStatus
from service.store.tables import Candidate, CandidateDecision, Round


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decided: a status, its reason, and whose key it was.

    With `analogues`, what is like the candidate is rejected as well: from `similarity` on, or from the
    domain's own.
    """

    status: CandidateStatus
    reason: str | None = None
    by: str | None = None
    analogues: bool = False
    similarity: float | None = None


class Decided(NamedTuple):
    """A candidate after a decision, and the analogues that it was about as well."""

    candidate: Candidate
    analogues: Sequence[Candidate]


def decide(
    session: Session, workspace_id: UUID, candidate_id: UUID, version: int, verdict: Verdict
) -> Decided:
    """Approve, reject or withdraw a candidate, or take that back ("proposed").

    `version` is the one that the caller read (If-Match).

    Raises:
        NotFoundError: if the workspace has no such candidate.
        PreconditionFailedError: if the candidate changed since.
        UnprocessableError: if the status is not one a person may set, or the reason is missing.
        ConflictError: if the candidate's present status does not allow it, its batch is released, or its
            place is taken.
    """
    _check(verdict)
    item = locked_candidate(session, workspace_id, candidate_id)
    if item.version != version:
        raise PreconditionFailedError("the candidate changed since it was read; read it again")
    row = lease_rows.get(session, Round, item.round_id)
    _check_allowed(session, item, row, verdict.status)
    if item.status == "rejected" and item.purpose in NEW:
        _check_is_alone(session, item)
    similarity = _least_similarity(row, verdict) if verdict.analogues else None
    analogues = [] if similarity is None else _analogues(session, item, row, similarity)
    _set(session, item, verdict, similarity=similarity)
    for other in analogues:
        _set(session, other, verdict, because_of=item.id)
    if verdict.status in LIVE:
        reopen(session, item.round_id, "a candidate waits again")
    complete_if_settled(session, item.round_id)
    for changed in (item, *analogues):
        session.refresh(changed)
    if verdict.status == "withdrawn":
        comment = f"withdrawn: {verdict.reason}"
        notify_of_candidates(session, item.campaign_id, {item.id: item.version}, "cancelled", comment)
    return Decided(item, analogues)


def release_round(
    session: Session, workspace_id: UUID, campaign_id: UUID, number: int, by: str | None = None
) -> Round:
    """Release the proposed and approved candidates to the lab and freeze the batch.

    Rejected ones stay behind.

    Raises:
        NotFoundError: if there is no such round.
        ConflictError: if the round has no batch, was released before, or nothing is left to release.
    """
    row = locked_round(session, workspace_id, campaign_id, number)
    check_not_released(row)
    if row.state != "awaiting_results":
        raise ConflictError(
            f"round {number} is {row.state}; only a batch that awaits results can be released"
        )
    ready = [item for item in candidates.of_round(session, row.id) if item.status in ("proposed", "approved")]
    if not ready:
        raise ConflictError(f"round {number} has no candidate left to release")
    for item in ready:
        _change(item, "released", item.status_reason)
    content = frozen(row, ready)
    reviews.save_release(session, row.id, content)
    row.released_at, row.released_by = func.now(), by
    row.batch_sha256 = hashlib.sha256(content).hexdigest()
    session.flush()
    session.refresh(row)
    released = {**round_data(row, "/release"), "n_candidates": len(ready), "batch_sha256": row.batch_sha256}
    emit(session, workspace_id, "batch.released", released)
    push_released(session, row, ready)
    return row


def frozen(row: Round, released: Sequence[Candidate]) -> bytes:
    """Return a released batch as canonical JSON: sorted keys, no blanks, UTF-8. Its SHA-256 names it."""
    document: dict[str, Any] = {
        "campaign_id": str(row.campaign_id),
        "round": row.number,
        "seed": row.seed,
        "data_digest": row.snapshot.get("digest"),
        "specification_sha256": hashlib.sha256(_canonical(row.spec)).hexdigest(),
        "candidates": [_frozen(item) for item in released],
    }
    return _canonical(document)


def check_not_released(row: Round) -> None:
    """Check that a batch may still be changed.

    Raises:
        ConflictError: if it went to the lab.
    """
    if row.released_at is not None:
        raise ConflictError(
            f"the batch of round {row.number} was released at {row.released_at.isoformat()} and is frozen; "
            f"a released "
            "candidate that nobody will make can be withdrawn"
        )


def _frozen(item: Candidate) -> dict[str, Any]:
    fields = {name: getattr(item, name) for name in ("rank", "object", "display", "columns", "purpose")}
    # a candidate without a route has none here either, so that its bytes are those of earlier releases
    route = {} if item.route is None else {"route": item.route}
    return {"id": str(item.id), **fields, **item.payload, **route}


def _canonical(document: Any) -> bytes:
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _check(verdict: Verdict) -> None:
    if verdict.status not in DECISIONS:
        detail = f"status must be one of {', '.join(sorted(DECISIONS))}"
        raise UnprocessableError(detail, [{"pointer": "/status", "detail": detail}])
    if verdict.status in NEEDS_REASON and not (verdict.reason and verdict.reason.strip()):
        detail = f"a candidate becomes {verdict.status} with a reason"
        raise UnprocessableError(detail, [{"pointer": "/reason", "detail": detail}])
    if verdict.similarity is not None and not verdict.analogues:
        detail = "similarity says which analogues are rejected: send analogues true with it"
        raise UnprocessableError(detail, [{"pointer": "/similarity", "detail": detail}])
    if verdict.analogues and verdict.status != "rejected":
        detail = "only a rejection is about analogues as well"
        raise UnprocessableError(detail, [{"pointer": "/analogues", "detail": detail}])


def _check_allowed(session: Session, item: Candidate, row: Round, status: CandidateStatus) -> None:
    if status in OF_A_DRAFT:
        check_not_released(row)
    check_candidate_move(item.status, status)
    taken = reviews.replacement(session, item.id) if status in LIVE else None
    if taken is not None:
        raise ConflictError(f"the candidate {taken.id} (rank {taken.rank}) has taken its place")


def _check_is_alone(session: Session, item: Candidate) -> None:
    if candidates.is_new_object_live(session, item.campaign_id, item.object):
        raise ConflictError("the same object is waiting for its outcome in another round")


def _least_similarity(row: Round, verdict: Verdict) -> float:
    own = open_domain(CampaignSpec.from_stored(row.spec).domain).cluster_similarity
    return own if verdict.similarity is None else verdict.similarity


def _analogues(session: Session, item: Candidate, row: Round, similarity: float) -> list[Candidate]:
    """Return the new candidates of a round that are still to be decided about and as similar as that."""
    others = [
        other
        for other in candidates.of_round(session, row.id)
        if other.id != item.id and other.status in ("proposed", "approved") and other.purpose in NEW
    ]
    if not others:
        return []
    domain = open_domain(CampaignSpec.from_stored(row.spec).domain)
    (likeness,) = domain.similarity([item.object], [other.object for other in others])
    return [other for other, value in zip(others, likeness, strict=True) if value >= similarity]


def _set(
    session: Session,
    item: Candidate,
    verdict: Verdict,
    *,
    similarity: float | None = None,
    because_of: UUID | None = None,
) -> None:
    """Change a status and write down who decided it."""
    _change(item, verdict.status, verdict.reason)
    fields = {
        "reason": verdict.reason,
        "similarity": similarity,
        "because_of": because_of,
        "decided_by": verdict.by,
    }
    session.add(CandidateDecision(candidate_id=item.id, status=verdict.status, **fields))


def _change(item: Candidate, status: CandidateStatus, reason: str | None) -> None:
    item.status, item.status_reason = status, reason
    item.version += 1
    item.updated_at = func.now()
