"""One policy for every preference beside dedicated policies, and what may bring it closer to them."""

import statistics
import time
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


KINDS: dict[str, dict[str, Any]] = {
    "one policy, as trained": {},
    "four conditions per trajectory": {"conditions_per_trajectory": 4},
    "four times the steps": {"steps": 4 * TRAINING.steps},
}
"""What differs from the usual training."""


def train_preferences(job: tuple[str, int, bool]) -> list[dict[str, Any]]:
    """Train by one kind, seed and quickness, and return a row per preference."""
    kind, seed, quick = job
    landscape = spaces.tfbind8(NGRAMS)
    settings = replace(TRAINING, **KINDS.get(kind, {}))
    if quick:
        settings = replace(settings, steps=20, trajectories_per_step=64)
    preferences = ten_preferences()
    if kind == DEDICATED:
        law, preferences = ConditionSampler((BETA, BETA), 1), preferences[list(SOME)]
        aims = [(Target(landscape, AtPreference(weights)), [[1.0]]) for weights in preferences]
    else:
        law = ConditionSampler((4.0, 32.0), 2)
        aims = [(Target(landscape, weighted_sum), preferences.tolist())]
    trained = [row for aim, at in aims for row in _trained(aim, law, settings, seed, at)]
    return [
        {"preference_policy": kind, "seed": seed, "weight": float(weights[0]), **row}
        for weights, row in zip(preferences, trained, strict=True)
    ]


def _trained(
    aim: Target, law: ConditionSampler, settings: TrainerSettings, seed: int, preferences: list[list[float]]
) -> list[dict[str, Any]]:
    """Train a policy and return, for each preference, its distance from the target and what it cost."""
    started = time.process_time()
    trainer = aim.trainer(law, settings, seed)
    trainer.run(settings.steps)
    seconds = time.process_time() - started
    conditions = [law.fixed(BETA, weights) for weights in preferences]
    apart = [
        total_variation(aim.log_probability(trainer, condition), log_target(aim.exact(condition)))
        for condition in conditions
    ]
    return [{"tv": distance, "seconds": seconds} for distance in apart]


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
