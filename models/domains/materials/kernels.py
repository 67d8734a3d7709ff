"""A convex combination of two kernels with weights that sum to 1, so it has no output scale. Loads torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from gpytorch.kernels import Kernel

if TYPE_CHECKING:
    from torch import Tensor


@final
class ConvexSumKernel(Kernel):  # type: ignore[misc] # gpytorch publishes no types
    """w first + (1 - w) second, with w in 0-1 learned from 1/2."""

    def __init__(self, first: Kernel, second: Kernel) -> None:
        super().__init__()
        self.first, self.second = first, second
        self.register_parameter("raw_weight", torch.nn.Parameter(torch.zeros(())))

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:  # noqa: FBT001, FBT002 - gpytorch
        """Return covariances [..., N, M], or their diagonal [..., N]."""
        weight = torch.sigmoid(self.raw_weight)
        first, second = self.first(x1, x2, diag=diag), self.second(x1, x2, diag=diag)
        if not diag:
            first, second = first.to_dense(), second.to_dense()
        total: Tensor = weight * first + (1 - weight) * second
        return total
