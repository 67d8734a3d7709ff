"""How often the bound of a guardrail fails in worlds drawn from the prior of a process, and what it costs.

In each world a function is drawn whose smoothness differs from world to world, as does the noise of its
readings. The models are those of a round: hyperparameters are fitted to a few readings, and deviations are
scaled to held-out residuals. What is wanted is what harms: the best objects are those just below the limit. A
world's first proposal is the most promising object that passes. For values the bound fails if that object
violates, and for readings if its true probability of a violating reading exceeds the risk.

Letters: W worlds, N new objects.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from gpytorch.kernels import RBFKernel
from gpytorch.priors import LogNormalPrior
from torch import Generator, Tensor

from benchmarks.report import Report, run
from models.proxies.contract import Posterior, TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.hypotheses import Hypotheses
from models.proxies.model_selection import fit_best
from models.safety.guardrails import violation_bound, violations
from models.specs.objectives import ALPHAS, Guardrail

SEED = 0  # tunable settings were tuned on seed 100
SIZES = {12: 400, 30: 600}
"""Worlds by the number of their readings."""
AT_ONCE = 20
"""Worlds that share their objects and are fitted in one table."""
NEW, PROPOSED = 60, 5
LENGTHSCALE, NOISE = (math.log(0.8), 0.5), (math.log(0.3), 0.5)
"""Mean and deviation of the logarithms of what differs between worlds; the space is a square of side 3."""
LIMIT, HIT, RISK = 0.8, 0.2, 0.05
"""Larger values are harmful (a fifth of all objects), and values above `HIT` are wanted."""
TRIED = (0.01, 0.05, 0.1, 0.3, 1.0)
"""Values of `alpha` whose trade-off is shown."""


class Worlds(NamedTuple):
    """True values and expectations [W, N] of new objects, the noise [W], and hypotheses about [W * N]."""

    truth: Tensor
    expected: Tensor
    noise: Tensor
    hypotheses: Hypotheses

    def __len__(self) -> int:
        return len(self.truth)


class Round(NamedTuple):
    """Sums over the worlds of one setting; `first` is the share of worlds whose first proposal fails."""

    passing: float
    first: float
    violating: float
    safe_hits: float


def _kernel() -> RBFKernel:
    kernel = RBFKernel(lengthscale_prior=LogNormalPrior(*LENGTHSCALE)).double()
    kernel.lengthscale = math.exp(LENGTHSCALE[0])
    return kernel


def worlds(n_readings: int, n: int, generator: Generator) -> Worlds:
    """Return n worlds, with the models that a round fits to the readings of each."""
    return joined([_together(n_readings, generator) for _ in range(n // AT_ONCE)])


def joined(parts: Sequence[Worlds]) -> Worlds:
    """Return the worlds of several parts in one."""
    truth, expected, noise = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("truth", "expected", "noise")
    )
    beliefs = [part.hypotheses.belief for part in parts]
    mean, sd, noise_sd = (
        torch.cat([getattr(belief, name) for belief in beliefs], dim=1) for name in ("mean", "sd", "noise_sd")
    )
    hypotheses = replace(parts[0].hypotheses, belief=Posterior(mean, sd, noise_sd))
    return Worlds(truth, expected, noise, hypotheses)


def _together(n_readings: int, generator: Generator) -> Worlds:
    """Return worlds over the same objects."""
    points = 3 * torch.rand(n_readings + NEW, 2, generator=generator, dtype=torch.float64)
    normal = torch.randn(2, AT_ONCE, generator=generator, dtype=torch.float64)
    scales, noises = (
        (mean + sd * row).exp() for (mean, sd), row in zip((LENGTHSCALE, NOISE), normal, strict=True)
    )
    values = torch.stack([_function(points, float(scale), generator) for scale in scales], dim=1)
    errors = torch.randn(n_readings, AT_ONCE, generator=generator, dtype=torch.float64)
    readings = values[:n_readings] + noises * errors
    types, one = tuple(f"w{place}" for place in range(AT_ONCE)), torch.ones(AT_ONCE, dtype=torch.float64)
    unknown = torch.full_like(readings, math.nan)
    table = TrainingTable(types, points[:n_readings], readings, unknown, 0 * one, one)
    process = {"gaussian_process": GaussianProcess(_kernel)}
    proxies, new = fit_best(table, process, seed=0, tick=lambda *_: None), points[n_readings:]
    parts = [
        Worlds(
            values[n_readings:, [place]].T, mean.unsqueeze(0), noises[[place]], *proxies.hypotheses(new, kind)
        )
        for place, (kind, mean) in enumerate(zip(types, proxies.posterior(new).mean.T, strict=True))
    ]
    return joined(parts)


def _function(points: Tensor, lengthscale: float, generator: Generator) -> Tensor:
    """Return the values [N] of a function drawn from the process."""
    kernel = RBFKernel().double()
    kernel.lengthscale = lengthscale
    gram = kernel(points).to_dense().detach() + 1e-8 * torch.eye(len(points), dtype=torch.float64)
    draw: Tensor = torch.linalg.cholesky(gram) @ torch.randn(
        len(points), generator=generator, dtype=torch.float64
    )
    return draw


def bounds(found: Worlds, rail: Guardrail) -> Tensor:
    """Return a guardrail's bounds [W, N] of new objects."""
    harm = violations(found.hypotheses.belief, rail, (-math.inf, LIMIT))
    return violation_bound(harm, found.hypotheses.weights, rail.least_weight).reshape(found.truth.shape)


