"""Held-out predictions by cross-validation over objects, and their scores.

A censored value is scored by the probability of its interval. Knows tables and posteriors, but not which
proxy is chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final, runtime_checkable

import torch

from models.proxies.censoring import log_interval
from models.proxies.contract import Posterior
from models.proxies.guarded import fit_and_predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.proxies.contract import Proxy, TrainingTable

FOLDS = 5
SCALE_SHRINKAGE = 10.0
"""Prior weight of 'the deviations are right', in held-out residuals."""
SCALES = (-3.5, 3.5, 701)
"""Grid of the log of the factor of deviations, for types with censored values."""
HALF_90 = 1.6448536269514722


class OtherResultsError(ValueError):
    """Stored held-out predictions belong to other results."""


@runtime_checkable
class HasEmbedding(Protocol):
    """The additional interface of a fitted proxy with hidden values."""

    def embed(self, features: Tensor) -> Tensor:
        """Return hidden values [K, N, C] of features [N, D], of K members."""

    def predict_from_embedding(self, hidden: Tensor) -> Tensor:
        """Return the predictions [N, M] of hidden values, differentiable in them."""


@final
@dataclass(frozen=True, slots=True)
class Fold:
    """A proxy fitted without some objects: their features [k, D], row indices [k] and the column."""

    network: HasEmbedding
    features: Tensor
    places: Tensor
    column: int


@final
@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out predictions [n], and the values: NaN and bounds [n] where censored."""

    belief: Posterior
    values: Tensor
    lower: Tensor
    upper: Tensor
    folds: tuple[Fold, ...] = ()
    """The fits without these values, for proxies with hidden values."""

    def standard(self) -> tuple[Tensor, Tensor]:
        """Return the bounds [n] of each residual in predictive deviations; equal where measured."""
        deviation = self.belief.predictive_sd.clamp_min(1e-9)
        exact = ~self.values.isnan()
        ends = (torch.where(exact, self.values, edge) for edge in (self.lower, self.upper))
        low, high = ((end - self.belief.mean) / deviation for end in ends)
        return low, high


@dataclass(frozen=True, slots=True)
class Score:
    """Held-out scores of a proxy in modelled units; `nll` and `coverage_90` after scaling."""

    rmse: float | None
    """Over the values that are not censored; None without any."""
    deviation: float | None
    """Of those values about their mean: the error of a constant prediction."""
    skill: float | None
    """1 - (rmse / deviation)^2, the explained share of their variance; None where they do not vary."""
    skill_error: float | None
    """Its standard error, by the delta method for the ratio of two means."""
    nll: float
    """Per value; a censored one counts the log probability of its interval."""
    coverage_90: float | None
    scale: float
    log_likelihood_error: float
    """Standard error of the summed log likelihood."""
    n: int


def _scale(low: Tensor, high: Tensor) -> float:
    """Return the factor of deviations that makes standard residuals likely, shrunk towards 1.

    The prior counts as `SCALE_SHRINKAGE` residuals of size 1; measured residuals alone have a closed form.
    """
    exact = low == high
    n = SCALE_SHRINKAGE + int(exact.sum())
    squares = SCALE_SHRINKAGE + float(low[exact].square().sum())
    if bool(exact.all()):
        return math.sqrt(squares / n)
    logs = torch.linspace(*SCALES, dtype=torch.float64)
    factors = logs.exp().unsqueeze(-1)  # [G, 1]
    zero = low.new_zeros(1)
    inside = log_interval(zero, factors, low[~exact], high[~exact]).sum(dim=-1)
    unlikely = 0.5 * squares / factors.squeeze(-1).square() + n * logs - inside
    return float(logs[unlikely.argmin()].exp())


def log_densities(held_out: HeldOut, scale: float) -> Tensor:
    """Return log densities [n] of held-out values, deviations scaled; log probabilities where censored."""
    low, high = (end / scale for end in held_out.standard())
    exact = low == high
    density = -0.5 * low.square() - (held_out.belief.predictive_sd.clamp_min(1e-9) * scale).log()
    density = density - 0.5 * math.log(2 * math.pi)
    density[~exact] = log_interval(low.new_zeros(1), low.new_ones(1), low[~exact], high[~exact])
    return density


