"""One policy for every preference beside dedicated policies, and what may bring it closer to them."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

from torch import Tensor

from benchmarks.exact import spaces
from benchmarks.exact.conditioned import SEEDS, TRAINING
from benchmarks.exact.fronts import ten_preferences
from benchmarks.exact.preferences import NGRAMS
from benchmarks.exact.training import Target, side_by_side
from benchmarks.report import Report
from models.acquisition.contract import weighted_sum
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target, total_variation
from models.gflownet.settings import TrainerSettings

BETA = 16.0
DEDICATED = "dedicated"
SOME = (0, 4, 9)
"""Places of the preferences that get a policy of their own: both corners, and one between."""


@final
class AtPreference:
    """The weighted sum at one preference [M], which no condition changes."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights

    def __call__(self, values: Tensor, _preference: Tensor) -> Tensor:
        """Return the sum [B] of values [B, M]."""
        return weighted_sum(values, self.weights.to(values).expand(len(values), -1))


def _usual(settings: TrainerSettings) -> TrainerSettings:
    return settings


def _four_conditions(settings: TrainerSettings) -> TrainerSettings:
    return replace(settings, conditions_per_trajectory=4)


def _four_times_the_steps(settings: TrainerSettings) -> TrainerSettings:
    return replace(settings, steps=4 * settings.steps)


KINDS: dict[str, Callable[[TrainerSettings], TrainerSettings]] = {
    "one policy, as trained": _usual,
    "four conditions per trajectory": _four_conditions,
    "four times the steps": _four_times_the_steps,
}


def train_preferences(job: tuple[str, int, bool]) -> list[dict[str, Any]]:
    """Train by one kind, seed and quickness, and return a row per preference."""
    kind, seed, quick = job
    landscape = spaces.tfbind8(NGRAMS)
    settings = replace(TRAINING, steps=20, trajectories_per_step=64) if quick else TRAINING
    settings = KINDS.get(kind, _usual)(settings)
    preferences = ten_preferences()
    rows: list[dict[str, Any]] = []
    if kind == DEDICATED:
        for place in SOME:
            aim = Target(landscape, AtPreference(preferences[place]))
            rows.append(_trained(aim, ConditionSampler((BETA, BETA), 1), settings, seed, [[1.0]]))
            rows[-1]["weight"] = float(preferences[place, 0])
    else:
        aim, law = Target(landscape, weighted_sum), ConditionSampler((4.0, 32.0), 2)
        whole = _trained(aim, law, settings, seed, preferences.tolist())
        rows = [
            {"tv": apart, "weight": float(weights[0]), "seconds": whole["seconds"]}
            for apart, weights in zip(whole["all"], preferences, strict=True)
        ]
    return [{"preference_policy": kind, "seed": seed, **row} for row in rows]


def _trained(
    aim: Target, law: ConditionSampler, settings: TrainerSettings, seed: int, preferences: list[list[float]]
) -> dict[str, Any]:
    started = time.process_time()
    trainer = aim.trainer(law, settings, seed)
    trainer.run(settings.steps)
    seconds = time.process_time() - started
    conditions = [law.fixed(BETA, weights) for weights in preferences]
    apart = [
        total_variation(aim.log_probability(trainer, condition), log_target(aim.exact(condition)))
        for condition in conditions
    ]
    return {"tv": apart[0], "all": apart, "seconds": seconds}


def preference_policies(report: Report, *, quick: bool) -> None:
    """Compare one policy with dedicated ones at three preferences, and kinds of conditioning at ten."""
    seeds = SEEDS[:1] if quick else SEEDS[:2]
    jobs = [(kind, seed, quick) for kind in (*KINDS, DEDICATED) for seed in seeds]
    found: dict[str, list[dict[str, Any]]] = {}
    for job, rows in zip(jobs, side_by_side(train_preferences, jobs), strict=True):
        found.setdefault(job[0], []).extend(rows)
    weights = {float(ten_preferences()[place, 0]) for place in SOME}
    alone = statistics.mean(row["tv"] for row in found[DEDICATED])
    for kind, rows in found.items():
        at_some = [row["tv"] for row in rows if row["weight"] in weights]
        cells = {"tv_at_three": statistics.mean(at_some), "cpu_seconds": rows[0]["seconds"]}
        tv = None if kind == DEDICATED else statistics.mean(row["tv"] for row in rows)
        report.row(preference_policy=kind, seeds=len(seeds), tv_of_ten=tv, **cells)
    usual = statistics.mean(row["tv"] for row in found["one policy, as trained"] if row["weight"] in weights)
    report.claim("preferences: total variation above dedicated policies", usual - alone, "<=", 0.05)
