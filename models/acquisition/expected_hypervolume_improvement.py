"""Analytic expected hypervolume improvement over the incumbents' front, seen through a preference.

Utilities are independent Gaussians, so the expectation over every box beyond the front is a product of
one-dimensional integrals (Yang et al., J. Global Optimization 75, 2019). The preference enters through v_m =
1 - l_m (1 - u_m) with l = w / max w, as it does in the augmented Chebyshev scalarisation, and volumes count
from v = 0. With equal weights this is the usual improvement over the reference point. A smaller weight moves
the reference point away and shrinks the gain of that objective. With all weight on one objective, or with a
single one, it is ordinary expected improvement. The campaign's scalarisation is not used. `improvement.scale`
normalises improvements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, final

import torch

from models.acquisition.contract import Acquisition
from models.acquisition.improvement.front import cells_beyond, front_of, reference_point
from models.acquisition.improvement.gaussian import expected_excess
from models.acquisition.improvement.scale import ImprovementScale
from models.specs.decisions import HYPERVOLUME_OBJECTIVES

if TYPE_CHECKING:
    from torch import Tensor

    from models.acquisition.contract import AcquisitionContext

ELEMENTS = 4_000_000
"""Numbers held in memory at once; larger batches of objects are split into chunks."""


@final
class ExpectedHypervolumeImprovement(Acquisition):
    """The hypervolume that an object is expected to add to that of the incumbents.

    Raises:
        ValueError: with more than four objectives.
    """

    uses_incumbents: ClassVar[bool] = True
    uses_draws: ClassVar[bool] = False

    def __init__(self, context: AcquisitionContext) -> None:
        front = front_of(context.incumbents)
        m = front.shape[1]
        if m > HYPERVOLUME_OBJECTIVES:
            raise ValueError(
                f"expected hypervolume improvement takes at most {HYPERVOLUME_OBJECTIVES} objectives, not {m}"
            )
        self._cells = cells_beyond(front)
        self._span = 1 - reference_point(front)
        self._scale = ImprovementScale(self.improvement, self.statistics(*context.reference, None), m)

    def statistics(self, mean: Tensor, sd: Tensor, drawn: Tensor | None) -> Tensor:  # noqa: ARG002 - the contract's
        """Return expectations and deviations [N, 2 M]."""
        return torch.cat([mean, sd], dim=1)

    def value(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the expected improvement [N] on the common scale."""
        return self._scale(self.improvement(statistics, preference), preference)

    def improvement(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the expected gain of volume [N]; in units of utility^M for equal weights."""
        at_a_time = max(1, ELEMENTS // self._cells.lower.numel())
        parts = zip(torch.split(statistics, at_a_time), torch.split(preference, at_a_time), strict=True)
        return torch.cat([self._gain(*part) for part in parts])

    def _gain(self, statistics: Tensor, preference: Tensor) -> Tensor:
        mean, sd = statistics.chunk(2, dim=1)
        slope = preference / preference.amax(dim=1, keepdim=True) / self._span  # [N, M]
        edges = self._seen(slope)  # [N, K, M]
        seen = (1 - slope * (1 - mean)).unsqueeze(1)
        excess = expected_excess(seen, (slope * sd).unsqueeze(1), edges)
        sides = [
            excess[:, lower, objective] - excess[:, upper, objective]
            for objective, (lower, upper) in enumerate(zip(self._cells.lower.T, self._cells.upper.T, strict=True))
        ]  # M times [N, C]
        return torch.stack(sides).clamp_min(0.0).prod(dim=0).sum(dim=1) * self._span.prod()

    def _seen(self, slope: Tensor) -> Tensor:
        """Return the boxes' coordinates [N, K, M] scaled by the preference; no volume counts below 0."""
        finite = self._cells.coordinates.isfinite()
        inside = 1 - slope.unsqueeze(1) * (1 - torch.where(finite, self._cells.coordinates, 1.0))
        below = torch.where(self._cells.coordinates > 0, math.inf, 0.0)
        return torch.where(finite, inside, below).clamp_min(0.0)


ACQUISITION = ExpectedHypervolumeImprovement
