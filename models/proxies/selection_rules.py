"""How a proxy is chosen for an assay type, and how intervals are made. Knows no proxy and no objective."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

from models.proxies.validation import log_densities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from models.proxies.intervals import BatchRecord
    from models.proxies.proxy_fit import ProxyFit
    from models.proxies.validation import HeldOut

Intervals = Literal["conformal", "feature_conformal", "gaussian"]
Rule = Literal["one_standard_error", "best"]


@final
@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """The settings of a choice among proxies."""

    intervals: Intervals = "conformal"
    rule: Rule = "one_standard_error"
    record: Mapping[str, BatchRecord] = field(default_factory=dict)
    """What predictions of earlier batches met, by assay type."""
    is_corrected: bool = True
    """False for rounds of releases whose intervals came from held-out values alone."""


LEAST_ERRORS = 3
"""With fewer exact values, likelihood alone decides."""
USUAL = SelectionSettings()
"""What a new campaign does, without any earlier batch."""


def best_proxy(parts: Sequence[ProxyFit], kind: str, rule: Rule) -> ProxyFit:
    """Return the proxy with the best held-out predictions of a type.

    The first proxy is taken that is not clearly worse than the best: by more than one standard error (Breiman
    et al. 1984, Classification and Regression Trees, section 3.4.3), in likelihood and in squared error. With
    few values, the least of several noisy scores often belongs to a proxy that predicts worse.

    Args:
        parts: proxies that learned the type; the preferred ones come first.
        kind: the assay type.
        rule: `best` compares the scores alone.
    """
    judged = [part for part in parts if kind in part.scores]
    if not judged:
        return parts[0]
    best = min(judged, key=lambda part: part.scores[kind].nll)
    if rule == "best":
        return best
    return next(part for part in judged if part is best or not _is_worse(part, best, kind))


def _is_worse(one: ProxyFit, other: ProxyFit, kind: str) -> bool:
    """Return whether held-out values are clearly less likely, and exact ones clearly farther off."""
    parts = (one, other)
    ours, theirs = (log_densities(part.held_out[kind], part.scores[kind].scale) for part in parts)
    our_errors, their_errors = (_squared_errors(part.held_out[kind]) for part in parts)
    return _is_clear(theirs - ours) and (
        len(our_errors) < LEAST_ERRORS or _is_clear(our_errors - their_errors)
    )


def _squared_errors(held_out: HeldOut) -> Tensor:
    errors = held_out.values - held_out.belief.mean
    return errors[~errors.isnan()].square()


def _is_clear(loss: Tensor) -> bool:
    """Return whether the sum of paired losses [n] exceeds its standard error."""
    return bool(loss.sum() > loss.std() * math.sqrt(len(loss)))
