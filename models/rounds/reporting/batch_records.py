"""The last step of a round: every choice with its numbers in the campaign's units and one plain sentence.

Knows what was chosen and what was believed; decides nothing. Letters: N objects, G guardrails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.rounds.reporting.candidate_records import (
    NOT_SAMPLED,
    CandidateTable,
    build_candidates,
    candidate_table,
    even_preference,
)
from models.rounds.reporting.reasons import SelectionReason
from models.safety import guardrails

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
        aims = [_reason(choice, is_space_filling=batch.is_space_filling) for choice in batch.choices]
        candidates += build_candidates(candidate_table(chosen, aims, fitted, source, seed), fitted)
    if batch.repeats:
        candidates += build_candidates(_describe_remeasured(batch.repeats, fitted), fitted, len(candidates) + 1)
    return tuple(candidates)


def _reason(choice: SelectedCandidate, *, is_space_filling: bool) -> SelectionReason:
    return SelectionReason(choice.purpose, choice.trade_off, is_space_filling=is_space_filling)


def _describe_remeasured(repeats: Sequence[Remeasurement], fitted: RoundModel) -> CandidateTable:
    """Return what is told of objects that are measured again: no policy drew them; all trade-offs weigh the same."""
    texts = [item.object for item in repeats]
    model = fitted.model
    evaluation = model.evaluate(texts)
    columns = [torch.zeros(len(texts), 0, dtype=torch.float64)]
    columns += [
        guardrails.bound(model.proxies, rail, model.limits(rail), evaluation.features).unsqueeze(-1)
        for rail in model.spec.guardrails
    ]
    inside = model.applicability.is_inside(evaluation.nearest).tolist()
    return CandidateTable(
        texts,
        [SelectionReason(item.purpose, why=item.why) for item in repeats],
        [NOT_SAMPLED] * len(texts),
        evaluation.objectives,
        evaluation.feasibility,
        torch.cat(columns, dim=1),
        fitted.reward.value(texts, even_preference(len(texts), fitted)),
        [None] * len(texts) if model.applicability.threshold is None else inside,
    )
