"""A common scale for improvements, so that inverse temperatures are comparable between acquisitions.

An expected improvement shrinks from round to round, differs between preferences, and is close to 0 for most
objects. Beta times the raw value would be a flat reward. The value is therefore log(1 + 100 v / e) /
log(101). Here e is the largest improvement of ordinary objects (measured and random ones) for that
preference. 0 is no improvement, 1 is the best of them, ten times as much is 1.5 and a tenth 0.52. The ranking
of objects is unchanged; the logarithm is easier to optimise (arXiv:2310.20708).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch.quasirandom import SobolEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

TRADE_OFFS = 64
"""Preferences at which the reference is measured, beside the corners and the middle of the simplex."""
BANDWIDTH = 0.1
"""Distance on the simplex over which the reference levels are averaged."""
DYNAMIC_RANGE = 100.0
LEAST_LEVEL = 1e-4
"""An improvement (in utilities, or volumes of them) that counts as 1 when the reference promises less."""


def trade_offs(n_objectives: int) -> Tensor:
    """Return preferences [P, M] spread over the simplex: corners, middle and quasi-random points."""
    corners = torch.eye(n_objectives, dtype=torch.float64)
    if n_objectives == 1:
        return corners
    middle = torch.full((1, n_objectives), 1 / n_objectives, dtype=torch.float64)
    engine = SobolEngine(n_objectives, scramble=True, seed=0)  # type: ignore[no-untyped-call] # torch leaves it untyped
    uniform = engine.draw(TRADE_OFFS, dtype=torch.float64)
    exponential = -uniform.clamp(1e-6, 1 - 1e-6).log()
    return torch.cat([corners, middle, exponential / exponential.sum(dim=1, keepdim=True)])


@final
class ImprovementScale:
    """The largest improvement of the reference objects, for any preference.

    Args:
        improvement: the expected improvement [R] of statistics [R, S] for preferences [R, M].
        statistics: those of the reference objects [R, S].
        n_objectives: M.
    """

    def __init__(self, improvement: Callable[[Tensor, Tensor], Tensor], statistics: Tensor, n_objectives: int) -> None:
        self._preferences = trade_offs(n_objectives)
        reached = [
            improvement(statistics, preference.expand(len(statistics), -1)).amax(dim=0, keepdim=True)
            if len(statistics)
            else torch.zeros(1, dtype=torch.float64)
            for preference in self._preferences
        ]
        self._log_levels = torch.cat(reached).clamp_min(LEAST_LEVEL).log()

    def levels(self, preference: Tensor) -> Tensor:
        """Return what counts as 1 [N], a smooth function of the preference [N, M]."""
        distance = (preference.unsqueeze(1) - self._preferences).square().sum(dim=-1)  # [N, P]
        near = torch.softmax(-distance / (2 * BANDWIDTH**2), dim=1)
        return (near @ self._log_levels).exp()

    def __call__(self, improvement: Tensor, preference: Tensor) -> Tensor:
        """Return improvements [N] on the common scale."""
        return torch.log1p(DYNAMIC_RANGE * improvement / self.levels(preference)) / math.log1p(DYNAMIC_RANGE)
