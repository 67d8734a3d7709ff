"""Behaviours and training options side by side: exact total variation after the same number of reward calls.

Tasks: the hypergrid 8^4 (4,096 objects, 16 modes behind valleys of reward 1e-3) and strings 4^6, the
sequences of TFBind8 that end in AA. Each row changes one option of the first row: on policy, no replay,
robust residuals (Huber, delta 1), uniform backward policy, 64 trajectories a step. Every freshly sampled
object counts as a reward call, even if it was seen before, and so does every proposal of a local search.
Backward rollouts from seen objects cost no call, so replay takes more gradient steps for the same calls;
small steps on policy show the effect of that alone. Objects measured beforehand are random and count as
calls.

Genetic and conservative search edit the best objects seen so far; without proxies, conservative search has no
uncertainty and erases each step with probability delta.

A method may lose here. The one bar is on the product's default: no worse than sampling on policy.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from benchmarks.exact.targets import TFBIND8, target
from benchmarks.exact.training import Target, fit, mean_and_half, side_by_side
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.exact import log_target, total_variation, uniform_log_probability
from models.gflownet.policy import PolicySpec
from models.gflownet.settings import TrainerSettings

SEEDS = (1, 2, 3, 4, 5)
CALLS = {"hypergrid 8^4": 32_000, "strings 4^6": 8_000}
N_MEASURED = 1_000
POLICY = PolicySpec(width=128)
PLAIN = TrainerSettings(
    policy=POLICY, steps_per_draw=1, random_action_probability=0.0, measured_share=0.0, replay_share=0.0
)
FIRST = "on policy"
DEFAULTS = "the product's defaults"
VARIANTS = {
    FIRST: PLAIN,
    "on policy, 16 trajectories a step": replace(PLAIN, trajectories_per_step=16),
    "uniform exploration, 5 % of steps": replace(PLAIN, random_action_probability=0.05),
    "uniform exploration, 20 % of steps": replace(PLAIN, random_action_probability=0.2),
    "tempered, half at temperature 2": replace(PLAIN, tempered_share=0.5),
    "averaged policy, half": replace(PLAIN, averaged_share=0.5),
    "replay of the best, half": replace(PLAIN, replay_share=0.5, replay_capacity=4_096),
    "replay of the best, three quarters": replace(PLAIN, replay_share=0.75, replay_capacity=4_096),
    "diverse replay, half": replace(PLAIN, diverse_share=0.5, replay_capacity=4_096),
    "replay of measured objects, half": replace(PLAIN, measured_share=0.5),
    "local search, a quarter": replace(PLAIN, local_search_share=0.25),
    "genetic search, a quarter": replace(PLAIN, genetic_share=0.25),
    "genetic search, a quarter, published ranks, half with the policy": replace(
        PLAIN, genetic_share=0.25, rank_weights="reciprocal", genetic_policy_mates=0.5
    ),
    "conservative search, a quarter": replace(PLAIN, conservative_share=0.25),
    "conservative search, a quarter, delta 0.25": replace(
        PLAIN, conservative_share=0.25, conservative_delta=0.25
    ),
    "replay of the best, half, published ranks": replace(
        PLAIN, replay_share=0.5, replay_capacity=4_096, rank_weights="reciprocal"
    ),
    "robust residuals, delta 0.3": replace(PLAIN, huber_delta=0.3),
    "squared residuals": replace(PLAIN, huber_delta=None),
    "learned backward policy": replace(PLAIN, policy=replace(POLICY, has_learned_backward=True)),
    DEFAULTS: TrainerSettings(policy=POLICY),
}


class BehaviourRun(NamedTuple):
    """One training run, as sent to another process."""

    space: str
    variant: str
    calls: int
    seed: int


def calls_of_a_step(settings: TrainerSettings, *, has_measured: bool) -> float:
    """Return the reward calls of one step once every replay buffer is filled."""
    n = settings.trajectories_per_step
    replayed = settings.replay_share + (
        settings.measured_share if has_measured or settings.replay_share else 0.0
    )
    return n - round(replayed * n) - round(settings.diverse_share * n)


def measured_objects(aim: Target, seed: int) -> list[str]:
    """Return random objects of the space."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(aim.landscape.space), generator=generator)[:N_MEASURED]
    return aim.landscape.environment.objects(aim.landscape.space.final_states[rows])


def trained(job: BehaviourRun) -> dict[str, Any]:
    """Train one variant within its budget of calls and return a row."""
    aim, conditions, settings = target(job.space), ConditionSampler((1.0, 1.0), 1), VARIANTS[job.variant]
    has_measured = settings.measured_share > 0 and job.variant != DEFAULTS
    known = measured_objects(aim, job.seed) if has_measured else []
    each = calls_of_a_step(settings, has_measured=has_measured)
    steps = max(1, int((job.calls - settings.first_estimate - len(known)) / each))
    trainer = aim.trainer(conditions, replace(settings, steps=steps), job.seed, known)
    started = time.process_time()
    trainer.run(steps)
    seconds = time.process_time() - started
    distance = fit(aim, trainer, conditions.fixed(1.0))
    paid = round(settings.first_estimate + len(known) + steps * each)
    cells = {"tv": distance.tv, "reward_ratio": distance.reward_ratio, "log_z": distance.log_z}
    return {"calls": paid, "calls_of_a_step": each, "steps": steps, **cells, "cpu_seconds": seconds}


def random_tv(aim: Target) -> float:
    """Return the total variation of a uniform policy."""
    exact = aim.exact(ConditionSampler((1.0, 1.0), 1).fixed(1.0))
    return total_variation(uniform_log_probability(aim.landscape.space), log_target(exact))


def compare(report: Report, name: str, calls: int, seeds: Sequence[int]) -> None:
    """Train every variant on one space and report paired differences from the first, with intervals."""
    variants = [key for key in VARIANTS if key != "learned backward policy" or not name.startswith("strings")]
    jobs = [BehaviourRun(name, variant, calls, seed) for variant in variants for seed in seeds]
    answers_by_variant: dict[str, list[dict[str, Any]]] = {}
    report.seeds |= set(seeds)
    for job, answer in zip(jobs, side_by_side(trained, jobs), strict=True):
        answers_by_variant.setdefault(job.variant, []).append(answer)
    report.row(space=name, behaviour="uniform actions, untrained", tv=random_tv(target(name)))
    for variant, answers in answers_by_variant.items():
        tv, half = mean_and_half([answer["tv"] for answer in answers])
        pairs = zip(answers, answers_by_variant[FIRST], strict=True)
        over, over_half = mean_and_half([mine["tv"] - first["tv"] for mine, first in pairs])
        counts = {key: answers[0][key] for key in ("calls", "calls_of_a_step", "steps")}
        means = {
            key: statistics.mean(one[key] for one in answers)
            for key in ("reward_ratio", "log_z", "cpu_seconds")
        }
        differences = {"over_first": over, "half_of_that": over_half}
        report.row(space=name, behaviour=variant, tv=tv, half=half, **differences, **counts, **means)
    usual, first = (
        statistics.mean(one["tv"] for one in answers_by_variant[key]) for key in (DEFAULTS, FIRST)
    )
    report.claim(f"{name}: TV of {DEFAULTS} over that on policy", usual / first, "<=", 1.0)


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    for name, calls in CALLS.items():
        if name.startswith("strings") and (absent := why_absent(TFBIND8)):
            report.notes.append(f"{name}: {absent}")
        else:
            compare(report, name, 2_000 if quick else calls, SEEDS[:1] if quick else SEEDS)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure)
