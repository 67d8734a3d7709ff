"""Likelihoods of interval-censored values, and moments of normal distributions given them.

All on a scale where numbers are of order one. Both tails are computed in logarithms, so a bound may lie
dozens of deviations from the mean. Knows no proxy and no assay.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

NARROW = 1e-3
"""Intervals of a smaller width (in deviations, times their distance) take the density at their middle."""
FARTHEST = 1e6
"""Deviations at which a bound counts as infinitely far, so that squares stay finite."""
STEPS_TO_STANDARDISE = 30
HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def _log_probability(lower: Tensor, upper: Tensor) -> Tensor:
    """Return log [Phi(upper) - Phi(lower)], reflected to the left of zero to keep precision."""
    is_right = lower + upper > 0
    low, high = torch.where(is_right, -upper, lower), torch.where(is_right, -lower, upper)
    above = torch.special.log_ndtr(high)
    gap = torch.special.log_ndtr(low) - above
    wide = above + torch.where(gap > -math.log(2), (-torch.expm1(gap)).log(), torch.log1p(-gap.exp()))
    middle, width = (low + high) / 2, high - low
    narrow = -0.5 * middle.square() - HALF_LOG_2_PI + width.clamp_min(torch.finfo(width.dtype).tiny).log()
    return torch.where(width * middle.abs().clamp_min(1.0) < NARROW, narrow, wide)


@final
class _LogProbability(torch.autograd.Function):
    """The log probability with an explicit gradient, because autograd gives NaN at infinite bounds."""

    @staticmethod
    def forward(ctx: Any, lower: Tensor, upper: Tensor) -> Tensor:
        value = _log_probability(lower, upper)
        ctx.save_for_backward(lower, upper, value)
        return value

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        lower, upper, value = ctx.saved_tensors
        at_lower, at_upper = (torch.exp(-0.5 * edge.square() - HALF_LOG_2_PI - value) for edge in (lower, upper))
        return -grads[0] * at_lower, grads[0] * at_upper


def log_interval(mean: Tensor, deviation: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Return the log probability [...] that a normal variable lies between two bounds, which may be infinite.

    All arguments broadcast; the gradient reaches `mean` and `deviation`, also from dozens of deviations away.
    """
    edges = []
    for edge in (lower, upper):
        closed = torch.where(edge.isinf(), 0.0, edge)
        standard = ((closed - mean) / deviation).double().clamp(-FARTHEST, FARTHEST)
        edges.append(torch.where(edge.isinf(), edge.double(), standard))
    value: Tensor = _LogProbability.apply(*edges)  # type: ignore[no-untyped-call] # torch leaves it untyped
    return value


def truncated_moments(mean: Tensor, deviation: Tensor, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance [...] of a normal variable known to lie between two bounds.

    The variance is bounded below by a small share of the untruncated one, so rounding in a far tail cannot
    make it negative.
    """
    low, high = (((edge - mean) / deviation).clamp(-FARTHEST, FARTHEST) for edge in (lower, upper))
    log_mass = _log_probability(low, high)
    at_low, at_high = (torch.exp(-0.5 * edge.square() - HALF_LOG_2_PI - log_mass) for edge in (low, high))
    shift = at_low - at_high
    shrink = 1 + low * at_low - high * at_high - shift.square()
    return mean + deviation * shift, deviation.square() * shrink.clamp(1e-8, 1.0)


def standardise(
    values: Tensor, lower: Tensor, upper: Tensor, prior_scale: tuple[float, float], least: int
) -> tuple[float, float]:
    """Return location and deviation of a sample [N] in which some values are interval-censored.

    Each cell has a value or bounds, NaN otherwise. The normal distribution's maximum likelihood by
    expectation maximisation (Dempster et al. 1977), started with every censored value at its bound; With
    fewer than `least` values, `prior_scale` replaces the deviation and nothing is iterated.
    """
    edges = torch.where(lower.isinf(), upper, torch.where(upper.isinf(), lower, (lower + upper) / 2))
    filled = torch.where(values.isnan(), edges, values)
    is_known = ~filled.isnan()
    filled, below, above = filled[is_known], lower[is_known], upper[is_known]
    if len(filled) == 0:
        return prior_scale
    location = filled.mean()
    scale = filled.std() if len(filled) >= least else filled.new_tensor(0.0)
    if not float(scale) > 0:
        return float(location), max(prior_scale[1], float(scale))
    is_exact = below.isnan()
    if int(is_exact.sum()) < least:
        return float(location), max(prior_scale[1], float(scale))
    for _ in range(STEPS_TO_STANDARDISE):
        moments = truncated_moments(location, scale, below[~is_exact], above[~is_exact])
        expected = filled.index_put((~is_exact,), moments[0])
        location = expected.mean()
        scale = (((expected - location).square().sum() + moments[1].sum()) / (len(filled) - 1)).sqrt()
    return float(location), float(scale)
