"""A sampled function is deterministic, and over seeds it has the proxy's posterior."""

import math
import pkgutil
from importlib import import_module
from inspect import isabstract

import pytest
import torch
from gpytorch.kernels import MaternKernel
from torch import Tensor

import models.proxies
from models.domains.kernels import TanimotoKernel
from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import FittedGaussianProcess, GaussianProcess
from models.proxies.model_selection import fit_best
from models.proxies.pathwise_samples import Covarying, own_normals, sample_path
from models.proxies.random_forest import RandomForest
from models.proxies.registry import proxy_named
from models.specs.decisions import PROXIES as NAMES

SEEDS = 250
PROXIES = (GaussianProcess(TanimotoKernel), *(proxy_named(name, MaternKernel) for name in NAMES))
EVERY = pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: type(proxy).__name__)
PROCESSES = pytest.mark.parametrize(
    "proxy",
    [proxy_named(name, MaternKernel) for name in ("gaussian_process", "multi_task_gaussian_process")],
    ids=lambda proxy: type(proxy).__name__,
)


def _features(n: int, seed: int) -> Tensor:
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _table(n: int = 25) -> TrainingTable:
    x = _features(n, seed=0)
    values = torch.stack([torch.sin(5 * x[:, 0]) + x[:, 1], 10 * x[:, 2] - 40], dim=1)
    types = ("first", "second")
    return TrainingTable(types, x, values, torch.full_like(values, math.nan), torch.zeros(2), torch.ones(2))


def _gaussian() -> FittedGaussianProcess:
    return GaussianProcess(MaternKernel).fit(_table(), seed=0)


@EVERY
def test_a_sampled_function_is_the_same_in_any_batch(proxy: Proxy) -> None:
    fitted, new, anchors = proxy.fit(_table(), seed=0), _features(20, seed=1), _features(10, seed=2)
    path = sample_path(fitted, anchors, 3)
    whole = path(new)
    assert whole.shape == (20, 2)
    parts = torch.cat([path(new[7:]), path(new[:7])]).roll(7, dims=0)
    assert torch.allclose(parts, whole, atol=1e-5)
    assert torch.allclose(sample_path(fitted, anchors, 3)(new), whole)
    others = [sample_path(fitted, anchors, seed)(new) for seed in range(4, 10)]
    assert not all(torch.allclose(other, whole) for other in others)
    assert path(new[:0]).shape == (0, 2)


@PROCESSES
def test_over_seeds_a_gaussian_path_has_the_posterior_s_mean_deviation_and_correlation(proxy: Proxy) -> None:
    fitted, new = proxy.fit(_table(), seed=0), _features(8, seed=1) * 1.5
    assert isinstance(fitted, Covarying)
    draws = torch.stack([sample_path(fitted, new, seed)(new) for seed in range(SEEDS)])
    predicted = fitted.posterior(new)
    error = predicted.sd / math.sqrt(SEEDS)
    assert bool(((draws.mean(dim=0) - predicted.mean).abs() < 4 * error).all())
    assert torch.allclose(draws.std(dim=0), predicted.sd, rtol=0.15)
    covariance = fitted.covariance_with(new)(new)  # [M, N, N]
    for kind in range(2):
        expected = covariance[kind] / torch.outer(predicted.sd[:, kind], predicted.sd[:, kind])
        result = torch.corrcoef(draws[:, :, kind].T)
        assert float((expected - result).abs().max()) < 4 / math.sqrt(SEEDS)
    between = torch.corrcoef(torch.stack([draws[:, 0, 0], draws[:, 0, 1]]))[0, 1]
    assert abs(float(between)) < 4 / math.sqrt(SEEDS)