def played(found: Worlds, rail: Guardrail | None) -> Round:
    """Return what the most promising objects that pass are like; without a guardrail all pass."""
    is_open = torch.ones_like(found.truth, dtype=torch.bool) if rail is None else bounds(found, rail) <= RISK
    order = found.expected.masked_fill(~is_open, -math.inf).topk(PROPOSED, dim=1).indices
    is_proposed, truth = is_open.gather(1, order), found.truth.gather(1, order)
    violates = truth > LIMIT
    of_reading = torch.special.ndtr((truth[:, 0] - LIMIT) / found.noise)
    fails = of_reading > RISK if rail is not None and rail.applies_to == "reading" else violates[:, 0]
    return Round(
        passing=float(is_open.double().mean()),
        first=float(fails[is_proposed[:, 0]].double().mean()),
        violating=float(violates[is_proposed].double().mean()),
        safe_hits=float((is_proposed & ~violates & (truth > HIT)).sum()) / len(found),
    )


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as the harness calls it
    """Draw the worlds, and show the trade-off for both kinds of guardrail."""
    torch.set_num_threads(1)
    generator = Generator().manual_seed(SEED)
    drawn = {size: worlds(size, AT_ONCE if quick else n, generator) for size, n in SIZES.items()}
    everything = joined(list(drawn.values()))
    groups = {**{str(size): part for size, part in drawn.items()}, "all": everything}
    open_round = {name: played(part, None) for name, part in groups.items()}
    for name, part in groups.items():
        report.row(
            readings=name, worlds=len(part), guardrail="none", alpha=None, **_cells(open_round[name], 1.0)
        )
        for kind in ALPHAS:
            for alpha in TRIED:
                result = played(part, _rail(kind, alpha))
                hits = result.safe_hits / open_round[name].safe_hits
                report.row(
                    readings=name, worlds=len(part), guardrail=kind, alpha=alpha, **_cells(result, hits)
                )
    for kind, alpha in ALPHAS.items():
        result, n = played(everything, _rail(kind, alpha)), len(everything)
        half = 1.96 * math.sqrt(result.first * (1 - result.first) / n)
        label = f"{n:,} worlds, {kind}s, alpha {alpha:g}"
        report.claim(f"{label}: share of worlds in which the bound fails", result.first, "<=", 0.05, half)
        report.claim(f"{label}: share of five proposals that violates", result.violating, "<=", 0.05)
        ratio = result.safe_hits / open_round["all"].safe_hits
        report.claim(f"{label}: safe hits over those of the unguarded", ratio, ">=", 1.0)
    report.seeds.add(SEED)


def _rail(kind: str, alpha: float) -> Guardrail:
    return Guardrail.model_validate(
        {"name": "harm", "type": "any", "max": LIMIT, "risk": RISK, "alpha": alpha, "applies_to": kind}
    )


def _cells(result: Round, hits: float) -> dict[str, float]:
    return {
        "passes": result.passing,
        "bound fails": result.first,
        "violate": result.violating,
        "safe hits": result.safe_hits,
        "of the unguarded": hits,
    }


if __name__ == "__main__":
    run("Risk over 1,000 worlds drawn from the prior", measure)
