"""One policy for every preference: two factors of TFBind8, and a constructed concave front."""

import statistics
import time
from dataclasses import replace
from typing import Any

import torch

from benchmarks.exact import spaces
from benchmarks.exact.conditioned import SEEDS, TRAINING, ConditionedRun, smallest_rise
from benchmarks.exact.fronts import drawn, front_of, front_points, hypervolume, ten_preferences
from benchmarks.exact.training import Target, side_by_side
from benchmarks.report import Report
from models.acquisition.contract import augmented_chebyshev, weighted_sum
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target, total_variation, uniform_log_probability
from models.gflownet.policy import PolicySpec

SCALARISATIONS = {"weighted sum": weighted_sum, "augmented Chebyshev": augmented_chebyshev}
EXACT_HYPERVOLUME = 0.980775
NGRAMS = (1, 2, 3)
FRONT = replace(
    TRAINING,
    steps=1_000,
    policy=PolicySpec(width=128),
    learning_rate=2e-3,
    huber_delta=1.0,
    replay_share=0.25,
    random_action_probability=0.1,
)


def preference(job: ConditionedRun) -> list[dict[str, Any]]:
    """Train one policy for every preference and return a row per preference and one for all together."""
    aim = Target(spaces.tfbind8(NGRAMS), SCALARISATIONS[job.kind])
    conditions = ConditionSampler((4.0, 32.0), 2)
    settings = job.settings(TRAINING)
    started = time.perf_counter()
    trainer = aim.trainer(conditions, settings, job.seed)
    trainer.run(settings.steps)
    seconds = time.perf_counter() - started
    rows: list[dict[str, Any]] = []
    beta = 16.0
    for weights in ten_preferences().tolist():
        condition = conditions.fixed(beta, weights)
        target = log_target(aim.exact(condition))
        log_p = aim.log_probability(trainer, condition)
        apart = total_variation(log_p, target)
        uniform = total_variation(uniform_log_probability(aim.landscape.space), target)
        means = (log_p.exp() @ aim.landscape.values).tolist()
        cells = {"scalarisation": job.kind, "seed": job.seed, "weight": weights[0], "tv": apart, "uniform_tv": uniform}
        rows.append({**cells, "mean_first": means[0], "mean_second": means[1]})
    values = aim.landscape.values
    points = drawn(aim, trainer, 32.0, job.seed)
    front = front_of(values)
    whole = {"hypervolume": hypervolume(points), "front_reached": front_points(points, front), "of": len(front)}
    return [*rows, {"scalarisation": job.kind, "seed": job.seed, **whole, "seconds": seconds}]


def preferences(report: Report, *, quick: bool) -> None:
    """Compare both scalarisations on two factors and ten preferences."""
    seeds = SEEDS[:1] if quick else SEEDS[:3]
    jobs = [ConditionedRun(kind, seed, quick) for kind in SCALARISATIONS for seed in seeds]
    answers_by_kind: dict[str, list[list[dict[str, Any]]]] = {}
    for job, answer in zip(jobs, side_by_side(preference, jobs), strict=True):
        answers_by_kind.setdefault(job.kind, []).append(answer)
        for row in answer:
            report.row(**row)
    values = spaces.tfbind8(NGRAMS).values
    some = values[torch.randint(len(values), (1280,), generator=torch.Generator().manual_seed(0))]
    report.row(scalarisation="none: 1,280 random strings", hypervolume=hypervolume(some))
    for kind, answers in answers_by_kind.items():
        share = statistics.mean(answer[-1]["hypervolume"] for answer in answers) / EXACT_HYPERVOLUME
        report.claim(f"{kind}: hypervolume of 10 x 128 samples over exact", share, ">=", 0.97)
        rise = min(smallest_rise([row["mean_first"] for row in answer[:-1]]) for answer in answers)
        report.claim(f"{kind}: E[SIX6] rises with its weight, smallest rise", rise, ">=", 0.0)
        rise = min(smallest_rise([-row["mean_second"] for row in answer[:-1]]) for answer in answers)
        report.claim(f"{kind}: E[EGR2] rises with its weight, smallest rise", rise, ">=", 0.0)
        tv = statistics.mean(row["tv"] for answer in answers for row in answer[:-1])
        uniform = statistics.mean(row["uniform_tv"] for answer in answers for row in answer[:-1])
        report.claim(f"{kind}: mean TV over preferences, below half of uniform's", tv, "<=", uniform / 2)


def concave(job: ConditionedRun) -> dict[str, Any]:
    """Train on the constructed concave front and return the share that ten preferences reach."""
    aim = Target(spaces.concave_front(16), SCALARISATIONS[job.kind])
    conditions = ConditionSampler((8.0, 128.0), 2)
    settings = job.settings(FRONT)
    trainer = aim.trainer(conditions, settings, job.seed)
    trainer.run(settings.steps)
    values = aim.landscape.values
    front = front_of(values)
    points = drawn(aim, trainer, 128.0, job.seed)
    reached = {"hypervolume": hypervolume(points), "exact": hypervolume(values), "inner": 0, "of": len(front) - 2}
    inner = front[(front > 0).all(dim=1)]
    return {"concave_front": job.kind, "seed": job.seed, **reached, "inner": front_points(points, inner)}


def concave_front(report: Report, *, quick: bool) -> None:
    """Compare weighted sum and augmented Chebyshev on a concave front, which a weighted sum cannot reach."""
    seeds = SEEDS[:1] if quick else SEEDS[:3]
    jobs = [ConditionedRun(kind, seed, quick) for kind in SCALARISATIONS for seed in seeds]
    shares: dict[str, list[float]] = {}
    for job, row in zip(jobs, side_by_side(concave, jobs), strict=True):
        report.row(**row)
        shares.setdefault(job.kind, []).append(row["hypervolume"] / row["exact"])
    linear, chebyshev = (statistics.mean(shares[kind]) for kind in SCALARISATIONS)
    report.claim("concave front: hypervolume share reached with augmented Chebyshev", chebyshev, ">=", 0.9)
    report.claim("concave front: that share less the weighted sum's", chebyshev - linear, ">=", 0.0)
