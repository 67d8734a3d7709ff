"""Conformal radii are the finite-sample quantile, also with censored scores, and intervals cover."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.conformal import gaussian_radius, quantile, scores
from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.selection_rules import Intervals, SelectionSettings
from models.proxies.validation import HeldOut

NAN = math.nan


class FittedLine(FittedProxy):
    """Predicts twice the feature, with deviations wrong by a factor of three."""

    def posterior(self, features: Tensor) -> Posterior:
        sd = 3 * (0.2 + features.abs())
        return Posterior(2 * features, sd, torch.zeros_like(sd))

    def members(self, features: Tensor) -> Posterior:
        gaussian = self.posterior(features)
        return Posterior(gaussian.mean[None], gaussian.sd[None], gaussian.noise_sd[None])

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        return self.posterior(features).mean.expand(n, -1, -1)


class Line(Proxy):
    """Fits nothing."""

    minimum = 0
    maximum = None

    def fit(self, table: TrainingTable, *, seed: int) -> FittedProxy:  # noqa: ARG002
        return FittedLine()


def _sample(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features and values whose residuals are far from Gaussian (Laplace), wider away from zero."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=generator, dtype=torch.float64) * 2 - 1
    uniform = torch.rand(n, 1, generator=generator, dtype=torch.float64) - 0.5
    laplace = -uniform.sign() * torch.log1p(-2 * uniform.abs())
    return x, 2 * x + (0.2 + x.abs()) * laplace


def _fitted(x: Tensor, y: Tensor, intervals: Intervals = "conformal") -> SelectedProxies:
    one = torch.ones(1, dtype=torch.float64)
    table = TrainingTable(("a",), x, y, torch.full_like(y, NAN), 0 * one, one)
    settings = SelectionSettings(intervals)
    return fit_best(table, {"line": Line()}, seed=0, tick=lambda *_: None, settings=settings)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n", [19, 40, 100])
def test_the_quantile_has_the_finite_sample_rank(n: int, level: float) -> None:
    sizes = torch.rand(n, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    rank = math.ceil(round((n + 1) * level, 9))
    result = quantile(sizes, torch.zeros(n, dtype=torch.bool), level)
    assert result == float(sizes.sort().values[rank - 1])


def test_too_few_scores_have_no_quantile() -> None:
    assert quantile(torch.arange(8.0), torch.zeros(8, dtype=torch.bool), 0.9) is None
    assert quantile(torch.arange(9.0), torch.zeros(9, dtype=torch.bool), 0.9) == 8.0
    x, y = _sample(8, 0)
    low, high = _fitted(x, y).interval(x)
    half = gaussian_radius(0.9) * _fitted(x, y).posterior(x).predictive_sd
    assert torch.allclose(high - low, 2 * half)


def test_bounds_pass_their_weight_to_larger_scores() -> None:
    """If the smallest score is only a bound, each of the others gets 1/5 of its weight."""
    is_bound = torch.tensor([True, False, False, False])
    sizes = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert quantile(sizes, is_bound, 0.25) == 2.0
    assert quantile(sizes, is_bound, 0.5) == 3.0
    assert quantile(sizes, is_bound, 0.75) == 4.0
    assert quantile(sizes, ~is_bound, 0.2) == 1.0
    assert quantile(sizes, ~is_bound, 0.25) is None


def test_scores_of_censored_values() -> None:
    ones = torch.ones(4, dtype=torch.float64)
    values = torch.tensor([3.0, NAN, NAN, NAN], dtype=torch.float64)
    lower = torch.tensor([NAN, 2.0, -2.0, 1.0], dtype=torch.float64)
    upper = torch.tensor([NAN, math.inf, math.inf, 5.0], dtype=torch.float64)
    sizes, is_bound = scores(HeldOut(Posterior(0 * ones, 2 * ones, 0 * ones), values, lower, upper))
    assert sizes.tolist() == [1.5, 1.0, 0.0, 2.5]
    assert is_bound.tolist() == [False, True, True, False]


@pytest.mark.parametrize("n", [20, 60])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_coverage_is_the_requested_level(n: int, level: float) -> None:
    """Coverage holds over many tables with wrong deviations; Gaussian intervals miss the level."""
    covered: list[float] = []
    for seed in range(60):
        x, y = _sample(n + 100, seed)
        low, high = _fitted(x[:n], y[:n]).interval(x[n:], level)
        covered.append(float(((low <= y[n:]) & (y[n:] <= high)).double().mean()))
    mean = sum(covered) / len(covered)
    assert level - 0.02 <= mean <= level + 1 / (n + 1) + 0.02


def test_gaussian_intervals_are_deviations() -> None:
    x, y = _sample(50, 0)
    fitted = _fitted(x, y, "gaussian")
    gaussian = fitted.posterior(x)
    low, high = fitted.interval(x, 0.9)
    assert torch.allclose(high, gaussian.mean + 1.6448536 * gaussian.predictive_sd)
    assert torch.allclose(low + high, 2 * gaussian.mean)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 2.0])
def test_a_level_is_a_probability(level: float) -> None:
    x, y = _sample(20, 0)
    with pytest.raises(ValueError, match="level"):
        _fitted(x, y).interval(x, level)


def test_a_weight_counts_as_so_many_equal_scores() -> None:
    sizes = torch.rand(12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.arange(1, 13, dtype=torch.float64)
    repeated = sizes.repeat_interleave(weights.long())
    for level in (0.3, 0.5, 0.8, 0.9):
        result = quantile(sizes, torch.zeros(12, dtype=torch.bool), level, weights)
        assert result == quantile(repeated, torch.zeros(len(repeated), dtype=torch.bool), level)


def test_no_weight_at_infinity_gives_the_plain_quantile() -> None:
    sizes = torch.arange(1.0, 11.0)
    none = torch.zeros(10, dtype=torch.bool)
    assert quantile(sizes, none, 0.9, torch.ones(10), own_weight=0.0) == 9.0
