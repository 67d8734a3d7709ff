"""The upper confidence bound: expectation plus `kappa` deviations (Auer, JMLR 3, 2002; arXiv:0912.3995)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, final

from models.acquisition.contract import Acquisition

if TYPE_CHECKING:
    from torch import Tensor

    from models.acquisition.contract import AcquisitionContext


@final
class UpperConfidenceBound(Acquisition):
    """The scalarised utility with every objective `kappa` deviations better (optimism under uncertainty).

    Raises:
        ValueError: if kappa is negative or not finite.
    """

    uses_incumbents: ClassVar[bool] = False
    uses_draws: ClassVar[bool] = False

    def __init__(self, context: AcquisitionContext) -> None:
        if not 0 <= context.kappa < math.inf:
            raise ValueError(f"kappa must be finite and not negative, not {context.kappa}")
        self._kappa = context.kappa
        self._scalarise = context.scalarise

    def statistics(self, mean: Tensor, sd: Tensor, drawn: Tensor | None) -> Tensor:  # noqa: ARG002 - the contract's
        """Return mean + kappa * sd [N, M]."""
        return mean + self._kappa * sd

    def value(self, statistics: Tensor, preference: Tensor) -> Tensor:
        """Return the scalarised optimistic utilities [N]."""
        return self._scalarise(statistics, preference)


ACQUISITION = UpperConfidenceBound
