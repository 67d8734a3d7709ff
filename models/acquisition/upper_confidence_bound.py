"""The upper confidence bound: expectation plus `kappa` deviations (Auer, JMLR 3, 2002; arXiv:0912.3995)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

from models.acquisition.contract import Acquisition

if TYPE_CHECKING:
    from torch import Tensor


@final
class UpperConfidenceBound(Acquisition):
    """Optimism in the face of uncertainty.

    Args:
        kappa: how many deviations are hoped for; 0 is pure exploitation.

    Raises:
        ValueError: if kappa is negative or not finite.
    """

    def __init__(self, kappa: float = 1.0) -> None:
        if not 0 <= kappa < math.inf:
            raise ValueError(f"kappa must be finite and not negative, not {kappa}")
        self.kappa = kappa

    def score(self, mean: Tensor, sd: Tensor) -> Tensor:
        """Return mean + kappa * sd [N, M]."""
        return mean + self.kappa * sd
