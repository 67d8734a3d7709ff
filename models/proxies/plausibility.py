"""How plausible proxies are beside each other, by what each said of the same held-out values.

The weight of a proxy is how probable it is to be the best, were other values held out in place of these: relative
likelihoods, averaged over the Bayesian bootstrap (pseudo-BMA+, Yao et al., arXiv:1704.02030). Bare likelihoods of n
values leave everything to one proxy as n grows, though chance alone parts two that are alike; weights of the best
mixture (stacking, ibid.) reward what fits where the others fail, however wrong it is elsewhere. Knows no proxy and no
domain.

Letters: F proxies, n held-out values, R resamples.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

RESAMPLES = 1000


def plausibilities(log_densities: Tensor) -> Tensor:
    """Return the weights [F] of proxies whose log densities [F, n] of held-out values are given.

    The resamples are always the same ones, and proxies that say the same weigh the same.
    """
    n = log_densities.shape[1]
    counts = torch.ones(RESAMPLES, n, dtype=log_densities.dtype)
    shares = torch._standard_gamma(counts, generator=Generator().manual_seed(0))  # noqa: SLF001 - Dirichlet takes no generator
    shares = shares / shares.sum(dim=1, keepdim=True).clamp_min(torch.finfo(shares.dtype).tiny)
    weights: Tensor = (n * shares @ log_densities.T).softmax(dim=1).mean(dim=0)
    return weights
