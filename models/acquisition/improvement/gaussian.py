"""How far a Gaussian number is expected to exceed a bound. Knows no objective and no preference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

LEAST_DEVIATION = 1e-12
"""Deviations below this are certainty."""


def expected_excess(mean: Tensor, sd: Tensor, bound: Tensor) -> Tensor:
    """Return E[max(Y - bound, 0)] for Y ~ N(mean, sd^2), the shapes broadcast; 0 for an infinite bound.

    (mean - b) Phi(z) + sd phi(z) with z = (mean - b) / sd (Jones et al., J. Global Optimization 13, 1998);
    where the two cancel far below the bound, the answer is 0.
    """
    is_finite = bound.isfinite()
    above = mean - torch.where(is_finite, bound, 0.0)
    deviation = sd.clamp_min(LEAST_DEVIATION)
    z = above / deviation
    density = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    excess: Tensor = above * torch.special.ndtr(z) + deviation * density
    return (excess * is_finite).clamp_min(0.0)


def log_expected_improvement(mean: Tensor, sd: Tensor, best: Tensor | float) -> Tensor:
    """Return the logarithm of the expected improvement [N] over `best` (LogEI, arXiv:2310.20708), by BoTorch.

    It stays finite where `expected_excess` is 0; deviations must be positive.
    """
    from botorch.acquisition.analytic import _log_ei_helper

    answer: Tensor = _log_ei_helper((mean - best) / sd) + sd.log()
    return answer
