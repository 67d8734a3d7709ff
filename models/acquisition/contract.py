"""What every acquisition promises: turn a belief about utilities into scores that say how promising they are.

Letters: N objects, M objectives. Utilities are normalised so that 0 is poor, 1 is as good as was hoped for, and more is
better. An acquisition knows no proxy, no direction, no units and no GFlowNet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Acquisition(ABC):
    """A rule that weighs what is expected against what is unknown, for each objective by itself."""

    @abstractmethod
    def score(self, mean: Tensor, sd: Tensor) -> Tensor:
        """Return scores [N, M] on the scale of utilities, from their expectation and deviation [N, M]."""
