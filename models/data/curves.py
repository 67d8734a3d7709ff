"""Desirability curves on the modelled scale, as straight pieces. Torch-free."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from models.data.tables import to_model_scale
from models.specs.desirability import N_SEGMENTS

if TYPE_CHECKING:
    from models.specs.objectives import Objective, Transform

Curve = tuple[tuple[float, float], ...]
"""Modelled values, ascending, with their desirability."""


def curve_of(objective: Objective, transform: Transform) -> Curve:
    """Return the curve of an objective on its modelled scale; empty without one."""
    wanted = objective.desirability
    if wanted is None:
        return ()
    if wanted.points is not None:
        return tuple((to_model_scale(value, transform), worth) for value, worth in wanted.points)
    assert wanted.low is not None
    assert wanted.high is not None
    low, high = (to_model_scale(value, transform) for value in (wanted.low, wanted.high))
    if objective.direction == "target":
        assert objective.target is not None
        target = to_model_scale(objective.target, transform)
        return (*_side(low, target, wanted.weight), *_side(high, target, wanted.weight)[-2::-1])
    if objective.direction == "maximize":
        return _side(low, high, wanted.weight)
    return _side(high, low, wanted.weight)[::-1]


def _side(worthless: float, best: float, weight: float) -> Curve:
    """Return one side of a curve, from the worthless value to the best one."""
    n = 1 if weight == 1 else N_SEGMENTS
    # A root is steep at its worthless end, where the pieces are shorter.
    shares = [(index / n) ** max(1.0, 1.0 / weight) for index in range(n + 1)]
    return tuple((worthless + share * (best - worthless), share**weight) for share in shares)


def along(curve: Curve, values: Any) -> Any:
    """Return the desirability of modelled values of any shape, an array or a tensor; NaN stays NaN."""
    total: Any = curve[0][1]
    for (left, below), (right, above) in pairwise(curve):
        total = total + (values - left).clip(0.0, right - left) * ((above - below) / (right - left))
    return total


def first_reaching(curve: Curve, worth: float) -> float:
    """Return the first value of a curve, in its order, that is as desirable as said, else its best."""
    for (left, below), (right, above) in pairwise(curve):
        if below <= worth <= above and below < above:
            return left + (worth - below) / (above - below) * (right - left)
    best: float = max(curve, key=lambda point: point[1])[0]
    return best
