"""Which measured objects are hits, how often a round finds one, and the enrichment over the first data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from models.insights.random_baseline import ENOUGH, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from models.insights.measured_table import MeasuredObjects
    from models.insights.records import PastRound

    Flags = npt.NDArray[np.bool_]

DECILE = 0.9
"""Without thresholds a hit is better than this share of what was measured without being proposed."""


@final
@dataclass(frozen=True, slots=True)
class HitRule:
    """What counts as a hit, in words, and which objects [N] are hits; None where nothing tells."""

    words: str
    hits: Flags | None
    counted: Flags
    """Objects [N] of which it can be told."""


def rule_of(everything: MeasuredObjects, thresholds: Mapping[str, float]) -> HitRule:
    """Return the rule: every threshold reached, or else better than nine in ten of the first data.

    Args:
        everything: what was measured.
        thresholds: by objective: the least (maximize) or largest (minimize) value, or the farthest distance
            from the target on the modelled scale.
    """
    if thresholds:
        return _by_thresholds(everything, thresholds)
    counted = everything.counts
    initial = everything.utility[counted & (everything.rounds == 0)]
    if len(initial) < ENOUGH:
        words = (
            f"Hits cannot be told: only {len(initial)} objects were measured without being proposed, of "
            f"{ENOUGH}."
        )
        return HitRule(words, None, counted)
    bar = float(np.quantile(initial, DECILE, method="higher"))
    is_hit = counted & (everything.utility > bar)
    return HitRule("better than nine in ten of the objects measured without being proposed", is_hit, counted)


def _by_thresholds(everything: MeasuredObjects, thresholds: Mapping[str, float]) -> HitRule:
    is_hit = everything.is_allowed.copy()
    counted = everything.is_allowed.copy()
    words = []
    for m, scale in enumerate(everything.scales):
        if scale.objective.name not in thresholds:
            continue
        tested, values = thresholds[scale.objective.name], everything.values[:, m]
        if scale.utility.target is not None:
            is_hit &= np.abs(values - scale.utility.target) <= tested
            words.append(f"{scale.objective.name} within {tested:g} of {scale.objective.target:g}")
        else:
            edge = math.log10(tested) if scale.transform == "log10" and tested > 0 else tested
            is_rising = scale.objective.direction == "maximize"
            is_hit &= (values >= edge) if is_rising else (values <= edge)
            words.append(f"{scale.objective.name} {'at least' if is_rising else 'at most'} {tested:g}")
        counted &= np.isfinite(values)
    return HitRule(" and ".join(words), is_hit & counted, counted)


def hits(
    everything: MeasuredObjects, rule: HitRule, numbers: Sequence[int]
) -> dict[int, dict[str, Any] | None]:
    """Return the hits of stage 0 and of each round; None where nothing tells what a hit is.

    Intervals are Wilson's of 95 %. Enrichment is the rate over that of stage 0, which is taken as known.
    """
    if rule.hits is None:
        return dict.fromkeys((0, *numbers))
    by_round: dict[int, dict[str, Any] | None] = {}
    base: float | None = None
    for number in (0, *numbers):
        mine = rule.counted & (everything.rounds == number)
        n, found = int(mine.sum()), int((rule.hits & mine).sum())
        item = rate(found, n)
        if number == 0:
            base = item["rate"]
        by_round[number] = item | {"enrichment": _enrichment(item, base) if number else None}
    return by_round


def rate(found: int, n: int) -> dict[str, Any]:
    """Return a share with its interval; a share of nothing does not exist."""
    low, high = wilson(found, n)
    return {
        "n": found,
        "of": n,
        "rate": found / n if n else None,
        "low": low if n else None,
        "high": high if n else None,
    }


def _enrichment(item: Mapping[str, Any], base: float | None) -> dict[str, float] | None:
    if not base or item["rate"] is None:
        return None
    return {"value": item["rate"] / base, "low": item["low"] / base, "high": item["high"] / base}


def success(past: PastRound) -> dict[str, Any]:
    """Return the share of a round's candidates with an outcome that gave a result."""
    counts = dict.fromkeys(("measured", "failed", "waiting", "withdrawn"), 0)
    for item in past.candidates:
        name = item.status if item.status in ("measured", "failed") else "waiting"
        counts["withdrawn" if item.status in ("rejected", "withdrawn") else name] += 1
    return {"counts": counts, **rate(counts["measured"], counts["measured"] + counts["failed"])}
