"""Batches by joint improvement: how many samples, and boxes or directions, by expected hypervolume and time.

The posterior is a Gaussian process with fixed hyperparameters on 40 of 440 random points of DTLZ2 (five
variables of five levels). Each way gets its own joint samples and picks 12 of the 400 other points; all are
scored by the hypervolume that 128 new samples expect, divided by that of the known points. `boxes` is
BoTorch's qLogNEHVI; with 32 samples it looks at the 200 points that may be best, to save time. `directions`
estimates the same improvement along 128 directions. Knows no campaign.
"""

import statistics
import time
from dataclasses import dataclass

import torch
from botorch.test_functions.multi_objective import DTLZ2
from torch import Generator, Tensor

from benchmarks.exact.training import mean_and_half
from benchmarks.report import Report, run
from models.metrics.hypervolume import DirectionalHypervolume
from models.selection.contract import Candidates, JointUtilities, SelectionRequest
from models.selection.hypervolume import BoxedImprovement, DirectedImprovement, select_by
from models.selection.limits import BatchLimits

KNOWN, POINTS, BATCH = 40, 400, 12
VARIABLES = 5
LENGTH_SCALE, NOISE, JITTER = 0.7, 1e-3, 1e-6
POOR = 1.1
FRESH, FINE = 128, 2048
"""Samples and directions of the score."""


@dataclass(frozen=True)
class Way:
    """A way of choosing: which estimate, from how many samples, over how many of the points."""

    name: str
    n_draws: int
    n_points: int = POINTS


WAYS = {
    2: (Way("boxes", 64), Way("boxes", 128), Way("directions", 64), Way("directions", 256)),
    3: (Way("boxes", 16), Way("boxes", 32, 200), Way("directions", 64), Way("directions", 256)),
}


@dataclass(frozen=True)
class Belief:
    """Means [P, M] of utilities, the root [P, P] of the covariance of all objectives, their scales [M]."""

    mean: Tensor
    root: Tensor
    scale: Tensor

    def draw(self, n: int, generator: Generator) -> Tensor:
        """Return joint samples [n, P, M]."""
        shape = (n, self.mean.shape[1], len(self.mean))
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        return self.mean + self.scale * (normal @ self.root.T).transpose(1, 2)


def belief(n_objectives: int, generator: Generator) -> Belief:
    """Return what the known points tell of all points, the known first."""
    points = torch.randint(0, 5, (KNOWN + POINTS, VARIABLES), generator=generator).double() / 4
    utilities = 1 - DTLZ2(dim=VARIABLES, num_objectives=n_objectives)(points) / POOR
    gram = torch.exp(-0.5 * (torch.cdist(points, points) / LENGTH_SCALE) ** 2)
    center, scale = utilities[:KNOWN].mean(dim=0), utilities[:KNOWN].std(dim=0)
    noisy = gram[:KNOWN, :KNOWN] + NOISE * torch.eye(KNOWN).double()
    weights = torch.linalg.solve(noisy, gram[:KNOWN]).T
    covariance = gram - weights @ gram[:KNOWN] + JITTER * torch.eye(len(points)).double()
    mean = center + weights @ (utilities[:KNOWN] - center)
    return Belief(mean, torch.linalg.cholesky(covariance), scale)


def chosen(way: Way, draws: Tensor) -> list[int]:
    """Return the picks among all points."""
    unknown = draws[:, KNOWN:]
    hopeful = (unknown.mean(dim=0) + unknown.std(dim=0)).amin(dim=1)
    rows = hopeful.argsort(descending=True)[: way.n_points].sort().values
    utilities = JointUtilities(unknown[:, rows], draws[:, :KNOWN])
    made = BoxedImprovement if way.name == "boxes" else DirectedImprovement
    equal = torch.ones(len(rows), dtype=torch.float64)
    candidates = Candidates(equal, equal, torch.eye(len(rows)).double(), utilities=utilities)
    limits = BatchLimits(len(rows), BATCH)
    picks = select_by(made(utilities, None), candidates, SelectionRequest(BATCH, 0.0, 0.0), limits)
    return [KNOWN + int(rows[pick.index]) for pick in picks]


def volume(draws: Tensor, rows: list[int]) -> float:
    """Return the expected hypervolume of some points, up to a factor."""
    n_objectives = draws.shape[-1]
    reference = draws[:, :KNOWN].mean(dim=0).amin(dim=0)
    measure_of = DirectionalHypervolume(reference.numpy(), FINE)
    each = [(measure_of.project(draw[rows].numpy()) ** n_objectives).max(axis=0).mean() for draw in draws]
    return statistics.mean(map(float, each))


def measure(report: Report, quick: bool, seeds: float) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    torch.set_num_threads(1)
    for n_objectives, ways in WAYS.items():
        gains: dict[Way, list[float]] = {way: [] for way in ways}
        seconds: dict[Way, list[float]] = {way: [] for way in ways}
        for seed in range(1 if quick else int(seeds)):
            report.seeds.add(seed)
            generator = torch.Generator().manual_seed(seed)
            known = belief(n_objectives, generator)
            fresh = known.draw(FRESH, generator)
            before = volume(fresh, list(range(KNOWN)))
            for way in ways:
                draws = known.draw(way.n_draws, generator)
                start = time.process_time()
                picks = chosen(way, draws)
                seconds[way].append(time.process_time() - start)
                gains[way].append(volume(fresh, [*range(KNOWN), *picks]) / before)
        for way in ways:
            report.row(
                objectives=n_objectives,
                improvement=way.name,
                samples=way.n_draws,
                points=way.n_points,
                hypervolume=f"{statistics.mean(gains[way]):.3f}",
                cpu_seconds=f"{statistics.mean(seconds[way]):.1f}",
            )
        _claim(report, n_objectives, gains)


def _claim(report: Report, n_objectives: int, gains: dict[Way, list[float]]) -> None:
    *_, ours = gains
    for way, reached in gains.items():
        pairs = zip(gains[ours], reached, strict=True)
        if way.name == "boxes" and len(reached) > 1:
            gap, half = mean_and_half([one - other for one, other in pairs])
            name = f"{n_objectives} objectives: directions with 256 samples less boxes with {way.n_draws}"
            report.claim(name, gap, ">=", 0.0, half)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure, seeds=4)
