"""Empirical intervals in the feature space of a network, after feature CP (arXiv:2210.00173).

The score of a held-out value is the distance that the hidden values of its object must move until the network
predicts the observation. An interval is the range of predictions within the calibrated distance, so it is
wide where the network is steep. Both are relative to the chosen proxy, so the interval contains the displayed
prediction.

The paper's guarantee does not carry over, not even for exchangeable objects. Its outer linear bounds of the
band are replaced by paths of steepest ascent, which stay inside the band and may give too narrow an interval.
Its smallest distance is replaced by the L2 length of a Gauss-Newton path, which may be too long and give
too wide a one. Coverage is what the rounds' calibration measures. Letters: N objects, K members, C hidden.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from models.proxies.conformal import quantile

if TYPE_CHECKING:
    from torch import Tensor

    from models.proxies.validation import Fold, HasEmbedding

STEPS = 20
TOLERANCE = 1e-6
LEAST_SLOPE = 1e-12


def _slope(network: HasEmbedding, hidden: Tensor, column: int) -> tuple[Tensor, Tensor]:
    """Return predictions [N] of one type and their gradient [K, N, C]."""
    with torch.enable_grad():
        at = hidden.detach().requires_grad_()
        mean = network.predict_from_embedding(at)[:, column]
        (gradient,) = torch.autograd.grad(mean.sum(), at)
    return mean.detach(), gradient


def _length(vectors: Tensor) -> Tensor:
    return vectors.double().square().sum(dim=(0, 2)).sqrt()


def distances(network: HasEmbedding, features: Tensor, column: int, change: Tensor) -> Tensor:
    """Return the distance [N] that hidden values must move until predictions change by given amounts [N].

    Gauss-Newton steps along the gradient; infinite where no such change is reachable.
    """
    start = network.embed(features)
    at, target = start, network.predict_from_embedding(start)[:, column].detach() + change
    for _ in range(STEPS):
        mean, gradient = _slope(network, at, column)
        rate = (target - mean) / _length(gradient).square().clamp_min(LEAST_SLOPE)
        at = at + rate.to(at)[:, None] * gradient
    missed = (
        network.predict_from_embedding(at)[:, column].detach() - target
    ).abs() > 0.01 * change.abs() + TOLERANCE
    return _length(at - start).masked_fill(missed, torch.inf)


def reach(network: HasEmbedding, features: Tensor, column: int, distance: float) -> tuple[Tensor, Tensor]:
    """Return the lowest and highest change of predictions [N] within a distance of the hidden values."""
    start = network.embed(features)
    origin = network.predict_from_embedding(start)[:, column].detach()
    ends = []
    for sign in (-1.0, 1.0):
        at = start
        for _ in range(STEPS):
            _, gradient = _slope(network, at, column)
            unit = gradient / _length(gradient).clamp_min(LEAST_SLOPE).to(gradient)[:, None]
            at = start + sign * distance * unit
        ends.append(network.predict_from_embedding(at)[:, column].detach() - origin)
    return ends[0].clamp_max(0.0), ends[1].clamp_min(0.0)


def radius(folds: tuple[Fold, ...], changes: Tensor, level: float) -> float | None:
    """Return the calibrated distance, or None when values are too few or too far off for the level.

    Args:
        folds: networks that were fitted without the values.
        changes: held-out value less prediction [n]; NaN where the value is censored, which is excluded.
        level: of the interval.
    """
    sizes = []
    for fold in folds:
        change = changes[fold.places]
        seen = ~change.isnan()
        sizes.append(distances(fold.network, fold.features[seen], fold.column, change[seen]))
    result = torch.cat(sizes)
    answer = quantile(result, torch.zeros_like(result, dtype=torch.bool), level)
    return answer if answer is not None and math.isfinite(answer) else None
