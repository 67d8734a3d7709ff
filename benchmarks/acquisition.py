"""In-loop acquisitions, each alone: hypervolume by evaluations on DTLZ2 and measured lipid nanoparticles.

The mode is enumerated, so that no sampler affects the comparison. A campaign starts with 16 random objects of
a table, the same for every method; then 8 rounds measure 8 more each, without noise.

Ours: each round fits the proxies again (a Gaussian process with the domain's kernel per objective, standard
deviations scaled by cross-validation). It draws 8 preferences uniformly from the simplex, the same for every
acquisition, and takes the untested object with the highest acquisition value for each. kappa is 1, the
scalarisation is augmented Chebyshev, and the yardstick is the measured and 64 random objects. Objects already
in the batch are pending and count as measured at their expectation. Without that, similar preferences pick
the same object: expected hypervolume improvement ended at .65 on DTLZ2, expected improvement at .84.

BoTorch: a SingleTaskGP per objective with its defaults on inputs scaled to 0-1, and qLogNEHVI with 64
samples, greedy over the same table with pending points. Later picks of a batch consider the best 100 of the
first pick, since gains only shrink as a batch grows. Both sides have the reference point: BoTorch directly,
ours as the poor end of every objective's range.

DTLZ2 (Deb et al. 2002): 3 objectives, 5 variables of 5 levels, 1,024 of the 3,125 points drawn once,
reference 1.1. LNP: 768 measured formulations, 3 objectives, each scaled to 0-1 over the table, reference 0.
Hypervolumes are shares of the whole table's. `effective` is the effective number of objects under weights
exp(16 value): the exponential of the entropy, averaged over preferences, in the first round. Where it is
alike for two acquisitions, a beta has the same effect on both.
"""

import csv
import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models.gp_regression import SingleTaskGP
from botorch.models.model_list_gp_regression import ModelListGP
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.test_functions.multi_objective import DTLZ2
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from gpytorch.mlls import SumMarginalLogLikelihood
from torch import Generator, Tensor

from benchmarks.exact.training import mean_and_half, side_by_side
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.acquisition import get_acquisition
from models.acquisition.contract import Acquisition, AcquisitionContext, augmented_chebyshev
from models.data.utility import Utility
from models.domains import open_domain
from models.domains.contract import Domain
from models.domains.materials.spec import MixtureSpec
from models.proxies.contract import TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import SelectedProxies, fit_best
from models.reward.utility import utility_moments
from models.specs.decisions import ACQUISITIONS

SEEDS = (1, 2, 3, 4, 5)
FIRST = 16
BATCH = 8
ROUNDS = 8
REFERENCE_OBJECTS = 64
BETA = 16.0
SAMPLES = 64
LOOKED_AT_AGAIN = 100
PEER = "qLogNEHVI"
LNP = "lnp3/lnp3.csv"
LNP_OBJECTIVES = {"drug_loading": 1, "encap_efficiency": 1, "particle_diameter": -1}


@dataclass(frozen=True)
class Problem:
    """A table: features [X, D], values [X, M] (more is better) and the reference point [M]."""

    domain: Domain
    features: Tensor
    values: Tensor
    reference: Tensor
    best: Tensor
    whole: float = field(init=False)

    def __post_init__(self) -> None:
        """Compute the hypervolume of the whole table."""
        object.__setattr__(self, "whole", self.hypervolume(self.values))

    def hypervolume(self, values: Tensor) -> float:
        """Return the hypervolume of values [N, M]."""
        return float(Hypervolume(self.reference).compute(values[is_non_dominated(values)]))


def _problem(
    process: list[dict[str, Any]], rows: Sequence[dict[str, str]], values: Tensor, ends: tuple[float, float]
) -> Problem:
    domain = open_domain(MixtureSpec.model_validate({"kind": "materials", "space": "mixture", "process": process}))
    features = torch.from_numpy(domain.features([domain.parse(row) for row in rows])).to(torch.float64)
    low, high = (torch.full((values.shape[1],), end, dtype=torch.float64) for end in ends)
    return Problem(domain, features, values, low, high)


