"""Guardrails: a bound on the probability of violating a safety specification (arXiv:2408.05284).

The hypotheses are the weighted functions of each proxy, and proxies are weighted by their held-out
predictions. The bound is the worst over all plausible hypotheses. A hypothesis is plausible if its proxy is
plausible among all proxies, and the hypothesis among those of its proxy. The bound therefore does not depend
on the number of hypotheses of a proxy, nor on duplicate proxies. It is on the true value, without assay
noise, unless the specification is about single readings. It holds only if the truth is among the hypotheses.
With too few results of an assay the bound is 1 and every object is refused (fail closed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.proxies.contract import Posterior
    from models.proxies.model_selection import SelectedProxies
    from models.specs.objectives import Guardrail

ALPHA = 0.1
"""A hypothesis is plausible when its weight is at least this share of the sum of weights not below it."""
SAME = 1e-9
"""Relative difference below which two weights are the same."""
MINIMUM_RESULTS = 10
"""Fewest results of an assay, censored ones included, for a bound below 1."""
MINIMUM_VALUES = 3
"""Fewest of those that are values: from bounds alone (all above 500) the spread of the assay is unknown."""


def plausible_hypotheses(weights: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return which hypotheses are plausible [K] (bool): p_k >= alpha * sum_{j <= k} p_j in descending order.

    Among equal weights, all are plausible that are plausible in some order.

    Raises:
        ValueError: if alpha is not in [0, 1] or the weights are no distribution.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be in 0-1, not {alpha}")
    if not bool((weights >= 0).all()) or abs(float(weights.sum()) - 1) > 1e-6:  # noqa: PLR2004 - rounding
        raise ValueError("weights must be a distribution")
    is_heavier = weights.unsqueeze(0) > weights.unsqueeze(1) * (1 + SAME)  # [K, K]
    return weights >= alpha * (is_heavier.to(weights) @ weights + weights)


def violation_bound(violations: Tensor, weights: Tensor, alpha: float = ALPHA) -> Tensor:
    """Return the worst violation probability [N] over plausible hypotheses, from [K, N] and weights [K]."""
    return violations[plausible_hypotheses(weights, alpha)].amax(dim=0)


def is_bounded(proxies: SelectedProxies, guardrail: Guardrail) -> bool:
    """Return whether the guardrail's assay has enough results for a bound."""
    kind = guardrail.type
    return proxies.n_known[kind] >= MINIMUM_RESULTS and proxies.n_values[kind] >= MINIMUM_VALUES


def bound(
    proxies: SelectedProxies, guardrail: Guardrail, limits: tuple[float, float], features: Tensor
) -> Tensor:
    """Return the bound on the probability of violation [N] for features [N, D].

    `limits` are the specification's on the modelled scale, infinite where it has none.
    """
    if not is_bounded(proxies, guardrail):
        return torch.ones(len(features), dtype=torch.float64)
    families = proxies.hypotheses(features, guardrail.type)
    is_heard = plausible_hypotheses(
        torch.tensor([family.weight for family in families], dtype=torch.float64), guardrail.least_weight
    )
    bounds = [
        violation_bound(violations(family.belief, guardrail, limits), family.weights, guardrail.least_weight)
        for family, is_so in zip(families, is_heard.tolist(), strict=True)
        if is_so
    ]
    return torch.stack(bounds).amax(dim=0)


def violations(posterior: Posterior, guardrail: Guardrail, limits: tuple[float, float]) -> Tensor:
    """Return the probability [...] that each predicted value [...] violates the specification."""
    judged = posterior if guardrail.applies_to == "reading" else posterior.without_noise()
    return 1.0 - judged.probability_within(*limits)


def data_missing(proxies: SelectedProxies, guardrails: Sequence[Guardrail]) -> Message | None:
    """Return why nothing may be proposed: guardrails whose assays have too few results; None without any."""
    names = [rail.name for rail in guardrails if not is_bounded(proxies, rail)]
    if not names:
        return None
    return message(
        "guardrail_data_missing", guardrails=names, needed=MINIMUM_RESULTS, needed_values=MINIMUM_VALUES
    )


def summary(guardrail: Guardrail, bounds: Tensor) -> dict[str, Any]:
    """Return statistics of the evaluated objects from their bounds [N], as plain JSON."""
    is_refused = bounds > guardrail.risk
    return {
        "risk": guardrail.risk,
        "alpha": guardrail.least_weight,
        "judged": len(bounds),
        "refused": int(is_refused.sum()),
        "refused_bounds": _spread(bounds[is_refused]),
        "passed_bounds": _spread(bounds[~is_refused]),
    }


def _spread(bounds: Tensor) -> dict[str, float] | None:
    if not len(bounds):
        return None
    return {"least": float(bounds.min()), "median": float(bounds.median()), "greatest": float(bounds.max())}


def refusals(guardrail: Guardrail, bounds: Tensor) -> Message:
    """Return the message about the number of refused objects and the caveat of the bound."""
    return message(
        "guardrail_refused",
        guardrail=guardrail.name,
        refused=int((bounds > guardrail.risk).sum()),
        judged=len(bounds),
        risk=guardrail.risk,
    )
