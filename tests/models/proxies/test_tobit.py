"""Censored values improve predictions elsewhere, unlike dropping or clamping them."""

import math

import pytest
import torch
from gpytorch.kernels import MaternKernel
from torch import Tensor

from models.proxies.contract import Proxy, TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import GaussianProcess

NAN = math.nan


def _world(n: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 4 - 2
    return x, (torch.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1]).unsqueeze(-1)


def _table(x: Tensor, values: Tensor, lower: Tensor | None = None, upper: Tensor | None = None) -> TrainingTable:
    zero = torch.zeros(1, dtype=torch.float64)
    nothing = torch.full_like(values, NAN)
    bounds = (nothing if lower is None else lower, nothing if upper is None else upper)
    return TrainingTable(("y",), x, values, nothing, zero, zero + 1, *bounds)


def _errors(proxy: Proxy, seed: int, *, is_upper: bool) -> list[float]:
    """Return held-out errors with 40 of 100 noisy values censored: as bounds, dropped and clamped."""
    x, truth = _world(100, seed)
    y = truth + 0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed + 50), dtype=torch.float64)
    edge = float(y.quantile(0.6 if is_upper else 0.4))
    hidden = y > edge if is_upper else y < edge
    lower = torch.where(hidden, edge if is_upper else -math.inf, NAN).double()
    upper = torch.where(hidden, math.inf if is_upper else edge, NAN).double()
    exact = y.masked_fill(hidden, NAN)
    tables = (_table(x, exact, lower, upper), _table(x, exact), _table(x, torch.where(hidden, edge, y)))
    new, wanted = _world(300, seed + 100)
    return [float((proxy.fit(t, seed=0).posterior(new).mean - wanted).square().mean().sqrt()) for t in tables]


@pytest.mark.parametrize("is_upper", [True, False])
@pytest.mark.parametrize(
    ("proxy", "seeds"), [(GaussianProcess(MaternKernel), 4), (DeepEnsemble(), 2)], ids=["process", "ensemble"]
)
def test_bounds_beat_dropping_and_clamping(proxy: Proxy, seeds: int, is_upper: bool) -> None:  # noqa: FBT001 - a parameter
    errors = torch.tensor([_errors(proxy, seed, is_upper=is_upper) for seed in range(seeds)])
    tobit, dropped, clamped = errors.mean(dim=0).tolist()
    assert tobit < 0.9 * dropped, errors
    assert tobit < 0.9 * clamped, errors


def test_process_with_one_bound_agrees_with_integration() -> None:
    """One exact value and one bound: compare the posterior with quadrature over the latent value."""
    x = torch.tensor([[0.0], [0.7]], dtype=torch.float64)
    values = torch.tensor([[0.2], [NAN]], dtype=torch.float64)
    lower = torch.tensor([[NAN], [1.5]], dtype=torch.float64)
    frozen = lambda: MaternKernel().requires_grad_(requires_grad=False)  # noqa: E731 - nothing of the kernel is fitted
    fitted = GaussianProcess(frozen).fit(_table(x, values, lower, lower + math.inf), seed=0)
    process = fitted._processes[0]
    with torch.no_grad():
        gram = process.amplitude * frozen().double()(x).to_dense()
    y = (0.2 - process.location) / process.scale
    edge = (1.5 - process.location) / process.scale
    gain = gram[0, 1] / (gram[0, 0] + process.noise)
    mean, variance = float(gain * y), float(gram[1, 1] - gain * gram[0, 1])
    f = torch.linspace(mean - 8, mean + 8, 100_001, dtype=torch.float64)
    density = torch.exp(-0.5 * (f - mean).square() / variance)
    density = density * torch.special.ndtr((f - edge) / math.sqrt(process.noise))
    mass = torch.trapezoid(density, f)
    expected = torch.trapezoid(density * f, f) / mass
    spread = (torch.trapezoid(density * (f - expected).square(), f) / mass).sqrt()
    posterior = fitted.posterior(x)
    assert float(posterior.mean[1, 0]) == pytest.approx(float(process.location + process.scale * expected), rel=1e-3)
    assert float(posterior.sd[1, 0]) == pytest.approx(float(process.scale * spread), rel=1e-3)


def test_a_narrow_interval_is_nearly_a_value() -> None:
    x, truth = _world(30, 0)
    exact = GaussianProcess(MaternKernel).fit(_table(x, truth), seed=0).posterior(x).mean
    values = truth.clone()
    values[::3] = NAN
    hidden = values.isnan()
    lower, upper = (torch.where(hidden, truth + edge, NAN) for edge in (-0.005, 0.005))
    narrow = GaussianProcess(MaternKernel).fit(_table(x, values, lower, upper), seed=0).posterior(x).mean
    assert torch.allclose(narrow, exact, atol=0.02)


def test_leave_one_out_speaks_of_values_only() -> None:
    x, truth = _world(20, 0)
    values = truth.clone()
    values[:5] = NAN
    lower = torch.where(values.isnan(), 0.0, NAN).double()
    fitted = GaussianProcess(MaternKernel).fit(_table(x, values, lower, lower + math.inf), seed=0)
    assert fitted.leave_one_out(0).shape == fitted.leave_one_out_deviation(0).shape == (15,)
    assert float((fitted.leave_one_out(0) - truth[5:, 0]).abs().mean()) < float(truth.std())
