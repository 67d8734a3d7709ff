"""The joint process equals the single one for uncorrelated types, and is better for correlated ones."""

import math

import pytest
import torch
from gpytorch.kernels import MaternKernel
from gpytorch.priors import LogNormalPrior
from torch import Tensor

from models.proxies.contract import TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import fit_best
from models.proxies.multi_task_gaussian_process import MultiTaskGaussianProcess
from models.proxies.pathwise_samples import sample_path

NAN = math.nan


def _kernel() -> MaternKernel:
    kernel = MaternKernel(nu=2.5, lengthscale_prior=LogNormalPrior(-0.5, 0.5))
    kernel.initialize(lengthscale=0.6)
    return kernel


def _data(n: int, correlation: float, seed: int, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    """Return features and two true functions [n, 2] of given correlation, in unusual units."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 3
    kernel = _kernel()
    with torch.no_grad():
        gram = kernel(x).to_dense() + 1e-8 * torch.eye(n, dtype=torch.float64)
        normal = torch.linalg.cholesky(gram) @ torch.randn(n, 2, generator=generator, dtype=torch.float64)
    second = correlation * normal[:, 0] + math.sqrt(1 - correlation**2) * normal[:, 1]
    clean = torch.stack([normal[:, 0], 40 + 10 * second], dim=1)
    return x, clean + noise * torch.tensor([1.0, 10.0]) * torch.randn(n, 2, generator=generator, dtype=torch.float64)


def _table(x: Tensor, y: Tensor, **bounds: Tensor) -> TrainingTable:
    m = y.shape[1]
    ones = torch.ones(m, dtype=torch.float64)
    return TrainingTable(tuple("abc"[:m]), x, y, torch.full_like(y, NAN), 0 * ones, ones, **bounds)


def _sparse(correlation: float, seed: int) -> tuple[TrainingTable, Tensor, Tensor]:
    """Return a table of 60 values of the first type and 12 of the second, and 100 new objects."""
    x, y = _data(160, correlation, seed)
    seen = y[:60].clone()
    seen[12:, 1] = NAN
    return _table(x[:60], seen), x[60:], y[60:]


def _error(proxy: GaussianProcess | MultiTaskGaussianProcess, correlation: float, seed: int) -> float:
    table, x, y = _sparse(correlation, seed)
    return float((proxy.fit(table, seed=0).posterior(x).mean - y)[:, 1].square().mean().sqrt())


@pytest.mark.parametrize("correlation", [0.95, -0.95])
def test_a_rich_type_helps_a_sparse_one(correlation: float) -> None:
    single, joint = (
        sum(_error(proxy, correlation, seed) for seed in range(5))
        for proxy in (GaussianProcess(_kernel), MultiTaskGaussianProcess(_kernel))
    )
    assert joint < 0.75 * single


def test_an_unrelated_type_hardly_hurts() -> None:
    single, joint = (
        sum(_error(proxy, 0.0, seed) for seed in range(5))
        for proxy in (GaussianProcess(_kernel), MultiTaskGaussianProcess(_kernel))
    )
    assert joint < 1.1 * single


def test_the_choice_takes_it_where_it_helps() -> None:
    table, x, y = _sparse(0.97, 1)
    proxies = {"gaussian_process": GaussianProcess(_kernel), "multi_task": MultiTaskGaussianProcess(_kernel)}
    chosen = fit_best(table, proxies, seed=0, tick=lambda *_: None)
    assert chosen.chosen["b"] == "multi_task"
    low, high = chosen.interval(x)
    assert 0.8 <= float(((low <= y) & (y <= high)).double().mean()) <= 1.0


def test_task_matrix_and_noise_are_recovered() -> None:
    x, y = _data(150, -0.8, 3)
    fitted = MultiTaskGaussianProcess(_kernel).fit(_table(x, y), seed=0)
    matrix = fitted.task_matrix()
    assert -1.0 < float(matrix[0, 1] / (matrix[0, 0] * matrix[1, 1]).sqrt()) < -0.6
    noise = fitted.posterior(x[:1]).noise_sd[0]
    assert noise.tolist() == pytest.approx([0.1, 1.0], rel=0.5)


def test_types_join_only_when_they_share_objects() -> None:
    x, y = _data(40, 0.5, 0)
    y = torch.cat([y, y[:, :1]], dim=1)
    y[:20, 2] = NAN
    y[20:, 0] = NAN
    y[24:, 1] = NAN
    proxy = MultiTaskGaussianProcess(_kernel)
    assert proxy.columns(_table(x, y)) == [0, 1]
    assert proxy.columns(_table(x[24:], y[24:])) == []
    many = torch.zeros(1001, 2, dtype=torch.float64)
    assert proxy.columns(_table(many, many)) == []
    assert proxy.columns(_table(many[:1000], many[:1000])) == [0, 1]


def test_nothing_shared_leaves_it_out_of_the_choice() -> None:
    x, y = _data(30, 0.5, 0)
    proxies = {"gaussian_process": GaussianProcess(_kernel), "multi_task": MultiTaskGaussianProcess(_kernel)}
    chosen = fit_best(_table(x, y[:, :1]), proxies, seed=0, tick=lambda *_: None)
    assert set(chosen.summary()["a"]["scores"]) == {"gaussian_process"}  # type: ignore[call-overload]


def test_censored_values_pull_beyond_their_bound() -> None:
    """Values above a threshold are only bounded: the posterior there is higher than without these values."""
    x, y = _data(80, 0.9, 2)
    edge = float(y[:, 1].quantile(0.6))
    hidden = torch.zeros_like(y, dtype=torch.bool)
    hidden[:, 1] = y[:, 1] > edge
    seen = y.masked_fill(hidden, NAN)
    lower = torch.full_like(y, NAN).masked_fill(hidden, edge)
    upper = torch.full_like(y, NAN).masked_fill(hidden, math.inf)
    proxy = MultiTaskGaussianProcess(_kernel)
    bounded = proxy.fit(_table(x, seen, lower=lower, upper=upper), seed=0).posterior(x).mean
    dropped = proxy.fit(_table(x, seen), seed=0).posterior(x).mean
    truth = y[hidden]
    assert float((bounded[hidden] - truth).square().mean()) < float((dropped[hidden] - truth).square().mean())
    assert float((bounded[hidden] > edge - 2).double().mean()) > 0.9


def test_draws_are_joint() -> None:
    x, y = _data(30, 0.9, 0)
    y[15:, 1] = NAN
    fitted = MultiTaskGaussianProcess(_kernel).fit(_table(x, y), seed=0)
    new = torch.tensor([[0.5, 0.5], [0.51, 0.5], [2.9, 2.9]], dtype=torch.float64)
    draws = fitted.draw(new, 20_000, torch.Generator().manual_seed(0))
    posterior = fitted.posterior(new)
    assert torch.allclose(draws.mean(dim=0), posterior.mean, atol=0.05 * float(posterior.sd.max()))
    assert torch.allclose(draws.std(dim=0), posterior.sd, rtol=0.05)
    near = torch.corrcoef(draws[:, :, 1].T)
    assert float(near[0, 1]) > 0.9
    assert abs(float(near[0, 2])) < float(near[0, 1])


def test_a_sampled_function_has_the_posterior_moments() -> None:
    x, y = _data(30, 0.9, 0)
    y[15:, 1] = NAN
    fitted = MultiTaskGaussianProcess(_kernel).fit(_table(x, y), seed=0)
    new = torch.tensor([[0.5, 0.5], [0.55, 0.5], [2.9, 2.9]], dtype=torch.float64)
    draws = torch.stack([sample_path(fitted, new, seed)(new) for seed in range(600)])
    posterior = fitted.posterior(new)
    assert torch.allclose(draws.mean(dim=0), posterior.mean, atol=0.15 * float(posterior.sd.max()))
    assert torch.allclose(draws.std(dim=0), posterior.sd, rtol=0.12)
    covariance = fitted.covariance_with(new)(new)
    assert torch.allclose(covariance.diagonal(dim1=1, dim2=2).T.sqrt(), posterior.sd, rtol=1e-3)


def test_equal_tables_give_equal_posteriors() -> None:
    x, y = _data(50, 0.5, 4)
    first, again = (MultiTaskGaussianProcess(_kernel).fit(_table(x, y), seed=1).posterior(x) for _ in range(2))
    assert torch.equal(first.mean, again.mean)
    assert torch.equal(first.sd, again.sd)
