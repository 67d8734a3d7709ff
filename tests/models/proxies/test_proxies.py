"""Every discovered proxy satisfies the contract."""

import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module

import pytest
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from torch import Tensor

import models.proxies
from models.proxies.contract import Proxy, TrainingTable
from models.proxies.gaussian_process import GaussianProcess

NAN = math.nan


def _build(kind: type[Proxy]) -> Proxy:
    return kind(MaternKernel) if "kernel" in inspect.signature(kind).parameters else kind()  # type: ignore[call-arg]


def _below(kind: type[Proxy]) -> Iterator[type[Proxy]]:
    """Yield the concrete classes below `kind`."""
    for child in kind.__subclasses__():
        yield from _below(child)
        if not inspect.isabstract(child):
            yield child


def _implementations() -> list[type[Proxy]]:
    for info in pkgutil.iter_modules(models.proxies.__path__):
        import_module(f"models.proxies.{info.name}")
    return [kind for kind in _below(Proxy) if kind.__module__.startswith("models.proxies.")]


EVERY = pytest.mark.parametrize("kind", _implementations(), ids=lambda kind: kind.__name__)


def _table(features: Tensor, values: Tensor, noise: Tensor | None = None) -> TrainingTable:
    m = values.shape[1]
    unknown = torch.full_like(values, NAN) if noise is None else noise
    types = tuple(f"type_{column}" for column in range(m))
    prior = (torch.zeros(m, dtype=torch.float64), torch.ones(m, dtype=torch.float64))
    return TrainingTable(types, features, values, unknown, *prior)


