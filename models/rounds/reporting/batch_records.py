"""The last step of a round: every choice with its numbers in the campaign's units and the reason.

Knows what was chosen and what was believed; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.rounds.reporting.candidate_records import (
    NOT_SAMPLED,
    CandidateTable,
    build_candidates,
    candidate_table,
    even_preference,
)
from models.rounds.reporting.reasons import SelectionReason
from models.rounds.sampling.evaluated import evaluate_objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.records import ProposedCandidate
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool, TrainedSampler
    from models.rounds.selecting.batch import Batch, SelectedCandidate
    from models.rounds.selecting.replicates import Remeasurement


def describe_batch(
    batch: Batch, pool: CandidatePool, fitted: RoundModel, source: TrainedSampler, seed: int
) -> tuple[ProposedCandidate, ...]:
    """Return the candidates in order of rank: the new ones, then what is measured again."""
    candidates: list[ProposedCandidate] = []
    if batch.choices:
        chosen = pool.at([choice.row for choice in batch.choices])
        reasons = [_reason(choice, is_space_filling=batch.is_space_filling) for choice in batch.choices]
        candidates += build_candidates(candidate_table(chosen, reasons, fitted, source, seed), fitted)
    if batch.repeats:
        candidates += build_candidates(
            _describe_remeasured(batch.repeats, fitted), fitted, len(candidates) + 1
        )
    return tuple(candidates)


def describe_reserves(
    batch: Batch, pool: CandidatePool, fitted: RoundModel, source: TrainedSampler, seed: int
) -> tuple[ProposedCandidate, ...]:
    """Return the records of the reserves, ranked behind the batch in the order in which they would come."""
    if not batch.reserves:
        return ()
    first = len(batch.choices) + len(batch.repeats) + 1
    kept = pool.at([choice.row for choice in batch.reserves])
    reasons = [_reason(choice, is_space_filling=batch.is_space_filling) for choice in batch.reserves]
    return tuple(build_candidates(candidate_table(kept, reasons, fitted, source, seed), fitted, first))


def _reason(choice: SelectedCandidate, *, is_space_filling: bool) -> SelectionReason:
    return SelectionReason(choice.purpose, choice.trade_off, is_space_filling=is_space_filling)


def _describe_remeasured(repeats: Sequence[Remeasurement], fitted: RoundModel) -> CandidateTable:
    """Return what is told of objects that are measured again: no policy drew them.

    All trade-offs weigh the same.
    """
    objects, _ = evaluate_objects(fitted.model, [item.object for item in repeats])
    return CandidateTable(
        objects,
        [SelectionReason(item.purpose, why=item.why) for item in repeats],
        [NOT_SAMPLED] * len(objects),
        fitted.reward.value(objects.texts, even_preference(len(objects), fitted)),
    )
