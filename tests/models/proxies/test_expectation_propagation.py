"""The sites reproduce the moments of truncated normal distributions from integration or sampling."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.expectation_propagation import interval_sites

INF = math.inf


def _approximated(mean: Tensor, covariance: Tensor, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and covariance after conditioning on the observations equivalent to the intervals."""
    values, variances = interval_sites(mean, covariance, lower, upper)
    gain = torch.linalg.solve(covariance + torch.diag(variances), covariance).T
    return mean + gain @ (values - mean), covariance - gain @ covariance


def _vector(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.parametrize(("low", "high"), [(1.0, INF), (-INF, -2.0), (0.2, 0.9), (6.0, INF), (-INF, 9.0)])
def test_one_value_is_exact(low: float, high: float) -> None:
    x = torch.linspace(max(low, -12.0), min(high, 14.0), 200_001, dtype=torch.float64)
    density = torch.exp(-0.5 * (x - 0.5).square() / 2.0)
    mass = torch.trapezoid(density, x)
    mean = torch.trapezoid(density * x, x) / mass
    variance = torch.trapezoid(density * (x - mean).square(), x) / mass
    result = _approximated(_vector(0.5), _vector(2.0)[:, None], _vector(low), _vector(high))
    assert float(result[0]) == pytest.approx(float(mean), rel=1e-3)
    assert float(result[1]) == pytest.approx(float(variance), rel=5e-3)


def test_three_correlated_values_agree_with_a_million_draws() -> None:
    mean = _vector(0.0, 0.5, -0.5)
    covariance = torch.tensor([[1.0, 0.6, 0.3], [0.6, 1.5, 0.5], [0.3, 0.5, 1.0]], dtype=torch.float64)
    lower, upper = _vector(0.5, -INF, -0.5), _vector(INF, 1.0, 0.5)
    normal = torch.randn(1_000_000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    draws = mean + normal @ torch.linalg.cholesky(covariance).T
    kept = draws[((draws > lower) & (draws < upper)).all(dim=1)]
    mean_, covariance_ = _approximated(mean, covariance, lower, upper)
    assert torch.allclose(mean_, kept.mean(dim=0), atol=0.01)
    assert torch.allclose(covariance_, kept.T.cov(), atol=0.02)


def test_deterministic_and_calm_with_many_strongly_correlated_values() -> None:
    x = torch.linspace(0, 1, 60, dtype=torch.float64)
    covariance = torch.exp(-0.5 * (x[:, None] - x).square() / 0.3**2) + 0.01 * torch.eye(60, dtype=torch.float64)
    lower = torch.where(torch.arange(60) % 2 == 0, 1.0, -INF).double()
    upper = torch.where(torch.arange(60) % 2 == 0, INF, 1.2).double()
    first, second = (_approximated(torch.zeros(60).double(), covariance, lower, upper) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert bool(((first[0] > 0.9) & (first[0] < 1.3)).all())
    assert bool((first[1].diagonal() > 0).all())
