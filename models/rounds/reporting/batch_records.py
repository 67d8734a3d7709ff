"""The last step of a round: every choice with its numbers in the campaign's units and one plain sentence.

Knows what was chosen and what was believed; decides nothing. Letters: N objects, G guardrails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.rounds.reporting.candidate_records import NOT_DRAWN, Told, even_preference, tell, told_of
from models.rounds.reporting.reasons import Aim
from models.safety import guardrails as guardrail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.records import ProposedCandidate
    from models.rounds.fitting.fit import Fitted
    from models.rounds.sampling.candidate_pool import Pool, Source
    from models.rounds.selecting.batch import Batch, Choice
    from models.rounds.selecting.replicates import Repeat


def explain(batch: Batch, pool: Pool, fitted: Fitted, source: Source, seed: int) -> tuple[ProposedCandidate, ...]:
    """Return the candidates in order of rank: the new ones, then what is measured again."""
    candidates: list[ProposedCandidate] = []
    if batch.choices:
        chosen = pool.at([choice.row for choice in batch.choices])
        aims = [_aim(choice, is_space_filling=batch.is_space_filling) for choice in batch.choices]
        candidates += tell(told_of(chosen, aims, fitted, source, seed), fitted)
    if batch.repeats:
        candidates += tell(_again(batch.repeats, fitted), fitted, len(candidates) + 1)
    return tuple(candidates)


def explain_spares(
    batch: Batch, pool: Pool, fitted: Fitted, source: Source, seed: int, first: int
) -> tuple[ProposedCandidate, ...]:
    """Return what is told of the spares, ranked from `first` in the order in which they would come."""
    if not batch.spares:
        return ()
    kept = pool.at([choice.row for choice in batch.spares])
    aims = [_aim(choice, is_space_filling=batch.is_space_filling) for choice in batch.spares]
    return tuple(tell(told_of(kept, aims, fitted, source, seed), fitted, first))


def _aim(choice: Choice, *, is_space_filling: bool) -> Aim:
    return Aim(choice.purpose, choice.trade_off, is_space_filling=is_space_filling)


def _again(repeats: Sequence[Repeat], fitted: Fitted) -> Told:
    """Return what is told of objects that are measured again: no policy drew them; all trade-offs weigh the same."""
    texts = [item.object for item in repeats]
    beliefs = fitted.beliefs
    assessed = beliefs.assess(texts)
    columns = [torch.zeros(len(texts), 0, dtype=torch.float64)]
    columns += [
        guardrail.bound(beliefs.proxies, rail, beliefs.limits(rail), assessed.features).unsqueeze(-1)
        for rail in beliefs.spec.guardrails
    ]
    inside = beliefs.applicability.is_inside(assessed.nearest).tolist()
    return Told(
        texts,
        [Aim(item.purpose, why=item.why) for item in repeats],
        [NOT_DRAWN] * len(texts),
        assessed.objectives,
        assessed.feasibility,
        torch.cat(columns, dim=1),
        fitted.reward.value(texts, even_preference(len(texts), fitted)),
        [None] * len(texts) if beliefs.applicability.threshold is None else inside,
    )
