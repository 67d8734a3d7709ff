"""Compare best and mean of each objective between the initial data and each round, in numbers and in words.

Uses no HTTP and prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL_OBJECTIVES = "all together (0-1)"
_EQUAL = 0.02
"""Changes below this share of the initial standard deviation count as no change."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The objects of one stage (the initial data or one round), with a value per objective."""

    name: str
    objects: Sequence[Mapping[str, float]]
    kind: Literal["measured", "predicted"] = "measured"


@dataclass(frozen=True, slots=True)
class Line:
    """One objective at one stage; with `is_distance`, `mean` is the mean distance from the target."""

    objective: str
    stage: str
    n: int
    best: float
    mean: float
    is_distance: bool = False


def goal_text(objective: Mapping[str, Any]) -> str:
    """Return the goal of an objective in words."""
    direction = objective.get("direction", "maximize")
    return f"close to {objective['target']}" if direction == "target" else str(direction)


def lines(objectives: Sequence[Mapping[str, Any]], stages: Sequence[Stage]) -> list[Line]:
    """Return one line per objective and stage with values, and one for all objectives together."""
    summary_lines = []
    for objective in [*objectives, *_joint(objectives)]:
        for stage in stages:
            values = _values(stage, objective, objectives)
            if values:
                badness = [_badness(value, objective) for value in values]
                best = values[badness.index(min(badness))]
                is_distance = objective.get("direction") == "target"
                mean = sum(badness if is_distance else values) / len(values)
                summary_lines.append(
                    Line(objective["name"], stage.name, len(values), best, mean, is_distance)
                )
    return summary_lines


def verdicts(objectives: Sequence[Mapping[str, Any]], stages: Sequence[Stage]) -> list[str]:
    """Return a sentence per objective that compares the last stage with the first, by mean and by best."""
    sentences = []
    for objective in [*objectives, *_joint(objectives)]:
        before, after = (
            [_badness(value, objective) for value in _values(stage, objective, objectives)]
            for stage in (stages[0], stages[-1])
        )
        if before and after:
            spread = max(before) - min(before) or 1.0
            mean = _word((sum(before) / len(before) - sum(after) / len(after)) / spread)
            best = _word((min(before) - min(after)) / spread)
            measure = "mean distance" if objective.get("direction") == "target" else "mean"
            sentences.append(
                f"{objective['name']} ({goal_text(objective)}): the {measure} {mean}, the best {best}"
            )
    return sentences


def hits(pairs: Sequence[tuple[Mapping[str, Any], float]]) -> tuple[int, int]:
    """Return the number of measured values inside their predicted 90 % intervals, and the number of all."""
    return sum(prediction["low"] <= value <= prediction["high"] for prediction, value in pairs), len(pairs)


def score(value: float, objective: Mapping[str, Any]) -> float:
    """Return the score of a value for an objective with a `range`: 0 is worst, 1 is best."""
    low, high = (float(end) for end in objective["range"])
    direction = objective.get("direction", "maximize")
    if direction == "target":
        target = float(objective["target"])
        return max(0.0, 1.0 - abs(value - target) / max(target - low, high - target))
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return 1.0 - share if direction == "minimize" else share


def _joint(objectives: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean score as one more objective, if there are several and all have a range."""
    is_defined = len(objectives) > 1 and all(objective.get("range") for objective in objectives)
    return [{"name": ALL_OBJECTIVES}] if is_defined else []


def _values(
    stage: Stage, objective: Mapping[str, Any], objectives: Sequence[Mapping[str, Any]]
) -> list[float]:
    if objective["name"] != ALL_OBJECTIVES:
        return [item[objective["name"]] for item in stage.objects if objective["name"] in item]
    whole = [item for item in stage.objects if all(other["name"] in item for other in objectives)]
    return [
        sum(score(item[other["name"]], other) for other in objectives) / len(objectives) for item in whole
    ]


def _badness(value: float, objective: Mapping[str, Any]) -> float:
    """Return the distance of a value from the goal: smaller is better."""
    direction = objective.get("direction", "maximize")
    if direction == "target":
        return abs(value - float(objective["target"]))
    return value if direction == "minimize" else -value


def _word(gain: float) -> str:
    if abs(gain) < _EQUAL:
        return "did not change"
    return "got better" if gain > 0 else "got worse"
