"""Feasibility as a noisy OR: an object can be made when none of its parts causes a failure.

The probability of success is exp(-w0 - w·x) with weights w >= 0 for counts x of parts (Pearl, Probabilistic
Reasoning in Intelligent Systems, 1988, section 4.3): parts cause failures independently of each other.
Weights have an exponential prior, so few parts are blamed; the fit is convex. A part that occurs in no
successful object gets an additional weight, estimated from parts unique to one object. Knows feature rows,
but no meaning of a part. Letters: N objects, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from scipy.optimize import minimize  # type: ignore[import-untyped] # scipy publishes no types

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Floats = NDArray[np.float64]

PRIOR_RATE = 1.0
"""Rate of the exponential prior of a weight: the log-likelihood cost of one unit."""
MOST = 7.0
"""Largest weight: a part causes a failure with probability at most 1 - exp(-7)."""
LEAST = 1e-4
"""Smallest leak: any object may fail for no reason of its parts."""
MADE = 0.5
"""An object was made when at least this share of the attempts gave a result."""


@final
@dataclass(frozen=True, slots=True)
class NoisyOr:
    """The fitted model: the `leak` w0, `weights` [D], zero for features that are no counts, and `novelty`.

    `is_novel` [D] is 1 for counts that no successful object has.
    """

    leak: float
    weights: Tensor
    novelty: float
    is_novel: Tensor

    def probability(self, features: Tensor) -> Tensor:
        """Return the probability of success [N] for features [N, D]."""
        counts = features.clamp_min(0.0)
        suspicion = self.novelty * ((counts > 0).to(features) @ self.is_novel.to(features))
        return torch.exp(-self.leak - counts @ self.weights.to(features) - suspicion)


def fit_noisy_or(features: Tensor, outcomes: Tensor) -> NoisyOr:
    """Return the model of outcomes [N] in 0-1 (1: it could be made) for features [N, D].

    A feature that is negative anywhere is no count and is left out.
    """
    x = features.double().cpu().numpy()
    success = outcomes.double().cpu().numpy()
    is_count = x.min(axis=0) >= 0
    used = np.flatnonzero(is_count & (x.max(axis=0) > 0))
    held = x[:, used] > 0
    made = held & (success >= MADE)[:, None]
    n_made = made.sum(axis=0)
    others_made = n_made - made  # number of other successful objects that hold a part
    novel = (held & (others_made == 0)).sum(axis=1, keepdims=True)
    counts = np.concatenate([x[:, used], novel], axis=1)
    # novelty is fitted alone: beside single parts, every failure could be explained away
    novelty = float(_solve(novel, success, np.zeros(1), np.full(1, MOST))[-1])
    least = np.append(np.zeros(len(used)), novelty)
    leak, *weights = _solve(counts, success, least, np.append(np.full(len(used), MOST), novelty)).tolist()
    every, is_novel = np.zeros(x.shape[1]), is_count.astype(np.float64)
    every[used], is_novel[used] = weights[:-1], n_made == 0
    return NoisyOr(leak, torch.from_numpy(every), novelty, torch.from_numpy(is_novel))


def _solve(counts: Floats, success: Floats, least: Floats, most: Floats) -> Floats:
    """Return the leak and all column weights, within `least` and `most`; the last has no prior cost."""
    rate = np.full(counts.shape[1], PRIOR_RATE)
    rate[-1] = 0.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        risk = parameters[0] + counts @ parameters[1:]  # [N]
        failure = -np.expm1(-risk)
        value = success @ risk - (1 - success) @ np.log(failure) + rate @ parameters[1:]
        slope = success - (1 - success) * np.exp(-risk) / failure  # [N]
        return float(value), np.concatenate([[slope.sum()], slope @ counts + rate])

    bounds = [(LEAST, MOST), *zip(least, most, strict=True)]
    start = np.append(1e-2, np.clip(1e-2, least, most))
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    return np.asarray(result.x)
