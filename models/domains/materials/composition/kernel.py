"""The GP kernel of compositions. Loads torch."""

from __future__ import annotations

from gpytorch.kernels import Kernel, MaternKernel

from models.domains.materials.composition.elements import element_table
from models.domains.materials.composition.features import N_STATISTICS


def composition_kernel() -> Kernel:
    n = len(element_table())
    return MaternKernel(nu=2.5, active_dims=tuple(range(n, n + N_STATISTICS)))
