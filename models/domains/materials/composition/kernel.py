"""The GP kernel of compositions: element statistics and element fractions. Loads torch.

Chosen by cross-validated likelihood and error among some twenty kernels on two measured tables (band gaps of
semiconductors, hardness of alloys): statistics alone perform badly on alloys, fractions alone on band gaps.
The weighted sum performs well on both, and the ranges are not needed.
"""

from __future__ import annotations

import math

from gpytorch.kernels import Kernel, MaternKernel
from gpytorch.priors import LogNormalPrior

from models.domains.materials.charge_balance.elements import DESCRIPTORS, element_table
from models.domains.materials.kernels import ConvexSumKernel

STATISTICS_LENGTHSCALE, FRACTIONS_LENGTHSCALE = 4.0, 1.0


def composition_kernel() -> Kernel:
    """Return w k(mean and deviation of descriptors) + (1 - w) k(fractions), Matern-5/2 with ARD.

    The lengthscales' priors are narrow (half an e-fold): a campaign starts from tens of values.
    """
    n_fractions, n_statistics = len(element_table()), 2 * len(DESCRIPTORS)
    statistics = MaternKernel(
        nu=2.5,
        ard_num_dims=n_statistics,
        active_dims=tuple(range(n_fractions, n_fractions + n_statistics)),
        lengthscale_prior=LogNormalPrior(math.log(STATISTICS_LENGTHSCALE), 0.5),
    )
    statistics.initialize(lengthscale=STATISTICS_LENGTHSCALE)
    fractions = MaternKernel(
        nu=2.5,
        active_dims=tuple(range(n_fractions)),
        lengthscale_prior=LogNormalPrior(math.log(FRACTIONS_LENGTHSCALE), 0.75),
    )
    fractions.initialize(lengthscale=FRACTIONS_LENGTHSCALE)
    return ConvexSumKernel(statistics, fractions)
