"""How much proxies weigh beside each other, by what each said of the same held-out values.

Weights that make the mixture of predictive densities most likely (stacking of predictive distributions, Yao et al.,
arXiv:1704.02030). A product of likelihoods over n values leaves everything to one proxy as n grows, however alike they
are; a mixture lets each count for the values that it alone predicts. Knows no proxy and no domain.

Letters: F proxies, n held-out values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ITERATIONS = 500
PRIOR = 1.0
"""Values that count as shared by all proxies evenly, so that few results rule nothing out."""


def stacking_weights(log_densities: Tensor) -> Tensor:
    """Return the weights [F] of proxies whose log densities [F, n] of held-out values are given.

    Expectation maximisation from equal weights, so that proxies which say the same weigh the same.
    """
    n_proxies, n = log_densities.shape
    density = (log_densities - log_densities.amax(dim=0)).exp()
    weights = density.new_full((n_proxies,), 1 / n_proxies)
    for _ in range(ITERATIONS):
        joint = weights.unsqueeze(-1) * density
        share = (joint / joint.sum(dim=0)).sum(dim=1)
        weights = (share + PRIOR / n_proxies) / (n + PRIOR)
    return weights