def dtlz2() -> Problem:
    """Return DTLZ2 on a grid."""
    levels, variables = [0.0, 0.25, 0.5, 0.75, 1.0], [f"x{i}" for i in range(5)]
    grid = list(itertools.product(levels, repeat=len(variables)))
    points = [grid[i] for i in torch.randperm(len(grid), generator=Generator().manual_seed(0))[:1024].tolist()]
    values = DTLZ2(dim=len(variables), num_objectives=3, negate=True)(torch.tensor(points, dtype=torch.float64))
    process = [{"name": name, "type": "ordinal", "values": levels} for name in variables]
    rows = [dict(zip(variables, map(str, point), strict=True)) for point in points]
    return _problem(process, rows, values, (-1.1, 0.0))


def lnp() -> Problem:
    """Return the measured lipid nanoparticles."""
    with (DATA / LNP).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = [[sign * float(row[name]) for row in rows] for name, sign in LNP_OBJECTIVES.items()]
    values = torch.tensor(columns, dtype=torch.float64).T
    values = (values - values.amin(dim=0)) / (values.amax(dim=0) - values.amin(dim=0))
    variables = [name for name in rows[0] if name not in LNP_OBJECTIVES]
    process: list[dict[str, Any]] = []
    for name in variables:
        levels = {row[name] for row in rows}
        if name == "solid_lipid":
            process.append({"name": name, "type": "categorical", "values": sorted(levels)})
        else:
            process.append({"name": name, "type": "ordinal", "values": sorted(map(float, levels))})
    return _problem(process, [{name: row[name] for name in variables} for row in rows], values, (0.0, 1.0))


PROBLEMS: dict[str, Callable[[], Problem]] = {"DTLZ2": dtlz2, "LNP": lnp}


def preferences(n: int, n_objectives: int, seed: int) -> Tensor:
    """Return preferences [n, M], uniform on the simplex."""
    weights = -torch.rand(n, n_objectives, generator=Generator().manual_seed(seed), dtype=torch.float64).log()
    return weights / weights.sum(dim=1, keepdim=True)


def fitted(problem: Problem, known: list[int], seed: int) -> SelectedProxies:
    """Return our proxies, fitted to the measured rows."""
    values = problem.values[known]
    prior = torch.zeros(values.shape[1]).double(), torch.ones(values.shape[1]).double()
    types = tuple(f"objective_{m}" for m in range(values.shape[1]))
    table = TrainingTable(types, problem.features[known], values, torch.full_like(values, math.nan), *prior)
    proxies = {"gaussian_process": GaussianProcess(problem.domain.kernel)}
    return fit_best(table, proxies, seed=seed, tick=lambda _, __: None)


@dataclass(frozen=True)
class Judge:
    """Build one acquisition as in a campaign, from utilities' moments [X, M] and the yardstick's rows."""

    kind: type[Acquisition]
    mean: Tensor
    sd: Tensor
    yardstick: list[int]
    drawn: Tensor | None

    def acquisition(self, reached: list[int]) -> Acquisition:
        """Return the acquisition when these rows are measured or pending."""
        reference = self.mean[self.yardstick], self.sd[self.yardstick]
        return self.kind(AcquisitionContext(1.0, augmented_chebyshev, self.mean[reached], reference))


def judge(problem: Problem, known: list[int], name: str, seed: int) -> Judge:
    """Return the acquisition builder of a round, from the posterior of all rows."""
    proxies, kind = fitted(problem, known, seed), get_acquisition(name)
    ends = zip(problem.reference.tolist(), problem.best.tolist(), strict=True)
    utilities = [Utility(low, high, "maximize") for low, high in ends]
    mean, sd = utility_moments(utilities, proxies.posterior(problem.features))
    ordinary = torch.randperm(len(mean), generator=Generator().manual_seed(seed))[:REFERENCE_OBJECTS].tolist()
    drawn = None
    if kind.uses_draws:
        values = proxies.path(problem.features[ordinary], seed)(problem.features)
        drawn = torch.stack([item.of(values[:, m]) for m, item in enumerate(utilities)], dim=1)
    return Judge(kind, mean, sd, [*known, *ordinary], drawn)


def our_batch(problem: Problem, known: list[int], name: str, seed: int) -> tuple[list[int], float]:
    """Return the best untested row per preference, and the first effective number of objects at beta 16."""
    builder = judge(problem, known, name, seed)
    acquisition = builder.acquisition(known)
    pooled = acquisition.statistics(builder.mean, builder.sd, builder.drawn)
    weights = preferences(BATCH, problem.values.shape[1], seed).unsqueeze(1).expand(-1, len(pooled), -1)
    log_p = [torch.log_softmax(BETA * acquisition.value(pooled, preference), dim=0) for preference in weights]
    taken = list(known)
    for preference in weights:
        value = acquisition.value(pooled, preference).clone()
        value[taken] = -math.inf
        taken.append(int(value.argmax()))
        acquisition = builder.acquisition(taken) if acquisition.uses_incumbents else acquisition
    return taken[len(known) :], statistics.mean(float((-(part.exp() * part).sum()).exp()) for part in log_p)


