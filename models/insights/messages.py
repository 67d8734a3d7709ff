"""Insights as plain sentences: what a person should take away, and what the numbers do not say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from models.insights.random_baseline import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.insights.utilities import UtilityScale

Told = dict[str, Any]

REST = "everything else"
MOST_PARTS = 4
"""Parts of one objective that a sentence names."""
MOST_ROUNDS = 3
"""Rounds, the last ones, whose hits are told one by one."""
CLEAR = 0.3
"""Rank correlation from which a part has a direction."""


def statements(told: Mapping[str, Any], scales: Sequence[UtilityScale]) -> list[str]:
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


def _nothing(told: Mapping[str, Any]) -> list[str]:
    rounds = len(told["rounds"])
    started = f"{rounds} round{'s were' if rounds > 1 else ' was'} started" if rounds else "No round was started"
    return [f"{started}, and no object is measured in all objectives yet: there is nothing to compare."]


def _on_front(told: Mapping[str, Any]) -> list[str]:
    front = told["pareto"]
    n, size = front["front_size"] + front["dominated"], front["front_size"]
    proposed = sum(item["round"] > 0 for item in front["front"])
    by_rounds = f" ({proposed} proposed by rounds)" if told["rounds"] else ""
    if len(told["objectives"]) == 1:
        best = front["front"][0]
        index = f"proposed by round {best['round']}" if best["round"] else "measured without being proposed"
        return [f"{n} objects are measured; the best is {best['display']}, {index}."]
    return [f"{n} objects are measured in all objectives; {size} of them no other one beats{by_rounds}."]


def _on_hits(told: Mapping[str, Any]) -> list[str]:
    rule, base = told["hits"]["rule"], told["initial"]["hits"]
    found = [(item["number"], item["hits"]) for item in told["rounds"] if item["hits"] and item["hits"]["of"]]
    if not found:
        return []
    said = [_hits(f"Round {number}", item["n"], item["of"], base) for number, item in found[-MOST_ROUNDS:]]
    if len(found) > 1:
        totals = [sum(item[name] for _, item in found) for name in ("n", "of")]
        rounds = "Both rounds" if len(found) == 2 else f"All {len(found)} rounds"  # noqa: PLR2004 - two are both
        said.insert(0, _hits(f"{rounds} with results", totals[0], totals[1], base))
    return [*said, f"A hit is {rule}."]


def _hits(who: str, n: int, of: int, base: Mapping[str, Any] | None) -> str:
    expected = ""
    if base is not None and base["rate"] is not None:
        mean, spread = of * base["rate"], math.sqrt(of * base["rate"] * (1 - base["rate"]))
        expected = f"; chance would give {mean:.1f} ± {spread:.1f}"
    return f"{who}: {n} of {of} measured candidates are hits{expected}."


def _on_volume(told: Mapping[str, Any]) -> list[str]:
    last = next((item for item in reversed(told["rounds"]) if item["measured"]), None)
    if last is None or len(told["objectives"]) == 1 or last["hypervolume"]["random"] is None:
        return []
    volume, random = last["hypervolume"], last["hypervolume"]["random"]
    said = (
        f"What the rounds proposed spans a hypervolume of {volume['proposed']:.3g}; as many objects like the first "
        f"data would span {random['expected']:.3g} ({random['low']:.3g} to {random['high']:.3g})."
    )
    return [said]


def _on_bests(told: Mapping[str, Any], scales: Sequence[UtilityScale]) -> list[str]:
    said = []
    for scale in scales:
        name = scale.objective.name
        found = [item["best"][name] for item in told["rounds"]]
        bests = [item for item in found if item["best"] is not None]
        if not bests or bests[-1]["random_so_far"] is None:
            continue
        is_low = scale.objective.direction != "maximize"
        best = (min if is_low else max)(item["best"] for item in bests)
        random = bests[-1]["random_so_far"]
        what = f"distance of {name} from {scale.objective.target:g}" if scale.utility.target is not None else name
        units = f" {scale.objective.units}" if scale.objective.units and scale.utility.target is None else ""
        said.append(
            f"The {'smallest' if is_low else 'largest'} {what} of the rounds is {best:.3g}{units}; of as many objects "
            f"like the first data it would be {random['expected']:.3g}{units} ({random['low']:.3g} to "
            f"{random['high']:.3g})."
        )
    return said


def _on_success(rounds: Sequence[Told]) -> list[str]:
    n, of = (sum(item["success"][name] for item in rounds) for name in ("n", "of"))
    return [f"{of - n} of the {of} candidates with an outcome failed."] if n < of else []


def _on_importance(found: Mapping[str, Any] | None) -> list[str]:
    """Return the strongest named parts of each objective, those that are clearly more than nothing."""
    said = []
    for name, item in (found or {"objectives": {}})["objectives"].items():
        parts = [part for part in item.get("parts", ()) if part["present"] and part["part"] != REST]
        sure = [part for part in parts if (part["absolute"] or 0.0) > 2 * (part["absolute_error"] or math.inf)][
            :MOST_PARTS
        ]
        if sure:
            named = ", ".join(f"{part['part']}{_direction(part['trend'])}" for part in sure)
            said.append(f"Predictions of {name} hang most on {named}.")
    return said


def _direction(trend: float | None) -> str:
    if trend is None or abs(trend) < CLEAR:
        return ""
    return f" (more of it: {'higher' if trend > 0 else 'lower'})"


def _on_convergence(rounds: Sequence[Told]) -> list[str]:
    last = next((item for item in reversed(rounds) if item["convergence"]), None)
    if last is None:
        return []
    far = [
        f"{item['kl']:.1f} nats at β = {item['beta']:g}" for item in last["convergence"] if item.get("kl") is not None
    ]
    index = f"The policy of round {last['number']} is"
    return [f"{index} {' and '.join(far)} from its target (KL of trajectories; 0 is perfect)."] if far else []


def _on_chance(told: Mapping[str, Any]) -> list[str]:
    n = told["initial"]["measured"]
    if n >= ENOUGH or not told["rounds"]:
        return []
    return [
        f"What chance would reach is not told: {n} objects were measured without being proposed; it takes {ENOUGH}."
    ]


def _on_ranges(scales: Sequence[UtilityScale]) -> list[str]:
    return [
        f"{scale.objective.name} has no range: utilities, hypervolumes and hits use that of all measured values, which "
        "moves with every new extreme."
        for scale in scales
        if scale.utility.source == "measured"
    ]


def _left_out(front: Mapping[str, Any]) -> list[str]:
    said = []
    if n := front["unplaced"]:
        said.append(f"{n} objects are not compared: a value of some objective is missing or only bounded on one side.")
    if n := front["forbidden"]:
        said.append(f"{n} objects are not compared: a known value breaks a constraint or a guardrail.")
    return said
