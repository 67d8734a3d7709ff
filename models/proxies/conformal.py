"""Intervals whose width is calibrated on held-out values instead of assumed Gaussian.

Cross-conformal: the score of a held-out value is its distance from the prediction in predictive deviations,
and the radius is the finite-sample quantile of the scores of all folds (Vovk, Ann. Math. Artif. Intell. 74,
2015; normalised scores: Papadopoulos et al., JAIR 40, 2011). The interval is centred on the proxy fitted to
all values, whose errors are slightly smaller than those of the folds. Coverage is only guaranteed for objects
exchangeable with the measured ones. A designed batch is not, which `models.proxies.intervals` corrects. Knows
no proxy and no domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.proxies.validation import HeldOut


def gaussian_radius(level: float) -> float:
    """Return how many deviations a central interval of a Gaussian reaches.

    Raises:
        ValueError: if the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError("level: must lie between 0 and 1")
    return float(torch.special.ndtri(torch.tensor((1 + level) / 2, dtype=torch.float64)))


def scores(held_out: HeldOut) -> tuple[Tensor, Tensor]:
    """Return the size of held-out residuals [n] in deviations, and which are only lower bounds [n].

    A value within a finite range counts with its farther end. A value bounded on one side is at least as far
    off as the nearer end, possibly at distance 0.
    """
    low, high = held_out.standard()
    farthest = torch.maximum(low.abs(), high.abs())
    nearest = torch.where((low <= 0) & (high >= 0), 0.0, torch.minimum(low.abs(), high.abs()))
    is_bound = farthest.isinf()
    return torch.where(is_bound, nearest, farthest), is_bound


def quantile(
    sizes: Tensor,
    is_bound: Tensor,
    level: float,
    weights: Tensor | None = None,
    *,
    own_weight: float = 1.0,
) -> float | None:
    """Return the ceil((n + 1) level)-th smallest of n scores, or None when n is too small.

    Censored scores (lower bounds) pass their weight on to larger ones (Kaplan & Meier, JASA 53, 1958). The
    new object's own weight lies at infinity, which for plain scores gives the rank above. Scores may have
    `weights` [n], as in conformal prediction under covariate shift (arXiv:1904.06019).
    """
    order = is_bound.to(torch.int8).argsort(stable=True)  # at a tie, known scores come first
    order = order[sizes[order].argsort(stable=True)]
    mass = (torch.ones(len(order)) if weights is None else weights[order]).double()
    at_risk = mass.flip(0).cumsum(dim=0).flip(0) + own_weight
    surviving = torch.where(is_bound[order], 1.0, 1.0 - mass / at_risk).cumprod(dim=0)
    reached = (1.0 - surviving >= level - 1e-12) & ~is_bound[order]
    return float(sizes[order][reached][0]) if bool(reached.any()) else None
