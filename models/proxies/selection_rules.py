"""How a proxy is chosen for an assay type, and how intervals are made. Knows no proxy and no objective."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

from models.proxies.validation import log_densities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.proxies.intervals import BatchRecord
    from models.proxies.proxy_fit import ProxyFit

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


USUAL = SelectionSettings()
"""What a new campaign does, without any earlier batch."""


def best_proxy(parts: Sequence[ProxyFit], kind: str, rule: Rule) -> ProxyFit:
    """Return the proxy with the best held-out predictions of a type.

    Of proxies that are not worse by more than one standard error, the first is taken (Breiman et al. 1984,
    Classification and Regression Trees, section 3.4.3). With few values, the least of several noisy scores
    often belongs to a proxy that predicts worse.

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
    """Return whether held-out values are less likely by more than a standard error of the paired sum."""
    ours, theirs = (log_densities(part.held_out[kind], part.scores[kind].scale) for part in (one, other))
    loss = theirs - ours
    return bool(loss.sum() > loss.std() * math.sqrt(len(loss)))
