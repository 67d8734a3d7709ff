"""Insights as messages: what a person should take away, and what the numbers do not say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from models.insights.random_baseline import ENOUGH
from models.messages.message import Message, message
from models.summaries.importance import CLEAR_TREND, UNNAMED_PART

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.insights.utilities import UtilityScale

Told = dict[str, Any]

MOST_PARTS = 4
"""Parts of one objective that a sentence names."""
MOST_ROUNDS = 3
"""Rounds, the last ones, whose hits are told one by one."""


def insight_messages(told: Mapping[str, Any], scales: Sequence[UtilityScale]) -> list[Message]:
    """Return what a reader should know of a campaign's insights, the most important first."""
    if not told["initial"]["measured"] and not any(item["measured"] for item in told["rounds"]):
        return [*_nothing(told), *_left_out(told["pareto"])]
    return [
        *_on_front(told),
        *_on_hits(told),
        *_on_volume(told),
        *_on_bests(told, scales),
        *_on_success(told["rounds"]),
        *_on_importance(told["importance"]),
        *_on_convergence(told["rounds"]),
        *_on_chance(told),
        *_on_ranges(scales),
        *_left_out(told["pareto"]),
    ]


def _nothing(told: Mapping[str, Any]) -> list[Message]:
    if not told["rounds"]:
        return [message("insights_no_round")]
    return [message("insights_no_results", rounds=len(told["rounds"]))]


def _on_front(told: Mapping[str, Any]) -> list[Message]:
    front = told["pareto"]
    n, size = front["front_size"] + front["dominated"], front["front_size"]
    proposed = sum(item["round"] > 0 for item in front["front"])
    if len(told["objectives"]) == 1:
        best = front["front"][0]
        if best["round"]:
            return [message("best_by_round", count=n, object=best["display"], round=best["round"])]
        return [message("best_of_first_data", count=n, object=best["display"])]
    if told["rounds"]:
        return [message("front_size_by_rounds", count=n, size=size, proposed=proposed)]
    return [message("front_size", count=n, size=size)]


def _on_hits(told: Mapping[str, Any]) -> list[Message]:
    rule, base = told["hits"]["rule"], told["initial"]["hits"]
    found = [(item["number"], item["hits"]) for item in told["rounds"] if item["hits"] and item["hits"]["of"]]
    if not found:
        return []
    said = [_hits_of_round(number, item, base) for number, item in found[-MOST_ROUNDS:]]
    if len(found) > 1:
        totals = {name: sum(item[name] for _, item in found) for name in ("n", "of")}
        said.insert(0, _hits_of_rounds(len(found), totals, base))
    return [*said, message("hit_rule", rule=rule)]


def _hits_of_round(number: int, found: Mapping[str, Any], base: Mapping[str, Any] | None) -> Message:
    n, of, expected = found["n"], found["of"], _by_chance(found["of"], base)
    if expected is None:
        return message("hits_of_round", round=number, hits=n, measured=of)
    return message("hits_of_round_and_chance", round=number, hits=n, measured=of, **expected)


def _hits_of_rounds(rounds: int, found: Mapping[str, Any], base: Mapping[str, Any] | None) -> Message:
    n, of, expected = found["n"], found["of"], _by_chance(found["of"], base)
    if expected is None:
        return message("hits_of_rounds", rounds=rounds, hits=n, measured=of)
    return message("hits_of_rounds_and_chance", rounds=rounds, hits=n, measured=of, **expected)


def _by_chance(of: int, base: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Return mean and deviation of the hits among n random objects, None without a rate of the first data."""
    if base is None or base["rate"] is None:
        return None
    return {"expected": of * base["rate"], "sd": math.sqrt(of * base["rate"] * (1 - base["rate"]))}


def _on_volume(told: Mapping[str, Any]) -> list[Message]:
    last = next((item for item in reversed(told["rounds"]) if item["measured"]), None)
    if last is None or len(told["objectives"]) == 1 or last["hypervolume"]["random"] is None:
        return []
    volume, random = last["hypervolume"], last["hypervolume"]["random"]
    return [message("hypervolume_and_chance", hypervolume=volume["proposed"], **random)]


def _on_bests(told: Mapping[str, Any], scales: Sequence[UtilityScale]) -> list[Message]:
    said = []
    for scale in scales:
        name = scale.objective.name
        found = [item["best"][name] for item in told["rounds"]]
        bests = [item for item in found if item["best"] is not None]
        if not bests or bests[-1]["random_so_far"] is None:
            continue
        is_low = scale.objective.direction != "maximize"
        best = (min if is_low else max)(item["best"] for item in bests)
        said.append(_on_best(scale, best, bests[-1]["random_so_far"]))
    return said


def _on_best(scale: UtilityScale, best: float, random: Mapping[str, float]) -> Message:
    objective = scale.objective
    if scale.utility.target is not None:
        return message(
            "smallest_distance_and_chance",
            objective=objective.name,
            target=objective.target,
            best=best,
            **random,
        )
    params = {"objective": objective.name, "units": objective.units, "best": best, **random}
    if objective.direction == "maximize":
        return message("largest_value_and_chance", **params)
    return message("smallest_value_and_chance", **params)


def _on_success(rounds: Sequence[Told]) -> list[Message]:
    n, of = (sum(item["success"][name] for item in rounds) for name in ("n", "of"))
    return [message("failed_candidates", failed=of - n, count=of)] if n < of else []


def _on_importance(found: Mapping[str, Any] | None) -> list[Message]:
    """Return the strongest named parts of each objective, those that are clearly more than nothing."""
    said = []
    for name, item in (found or {"objectives": {}})["objectives"].items():
        parts = [part for part in item.get("parts", ()) if part["present"] and part["part"] != UNNAMED_PART]
        sure = [
            part for part in parts if (part["absolute"] or 0.0) > 2 * (part["absolute_error"] or math.inf)
        ][:MOST_PARTS]
        if sure:
            effects = {part["part"]: _effect(part["trend"]) for part in sure}
            said.append(message("strongest_parts", objective=name, effects=effects))
    return said


def _effect(trend: float | None) -> str:
    """Return what more of a part does to a prediction; nothing where that is not clear."""
    if trend is None or abs(trend) < CLEAR_TREND:
        return ""
    return "raises" if trend > 0 else "lowers"


def _on_convergence(rounds: Sequence[Told]) -> list[Message]:
    last = next((item for item in reversed(rounds) if item["convergence"]), None)
    if last is None:
        return []
    far = {f"{item['beta']:g}": item["kl"] for item in last["convergence"] if item.get("kl") is not None}
    return [message("policy_divergence", round=last["number"], divergences=far)] if far else []


def _on_chance(told: Mapping[str, Any]) -> list[Message]:
    n = told["initial"]["measured"]
    if n >= ENOUGH or not told["rounds"]:
        return []
    return [message("chance_unknown", count=n, needed=ENOUGH)]


def _on_ranges(scales: Sequence[UtilityScale]) -> list[Message]:
    return [
        message("objective_without_range", objective=scale.objective.name)
        for scale in scales
        if scale.utility.source == "measured"
    ]


def _left_out(front: Mapping[str, Any]) -> list[Message]:
    said = []
    if n := front["unplaced"]:
        said.append(message("objects_without_value", count=n))
    if n := front["forbidden"]:
        said.append(message("objects_forbidden", count=n))
    return said
