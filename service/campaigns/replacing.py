"""The next best object in the place of a candidate that was given up, within the limits of its batch."""

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.batch_limits import broken_limits
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from service.campaigns.lifecycle import GIVEN_UP
from service.campaigns.locking import check_active, locked_campaign, locked_candidate
from service.campaigns.review import check_not_released
from service.campaigns.round_transitions import reopen
from service.errors import ConflictError
from service.store import candidates, results, reviews
from service.store import leases as lease_rows
from service.store.states import NEW
from service.store.tables import Candidate, CandidateDecision, Reserve, Round

_SHOWN = 3


def replace_candidate(
    session: Session, workspace_id: UUID, candidate_id: UUID, by: str | None = None
) -> Candidate:
    """Replace a rejected or withdrawn candidate by the next best of the round's reserves, and return it.

    A reserve is passed over that was proposed or measured meanwhile, that is like a candidate rejected with
    its analogues, or with which the batch would break its limits.

    Raises:
        NotFoundError: if the workspace has no such candidate.
        ConflictError: if the candidate was not given up, its place is taken, the batch is released, or no
            reserve fits.
    """
    item = locked_candidate(session, workspace_id, candidate_id)
    check_active(locked_campaign(session, workspace_id, item.campaign_id))
    row = lease_rows.get(session, Round, item.round_id)
    check_not_released(row)
    _check_is_free(session, item)
    batch = candidates.of_round(session, row.id)
    reserve = _next_best(session, row, batch)
    taken = _candidate(reserve, item, max(other.rank for other in batch) + 1)
    session.add(taken)
    session.flush()
    reason = f"takes the place of rank {item.rank}"
    session.add(
        CandidateDecision(
            candidate_id=taken.id, status="proposed", reason=reason, because_of=item.id, decided_by=by
        )
    )
    reopen(session, row.id, "a candidate took the place of another")
    session.refresh(taken)
    return taken


def _check_is_free(session: Session, item: Candidate) -> None:
    if item.status not in GIVEN_UP:
        raise ConflictError(f"the candidate is {item.status}; reject or withdraw it first, with a reason")
    if item.purpose not in NEW:
        raise ConflictError(f"the candidate is a {item.purpose}: only a new object has a next best")
    taken = reviews.replacement(session, item.id)
    if taken is not None:
        raise ConflictError(f"the candidate {taken.id} (rank {taken.rank}) has taken its place already")


def _next_best(session: Session, row: Round, batch: Sequence[Candidate]) -> Reserve:
    spec = CampaignSpec.from_stored(row.spec)
    reserves = reviews.unused_reserves(session, row.id)
    against = _objections(session, row, spec, batch, reserves)
    passed_over: Counter[str] = Counter()
    for reserve in reserves:
        reason = next((why for objection in against if (why := objection(reserve))), None)
        if reason is None:
            return reserve
        passed_over[reason] += 1
    reasons = "; ".join(f"{n} not: {why}" for why, n in passed_over.most_common(_SHOWN))
    raise ConflictError(f"no reserve of round {row.number} can take the place ({reasons or 'all are used'})")


def _objections(
    session: Session, row: Round, spec: CampaignSpec, batch: Sequence[Candidate], reserves: Sequence[Reserve]
) -> tuple[Callable[[Reserve], str | None], ...]:
    """Return what may speak against a reserve, the cheap questions first."""
    domain = open_domain(spec.domain)
    objects = {reserve.object for reserve in reserves}
    proposed = candidates.newest_by_object(session, row.campaign_id, objects)
    measured = {text for (text,) in results.about(session, row.campaign_id, objects, ("object",))}
    disliked = reviews.rejected_with_analogues(session, row.id)
    kept = [item for item in batch if item.status not in GIVEN_UP]
    return (
        lambda reserve: "it was proposed in another round" if reserve.object in proposed else None,
        lambda reserve: "it was measured meanwhile" if reserve.object in measured else None,
        lambda reserve: _likeness(reserve, disliked, domain),
        lambda reserve: _broken(reserve, kept, spec, domain),
    )


def _likeness(reserve: Reserve, disliked: Sequence[tuple[str, float]], domain: Domain) -> str | None:
    if not disliked:
        return None
    (likeness,) = domain.similarity([reserve.object], [text for text, _ in disliked])
    is_alike = any(value >= least for value, (_, least) in zip(likeness, disliked, strict=True))
    return "it is like one that was rejected with its analogues" if is_alike else None


def _broken(reserve: Reserve, kept: Sequence[Candidate], spec: CampaignSpec, domain: Domain) -> str | None:
    new = [item for item in kept if item.purpose in NEW]
    controls = [item.object for item in kept if item.purpose == "control"]
    broken = broken_limits(spec.batch, domain, [*(item.object for item in new), reserve.object], controls)
    share = spec.applicability.outside_share
    if share is not None:
        payloads = [item.payload for item in new] + [reserve.payload]
        n_outside = sum(payload.get("in_domain") is False for payload in payloads)
        most = round(share * spec.batch.size)
        broken += [f"{n_outside} would lie outside the applicability domain, more than {most}"][
            : n_outside > most
        ]
    return "; ".join(broken) or None


def _candidate(reserve: Reserve, given_up: Candidate, rank: int) -> Candidate:
    fields = {
        name: getattr(reserve, name) for name in ("id", "round_id", "object", "display", "columns", "purpose")
    }
    # The clock's time and not the transaction's, which may have begun before that of a round that started
    # meanwhile.
    return Candidate(
        campaign_id=given_up.campaign_id,
        rank=rank,
        payload=reserve.payload,
        route=reserve.route,
        replaces=given_up.id,
        created_at=func.clock_timestamp(),
        **fields,
    )