def _smooth(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    x = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return x, torch.stack([torch.sin(3 * x[:, 0]) + x[:, 1] ** 2, 100 + 10 * x[:, 0] * x[:, 2]], dim=1)


@EVERY
def test_beats_the_mean_with_partial_results(kind: type[Proxy]) -> None:
    x, y = _smooth(120)
    known = y.clone()
    known[::3, 0] = NAN
    known[1::3, 1] = NAN
    fitted = _build(kind).fit(_table(x, known), seed=0)
    new, truth = _smooth(200, seed=1)
    posterior = fitted.posterior(new)
    assert posterior.mean.shape == posterior.sd.shape == posterior.noise_sd.shape == truth.shape
    assert bool((posterior.predictive_sd > 0).all())
    error = (posterior.mean - truth).square().mean(dim=0).sqrt() / truth.std(dim=0)
    assert bool((error < 0.9).all()), error  # of 80 values a forest learns little of a product of two features
    assert float(error.mean()) < 0.6, error


@EVERY
def test_equal_seeds_give_equal_numbers_and_rows_are_independent(kind: type[Proxy]) -> None:
    x, y = _smooth(40)
    first, second = (_build(kind).fit(_table(x, y), seed=3).posterior(x) for _ in range(2))
    assert torch.equal(first.mean, second.mean)
    assert torch.equal(first.sd, second.sd)
    alone = _build(kind).fit(_table(x, y), seed=3).posterior(x[5:6])
    assert torch.allclose(alone.mean, first.mean[5:6], rtol=1e-5)


@EVERY
def test_is_equivariant_to_units(kind: type[Proxy]) -> None:
    x, y = _smooth(40)
    small = _build(kind).fit(_table(x, y), seed=0).posterior(x)
    large = _build(kind).fit(_table(x, 1000 * y + 5), seed=0).posterior(x)
    assert torch.allclose(1000 * small.mean + 5, large.mean, rtol=1e-2, atol=10)
    assert torch.allclose(1000 * small.predictive_sd, large.predictive_sd, rtol=5e-2, atol=10)


@EVERY
def test_members_accept_an_empty_batch(kind: type[Proxy]) -> None:
    """A guardrail passes an empty batch when no object satisfied the cheaper rules."""
    x, y = _smooth(30)
    fitted = _build(kind).fit(_table(x, y), seed=0)
    assert fitted.members(x[:0]).sd.shape[1:] == (0, 2)


@EVERY
def test_members_and_draws_agree_with_the_posterior(kind: type[Proxy]) -> None:
    x, y = _smooth(50)
    fitted = _build(kind).fit(_table(x, y), seed=0)
    new, _ = _smooth(8, seed=2)
    posterior, members = fitted.posterior(new), fitted.members(new)
    draws = fitted.draw(new, 4000, torch.Generator().manual_seed(0))
    assert draws.shape == (4000, 8, 2)
    assert members.mean.shape[1:] == (8, 2)
    assert torch.allclose(members.mean.mean(dim=0), posterior.mean)
    scale = y.std(dim=0)
    assert bool(((draws.mean(dim=0) - posterior.mean).abs() < 0.1 * scale).all())
    assert bool(((draws.std(dim=0) - posterior.sd).abs() < 0.1 * scale).all())


@EVERY
def test_uninformative_bounds_change_little(kind: type[Proxy]) -> None:
    """An object bounded far below all others is no evidence about them."""
    x, y = _smooth(60)
    without = _build(kind).fit(_table(x[:50], y[:50]), seed=0).posterior(x[:50])
    hidden = y.clone()
    hidden[50:] = NAN
    open_ended = torch.full_like(y, NAN)
    open_ended[50:] = math.inf
    lower = torch.full_like(y, NAN)
    lower[50:] = -1e4
    table = replace(_table(x, hidden), lower=lower, upper=open_ended)
    posterior = _build(kind).fit(table, seed=0).posterior(x[:50])
    assert bool(((posterior.mean - without.mean).abs().mean(dim=0) < 0.2 * y.std(dim=0)).all())


@EVERY
def test_learns_from_bounds(kind: type[Proxy]) -> None:
    """Predictions above a threshold are no worse with the values there censored than without them."""
    x, y = _smooth(150)
    y += 0.3 * y.std(dim=0) * torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    edge = y.quantile(0.6, dim=0)
    is_above = y > edge
    hidden = y.masked_fill(is_above, NAN)
    lower = torch.where(is_above, edge, NAN)
    upper = torch.where(is_above, math.inf, lower)
    new, truth = _smooth(200, seed=1)
    high = truth > edge
    errors = [
        (_build(kind).fit(table, seed=0).posterior(new).mean - truth)[high].square().mean().sqrt()
        for table in (replace(_table(x, hidden), lower=lower, upper=upper), _table(x, hidden))
    ]
    assert float(errors[0]) < 1.001 * float(errors[1])


@EVERY
def test_learns_where_only_bounds_are_known(kind: type[Proxy]) -> None:
    """A type without any exact value, beside one with many: the proxy stays finite.

    A proxy with minimum 0 also predicts the type's level.
    """
    x, y = _smooth(40)
    values = y.clone()
    values[:, 1] = NAN
    bounds = torch.full_like(y, NAN)
    bounds[:, 1] = 100.0
    table = replace(
        _table(x, values), lower=bounds, upper=bounds + 1e-9 + torch.where(bounds.isnan(), bounds, math.inf)
    )
    posterior = _build(kind).fit(table, seed=0).posterior(x)
    assert bool(posterior.mean.isfinite().all())
    assert bool((posterior.predictive_sd > 0).all())
    if kind.minimum == 0:
        assert float(posterior.mean[:, 1].mean()) > 50


def test_table_refuses_what_is_not_whole() -> None:
    x, y = _smooth(4)
    with pytest.raises(ValueError, match="shape"):
        _table(x[:3], y)
    with pytest.raises(ValueError, match="features"):
        _table(x * torch.nan, y)


@pytest.mark.parametrize("kernel", [MaternKernel, lambda: RBFKernel().requires_grad_(requires_grad=False)])
def test_process_without_values_keeps_its_prior(kernel: Callable[[], RBFKernel]) -> None:
    x, y = _smooth(3)
    table = TrainingTable(
        ("a", "b"),
        x,
        torch.stack([y[:, 0], torch.full((3,), NAN, dtype=torch.float64)], dim=1),
        torch.full((3, 2), NAN, dtype=torch.float64),
        torch.tensor([0.0, 7.0], dtype=torch.float64),
        torch.tensor([1.0, 2.0], dtype=torch.float64),
    )
    posterior = GaussianProcess(kernel).fit(table, seed=0).posterior(x)
    assert torch.allclose(posterior.mean[:, 1], torch.full((3,), 7.0, dtype=torch.float64))
    assert torch.allclose(posterior.sd[:, 1], torch.full((3,), 2.0, dtype=torch.float64))


def test_known_noise_is_trusted_less() -> None:
    """A value with a large known noise pulls the process less than the same value without."""
    x = torch.linspace(-1, 1, 21, dtype=torch.float64).unsqueeze(1)
    y = torch.zeros(21, 1, dtype=torch.float64)
    y[::2] += 0.01
    y[10] = 3.0
    noise = torch.full_like(y, 1e-4)
    exact = GaussianProcess(RBFKernel).fit(_table(x, y, noise), seed=0).posterior(x).mean[10, 0]
    noise[10] = 9.0
    doubted = GaussianProcess(RBFKernel).fit(_table(x, y, noise), seed=0).posterior(x).mean[10, 0]
    assert abs(float(doubted)) < 0.3 * abs(float(exact))


def test_leave_one_out_equals_refitting_without_the_row() -> None:
    x, y = _smooth(12)
    frozen = lambda: RBFKernel().requires_grad_(requires_grad=False)  # noqa: E731 - a kernel without parameters to fit
    fitted = GaussianProcess(frozen).fit(_table(x, y[:, :1]), seed=0)
    process = fitted._processes[0]
    gram = process.amplitude * frozen().double()(x).to_dense() + process.noise * torch.eye(12, dtype=torch.float64)
    for row in (0, 5):
        others = [i for i in range(12) if i != row]
        weights = torch.linalg.solve(gram[others][:, others], process.targets[others])
        expected = process.location + process.scale * gram[row, others] @ weights
        assert float(fitted.leave_one_out(0)[row]) == pytest.approx(float(expected.detach()), rel=1e-6)