def test_away_from_anchors_mean_and_deviation_stay_right_and_neighbours_stay_close() -> None:
    fitted, anchors = _gaussian(), _features(40, seed=5)
    pair = torch.tensor([[0.5, 0.5, 1.4], [0.52, 0.5, 1.4]], dtype=torch.float64)
    draws = torch.stack([sample_path(fitted, anchors, seed)(pair) for seed in range(SEEDS)])
    predicted = fitted.posterior(pair)
    assert torch.allclose(draws.std(dim=0), predicted.sd, rtol=0.15)
    assert bool(((draws.mean(dim=0) - predicted.mean).abs() < 4 * predicted.sd / math.sqrt(SEEDS)).all())
    covariance = fitted.covariance_with(pair[:1])(pair[1:])
    expected = float(covariance[1, 0, 0] / predicted.sd[:, 1].prod())
    result = float(torch.corrcoef(draws[..., 1].T)[0, 1])
    assert 0 < result <= expected + 4 / math.sqrt(SEEDS)


def test_at_a_measured_object_the_draw_is_near_what_was_measured() -> None:
    table, fitted = _table(), _gaussian()
    drawn = sample_path(fitted, _features(30, seed=4), 1)(table.features)
    predicted = fitted.posterior(table.features)
    assert bool(((drawn - predicted.mean).abs() < 5 * predicted.sd).all())


def test_every_installed_proxy_can_be_drawn() -> None:
    for info in pkgutil.iter_modules(models.proxies.__path__):
        import_module(f"models.proxies.{info.name}")
    kinds, result = [Proxy], set()
    while kinds:
        kinds += (below := kinds.pop().__subclasses__())
        result |= {kind for kind in below if kind.__module__.startswith("models.proxies.") and not isabstract(kind)}
    assert result == {type(proxy) for proxy in PROXIES}


def test_without_anchors_each_object_is_drawn_by_itself() -> None:
    fitted, new = _gaussian(), _features(5, seed=1)
    draws = torch.stack([sample_path(fitted, new[:0], seed)(new) for seed in range(SEEDS)])
    assert torch.allclose(draws.std(dim=0), fitted.posterior(new).sd, rtol=0.15)


def test_an_ensemble_is_drawn_as_one_of_its_members() -> None:
    fitted, new = DeepEnsemble().fit(_table(), seed=0), _features(6, seed=1)
    members = fitted.members(new).mean
    chosen = set()
    for seed in range(40):
        drawn = sample_path(fitted, new[:0], seed)(new)
        distance = (members - drawn).abs().amax(dim=(1, 2))
        assert float(distance.min()) < 1e-9
        chosen.add(int(distance.argmin()))
    assert chosen == set(range(len(members)))


def test_a_posterior_without_fixed_members_is_refused() -> None:
    class Lonely(FittedProxy):
        def posterior(self, features: Tensor) -> Posterior:
            return Posterior(features, features, features)

        def members(self, features: Tensor) -> Posterior:
            return Posterior(features[None], features[None], features[None])

        def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
            return torch.randn(n, *features.shape, generator=generator)

    with pytest.raises(TypeError, match="Lonely"):
        sample_path(Lonely(), _features(3, seed=0), 0)


def test_own_numbers_are_normal_and_of_the_object_alone() -> None:
    x = _features(4_000, seed=0)
    normal = own_normals(x, 2, 7)
    assert abs(float(normal.mean())) < 0.05
    assert float(normal.std()) == pytest.approx(1.0, abs=0.03)
    assert abs(float(torch.corrcoef(normal.T)[0, 1])) < 0.06
    assert torch.equal(own_normals(x[[5, 2]], 2, 7), normal[[5, 2]])
    assert not torch.equal(own_normals(x, 2, 8), normal)
    zeros = torch.zeros(1, 3, dtype=torch.float64)
    assert torch.equal(own_normals(-zeros, 1, 0), own_normals(zeros, 1, 0))


def test_chosen_proxies_draw_with_their_scaled_deviations() -> None:
    table, new = _table(), _features(5, seed=1)
    chosen = fit_best(table, {"forest": RandomForest()}, seed=0, tick=lambda _, __: None)
    predicted, plain = chosen.posterior(new), RandomForest().fit(table, seed=0).posterior(new)
    assert not torch.allclose(predicted.sd, plain.sd, rtol=0.02)
    draws = torch.stack([chosen.path(new, seed)(new) for seed in range(150)])
    assert torch.allclose(draws.std(dim=0), predicted.sd, rtol=0.25)
    assert bool(((draws.mean(dim=0) - predicted.mean).abs() < 4 * predicted.sd / math.sqrt(150)).all())
