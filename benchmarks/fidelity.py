"""Exactness of sampling: distances from enumerated distributions, every loss, and torchgfn on the same grids.

Reward calls are counted strictly: every freshly sampled trajectory is one, even if its object was seen
before; backward rollouts from seen objects cost none. Distances are computed from the policy itself by
dynamic programming over the whole space, not from samples. `log_z` is the learned estimate minus the truth;
`log_z_weighted` is importance-weighted from 10,000 further samples of the trained policy.

The settings were chosen on seed 0; the seeds below are others. `docs/benchmarks/appendix.md` lists further
experiments.

Each part runs alone: `--part losses`, `potentials`, `calls`, `qm9`, `minutes`, `grids`, `ahead` or
`precision`. The minutes
take 30 core-minutes, `ahead` 25, `precision` 10 and all others together about 20.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from benchmarks import peer
from benchmarks.exact.recipes import (
    BUDGET,
    CALLS,
    GRID_TRAJECTORIES,
    MINUTES,
    NGRAMS,
    OUR_GRID,
    PLAIN_GRID,
    SEEDS,
    SMALL,
    RecipeRun,
    trained,
)
from benchmarks.exact.shortcuts import ahead, precision
from benchmarks.exact.targets import QM9_STRINGS, TFBIND8, target
from benchmarks.exact.training import (
    Fit,
    fit,
    mean,
    mean_and_half,
    reward_calls,
    side_by_side,
    train_for,
    within_calls,
)
from benchmarks.parts import run_parts
from benchmarks.report import Report
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target, total_variation, uniform_log_probability
from models.gflownet.rewards import IncompatibleLossError
from models.gflownet.settings import TrainerSettings
from models.specs.sampler import LOSSES

MINUTES_OF_TWO_CORES = 5.0


def random_tv(name: str) -> float:
    """Return the total variation of a uniform policy."""
    aim = target(name)
    exact = aim.exact(ConditionSampler((1.0, 1.0), 1).fixed(1.0))
    return total_variation(uniform_log_probability(aim.landscape.space), log_target(exact))


def many_seeds(
    report: Report, name: str, settings: TrainerSettings, seeds: Sequence[int]
) -> list[dict[str, float]]:
    """Train with each seed, report one row each, and return the rows."""
    answers = []
    for seed, fitted in zip(
        seeds, side_by_side(trained, [RecipeRun(name, settings, seed) for seed in seeds]), strict=True
    ):
        cells = {key: fitted[key] for key in ("reward_ratio", "log_z", "log_z_weighted", "seconds")}
        calls, tv = reward_calls(settings), fitted["tv"]
        report.row(space=name, seed=seed, calls=calls, steps=settings.steps, tv=tv, l1=2 * tv, **cells)
        answers.append(fitted)
    return answers


def budget_of_calls(report: Report, *, quick: bool) -> None:
    """Train on TFBind8 within a budget of reward calls."""
    settings = within_calls(2_000 if quick else CALLS, BUDGET)
    answers = many_seeds(report, "TFBind8", settings, SEEDS[:1] if quick else SEEDS)
    report.claim("TFBind8, 64,000 calls: TV", mean(answers, "tv"), "<=", 0.20)
    report.claim("TFBind8, 64,000 calls: TV (aim)", mean(answers, "tv"), "<=", 0.15)
    report.claim("TFBind8, 64,000 calls: E[R]/E*[R]", mean(answers, "reward_ratio"), ">=", 0.97)
    report.claim(
        "TFBind8, 64,000 calls: learned log Z error", mean(answers, "log_z", absolute=True), "<=", 0.1
    )
    weighted = mean(answers, "log_z_weighted", absolute=True)
    report.claim("TFBind8, 64,000 calls: weighted log Z error", weighted, "<=", 0.03)


def qm9_strings(report: Report, *, quick: bool) -> None:
    """Train on QM9 strings with half as many reward calls."""
    settings = within_calls(2_000 if quick else CALLS // 2, BUDGET)
    answers = many_seeds(report, "QM9 strings", settings, SEEDS[:1] if quick else SEEDS)
    l1, random_l1 = 2 * mean(answers, "tv"), 2 * random_tv("QM9 strings")
    report.claim("QM9 strings, 32,000 calls: L1 over random's", l1 / random_l1, "<=", 0.25)


def budget_of_minutes(report: Report, *, quick: bool) -> None:
    """Train on TFBind8 for five minutes of two cores, and with the number of calls of that run."""
    aim, conditions = target("TFBind8", NGRAMS), ConditionSampler((1.0, 1.0), 1)
    minutes, seeds = (0.05, SEEDS[:1]) if quick else (MINUTES_OF_TWO_CORES, SEEDS)
    fits: list[Fit] = []
    for seed in seeds:
        trainer = aim.trainer(conditions, MINUTES, seed)
        started = time.perf_counter()
        train_for(2 * 60 * minutes, trainer)
        seconds = time.perf_counter() - started
        fits.append(fit(aim, trainer, conditions.fixed(1.0)))
        cells = {"steps": trainer.steps_done, "seconds": seconds, **asdict(fits[-1])}
        report.row(space="TFBind8", seed=seed, core_minutes=2 * minutes, **cells)
    tv = statistics.mean(one.tv for one in fits)
    report.claim(f"TFBind8, {minutes:g} minutes of two cores: TV", tv, "<=", 0.15)
    report.claim(f"TFBind8, {minutes:g} minutes of two cores: TV (aim)", tv, "<=", 0.08)


def grids(report: Report, *, quick: bool) -> None:
    """Compare exact L1 on hypergrids: ours with the peer's protocol and with our recipe, beside torchgfn."""
    sizes = ((4, 8),) if quick else ((4, 8), (4, 16))
    seeds, trajectories = (SEEDS[:1], 640) if quick else (SEEDS, GRID_TRAJECTORIES)
    for n_dimensions, side in sizes:
        name = f"hypergrid {side}^{n_dimensions}"
        sums: dict[str, list[float]] = {}
        for kind, settings in (("ours, the peer's protocol", PLAIN_GRID), ("ours, our recipe", OUR_GRID)):
            jobs = [RecipeRun(name, within_calls(trajectories, settings), seed) for seed in seeds]
            for job, fitted in zip(jobs, side_by_side(trained, jobs), strict=True):
                l1 = 2 * fitted["tv"]
                sums.setdefault(kind, []).append(l1)
                calls = reward_calls(job.settings)
                report.row(
                    space=name, who=kind, seed=job.seed, trajectories=calls, l1=l1, seconds=fitted["seconds"]
                )
        for seed in seeds:
            options = {
                "dimensions": n_dimensions,
                "side": side,
                "batch": 64,
                "steps": trajectories // 64,
                "warmup": 0,
            }
            fitted = peer.measure(
                "torchgfn", "torchgfn_hypergrid.py", **options, threads=1, seed=seed, exact=1
            )
            sums.setdefault("torchgfn", []).append(fitted["l1"])
            report.row(
                space=name,
                who="torchgfn",
                seed=seed,
                trajectories=trajectories,
                l1=fitted["l1"],
                seconds=fitted["seconds"],
            )
        for kind, bar in (("ours, the peer's protocol", 1.0), ("ours, our recipe", 0.5)):
            ratio = statistics.mean(sums[kind]) / statistics.mean(sums["torchgfn"])
            report.claim(f"{name}: L1 of {kind} over torchgfn's", ratio, "<=", bar)


