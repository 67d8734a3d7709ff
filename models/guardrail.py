"""How cautious to be: a bound on the probability of breaking a safety specification (arXiv:2408.05284).

The hypotheses are what the proxies hold possible, weighted by how well they predicted held-out results; the bound is
the worst of the plausible ones. It holds only if the truth is among the hypotheses. A specification whose assay has too
few results cannot be bounded: then its bound is 1 and everything is refused (it fails closed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.proxies.choice import ChosenProxies
    from models.specs import Guardrail

CAVEAT = "The bound holds only if the truth is among the hypotheses."
ALPHA = 0.1
"""A hypothesis is plausible when it weighs at least this share of all that weigh as much or more."""
MINIMUM_RESULTS = 10
"""Fewer results of an assay than this, censored ones among them, bound nothing."""
MINIMUM_VALUES = 3
"""Of those so many must be values: from bounds alone (all above 500) nobody knows how much the assay varies."""


def plausible(weights: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return which hypotheses are plausible [K] (bool): p_k >= alpha * sum_{j <= k} p_j in descending order.

    Raises:
        ValueError: if alpha is not in [0, 1] or the weights are no distribution.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in 0-1, not {alpha}")
    if not bool((weights >= 0).all()) or abs(float(weights.sum()) - 1) > 1e-6:  # noqa: PLR2004 - rounding
        raise ValueError("weights must be a distribution")
    ordered, order = weights.sort(descending=True, stable=True)
    kept = torch.zeros_like(weights, dtype=torch.bool)
    kept[order] = ordered >= alpha * ordered.cumsum(dim=0)
    return kept


def violation_bound(violations: Tensor, weights: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return the worst probability of violation [N] over the plausible of K hypotheses, from [K, N] and weights [K]."""
    return violations[plausible(weights, alpha)].amax(dim=0)


def is_bounded(proxies: ChosenProxies, guardrail: Guardrail) -> bool:
    """Tell whether the guardrail's assay has enough results to bound anything."""
    kind = guardrail.type
    return proxies.n_known[kind] >= MINIMUM_RESULTS and proxies.n_values[kind] >= MINIMUM_VALUES


def bound(proxies: ChosenProxies, guardrail: Guardrail, limits: tuple[float, float], features: Tensor) -> Tensor:
    """Return the bound on the probability of violation [N] for features [N, D].

    `limits` are the specification's on the modelled scale, infinite where it has none.
    """
    if not is_bounded(proxies, guardrail):
        return torch.ones(len(features), dtype=torch.float64)
    belief, weights = proxies.hypotheses(features, guardrail.type)
    return violation_bound(1.0 - belief.probability_within(*limits), weights, guardrail.alpha)


def told(guardrail: Guardrail, bounds: Tensor) -> dict[str, Any]:
    """Return what became of the objects judged, from their bounds [N], as plain JSON: counts and typical bounds."""
    is_refused = bounds > guardrail.risk
    return {
        "risk": guardrail.risk,
        "alpha": guardrail.alpha,
        "judged": len(bounds),
        "refused": int(is_refused.sum()),
        "refused_bounds": _spread(bounds[is_refused]),
        "passed_bounds": _spread(bounds[~is_refused]),
    }


def _spread(bounds: Tensor) -> dict[str, float] | None:
    if not len(bounds):
        return None
    return {"least": float(bounds.min()), "median": float(bounds.median()), "greatest": float(bounds.max())}


def statement(guardrail: Guardrail, bounds: Tensor) -> str:
    """Return the sentence that tells how many objects were refused, and what the bound is worth."""
    n_refused = int((bounds > guardrail.risk).sum())
    return (
        f"Guardrail {guardrail.name} refused {n_refused} of {len(bounds)} objects: some plausible hypothesis gave each "
        f"of them more than {guardrail.risk:g} probability of violating it. {CAVEAT}"
    )
