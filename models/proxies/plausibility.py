"""Relative weights of proxies from their predictive densities of the same held-out values (pseudo-BMA+).

The weight is the probability that a proxy is the best one if other values had been held out: relative
likelihoods, averaged over the Bayesian bootstrap (pseudo-BMA+, Yao et al., arXiv:1704.02030). Plain
likelihoods give all weight to one proxy as n grows, even if two differ only by chance. Stacking weights
(ibid.) reward a proxy that fits where the others fail, however wrong it is elsewhere. Knows no proxy and no
domain.

Letters: F proxies, n held-out values, R resamples.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

RESAMPLES = 1000


def plausibilities(log_densities: Tensor) -> Tensor:
    """Return the weights [F] of proxies whose log densities [F, n] of held-out values are given.

    The resamples are fixed, and proxies with equal predictions get equal weights.
    """
    n = log_densities.shape[1]
    counts = torch.ones(RESAMPLES, n, dtype=log_densities.dtype)
    shares = torch._standard_gamma(counts, generator=Generator().manual_seed(0))  # noqa: SLF001 - Dirichlet takes no generator
    shares = shares / shares.sum(dim=1, keepdim=True).clamp_min(torch.finfo(shares.dtype).tiny)
    weights: Tensor = (n * shares @ log_densities.T).softmax(dim=1).mean(dim=0)
    return weights