def score(held_out: HeldOut) -> Score:
    """Score held-out predictions, taking each measured value as one typical measurement."""
    low, high = held_out.standard()
    exact = low == high
    scale = _scale(low, high)
    low, high = low / scale, high / scale
    unlikely = -log_densities(held_out, scale)
    errors = (held_out.values - held_out.belief.mean)[exact]
    n, has_values = len(low), bool(exact.any())
    rmse = float(errors.square().mean().sqrt()) if has_values else None
    deviation = float(held_out.values[exact].std(correction=0)) if has_values else None
    return Score(
        rmse=rmse,
        deviation=deviation,
        skill=1 - (rmse / deviation) ** 2 if rmse is not None and deviation else None,
        skill_error=_ratio_error(errors, held_out.values[exact]) if deviation else None,
        nll=float(unlikely.mean()),
        coverage_90=float((low[exact].abs() <= HALF_90).double().mean()) if has_values else None,
        scale=scale,
        log_likelihood_error=float(unlikely.std()) * math.sqrt(n),
        n=n,
    )


def _ratio_error(errors: Tensor, values: Tensor) -> float:
    """Return the standard error of mean squared error over variance, from errors and values [n]."""
    squares, deviations = errors.square(), (values - values.mean()).square()
    influence = (squares - squares.mean() / deviations.mean() * deviations) / deviations.mean()
    return float(influence.std(correction=0)) / math.sqrt(len(values))


def random_folds(n: int, seed: int) -> Tensor:
    """Return the fold [n] of each of n objects, of sizes as equal as possible."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    folds = torch.empty(n, dtype=torch.int64)
    folds[order] = torch.arange(n) % FOLDS
    return folds


def held_out_posteriors(
    proxy: Proxy, table: TrainingTable, columns: list[int], *, seed: int, tick: Callable[[], None]
) -> dict[str, HeldOut]:
    """Return the proxy's predictions of every known value of some columns, fitted to the other folds.

    The folds depend on the table and the seed alone, so all proxies share the same splits. `tick` is called
    after each fold.

    Raises:
        ProxyError: if the proxy fails on a fold.
    """
    folds = random_folds(len(table.features), seed)
    part = table.columns(columns)
    known = part.known.any(dim=1)
    mean, sd, noise = (torch.full_like(part.values, math.nan) for _ in range(3))
    networks: list[tuple[HasEmbedding, Tensor]] = []
    for fold in range(FOLDS):
        held_out = folds == fold
        rows = (held_out & known).nonzero().squeeze(-1)
        if len(rows):
            fitted, posterior = fit_and_predict(
                proxy, part.rows(known & ~held_out), part.rows(rows), seed=seed
            )
            if isinstance(fitted, HasEmbedding):
                networks.append((fitted, rows))
            mean[rows], sd[rows], noise[rows] = posterior.mean, posterior.sd, posterior.noise_sd
        tick()
    answers = {}
    for column, kind in enumerate(part.types):
        rows = part.known[:, column]
        posterior = Posterior(mean[rows, column], sd[rows, column], noise[rows, column])
        bounds = (part.lower[rows, column], part.upper[rows, column])
        fits = tuple(_fold(network, part, column, seen) for network, seen in networks)
        answers[kind] = HeldOut(posterior, part.values[rows, column], *bounds, fits)
    return answers


def kept_posteriors(table: TrainingTable, column: int, posterior: Posterior) -> HeldOut:
    """Return stored held-out predictions [n] with the known values of their type.

    Raises:
        OtherResultsError: if the table has another number of values.
    """
    rows = table.known[:, column]
    if len(posterior.mean) != int(rows.sum()):
        raise OtherResultsError(
            f"{len(posterior.mean)} held-out predictions are stored for {int(rows.sum())} values"
        )
    values, lower, upper = (cells[rows, column] for cells in (table.values, table.lower, table.upper))
    return HeldOut(posterior, values, lower, upper)


def _fold(network: HasEmbedding, table: TrainingTable, column: int, rows: Tensor) -> Fold:
    known = table.known[:, column]
    rows = rows[known[rows]]
    return Fold(network, table.features[rows], (known.cumsum(dim=0) - 1)[rows], column)
