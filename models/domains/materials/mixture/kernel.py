"""The GP kernel of mixtures and process conditions. Loads torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gpytorch.kernels import Kernel, MaternKernel
from gpytorch.priors import LogNormalPrior

from models.domains.materials.covariance import ConvexSum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.materials.mixture.features import Layout


def mixture_kernel(layout: Layout) -> Kernel:
    """Return the product of Matern-5/2 kernels over fractions, numbers and each categorical variable.

    Fractions and numbers have a lengthscale each; a categorical variable has one for all its levels. One that is
    described has the weighted sum of such a kernel and one over its coordinates, so that data tell how far to trust
    likeness.
    """
    factors = []
    if layout.n_components:
        factors.append(_matern(range(layout.n_components), 0.5 * math.sqrt(layout.n_components), relevance=True))
    if layout.n_numeric:
        factors.append(_matern(layout.numeric, math.sqrt(layout.n_numeric), relevance=True))
    for columns, described in zip(layout.categorical, layout.described, strict=True):
        levels = _matern(columns, 1.5, relevance=False)
        factors.append(ConvexSum(_matern(described, 1.5, relevance=False), levels) if described else levels)
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _matern(columns: Sequence[int], lengthscale: float, *, relevance: bool) -> Kernel:
    kernel = MaternKernel(
        nu=2.5,
        active_dims=tuple(columns),
        ard_num_dims=len(columns) if relevance else None,
        lengthscale_prior=LogNormalPrior(math.log(lengthscale), 0.75),
    )
    kernel.initialize(lengthscale=lengthscale)
    return kernel
