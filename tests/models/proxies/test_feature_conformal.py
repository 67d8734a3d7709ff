"""Distances in feature space undo the reach, and their intervals have the requested coverage."""

import math

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.contract import Posterior, TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.feature_conformal import distances, radius, reach
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.intervals import BatchRecord
from models.proxies.model_selection import fit_best
from models.proxies.selection_rules import SelectionSettings
from models.proxies.validation import Fold, HeldOut


class Linear:
    """Predicts 3 times the sum of hidden values (two members, two units): a slope of 6 everywhere."""

    def embed(self, features: Tensor) -> Tensor:
        return features.expand(2, -1, -1)

    def predict_from_embedding(self, hidden: Tensor) -> Tensor:
        return 3 * hidden.sum(dim=(0, 2)).unsqueeze(-1)


class Bounded:
    """Predicts a sine, which no movement takes beyond 1."""

    def embed(self, features: Tensor) -> Tensor:
        return features[None]

    def predict_from_embedding(self, hidden: Tensor) -> Tensor:
        return torch.sin(hidden.sum(dim=(0, 2))).unsqueeze(-1)


def _data(n: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 2 - 1
    noise = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return x, torch.sin(3 * x[:, :1]) + x[:, 1:] ** 2 + 0.3 * noise


def _table(x: Tensor, y: Tensor) -> TrainingTable:
    one = torch.ones(1, dtype=torch.float64)
    return TrainingTable(("a",), x, y, torch.full_like(y, math.nan), 0 * one, one)


def test_a_linear_network_is_exact() -> None:
    x = torch.zeros(3, 2, dtype=torch.float64)
    change = torch.tensor([6.0, -3.0, 0.0], dtype=torch.float64)
    assert torch.allclose(
        distances(Linear(), x, 0, change), torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64)
    )
    low, high = reach(Linear(), x, 0, 0.5)
    assert torch.allclose(high, torch.full((3,), 3.0, dtype=torch.float64))
    assert torch.allclose(low, -high)


def test_what_cannot_be_reached_is_infinitely_far() -> None:
    result = distances(
        Bounded(), torch.zeros(2, 1, dtype=torch.float64), 0, torch.tensor([0.5, 3.0]).double()
    )
    assert float(result[0]) == pytest.approx(math.asin(0.5), rel=1e-3)
    assert math.isinf(float(result[1]))


def test_reach_and_distance_undo_each_other() -> None:
    x, y = _data(80, 0)
    network = DeepEnsemble().fit(_table(x, y), seed=0)
    for change in reach(network, x[:20], 0, 0.3):
        assert torch.allclose(
            distances(network, x[:20], 0, change), torch.full((20,), 0.3).double(), rtol=0.05
        )


def test_too_few_values_have_no_radius() -> None:
    x = torch.zeros(8, 2, dtype=torch.float64)
    fold = Fold(Linear(), x, torch.arange(8), 0)
    changes = torch.arange(8.0, dtype=torch.float64)
    assert radius((fold,), changes, 0.9) is None
    assert radius((fold,), changes, 0.5) == pytest.approx(4 / 6)
    changes[6:] = math.nan
    assert radius((fold,), changes, 0.5) == pytest.approx(3 / 6)


def _held_out(errors: Tensor) -> HeldOut:
    none = torch.full_like(errors, float("nan"))
    return HeldOut(Posterior(0 * errors, torch.ones_like(errors), 0 * errors), errors, none, none)


@pytest.mark.parametrize("with_process", [True, False])
def test_intervals_cover_and_are_not_the_plain_ones(with_process: bool) -> None:  # noqa: FBT001
    x, y = _data(360, 1)
    proxies = {"deep_ensemble": DeepEnsemble()}
    both = {"gaussian_process": GaussianProcess(RBFKernel), **proxies} if with_process else proxies
    table = _table(x[:60], y[:60])
    settings = SelectionSettings("feature_conformal")
    fitted = fit_best(table, both, seed=0, tick=lambda *_: None, settings=settings)
    assert fitted.chosen["a"] == next(iter(both))
    low, high = fitted.interval(x[60:])
    mean = fitted.posterior(x[60:]).mean
    assert bool(((low <= mean) & (mean <= high)).all())
    assert 0.8 <= float(((low <= y[60:]) & (y[60:] <= high)).double().mean()) <= 0.99
    assert float((high - low).std()) > 0
    missed = _held_out(10.0 * torch.ones(20, dtype=torch.float64))
    record = {"a": BatchRecord(missed, torch.full((20,), -1))}
    wide = fitted.under(SelectionSettings("feature_conformal", record=record))
    factor = wide.summary()["a"]["intervals"]["widened_by"]  # type: ignore[index] # plain JSON
    assert factor > 2
    assert torch.allclose(wide.interval(x[60:])[0] - mean, factor * (low - mean))
    fitted._settings = SelectionSettings("conformal")
    assert not torch.allclose(low, fitted.interval(x[60:])[0])
