"""Why an object was chosen, as messages: what is expected, what it was chosen for, what is known nearby.

Knows predictions and purposes; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.records import Prediction, Purpose
    from models.specs.objectives import Objective

WORTH_TELLING = 0.9
"""A lower probability of being made and measured is reported."""


@final
@dataclass(frozen=True, slots=True)
class SelectionReason:
    """What an object was chosen for.

    `why` where it is not new or was sampled, `trade_off` [M] where it serves one.
    """

    purpose: Purpose
    trade_off: Sequence[float] = ()
    why: Message | None = None
    is_space_filling: bool = False


def reason(
    aim: SelectionReason,
    objectives: Sequence[Objective],
    predictions: Mapping[str, Prediction],
    nearby: Sequence[Message],
    feasibility: float,
    *,
    is_outside: bool,
) -> list[Message]:
    """Return why this object was chosen: one message for each thing worth knowing."""
    reasons = [_describe(objective, predictions.get(objective.name)) for objective in objectives]
    reasons += [_purpose(aim, objectives), *nearby]
    if is_outside:
        reasons.append(message("outside_applicability_domain"))
    if feasibility < WORTH_TELLING:
        reasons.append(message("may_not_be_feasible", probability=feasibility))
    return reasons


def _describe(objective: Objective, prediction: Prediction | None) -> Message:
    name, units = objective.name, objective.units
    if prediction is None and objective.computed is None:
        return message("value_without_results", objective=name)
    if prediction is None:
        return message("value_not_computable", objective=name)
    if objective.computed is not None:
        return message("computed_value", objective=name, value=prediction.mean, units=units)
    return message(
        "expected_value",
        objective=name,
        mean=prediction.mean,
        low=prediction.low,
        high=prediction.high,
        units=units,
    )


def _purpose(aim: SelectionReason, objectives: Sequence[Objective]) -> Message:
    if aim.why is not None:
        return aim.why
    if aim.is_space_filling:
        return message("chosen_to_fill_space")
    if aim.purpose == "explore":
        return message("chosen_to_explore")
    if len(objectives) == 1:
        return message("chosen_to_exploit")
    names = [objective.name for objective in objectives]
    return message("chosen_to_exploit_trade_off", preference=dict(zip(names, aim.trade_off, strict=True)))
