"""Interval likelihoods agree with numerical integration, in the middle and far out."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.censoring import log_interval, standardise, truncated_moments

INF = math.inf


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _integrated(mean: float, deviation: float, lower: float, upper: float) -> tuple[float, float, float]:
    """Return mass, mean and variance of a truncated normal by the trapezoidal rule, relative to its mode."""
    low = max(lower, mean - 12 * deviation)
    high = min(upper, max(mean, low) + (3 if lower > mean + 5 * deviation else 12) * deviation)
    x = torch.linspace(low, high, 400_001, dtype=torch.float64)
    log_density = -0.5 * ((x - mean) / deviation).square() - math.log(deviation * math.sqrt(2 * math.pi))
    density = (log_density - log_density.max()).exp()
    mass = torch.trapezoid(density, x)
    first = torch.trapezoid(density * x, x) / mass
    spread = torch.trapezoid(density * (x - first).square(), x) / mass
    return float(mass.log() + log_density.max()), float(first), float(spread)


CASES = [
    (0.0, 1.0, -0.5, 2.0),
    (0.3, 2.0, 1.0, INF),
    (0.3, 2.0, -INF, -4.0),
    (0.0, 1.0, 9.0, INF),
    (0.0, 1.0, 20.0, 20.5),
    (1.0, 0.5, 0.9, 0.90001),
    (-3.0, 1.0, -INF, 40.0),
]


@pytest.mark.parametrize("case", CASES)
def test_equals_the_integral(case: tuple[float, float, float, float]) -> None:
    arguments = [_number(value) for value in case]
    mass, mean, variance = _integrated(*case)
    assert float(log_interval(*arguments)) == pytest.approx(mass, rel=1e-6, abs=1e-6)
    moments = truncated_moments(*arguments)
    assert float(moments[0]) == pytest.approx(mean, rel=1e-4, abs=1e-6)
    assert float(moments[1]) == pytest.approx(variance, rel=1e-2, abs=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_gradient_equals_differences(case: tuple[float, float, float, float]) -> None:
    mean, deviation, lower, upper = (_number(value) for value in case)
    mean.requires_grad_()
    deviation.requires_grad_()
    log_interval(mean, deviation, lower, upper).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    step = 1e-5
    with torch.no_grad():
        by_mean = log_interval(mean + step, deviation, lower, upper) - log_interval(
            mean - step, deviation, lower, upper
        )
        wide = log_interval(mean, deviation + step, lower, upper) - log_interval(mean, deviation - step, lower, upper)
    assert mean.grad is not None
    assert deviation.grad is not None
    assert float(mean.grad) == pytest.approx(float(by_mean) / (2 * step), rel=1e-3, abs=1e-5)
    assert float(deviation.grad) == pytest.approx(float(wide) / (2 * step), rel=1e-3, abs=1e-5)


def test_far_bounds_keep_finite_gradients_in_single_precision() -> None:
    mean = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
    lower, upper = torch.tensor([300.0, -INF, 299.0]), torch.tensor([INF, -300.0, 300.0])
    value = log_interval(mean, torch.ones(3), lower, upper)
    value.sum().backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert mean.grad is not None
    assert mean.grad.tolist() == pytest.approx([300.0, -300.0, 299.0], rel=1e-2)


def test_standardise_recovers_what_censoring_hides() -> None:
    sample = 5 + 2 * torch.randn(4000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    hidden = sample > 5.5
    values = sample.masked_fill(hidden, math.nan)
    lower = torch.where(hidden, _number(5.5), _number(math.nan))
    upper = torch.where(hidden, _number(INF), _number(math.nan))
    location, scale = standardise(values, lower, upper, (0.0, 1.0), 3)
    assert location == pytest.approx(5.0, abs=0.15)
    assert scale == pytest.approx(2.0, abs=0.15)
    assert abs(float(values[~hidden].mean()) - 5.0) > 1.0


def test_standardise_falls_back_on_the_prior() -> None:
    nan, bound = _number(math.nan).reshape(1), _number(3.0).reshape(1)
    assert standardise(nan, nan, nan, (7.0, 2.0), 3) == (7.0, 2.0)
    assert standardise(nan, bound, _number(INF).reshape(1), (0.0, 2.0), 3) == (3.0, 2.0)
