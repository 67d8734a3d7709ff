"""Expected improvement of the scalarised utility over the best incumbent for the same preference.

The incumbents' utilities are what the proxies expect of them, not single noisy measurements (plug-in
improvement, Picheny et al., Structural and Multidisciplinary Optimization 48, 2013), and a missing incumbent
counts as 0, which is poor. Exact for a weighted sum and for one objective. An augmented Chebyshev value of
Gaussian utilities has no closed form. The direction in which all utilities rise together is integrated by
quadrature, from the point where the incumbent is passed. The other directions use fixed quasi-random base
samples, the same for every object (common random numbers, arXiv:1910.06403). The result stays accurate and
positive where an improvement is unlikely. Utilities are modelled as independent Gaussians; the distance to a
target matches its first two moments only. `improvement.scale` normalises improvements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
import torch
from torch.quasirandom import SobolEngine

from models.acquisition.contract import Acquisition, chebyshev_parts, weighted_sum
from models.acquisition.improvement.front import front_of
from models.acquisition.improvement.gaussian import expected_excess
from models.acquisition.improvement.scale import ImprovementScale

if TYPE_CHECKING:
    from torch import Tensor

    from models.acquisition.contract import AcquisitionContext

BASE_SAMPLES = 64
NODES = 4
"""Gauss-Legendre nodes along the common direction; mean errors are 0.2 % of the deviation, at most 1 %."""
LEAST_SLOPE = 1e-12
LEAST_PROBABILITY = 1e-280


def base_samples(n_objectives: int) -> Tensor:
    """Return standard normal points [BASE_SAMPLES, M] of the space across (1, ..., 1), always the same.

    They are quasi-random in its M - 1 dimensions, turned by Helmert's orthonormal contrasts; with one
    objective all 0.
    """
    if n_objectives == 1:
        return torch.zeros(BASE_SAMPLES, 1, dtype=torch.float64)
    engine = SobolEngine(n_objectives - 1, scramble=True, seed=0)  # type: ignore[no-untyped-call] # torch leaves it so
    uniform = engine.draw(BASE_SAMPLES, dtype=torch.float64)
    order = torch.arange(1, n_objectives, dtype=torch.float64)
    contrasts = torch.tril(torch.ones(n_objectives - 1, n_objectives, dtype=torch.float64))
    contrasts[range(n_objectives - 1), range(1, n_objectives)] = -order
    contrasts /= (order * (order + 1)).sqrt().unsqueeze(1)
    normal: Tensor = torch.special.ndtri(uniform.clamp(1e-9, 1 - 1e-9))
    return normal @ contrasts


def tail_nodes() -> tuple[Tensor, Tensor]:
    """Return shares [K] of a tail's probability and their weights [K], which sum to 1.

    A share is the square of a Gauss-Legendre node: a normal quantile has a singularity at 0 that this takes
    away.
    """
    indices, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(NODES))
    root = (indices + 1) / 2
    return root.square(), weights * root


@final
class ExpectedImprovement(Acquisition):
    """Expected improvement over the best measured object, for one preference."""

    uses_incumbents: ClassVar[bool] = True
    uses_draws: ClassVar[bool] = False

    def __init__(self, context: AcquisitionContext) -> None:
        self._scalarise = context.scalarise
        self._front = front_of(context.incumbents)
        m = self._front.shape[1]
        self._is_gaussian = m == 1 or context.scalarise is weighted_sum
        self._samples = base_samples(m)
        self._shares, self._weights = tail_nodes()
        self._scale = ImprovementScale(self.improvement, self.statistics(*context.reference, None), m)

    def statistics(self, mean: Tensor, sd: Tensor, drawn: Tensor | None) -> Tensor:  # noqa: ARG002 - the contract's
        """Return expectations and deviations [N, 2 M]."""
        return torch.cat([mean, sd], dim=1)

    def value(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the expected improvement [N] on the common scale."""
        return self._scale(self.improvement(statistics, preference), preference)

    def improvement(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the expected improvement [N] in units of the scalarised utility."""
        mean, sd = statistics.chunk(2, dim=1)
        best = self._best(preference)
        if self._is_gaussian:
            weights = preference if self._scalarise is weighted_sum else torch.ones_like(preference)
            spread = (weights * sd).square().sum(dim=1).sqrt()
            return expected_excess(self._scalarise(mean, preference), spread, best)
        return self._integrated(mean, sd, preference, best)

    def _integrated(self, mean: Tensor, sd: Tensor, preference: Tensor, best: Tensor) -> Tensor:
        """Return E[max(g - best, 0)] [N] of the scalarised utility g, B base samples times K nodes."""
        weights = preference.unsqueeze(1)
        start = mean.unsqueeze(1) + sd.unsqueeze(1) * self._samples  # [N, B, M]
        step = (sd / math.sqrt(sd.shape[1])).unsqueeze(1)
        now = chebyshev_parts(start, weights)
        slope = (chebyshev_parts(start + step, weights) - now).clamp_min(LEAST_SLOPE)
        passed = ((best[:, None, None] - now) / slope).amax(dim=-1)  # [N, B]
        probability = torch.special.ndtr(-passed)
        tail = probability.clamp_min(LEAST_PROBABILITY).unsqueeze(-1) * self._shares
        height = -torch.special.ndtri(tail)  # [N, B, K]
        utilities = start.unsqueeze(2) + step.unsqueeze(2) * height.unsqueeze(-1)
        excess = self._scalarise(utilities, weights.unsqueeze(2)) - best[:, None, None]
        expected: Tensor = probability * (excess.clamp_min(0.0) @ self._weights)
        return expected.mean(dim=1)

    def _best(self, preference: Tensor) -> Tensor:
        """Return the best incumbent's scalarised utility [N] for each preference."""
        if len(self._front) == 0:
            return self._scalarise(torch.zeros_like(preference), preference)
        return self._scalarise(self._front, preference.unsqueeze(1)).amax(dim=1)


ACQUISITION = ExpectedImprovement
