"""Joint normal posterior of several interval-censored values, by expectation propagation.

The probability of a box under a joint normal distribution is approximated by one normal site per value, whose
moments match those of the truncated marginals (Cunningham, Hennig & Lacoste-Julien, arXiv:1111.6832;
Rasmussen & Williams 2006, section 3.6; for Gaussian processes with a Tobit likelihood: Groot & Lucas 2012).
All sites are updated in parallel and damped, so the result does not depend on their order. Knows no kernel:
only a mean and a covariance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.proxies.censoring import truncated_moments

if TYPE_CHECKING:
    from torch import Tensor

ITERATIONS = 100
STEP = 0.8
"""Share of each update that is taken; full steps of all sites at once may oscillate."""
TOLERANCE = 1e-6
"""Change of every moment, in deviations of its marginal, at which the sites have converged."""
LEAST_PRECISION = 1e-8
"""Precision of a site with an uninformative interval: a very vague observation."""


def _posterior(mean: Tensor, covariance: Tensor, precision: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and variances [n] of the joint normal distribution times all sites."""
    root = precision.sqrt()
    inner = torch.eye(len(mean), dtype=mean.dtype, device=mean.device) + root[:, None] * covariance * root
    half = torch.linalg.solve_triangular(torch.linalg.cholesky(inner), root[:, None] * covariance, upper=False)
    pull = shift - precision * mean
    moved = mean + covariance @ pull - half.T @ (half @ pull)
    return moved, (covariance.diagonal() - half.square().sum(dim=0)).clamp_min(1e-12)


@torch.no_grad()
def interval_sites(mean: Tensor, covariance: Tensor, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Return values and variances [n] of the normal observations that stand for the intervals.

    `mean` [n] and `covariance` [n, n] are of the quantities that lie within `lower` and `upper` [n];
    conditioning on the returned observations gives the approximate posterior given the intervals.
    Deterministic; both moments are exact for a single value.
    """
    precision = torch.full_like(mean, LEAST_PRECISION)
    shift = precision * mean
    for _ in range(ITERATIONS):
        at, variance = _posterior(mean, covariance, precision, shift)
        others = 1 / (1 / variance - precision).clamp_min(LEAST_PRECISION)
        center = others * (at / variance - shift)
        target, spread = truncated_moments(center, others.sqrt(), lower, upper)
        sharper = (1 / spread - 1 / others).clamp_min(LEAST_PRECISION)
        precision = precision + STEP * (sharper - precision)
        shift = shift + STEP * (sharper * center + (target - center) / spread - shift)
        moved = torch.maximum((target - at).abs() / variance.sqrt(), (spread / variance - 1).abs())
        if float(moved.max()) < TOLERANCE:
            break
    return shift / precision, 1 / precision
