"""Covariance functions for the domains' GP kernels. Knows no objects, only feature rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from gpytorch.kernels import Kernel, MaternKernel, ScaleKernel
from gpytorch.priors import LogNormalPrior

if TYPE_CHECKING:
    from torch import Tensor


def _is_whole(values: Tensor) -> bool:
    return bool((values == values.round()).all())


def _total_minimum(left: Tensor, right: Tensor) -> Tensor:
    """Return the sum over features of min(left, right), [..., N, M], for counts or non-negative numbers.

    For counts the sum is one matrix product per level, over the few columns that reach the level. Other
    values use the L1 distance. Neither forms an [N, M, D] array.
    """
    batched = bool(left.shape[:-2] or right.shape[:-2])
    if batched or not (left.numel() and right.numel() and _is_whole(left) and _is_whole(right)):
        sizes = left.sum(dim=-1).unsqueeze(-1) + right.sum(dim=-1).unsqueeze(-2)
        return (sizes - torch.cdist(left, right, p=1.0)) / 2
    columns = torch.minimum(left.amax(dim=0), right.amax(dim=0))
    total = left.new_zeros(len(left), len(right))
    for level in range(1, int(columns.max()) + 1):
        reached = columns >= level
        total += (left[:, reached] >= level).to(left.dtype) @ (right[:, reached] >= level).to(left.dtype).T
    return total


def tanimoto(left: Tensor, right: Tensor) -> Tensor:
    """Return min/max Tanimoto similarities [..., N, M] of non-negative features [..., N, D] and [..., M, D].

    T(x, y) = sum_d min(x_d, y_d) / sum_d max(x_d, y_d), positive definite on non-negative vectors (Ralaivola
    et al., Neural Networks 18, 2005). For counts it is the ratio of shared to united fragments. In the inner
    product form x.y / (x.x + y.y - x.y), one repeated fragment would outweigh all others. Two empty rows are
    equal.

    Raises:
        ValueError: if a feature is negative.
    """
    if bool((left < 0).any()) or bool((right < 0).any()):
        raise ValueError("features: Tanimoto similarity needs non-negative values")
    sizes = left.sum(dim=-1).unsqueeze(-1) + right.sum(dim=-1).unsqueeze(-2)
    shared = _total_minimum(left, right)
    united = sizes - shared
    return torch.where(united > 0, shared / united.clamp_min(torch.finfo(united.dtype).tiny), 1.0)


class TanimotoKernel(Kernel):  # type: ignore[misc] # gpytorch publishes no types
    """Tanimoto similarity of non-negative (count) features as a covariance; it has no parameters to fit.

    The Gram matrix of one set of rows is cached, because fits of other parameters evaluate it repeatedly.
    """

    is_stationary = False
    has_lengthscale = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kept: tuple[Tensor, Tensor] | None = None

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:  # noqa: FBT001, FBT002 - gpytorch
        """Return covariances [..., N, M], or their diagonal [..., N], which is always 1."""
        if not diag:
            return self._with_itself(x1) if x1.shape == x2.shape and torch.equal(x1, x2) else tanimoto(x1, x2)
        if x1.shape == x2.shape and torch.equal(x1, x2):
            return torch.ones(x1.shape[:-1], dtype=x1.dtype, device=x1.device)
        return tanimoto(x1.unsqueeze(-2), x2.unsqueeze(-2)).squeeze(-1).squeeze(-1)

    def _with_itself(self, rows: Tensor) -> Tensor:
        """Return the covariances [..., N, N] of rows [..., N, D]."""
        if self._kept is None or self._kept[0].shape != rows.shape or not torch.equal(self._kept[0], rows):
            self._kept = rows, tanimoto(rows, rows)
        return self._kept[1]


class TanimotoAndDescriptorsKernel(Kernel):  # type: ignore[misc] # gpytorch publishes no types
    """Tanimoto(counts) + a * Matern-5/2(descriptors), for features [.., counts, descriptors, anything else].

    The weight `a` and one length scale are fitted. The length scale's prior grows with the square root of the
    number of descriptors, as distances do (Hvarfner, Hellsten & Nardi, ICML 2024).

    Blocks are sliced here: `active_dims` would copy the counts of all objects at each evaluation.
    """

    is_stationary = False
    has_lengthscale = False

    def __init__(self, n_counts: int, n_descriptors: int) -> None:
        super().__init__()
        self._counts, self._descriptors = slice(0, n_counts), slice(n_counts, n_counts + n_descriptors)
        self.tanimoto = TanimotoKernel()
        prior = LogNormalPrior(math.sqrt(2) + math.log(n_descriptors) / 2, math.sqrt(3))
        smooth = MaternKernel(nu=2.5, lengthscale_prior=prior)
        smooth.lengthscale = math.sqrt(n_descriptors)
        self.smooth = ScaleKernel(smooth)

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:  # noqa: FBT001, FBT002 - gpytorch
        """Return covariances [..., N, M], or their diagonal [..., N]."""
        shared = self.tanimoto.forward(x1[..., self._counts], x2[..., self._counts], diag=diag)
        near = self.smooth(x1[..., self._descriptors], x2[..., self._descriptors], diag=diag)
        total: Tensor = shared + (near if diag else near.to_dense())
        return total
