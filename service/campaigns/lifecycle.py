"""Which states a round and a candidate may move through, as data and pure functions. Knows no SQL and no queue.

    queued -> fitting -> training -> sampling -> selecting -> awaiting_results -> completed

A stage may be left out. A computing round may also fail, be cancelled, or be queued again when its worker is lost; a
failed or cancelled one is queued again by a retry. A completed one awaits results again when a candidate takes the
place of one that was given up, a rejection is taken back, or results of a candidate are corrected or withdrawn.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from models.records import OBJECT_FAILURES
from service.errors import ConflictError
from service.store.states import COMPUTING, RUNNING, CandidateStatus, RoundState

_ENDS: frozenset[RoundState] = frozenset({"awaiting_results", "completed", "failed", "cancelled"})

ROUND_MOVES: Mapping[RoundState, AbstractSet[RoundState]] = {
    "queued": {"fitting", "failed", "cancelled"},
    **{stage: {"queued", *RUNNING[index:], *_ENDS} for index, stage in enumerate(RUNNING)},
    "awaiting_results": {"completed"},
    "completed": {"awaiting_results"},
    "failed": {"queued"},
    "cancelled": {"queued"},
}
"""From each state, the states that may follow; a stage may be left out (a cold start fits nothing)."""

CANDIDATE_MOVES: Mapping[CandidateStatus, AbstractSet[CandidateStatus]] = {
    "proposed": {"approved", "rejected", "withdrawn", "released", "measured", "failed"},
    "approved": {"proposed", "rejected", "withdrawn", "released", "measured", "failed"},
    "released": {"withdrawn", "measured", "failed"},
    "rejected": {"proposed", "approved", "measured", "failed"},
    "withdrawn": {"measured", "failed"},
    "failed": {"measured"},
    "measured": {"failed"},
}
SETTLED: frozenset[CandidateStatus] = frozenset({"measured", "failed"})
"""What results made of a candidate: it waits again when those that did are corrected or withdrawn."""
DECISIONS: frozenset[CandidateStatus] = frozenset({"proposed", "approved", "rejected", "withdrawn"})
"""The statuses that a person may set; the others follow from a release or from results."""
OF_A_DRAFT: frozenset[CandidateStatus] = frozenset({"proposed", "approved", "rejected"})
"""Those of the decisions that are about what to release: afterwards nothing changes that any more."""
GIVEN_UP: frozenset[CandidateStatus] = frozenset({"rejected", "withdrawn"})
"""Nobody will make it: another may take its place."""
NEEDS_REASON: frozenset[CandidateStatus] = frozenset({"rejected", "withdrawn"})


def is_computing(state: str) -> bool:
    """Tell whether a worker has or will have this round; the next round must wait until it ends."""
    return state in COMPUTING


def check_round_move(number: int, state: RoundState, to: RoundState) -> None:
    """Check that a round may move.

    Raises:
        ConflictError: if it may not.
    """
    if to not in ROUND_MOVES[state]:
        raise ConflictError(f"round {number} is {state} and cannot become {to}")


def check_candidate_move(status: CandidateStatus, to: CandidateStatus) -> None:
    """Check that a candidate may move.

    Raises:
        ConflictError: if it may not.
    """
    if to not in CANDIDATE_MOVES[status]:
        raise ConflictError(f"the candidate is {status} and cannot become {to}")


def outcome_of(results: Iterable[tuple[str, str]], needed: AbstractSet[str]) -> CandidateStatus | None:
    """Return the status that results give to a candidate, or None while something is missing.

    Args:
        results: the candidate's (assay type, outcome) pairs.
        needed: the assay types of the measured objectives; when empty, any result settles the candidate.
    """
    seen: dict[str, set[str]] = {}
    for kind, outcome in results:
        seen.setdefault(kind, set()).add(outcome)
    outcomes = set().union(*seen.values())
    settled = bool(seen) and needed <= seen.keys()
    wanted = set().union(*(seen[kind] for kind in needed)) if settled and needed else outcomes
    if settled and "ok" in wanted:
        return "measured"
    if settled or outcomes & OBJECT_FAILURES:
        return "failed"
    return None
