"""One plain sentence for every chosen object: what is expected, what it was chosen for, what is known nearby.

Knows predictions and purposes; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.records import Prediction, Purpose
    from models.specs.objectives import Objective

WORTH_TELLING = 0.9
"""A lower probability of being made and measured is told."""


@final
@dataclass(frozen=True, slots=True)
class SelectionReason:
    """What an object was chosen for; `why` in words where it is not new, `trade_off` [M] where it serves one."""

    purpose: Purpose
    trade_off: Sequence[float] = ()
    why: str = ""
    is_space_filling: bool = False


def reason(
    aim: SelectionReason,
    objectives: Sequence[Objective],
    predictions: Mapping[str, Prediction],
    neighbour: str,
    feasibility: float,
    *,
    is_outside: bool,
) -> str:
    """Return the one sentence that tells why this object was chosen."""
    told = [_describe(objective, predictions.get(objective.name)) for objective in objectives]
    parts = [f"Expected {', '.join(told)}", _purpose(aim, objectives), neighbour]
    if is_outside:
        parts.append("it lies outside the domain where predictions have been tested, so trust them less")
    if feasibility < WORTH_TELLING:
        parts.append(f"it can be made and measured with probability {feasibility:.0%}")
    return "; ".join(parts) + "."


def _describe(objective: Objective, prediction: Prediction | None) -> str:
    if prediction is None:
        why = "no results yet" if objective.assay_type is not None else "it has no value"
        return f"{objective.name} unknown ({why})"
    units = f" {objective.units}" if objective.units else ""
    if objective.assay_type is None:
        return f"{objective.name} {prediction.mean:.3g}{units} (computed)"
    return (
        f"{objective.name} {prediction.mean:.3g}{units} (90 % between {prediction.low:.3g} and {prediction.high:.3g})"
    )


def _purpose(aim: SelectionReason, objectives: Sequence[Objective]) -> str:
    if aim.why:
        return aim.why
    if aim.is_space_filling:
        return "chosen to explore: it fills the space, as unlike the rest of the batch as can be"
    if aim.purpose == "explore":
        return "chosen to explore: its values are among the least known"
    return "chosen to exploit: among the most promising" + _trade_off(aim, objectives)


def _trade_off(aim: SelectionReason, objectives: Sequence[Objective]) -> str:
    if len(objectives) == 1:
        return ""
    shares = [f"{objective.name} {share:.0%}" for objective, share in zip(objectives, aim.trade_off, strict=True)]
    return f" when weighing {' and '.join(shares)}"
