"""Weighted hypotheses of all proxies about one assay type. Knows no guardrail.

Letters: F proxies, K hypotheses of one of them, N objects, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from models.proxies.contract import Weighing
from models.proxies.plausibility import plausibilities
from models.proxies.validation import log_densities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.proxies.contract import FittedProxy, Posterior
    from models.proxies.proxy_fit import ProxyFit


@final
@dataclass(frozen=True, slots=True)
class Hypotheses:
    """Hypotheses of one proxy about one type: posteriors [K, N], their weights [K], and the proxy's `weight`.

    Both kinds of weights are distributions: over the hypotheses of this proxy, and over the proxies.
    """

    proxy: str
    weight: float
    belief: Posterior
    weights: Tensor


def plausible_members(
    parts: Sequence[ProxyFit], weights: Tensor, features: Tensor, column: int
) -> tuple[Hypotheses, ...]:
    """Return the hypotheses of proxies with weights [F] about the type in a column at features [N, D]."""
    rows = []
    for part, weight in zip(parts, weights.tolist(), strict=True):
        posterior = part.proxy.members(features).scaled(part.factors).at(part.columns.index(column))
        rows.append(Hypotheses(part.name, weight, posterior, _member_weights(part.proxy, len(posterior.mean))))
    return tuple(rows)


def proxy_weights(parts: Sequence[ProxyFit], kind: str) -> Tensor:
    """Return the weights [F] of the proxies that learned a type, a distribution.

    Without cross-validation all weights are equal; otherwise a proxy without it has weight 0.
    """
    is_judged = torch.tensor([kind in part.held_out for part in parts])
    if not bool(is_judged.any()):
        return torch.full((len(parts),), 1 / len(parts), dtype=torch.float64)
    judged = [part for part in parts if kind in part.held_out]
    densities = [log_densities(part.held_out[kind], part.scores[kind].scale) for part in judged]
    weights = torch.zeros(len(parts), dtype=torch.float64)
    weights[is_judged] = plausibilities(torch.stack(densities))
    return weights


def _member_weights(proxy: FittedProxy, k: int) -> Tensor:
    """Return the weights [K] of the hypotheses of one proxy."""
    return proxy.member_weights() if isinstance(proxy, Weighing) else torch.full((k,), 1 / k, dtype=torch.float64)
