"""What makes an object of the pool worth choosing: how near it is to the best, and how little is known of it.

The best is what the campaign's acquisition holds best, the same that the policy is rewarded for. Knows
utilities and trade-offs; not similarities or limits. Letters: N objects, M objectives, P trade-offs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch

from models.acquisition.contract import augmented_chebyshev

if TYPE_CHECKING:
    from torch import Tensor

    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool
    from models.rounds.sampling.evaluated import EvaluatedObjects

PREFERENCES = 32
CONCENTRATION = 1.5
TOLERANCE = 1e-9


@final
@dataclass(frozen=True, slots=True)
class ScoredPool:
    """The candidate pool with its scores for selection.

    `value`, `uncertainty` and `best_for` are [N], `trade_offs` [P, M]. `is_informative`: whether anything
    known tells the objects apart.
    """

    objects: EvaluatedObjects
    value: Tensor
    uncertainty: Tensor
    best_for: Tensor
    trade_offs: Tensor
    is_informative: bool

    @property
    def texts(self) -> list[str]:
        """The objects [N] as text."""
        return self.objects.texts

    def at(self, rows: Tensor) -> ScoredPool:
        """Return the objects in `rows`."""
        return replace(
            self,
            objects=self.objects.at(rows.tolist()),
            value=self.value[rows],
            uncertainty=self.uncertainty[rows],
            best_for=self.best_for[rows],
        )


def score_pool(pool: CandidatePool, fitted: RoundModel, seed: int) -> ScoredPool:
    """Return the pool with its worth by the campaign's acquisition.

    For trade-offs in which nothing promises an improvement, as in a space that is nearly exhausted,
    optimistic utilities tell the objects apart in its place. Where functions are sampled, an object counts by
    the function that holds it best: the best of each function are worth the same (batch Thompson sampling).
    """
    objects = pool.objects
    utilities = fitted.reward.optimistic_utilities(objects.objectives, objects.uncertainty_weight)
    preferences = _restrict_to_informative(preference_grid(utilities.shape[1], seed), utilities, fitted)
    optimistic = scalarised(utilities, preferences)
    values = fitted.reward.acquired(
        objects.texts, objects.objectives, objects.uncertainty_weight, preferences
    )
    n_functions = fitted.reward.n_functions
    optimistic = optimistic.repeat_interleave(n_functions, dim=1)
    near_best, which = relative_utility(torch.where(_is_informative(values), values, optimistic))
    return ScoredPool(
        objects,
        near_best * objects.worth,
        fitted.reward.utility_sd(objects.objectives).mean(dim=1) * objects.worth,
        which // n_functions,
        preferences,
        is_informative=bool(_is_informative(optimistic).any()),
    )


def preference_grid(n_objectives: int, seed: int) -> Tensor:
    """Return trade-offs [P, M] spread over the simplex, the even one first."""
    even = torch.full((1, n_objectives), 1.0 / n_objectives, dtype=torch.float64)
    if n_objectives == 1:
        return even
    shape = torch.full((PREFERENCES, n_objectives), CONCENTRATION, dtype=torch.float64)
    weights = torch._standard_gamma(shape, generator=torch.Generator().manual_seed(seed))  # noqa: SLF001 - as a Dirichlet
    return torch.cat([even, weights / weights.sum(dim=1, keepdim=True)])


def scalarised(utilities: Tensor, preferences: Tensor) -> Tensor:
    """Return the utilities [N, M] of objects made one for each trade-off [P, M]: [N, P]."""
    return augmented_chebyshev(utilities.unsqueeze(1), preferences.unsqueeze(0))


def relative_utility(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return how near each object [N] is to the best for its own best trade-off, and which [N] of P that is.

    For every trade-off, 1 is the greatest of the pool's values [N, P] and 0 their median, so that no
    trade-off outshines another.
    """
    best, middle = values.amax(dim=0), values.median(dim=0).values
    relative = torch.where(_is_informative(values), (values - middle) / (best - middle), 0.0)
    top, which = relative.clamp(0.0, 1.0).max(dim=1)
    return top, which


def _is_informative(values: Tensor) -> Tensor:
    """Return for which trade-offs [P] values [N, P] tell the best objects from the median one."""
    return values.amax(dim=0) - values.median(dim=0).values > TOLERANCE


def _restrict_to_informative(preferences: Tensor, utilities: Tensor, fitted: RoundModel) -> Tensor:
    """Return preferences [P, M] with weight only on objectives that tell objects apart.

    All even when none does.
    """
    n_values = fitted.model.proxies.n_values
    spec = fitted.model.spec
    types = [spec.types_of(item) for item in spec.objectives]
    known = torch.tensor([all(n_values[kind] > 0 for kind in kinds) for kinds in types])
    weights = preferences * (known & (utilities.amax(dim=0) - utilities.amin(dim=0) > TOLERANCE))
    total = weights.sum(dim=1, keepdim=True)
    return torch.where(total > 0, weights / total.clamp_min(TOLERANCE), 1.0 / preferences.shape[1])
