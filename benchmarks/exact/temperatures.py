"""One policy for every beta on TFBind8: against dedicated ones, three kinds, and from the lower half."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.exact import spaces
from benchmarks.exact.conditioned import KINDS, SEEDS, TRAINING, ConditionedRun, expected, smallest_rise
from benchmarks.exact.training import Target, fit, mean_and_half, side_by_side
from benchmarks.report import Report
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target
from models.gflownet.policy import PolicySpec

BETAS = (1.0, 2.0, 3.0, 5.0, 10.0)
NGRAMS = (1, 2, 3)
OFFLINE = replace(
    TRAINING,
    policy=PolicySpec(width=256, depth=3),
    learning_rate=2e-3,
    loss="log_partition_variance",
    group_size=32,
    huber_delta=None,
    steps=150,
    measured_share=1.0,
    replay_share=0.0,
    first_estimate=0,
)


def temperature_base(values: Tensor, _: Tensor) -> Tensor:
    """Return log(10 y^3) of the first factor [B]."""
    return 3 * values[:, 0].log() + torch.log(torch.tensor(10.0))


def temperature(job: ConditionedRun) -> list[dict[str, Any]]:
    """Train one policy, conditional or dedicated, and return a row for each of its betas."""
    aim = Target(spaces.tfbind8(NGRAMS), temperature_base)
    betas = (job.beta, job.beta) if job.beta else (BETAS[0], BETAS[-1])
    conditions = ConditionSampler(betas, 1, beta_law="uniform")
    settings = job.settings(TRAINING)
    started = time.perf_counter()
    trainer = aim.trainer(conditions, settings, job.seed)
    trainer.run(settings.steps)
    seconds = time.perf_counter() - started
    rows = []
    for beta in (job.beta,) if job.beta else BETAS:
        condition = conditions.fixed(beta)
        truth = log_target(aim.exact(condition)).exp() @ aim.landscape.values[:, 0]
        mean_value = float(expected(aim, trainer, condition)[0])
        cells = {"policy": job.kind, "beta": beta, "seed": job.seed, **asdict(fit(aim, trainer, condition))}
        rows.append({**cells, "mean_y": mean_value, "exact_y": float(truth), "seconds": seconds})
    if job.beta is None:
        grid = torch.logspace(0, 1, 20).tolist()
        rise = smallest_rise([float(expected(aim, trainer, conditions.fixed(beta))[0]) for beta in grid])
        rows = [{**row, "smallest_rise": rise} for row in rows]
    return rows


def temperatures(report: Report, *, quick: bool) -> None:
    """Compare one conditional policy with dedicated ones, and three kinds of conditioning."""
    seeds = SEEDS[:1] if quick else SEEDS
    jobs = [ConditionedRun(kind, seed, quick) for kind in KINDS for seed in seeds]
    jobs += [ConditionedRun("dedicated", seed, quick, beta) for beta in BETAS for seed in seeds[:3]]
    rows: list[dict[str, Any]] = []
    for answer in side_by_side(temperature, jobs):
        for row in answer:
            report.row(**row)
            rows.append(row)
    tv: dict[tuple[str, float], tuple[float, float]] = {}
    for kind in (*KINDS, "dedicated"):
        for beta in BETAS:
            values = [row["tv"] for row in rows if row["policy"] == kind and row["beta"] == beta]
            tv[kind, beta] = mean_and_half(values)
            report.row(
                policy=kind, beta=beta, seeds=len(values), mean_tv=tv[kind, beta][0], half_of_95=tv[kind, beta][1]
            )
    usual = next(iter(KINDS))
    for beta in BETAS:
        excess = tv[usual, beta][0] - tv["dedicated", beta][0]
        report.claim(f"beta {beta:g}: TV over the dedicated policy's", excess, "<=", 0.05)
        mine = [row for row in rows if row["policy"] == usual and row["beta"] == beta]
        off = statistics.mean(abs(row["mean_y"] / row["exact_y"] - 1) for row in mine)
        report.claim(f"beta {beta:g}: relative error of E[y]", off, "<=", 0.03)
    rises = [row["smallest_rise"] for row in rows if row["policy"] == usual]
    report.claim("E[y] rises with beta, smallest rise of 19 and all seeds", min(rises), ">=", 0.0)
    compare(report, rows)


def compare(report: Report, rows: Sequence[dict[str, Any]]) -> None:
    """Report differences in TV between kinds of conditioning, paired by seed, with confidence intervals."""
    usual, *others = KINDS
    for other in others:
        for beta in BETAS:
            pairs = [
                [row["tv"] for row in rows if row["policy"] == kind and row["beta"] == beta] for kind in (other, usual)
            ]
            gain, half = mean_and_half([theirs - ours for theirs, ours in zip(*pairs, strict=True)])
            report.row(beta=beta, compared=f"{other} minus {usual}", tv_difference=gain, half_of_95=half)


def offline(job: ConditionedRun) -> list[dict[str, Any]]:
    """Train on the lower half alone and return the mean value at each beta."""
    aim = Target(spaces.tfbind8(), temperature_base)
    y = aim.landscape.values[:, 0]
    known = aim.landscape.space.final_states[y.argsort()[: len(y) // 2]]
    cap = float(y.median())
    conditions = ConditionSampler((10.0, 50.0), 1)
    settings = job.settings(OFFLINE)
    trainer = aim.trainer(conditions, settings, job.seed, aim.landscape.environment.objects(known))
    trainer.run(settings.steps)
    rows = []
    for beta in (10.0, 30.0, 50.0):
        condition = conditions.fixed(beta)
        truth = float(log_target(aim.exact(condition)).exp() @ y)
        mean_value = float(expected(aim, trainer, condition)[0])
        rows.append(
            {"offline": job.kind, "seed": job.seed, "beta": beta, "mean_y": mean_value, "memory": cap, "exact_y": truth}
        )
    return rows


def offline_half(report: Report, *, quick: bool) -> None:
    """Measure generalisation from the lower half, by kind of conditioning."""
    seeds = SEEDS[:1] if quick else SEEDS[:3]
    jobs = [ConditionedRun(kind, seed, quick) for kind in KINDS for seed in seeds]
    rows: list[dict[str, Any]] = []
    for answer in side_by_side(offline, jobs):
        for row in answer:
            report.row(**row)
            rows.append(row)
    for beta in (10.0, 30.0, 50.0):
        mine = [row for row in rows if row["offline"] == next(iter(KINDS)) and row["beta"] == beta]
        reached = statistics.mean(row["mean_y"] for row in mine)
        report.claim(f"offline, beta {beta:g}: E[y] above the best that was seen", reached, ">=", mine[0]["memory"])