def loss_fit(job: RecipeRun) -> dict[str, Any]:
    """Return the fit, or the reason why a loss is incompatible with that space."""
    try:
        return trained(job)
    except IncompatibleLossError as error:
        return {"refused": str(error)}


def losses(report: Report, *, quick: bool) -> None:
    """Compare every loss on small spaces, by exact total variation."""
    seeds, settings = (SEEDS[:1], replace(SMALL, steps=20)) if quick else (SEEDS, SMALL)
    names = ("hypergrid 8^2", "strings 4^5")
    report.seeds |= set(seeds)
    jobs = [
        RecipeRun(name, replace(settings, loss=loss), seed)
        for name in names
        for loss in LOSSES
        for seed in seeds
    ]
    fits: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for job, answer in zip(jobs, side_by_side(loss_fit, jobs), strict=True):
        fits.setdefault((job.space, job.settings.loss), []).append(answer)
    for (name, loss), answers in fits.items():
        if "refused" in answers[0]:
            report.row(space=name, loss=loss, refused=answers[0]["refused"])
            continue
        tv, half = mean_and_half([answer["tv"] for answer in answers])
        cells = {key: mean(answers, key) for key in ("rewards", "seconds")}
        report.row(space=name, loss=loss, tv=tv, half=half, **cells)
        report.claim(f"{name}, {loss}: TV", tv, "<=", 0.1)


def decomposed(job: RecipeRun) -> dict[str, float]:
    """Train with a learned potential where a loss looks forward; return the fit and the CPU seconds."""
    aim, conditions = target(job.space), ConditionSampler((1.0, 1.0), 1)
    started = time.process_time()
    trainer = aim.trainer(conditions, job.settings, job.seed, has_partial=False)
    trainer.run(job.settings.steps)
    seconds = time.process_time() - started
    return {**asdict(fit(aim, trainer, conditions.fixed(1.0))), "seconds": seconds}


def potentials(report: Report, *, quick: bool) -> None:
    """Compare losses that learn from whole objects with those that share the reward among steps."""
    name, seeds = "QM9 strings", SEEDS[:1] if quick else SEEDS
    settings = replace(SMALL, steps=20 if quick else 1_000)
    report.seeds |= set(seeds)
    tv: dict[str, list[float]] = {}
    for loss in DECOMPOSED:
        jobs = [RecipeRun(name, replace(settings, loss=loss), seed) for seed in seeds]
        answers = list(side_by_side(decomposed, jobs))
        tv[loss] = [answer["tv"] for answer in answers]
        average, half = mean_and_half(tv[loss])
        report.row(space=name, loss=loss, tv=average, half=half, seconds=mean(answers, "seconds"))
    for loss, other in DECOMPOSED.items():
        if other is not None:
            gaps = [one - two for one, two in zip(tv[loss], tv[other], strict=True)]
            gap, half = mean_and_half(gaps)
            report.claim(f"{name}: TV of {loss} less that of {other}", gap, "<=", 0.0, half)


DECOMPOSED = {
    "trajectory_balance": None,
    "detailed_balance": None,
    "sub_trajectory_balance": None,
    "forward_looking_detailed_balance": "detailed_balance",
    "forward_looking_sub_trajectory_balance": "trajectory_balance",
}
"""Losses with a learned potential and the one beside each: its own kind, and what campaigns use."""

PARTS = {
    "potentials": (potentials, QM9_STRINGS),
    "losses": (losses, TFBIND8),
    "calls": (budget_of_calls, TFBIND8),
    "qm9": (qm9_strings, QM9_STRINGS),
    "minutes": (budget_of_minutes, TFBIND8),
    "grids": (grids, None),
    "ahead": (ahead, TFBIND8),
    "precision": (precision, TFBIND8),
}
"""Each part and the measured table it needs."""


if __name__ == "__main__":
    run_parts(__doc__.splitlines()[0], PARTS)
