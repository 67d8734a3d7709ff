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
    from models.reward.evidence import Evidence, Judgement
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
) -> list[Message]:
    """Return why this object was chosen: one message for each thing worth knowing.

    `nearby` tells what is measured nearby, and how far predictions can be trusted there.
    """
    reasons = [_describe(objective, predictions.get(objective.name)) for objective in objectives]
    reasons += [_purpose(aim, objectives), *nearby]
    if feasibility < WORTH_TELLING:
        reasons.append(message("may_not_be_feasible", probability=feasibility))
    return reasons


def evidence_messages(evidence: Evidence | None, texts: Sequence[str]) -> list[list[Message]]:
    """Return for each of N objects what is known of predictions there; empty without evidence.

    One message each: of the type with the largest relative error among those that did not hold, or of all.
    """
    if evidence is None or not texts:
        return []
    judged = evidence.judge(texts)
    worst = (judged.ratios + judged.ratios.max() * ~judged.held).argmax(dim=1).tolist()
    return [[_evidence(evidence, judged, row, column)] for row, column in enumerate(worst)]


def _evidence(evidence: Evidence, judged: Judgement, row: int, column: int) -> Message:
    kind, similarity = judged.types[column], float(judged.nearest[row, column])
    ratio = float(judged.ratios[row, column])
    if bool(judged.held[row, column]):
        return message("predictions_held_there", type=kind, similarity=similarity, ratio=ratio)
    if similarity < evidence.reliability[kind].least[-1]:
        return message("predictions_not_tested_there", type=kind, similarity=similarity)
    return message("predictions_not_held_there", type=kind, similarity=similarity, ratio=ratio)


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
