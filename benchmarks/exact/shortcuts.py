"""What shortcuts of training cost in exact distance: several steps in one walk, hidden layers in bfloat16."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.exact.recipes import BUDGET, CALLS, GRID_TRAJECTORIES, OUR_GRID, PLAIN_GRID, SEEDS, RecipeRun, trained
from benchmarks.exact.training import mean, mean_and_half, side_by_side, within_calls
from benchmarks.report import Report
from models.gflownet.policy import Precision
from models.gflownet.settings import TrainerSettings

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
Case = tuple[str, str, int, TrainerSettings]
"""A space, what the recipe is called, reward calls, and its settings without the shortcut."""
SMALL_STEPS = replace(PLAIN_GRID, trajectories_per_step=16)
CASES: tuple[Case, ...] = (
    ("hypergrid 8^4", "the peer's protocol", 2 * GRID_TRAJECTORIES, SMALL_STEPS),
    ("hypergrid 8^4", "our recipe", GRID_TRAJECTORIES, OUR_GRID),
    ("TFBind8", "our recipe", CALLS, BUDGET),
)


def _compare(
    report: Report, case: Case, ways: dict[str, TrainerSettings], seeds: Sequence[int], share: float
) -> dict[str, float]:
    """Train each way with each seed, print a row per way, and return the mean total variation of each."""
    space, kind, calls, _ = case
    jobs = [RecipeRun(space, within_calls(int(calls * share), one), seed) for one in ways.values() for seed in seeds]
    answers = list(side_by_side(trained, jobs))
    found: dict[str, float] = {}
    for place, way in enumerate(ways):
        own = answers[place * len(seeds) : (place + 1) * len(seeds)]
        tv, half = mean_and_half([answer["tv"] for answer in own])
        report.row(space=space, who=kind, way=way, l1=2 * tv, half=2 * half, seconds=mean(own, "seconds"))
        found[way] = tv
    return found


def ahead(report: Report, *, quick: bool) -> None:
    """What walking for several steps in one go costs in exact L1 after the same trajectories, and saves in time."""
    seeds, share = (SEEDS[:1], 0.05) if quick else (SEEDS, 1.0)
    for case in CASES:
        ways = {f"{n} steps a walk": replace(case[-1], steps_per_draw=n) for n in (1, 2, 4, 8)}
        found = _compare(report, case, ways, seeds, share)
        ratio = found["4 steps a walk"] / found["1 steps a walk"]
        report.claim(f"{case[0]}, {case[1]}: L1 with 4 steps a walk over that with 1", ratio, "<=", 1.05)


def precision(report: Report, *, quick: bool) -> None:
    """What hidden layers in bfloat16 cost in exact L1, at every batch size, and save in time."""
    seeds, share = (SEEDS[:1], 0.05) if quick else (SEEDS, 1.0)
    for case in CASES[1:]:
        usual = case[-1]
        ways = {name: replace(usual, policy=replace(usual.policy, precision=name)) for name in PRECISIONS}
        found = _compare(report, case, ways, seeds, share)
        ratio = found["bfloat16"] / found["float32"]
        report.claim(f"{case[0]}, {case[1]}: L1 with bfloat16 over that with float32", ratio, "<=", 1.05)
