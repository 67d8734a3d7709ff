"""The range of an objective on the modelled scale: its poor value and its ideal one. Torch-free.

The reward, backtests and insights share these rules. They derive ends from known values differently
(quantiles for the reward, robust to poor outliers; extremes for figures), so callers pass the ends. Knows no
predictions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from models.data.tables import to_model_scale

if TYPE_CHECKING:
    from models.specs.objectives import Objective, Transform

Source = Literal["campaign", "domain", "measured", "nothing"]
"""The source of a range: the campaign's own, a property's usual one, known values, or a default."""


@final
@dataclass(frozen=True, slots=True)
class Range:
    """`low` < `high` on the modelled scale, and their source."""

    low: float
    high: float
    source: Source


def target_of(objective: Objective, transform: Transform) -> float | None:
    """Return an objective's target on the modelled scale: None without one, NaN where it has no logarithm."""
    return None if objective.target is None else to_model_scale(objective.target, transform)


def max_distance_to_target(low: float, high: float, target: float) -> float:
    """Return the distance from a target to the farther end of its range: there the utility is 0."""
    return max(abs(target - low), abs(high - target))


def with_best(ends: tuple[float, float], reached: tuple[float, float], direction: str) -> tuple[float, float]:
    """Return the ends of a learned range with the better end extended to the best known value.

    Args:
        ends: the span of most known values, on the modelled scale.
        reached: the least and the greatest of them.
        direction: of the objective; the range of a target does not change.
    """
    low, high = ends
    if direction == "maximize":
        return low, max(high, reached[1])
    return (min(low, reached[0]), high) if direction == "minimize" else ends


def check_log10_range(objective: Objective, transform: Transform) -> None:
    """Raise if an objective's own range or target does not exist on the modelled scale.

    Raises:
        ValueError: if a number has no logarithm although the assay's values are modelled as log10.
    """
    if transform == "log10" and not objective.is_positive:
        raise ValueError(
            f"objective {objective.name!r}: range and target must be positive, its values are log10"
        )


def objective_range(
    objective: Objective,
    transform: Transform,
    known: tuple[float, float] | None = None,
    usual: tuple[float, float] | None = None,
    unknown: tuple[float, float] = (0.0, 1.0),
) -> Range:
    """Return the range of an objective: its own, the usual one, the ends of known values, or `unknown`.

    A range without logarithms where values are modelled as log10 is skipped; one without width gets a width
    of 1.

    Args:
        objective: whose range it is; its own range is in its units.
        transform: the scale on which its values are modelled.
        known: ends of its known values, on the modelled scale.
        usual: the range its property usually has, in its units.
        unknown: the default range, on the modelled scale.
    """
    own = objective.range
    if objective.desirability is not None:
        own = (min(objective.desirability.edges), max(objective.desirability.edges))
    low, high, source = _first(own, usual, known, transform) or (*unknown, "nothing")
    if not low < high:
        low, high = low - 0.5, high + 0.5
    return Range(low, high, source)


def _first(
    own: tuple[float, float] | None,
    usual: tuple[float, float] | None,
    known: tuple[float, float] | None,
    transform: Transform,
) -> tuple[float, float, Source] | None:
    """Return the first range that exists on the modelled scale, with its source."""
    given: tuple[tuple[tuple[float, float] | None, Source], ...] = ((own, "campaign"), (usual, "domain"))
    for edges, source in given:
        if edges is not None:
            low, high = (to_model_scale(edge, transform) for edge in edges)
            if math.isfinite(low) and math.isfinite(high):
                return low, high, source
    return None if known is None else (*known, "measured")
