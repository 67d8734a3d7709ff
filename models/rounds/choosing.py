"""The fourth step of a round: a diverse batch out of the pool, the best for every trade-off and some to learn from.

Knows utilities and similarities; not how the reasons are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.reward import augmented_chebyshev
from models.selection.greedy import Purpose, select

if TYPE_CHECKING:
    from torch import Tensor

    from models.decision_specs import BatchSpec
    from models.rounds.fitting import Fitted
    from models.rounds.sampling import Pool

PREFERENCES = 32
CONCENTRATION = 1.5
TOLERANCE = 1e-9
SHORT_LIST = (8, 1500)
"""Objects compared with each other: so many for each one to be chosen, and at most so many."""


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """One chosen row of the pool: what for, and the trade-off [M] that it serves best."""

    row: int
    purpose: Purpose
    trade_off: tuple[float, ...]


def _preferences(n_objectives: int, seed: int) -> Tensor:
    """Return trade-offs [P, M] spread over the simplex, the even one first."""
    even = torch.full((1, n_objectives), 1.0 / n_objectives, dtype=torch.float64)
    if n_objectives == 1:
        return even
    shape = torch.full((PREFERENCES, n_objectives), CONCENTRATION, dtype=torch.float64)
    weights = torch._standard_gamma(shape, generator=torch.Generator().manual_seed(seed))  # noqa: SLF001 - as a Dirichlet
    return torch.cat([even, weights / weights.sum(dim=1, keepdim=True)])


def worth(utilities: Tensor, preferences: Tensor) -> tuple[Tensor, Tensor]:
    """Return how near each object [N] is to the best for its own best trade-off, and which [N] of P that is.

    For every trade-off, 1 is the best of the pool and 0 its median, so that no trade-off outshines another.
    """
    values = augmented_chebyshev(utilities.unsqueeze(1), preferences.unsqueeze(0))  # [N, P]
    best, middle = values.amax(dim=0), values.median(dim=0).values
    relative = torch.where(best - middle > TOLERANCE, (values - middle) / (best - middle), 0.0)
    top, which = relative.clamp(0.0, 1.0).max(dim=1)
    return top, which


def _informed(preferences: Tensor, utilities: Tensor) -> Tensor:
    """Return preferences [P, M] with weight only on objectives that tell objects apart; all even when none does."""
    tells = utilities.amax(dim=0) - utilities.amin(dim=0) > TOLERANCE
    weights = preferences * tells
    total = weights.sum(dim=1, keepdim=True)
    return torch.where(total > 0, weights / total.clamp_min(TOLERANCE), 1.0 / preferences.shape[1])


def choose(pool: Pool, fitted: Fitted, batch: BatchSpec, seed: int) -> list[Choice]:
    """Return min(batch size, pool size) distinct choices, in order of rank.

    When nothing tells objects apart yet (no results, nothing computed), the batch fills the space instead.
    """
    if not pool.texts:
        return []
    utilities = fitted.reward.scores(pool.objectives)
    preferences = _informed(_preferences(utilities.shape[1], seed), utilities)
    near_best, which = worth(utilities, preferences)
    value = near_best * pool.feasibility
    unknown = fitted.reward.deviations(pool.objectives).mean(dim=1) * pool.feasibility
    rows = _short_list(value, unknown, batch)
    texts = [pool.texts[row] for row in rows.tolist()]
    similarity = torch.from_numpy(fitted.domain.similarity(texts, texts)).to(torch.float64)
    shares = (batch.diversity, batch.exploration) if bool(near_best.any()) else (1.0, 1.0)
    picks = select(value[rows], unknown[rows], similarity, batch.size, diversity=shares[0], exploration=shares[1])
    chosen = [(int(rows[pick.index]), pick.purpose) for pick in picks]
    return [Choice(row, purpose, tuple(preferences[which[row]].tolist())) for row, purpose in chosen]


def _short_list(value: Tensor, unknown: Tensor, batch: BatchSpec) -> Tensor:
    """Return the rows worth comparing: the most valuable, and as many of the least known as exploration asks for."""
    each, most = SHORT_LIST
    n = min(len(value), max(batch.size, min(most, each * batch.size)))
    n_unknown = round(batch.exploration * n)
    best = value.argsort(descending=True, stable=True)[: n - n_unknown]
    others = unknown.index_fill(0, best, -1.0).argsort(descending=True, stable=True)[:n_unknown]
    return torch.cat([best, others]).sort().values
