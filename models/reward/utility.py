"""Utilities of objectives by their ranges, for values and for Gaussian predictions.

Knows ranges and predictions of objectives, but no acquisition and no reward. Every utility is 0 for poor and
1 for the ideal; beyond the range it leaves 0-1 without clipping. Letters: N objects, M objectives, R known
values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from models.data.ranges import (
    check_log10_range,
    max_distance_to_target,
    objective_range,
    target_of,
    with_best,
)
from models.data.utility import Utility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.data.curves import Curve
    from models.proxies.contract import Posterior
    from models.specs.objectives import Objective, Transform

QUANTILES = (0.05, 0.95)
"""Quantiles of known values that a learned range spans, extended to the best of them."""


def fit_utility(
    objective: Objective, transform: Transform, reference: Tensor, usual: tuple[float, float] | None = None
) -> Utility:
    """Return the utility of an objective by its own range, else the `usual` one, else modelled values [R].

    Modelled values define the range by quantiles, extended to their best value.

    Raises:
        ValueError: if the range or target has no logarithm although the assay's values are modelled as log10.
    """
    check_log10_range(objective, transform)
    target = target_of(objective, transform)
    known = reference[reference.isfinite()]
    spanned = None
    if len(known):
        # torch's own quantile: numpy's differs in the last bit
        bulk = (float(known.quantile(QUANTILES[0])), float(known.quantile(QUANTILES[1])))
        spanned = with_best(bulk, (float(known.min()), float(known.max())), objective.direction)
    unknown = (-1.0, 1.0) if target is None else (target - 1.0, target + 1.0)
    return Utility.from_range(
        objective, transform, objective_range(objective, transform, spanned, usual, unknown)
    )


def gaussian_moments(utility: Utility, mean: Tensor, sd: Tensor) -> tuple[Tensor, Tensor]:
    """Return expectation and deviation [N] of a utility for Gaussian predictions [N] of the value.

    The distance to a target is folded normal (Leone et al., Technometrics 3, 1961).
    """
    if utility.curve:
        return _moments_along(utility.curve, mean, sd)
    if utility.target is None:
        return utility.of(mean), sd / (utility.high - utility.low)
    farthest = max_distance_to_target(utility.low, utility.high, utility.target)
    offset, spread = mean - utility.target, sd.clamp_min(1e-12)
    ratio = offset / spread
    tail = torch.erf(ratio / math.sqrt(2))
    distance = spread * math.sqrt(2 / math.pi) * torch.exp(-0.5 * ratio.square()) + offset * tail
    variance = (offset.square() + spread.square() - distance.square()).clamp_min(0.0)
    return 1 - distance / farthest, variance.sqrt() / farthest


def _moments_along(curve: Curve, mean: Tensor, sd: Tensor) -> tuple[Tensor, Tensor]:
    """Return expectation and deviation [N] of a curve of straight pieces, which is flat beyond its ends.

    Each piece is a line times the truncated Gaussian's moments (Jawitz, Adv. Water Resour. 27, 2004).
    """
    points = torch.tensor(curve, dtype=torch.float64)
    edges, worth = points.unbind(dim=1)  # [K]
    slopes = torch.zeros(len(edges) + 1, dtype=torch.float64)
    slopes[1:-1] = worth.diff() / edges.diff()
    spread = sd.clamp_min(1e-12).unsqueeze(-1)  # [N, 1]
    z = (edges - mean.unsqueeze(-1)) / spread  # [N, K]
    below, density = torch.special.ndtr(z), torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    zero, one = torch.zeros_like(below[:, :1]), torch.ones_like(below[:, :1])
    share = torch.cat([zero, below, one], dim=1).diff(dim=1)  # [N, K + 1]
    first = -spread * torch.cat([zero, density, zero], dim=1).diff(dim=1)
    tilted = torch.where(z.isfinite(), z * density, 0.0)
    second = spread.square() * (share - torch.cat([zero, tilted, zero], dim=1).diff(dim=1))
    starts = torch.cat([worth[:1], worth])  # desirability at the left end of each piece, or on a flat one
    left = torch.cat([edges[:1], edges])
    at_mean = starts + slopes * (mean.unsqueeze(-1) - left)  # [N, K + 1]: each line at the mean
    expected = (at_mean * share + slopes * first).sum(dim=1)
    square = (at_mean.square() * share + 2 * at_mean * slopes * first + slopes.square() * second).sum(dim=1)
    return expected, (square - expected.square()).clamp_min(0.0).sqrt()


def utility_moments(utilities: Sequence[Utility], objectives: Posterior) -> tuple[Tensor, Tensor]:
    """Return expectation and deviation [N, M] of every utility for predictions of the objectives."""
    columns = [
        gaussian_moments(item, objectives.mean[:, i], objectives.sd[:, i]) for i, item in enumerate(utilities)
    ]
    mean, sd = (torch.stack(part, dim=-1) for part in zip(*columns, strict=True))
    return mean, sd
