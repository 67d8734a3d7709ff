"""The exported forest equals scikit-learn's, with useful deviations, and ignores censored values."""

import math

import pytest
import torch
from sklearn.ensemble import RandomForestRegressor
from torch import Tensor

from models.proxies.contract import TrainingTable
from models.proxies.random_forest import GROUPS, TREES, RandomForest, _exported

NAN = math.nan


def _data(n: int, seed: int = 0, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 5, (n, 12), generator=generator).double()
    y = x[:, :1] - x[:, 1:2] * x[:, 2:3] + noise * torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return x, torch.cat([y, -y], dim=1)


def _table(x: Tensor, y: Tensor, **bounds: Tensor) -> TrainingTable:
    ones = torch.ones(2, dtype=torch.float64)
    return TrainingTable(("a", "b"), x, y, torch.full_like(y, NAN), 7 * ones, 3 * ones, **bounds)


def test_tensors_predict_as_the_trees_do() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(120, 7, generator=generator, dtype=torch.float64).round(decimals=1)
    y = x[:, 0] * x[:, 1] + x[:, 2]
    forest = RandomForestRegressor(13, random_state=0).fit(x[:90].numpy(), y[:90].numpy())
    ours = _exported(forest, torch.device("cpu"))(x)
    for row, tree in zip(ours, forest.estimators_, strict=True):
        assert torch.equal(row, torch.from_numpy(tree.predict(x.numpy())))


def test_it_predicts_new_objects_and_knows_its_error() -> None:
    x, y = _data(400)
    fitted = RandomForest().fit(_table(x[:300], y[:300]), seed=0)
    posterior = fitted.posterior(x[300:])
    error = float((posterior.mean - y[300:]).square().mean().sqrt())
    assert error < 0.4 * float(y.std())
    assert 0.5 * error < float(posterior.predictive_sd.mean()) < 4 * error
    members = fitted.members(x[300:])
    assert members.mean.shape == (GROUPS, 100, 2)
    assert torch.allclose(members.mean.mean(dim=0), posterior.mean)


def test_more_noise_is_estimated() -> None:
    noises = []
    for noise in (0.1, 5.0):
        x, y = _data(300, noise=noise)
        noises.append(float(RandomForest().fit(_table(x, y), seed=0).posterior(x[:1]).noise_sd[0, 0]))
    assert noises[1] > 3 * noises[0]


def test_equal_seeds_give_equal_forests() -> None:
    x, y = _data(60)
    first, again, other = (RandomForest().fit(_table(x, y), seed=seed).posterior(x) for seed in (3, 3, 4))
    assert torch.equal(first.mean, again.mean)
    assert not torch.equal(first.mean, other.mean)


def test_censored_values_are_left_out() -> None:
    x, y = _data(80)
    hidden = torch.zeros_like(y, dtype=torch.bool)
    hidden[::3, 0] = True
    seen = y.masked_fill(hidden, NAN)
    lower = torch.full_like(y, NAN).masked_fill(hidden, -100.0)
    upper = torch.full_like(y, NAN).masked_fill(hidden, 100.0)
    bounded = RandomForest().fit(_table(x, seen, lower=lower, upper=upper), seed=0).posterior(x)
    assert torch.equal(bounded.mean, RandomForest().fit(_table(x, seen), seed=0).posterior(x).mean)


def test_draws_have_the_moments_of_the_posterior() -> None:
    x, y = _data(100)
    fitted = RandomForest().fit(_table(x, y), seed=0)
    posterior = fitted.posterior(x[:5])
    draws = fitted.draw(x[:5], 4000, torch.Generator().manual_seed(0))
    assert draws.shape == (4000, 5, 2)
    assert torch.allclose(draws.mean(dim=0), posterior.mean, atol=0.1 * float(posterior.sd.max()))
    assert torch.allclose(draws.std(dim=0), posterior.sd, rtol=0.1, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_values_are_no_failure(n: int) -> None:
    """A fold may hold no value of a sparse type."""
    x, y = _data(40)
    y[n:, 1] = NAN
    posterior = RandomForest().fit(_table(x, y), seed=0).posterior(x)
    assert bool(torch.isfinite(posterior.mean).all() and torch.isfinite(posterior.predictive_sd).all())
    if n == 0:
        assert bool((posterior.mean[:, 1] == 7.0).all())
        assert bool((posterior.noise_sd[:, 1] == 3.0).all())


def test_constant_features_give_the_mean() -> None:
    x, y = torch.ones(20, 3, dtype=torch.float64), _data(20)[1]
    posterior = RandomForest().fit(_table(x, y), seed=0).posterior(x)
    assert torch.allclose(
        posterior.mean, y.mean(dim=0).expand(20, 2), atol=3 * float(y.std()) / math.sqrt(20 * TREES) * 3
    )
    assert RandomForest().fit(_table(x, y), seed=0).posterior(x[:0]).mean.shape == (0, 2)