def peer_batch(problem: Problem, known: list[int], seed: int) -> list[int]:
    """Return the rows that BoTorch's qLogNEHVI picks."""
    low, high = problem.features.amin(dim=0), problem.features.amax(dim=0)
    inputs = (problem.features - low) / (high - low)
    torch.manual_seed(seed)
    model = ModelListGP(*[SingleTaskGP(inputs[known], column.unsqueeze(1)) for column in problem.values[known].T])
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
    sampler = SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=seed)
    acquisition = qLogNoisyExpectedHypervolumeImprovement(
        model, problem.reference, inputs[known], sampler=sampler, prune_baseline=True
    )
    pool = [row for row in range(len(inputs)) if row not in set(known)]
    picked: list[int] = []
    with torch.no_grad():
        for _ in range(BATCH):
            value = torch.cat([acquisition(part.unsqueeze(1)) for part in torch.split(inputs[pool], 256)])
            order = value.argsort(descending=True).tolist()
            picked.append(pool[order[0]])
            pool = [pool[index] for index in order[1 : 1 + LOOKED_AT_AGAIN]]
            acquisition.set_X_pending(inputs[picked])
    return picked


class AcquisitionRun(NamedTuple):
    """One campaign, as sent to another process."""

    problem: str
    method: str
    seed: int
    quick: bool


def campaign(job: AcquisitionRun) -> dict[str, Any]:
    """Run one campaign and return its share of the whole hypervolume at the start and after each round."""
    problem = PROBLEMS[job.problem]()
    order = torch.randperm(len(problem.values), generator=Generator().manual_seed(job.seed)).tolist()
    known, shares, spread = order[:FIRST], [], math.nan
    started = time.process_time()
    for n_round in range(1 if job.quick else ROUNDS):
        shares.append(problem.hypervolume(problem.values[known]) / problem.whole)
        seed = 1000 * job.seed + n_round
        if job.method == "random":
            picked = order[len(known) : len(known) + BATCH]
        elif job.method == PEER:
            picked = peer_batch(problem, known, seed)
        else:
            picked, effective = our_batch(problem, known, job.method, seed)
            spread = effective if n_round == 0 else spread
        known = [*known, *picked]
    shares.append(problem.hypervolume(problem.values[known]) / problem.whole)
    seconds = (time.process_time() - started) / (len(shares) - 1)
    return {"shares": shares, "effective": spread, "seconds_per_round": seconds}


def compare(report: Report, name: str, *, quick: bool) -> None:
    """Run every method on one problem, side by side by seed."""
    methods = ("random", PEER, *ACQUISITIONS)
    seeds = SEEDS[:1] if quick else SEEDS
    jobs = [AcquisitionRun(name, method, seed, quick) for method in methods for seed in seeds]
    curves: dict[str, list[list[float]]] = {method: [] for method in methods}
    for job, answer in zip(jobs, side_by_side(campaign, jobs), strict=True):
        curves[job.method].append(answer["shares"])
        cells = {f"n{FIRST + BATCH * i}": share for i, share in enumerate(answer.pop("shares")) if i % 2 == 0}
        report.row(problem=name, method=job.method, seed=job.seed, **cells, **answer)
    for method in methods:
        mean_last, half = mean_and_half([curve[-1] for curve in curves[method]])
        area, area_half = mean_and_half([statistics.mean(curve) for curve in curves[method]])
        report.row(problem=name, method=method, last=mean_last, half_of_95=half, mean_of_curve=area, its_half=area_half)
    last = {method: statistics.mean(curve[-1] for curve in curves[method]) for method in methods}
    for method in ACQUISITIONS:
        report.claim(f"{name}, {method}: share less random's", last[method] - last["random"], ">=", 0.0)
    best = max(ACQUISITIONS, key=lambda method: last[method])
    report.claim(f"{name}: share of our best ({best}) less {PEER}'s", last[best] - last[PEER], ">=", -0.02)


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    compare(report, "DTLZ2", quick=quick)
    if absent := why_absent(LNP):
        report.notes.append(absent)
        return
    compare(report, "LNP", quick=quick)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure)
