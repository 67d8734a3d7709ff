"""The Gaussian-process kernel over peptide features. Loads torch; knows only where the feature blocks lie."""

import math

from gpytorch.kernels import Kernel, MaternKernel, ScaleKernel
from gpytorch.priors import LogNormalPrior

from models.domains.kernels import TanimotoKernel
from models.domains.peptides.features import SPECTRUM_WIDTH, descriptor_width


def spectrum_and_descriptor_kernel(max_length: int) -> Kernel:
    """Return Tanimoto(spectrum) + a * Matern-5/2(descriptors) for features of the given `max_length`.

    The weight `a` and one length scale are fitted. The length scale's prior grows with the square root of the
    number of descriptors, as distances do (Hvarfner, Hellsten & Nardi, ICML 2024).
    """
    width = descriptor_width(max_length)
    prior = LogNormalPrior(math.sqrt(2) + math.log(width) / 2, math.sqrt(3))
    smooth = MaternKernel(
        nu=2.5, lengthscale_prior=prior, active_dims=tuple(range(SPECTRUM_WIDTH, SPECTRUM_WIDTH + width))
    )
    smooth.lengthscale = math.sqrt(width)
    return TanimotoKernel(active_dims=tuple(range(SPECTRUM_WIDTH))) + ScaleKernel(smooth)
