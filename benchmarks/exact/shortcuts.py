"""Cost of training shortcuts in exact distance: several steps per rollout, hidden layers in bfloat16."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.exact.recipes import (
    BUDGET,
    CALLS,
    GRID_TRAJECTORIES,
    OUR_GRID,
    PLAIN_GRID,
    SEEDS,
    RecipeRun,
    trained,
)
from benchmarks.exact.training import mean, mean_and_half, side_by_side, within_calls
from benchmarks.report import Report
from models.gflownet.settings import TrainerSettings
from models.gflownet.trunks.contract import Precision

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
Case = tuple[str, str, int, TrainerSettings]
"""A space, the recipe's name, reward calls, and its settings without the shortcut."""
SMALL_STEPS = replace(PLAIN_GRID, trajectories_per_step=16)
CASES: tuple[Case, ...] = (
    ("hypergrid 8^4", "the peer's protocol", 2 * GRID_TRAJECTORIES, SMALL_STEPS),
    ("hypergrid 8^4", "our recipe", GRID_TRAJECTORIES, OUR_GRID),
    ("TFBind8", "our recipe", CALLS, BUDGET),
)


def _compare(
    report: Report, case: Case, ways: Mapping[str, TrainerSettings], seeds: Sequence[int], share: float
) -> dict[str, float]:
    """Train each variant with each seed, report a row per variant, and return the mean total variations."""
    space, kind, calls, _ = case
    jobs = [
        RecipeRun(space, within_calls(int(calls * share), one), seed)
        for one in ways.values()
        for seed in seeds
    ]
    answers = list(side_by_side(trained, jobs))
    distances: dict[str, float] = {}
    for index, way in enumerate(ways):
        own = answers[index * len(seeds) : (index + 1) * len(seeds)]
        tv, half = mean_and_half([answer["tv"] for answer in own])
        report.row(space=space, who=kind, way=way, l1=2 * tv, half=2 * half, seconds=mean(own, "seconds"))
        distances[way] = tv
    return distances


def ahead(report: Report, *, quick: bool) -> None:
    """Measure exact L1 and time with several steps per rollout, after the same trajectories."""
    seeds, share = (SEEDS[:1], 0.05) if quick else (SEEDS, 1.0)
    for case in CASES:
        ways = {f"{n} steps a walk": replace(case[-1], steps_per_draw=n) for n in (1, 2, 4, 8)}
        distances = _compare(report, case, ways, seeds, share)
        ratio = distances["4 steps a walk"] / distances["1 steps a walk"]
        report.claim(f"{case[0]}, {case[1]}: L1 with 4 steps a walk over that with 1", ratio, "<=", 1.05)


def precision(report: Report, *, quick: bool) -> None:
    """Measure exact L1 and time with bfloat16 hidden layers, at every batch size."""
    seeds, share = (SEEDS[:1], 0.05) if quick else (SEEDS, 1.0)
    for case in CASES[1:]:
        usual = case[-1]
        ways: dict[str, TrainerSettings] = {
            name: replace(usual, policy=replace(usual.policy, precision=name)) for name in PRECISIONS
        }
        distances = _compare(report, case, ways, seeds, share)
        ratio = distances["bfloat16"] / distances["float32"]
        report.claim(f"{case[0]}, {case[1]}: L1 with bfloat16 over that with float32", ratio, "<=", 1.05)
