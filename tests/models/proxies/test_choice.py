"""The choice of a proxy rests on held-out predictions, and its deviations fit them."""

import math

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.choice import fit_best
from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.gaussian_process import GaussianProcess


class FittedConstant(FittedProxy):
    """Always the same answer, sure of itself."""

    def __init__(self, mean: Tensor, sd: float) -> None:
        self._mean = mean
        self._sd = sd

    def posterior(self, features: Tensor) -> Posterior:
        mean = self._mean.expand(len(features), -1)
        return Posterior(mean, torch.full_like(mean, self._sd), torch.zeros_like(mean))

    def members(self, features: Tensor) -> Posterior:
        belief = self.posterior(features)
        return Posterior(belief.mean[None], belief.sd[None], belief.noise_sd[None])

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        return self.posterior(features).mean.expand(n, -1, -1)


class Constant(Proxy):
    """Predicts the mean of what it saw."""

    minimum = 1
    maximum = 50

    def __init__(self, sd: float) -> None:
        self._sd = sd

    def fit(self, table: TrainingTable, *, seed: int) -> FittedProxy:  # noqa: ARG002
        return FittedConstant(table.standard()[0], self._sd)


def _table(values: Tensor, features: Tensor) -> TrainingTable:
    m = values.shape[1]
    ones = torch.ones(m, dtype=torch.float64)
    return TrainingTable(tuple("abc"[:m]), features, values, torch.full_like(values, math.nan), 0 * ones, ones)


def _quiet(share: float, message: str) -> None:
    assert 0 <= share <= 1
    assert message


def _data(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(n, 1, generator=generator, dtype=torch.float64)
    noise = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    return x, torch.cat([torch.sin(6 * x), 5 + 2 * noise], dim=1)


def test_each_type_gets_its_best_and_the_losers_are_told() -> None:
    x, y = _data(50)
    chosen = fit_best(
        _table(y, x), {"gaussian_process": GaussianProcess(RBFKernel), "constant": Constant(1.0)}, seed=0, tick=_quiet
    )
    summary = chosen.summary()
    assert summary["a"]["chosen"] == "gaussian_process"
    for kind in "ab":
        scores = summary[kind]["scores"]
        assert isinstance(scores, dict)
        assert summary[kind]["chosen"] == min(scores, key=lambda name, of=scores: of[name]["nll"])
        assert set(scores) == {"gaussian_process", "constant"}
    belief = chosen.posterior(x)
    assert float((belief.mean[:, 0] - y[:, 0]).abs().max()) < 0.1


@pytest.mark.parametrize("claimed", [0.2, 1.0, 10.0])
def test_deviations_are_scaled_to_the_residuals(claimed: float) -> None:
    """Whatever the proxy claims, values with deviation 2 get about 2, and 90 % intervals cover about 90 %."""
    x, y = _data(50)
    chosen = fit_best(_table(y[:, 1:], x), {"constant": Constant(claimed)}, seed=0, tick=_quiet)
    sd = float(chosen.posterior(x).sd[0, 0])
    factor = math.sqrt(10 / 60) if claimed == 10.0 else 1.0
    assert sd == pytest.approx(max(float(y[:, 1].std()), claimed * factor), rel=0.15)
    score = chosen.summary()["a"]["scores"]
    assert isinstance(score, dict)
    assert 0.8 <= score["constant"]["coverage_90"] <= 1.0


def test_too_few_or_too_many_values_leave_the_default() -> None:
    x, y = _data(60)
    y[5:, 0] = math.nan
    proxies = {"gaussian_process": GaussianProcess(RBFKernel), "constant": Constant(1.0)}
    chosen = fit_best(_table(y, x), proxies, seed=0, tick=_quiet)
    assert chosen.summary()["a"]["scores"] == {}
    assert chosen.chosen["a"] == "gaussian_process"
    assert chosen.chosen["b"] == "gaussian_process"
    assert "constant" not in chosen.summary()["b"]["scores"]  # type: ignore[operator]
    assert chosen.n_values == {"a": 5, "b": 60}


def test_nothing_measured_answers_the_prior() -> None:
    empty = _table(torch.empty(0, 2, dtype=torch.float64), torch.empty(0, 3, dtype=torch.float64))
    chosen = fit_best(empty, {"gaussian_process": GaussianProcess(RBFKernel)}, seed=0, tick=_quiet)
    belief = chosen.posterior(torch.ones(4, 3, dtype=torch.float64))
    assert torch.equal(belief.mean, torch.zeros(4, 2, dtype=torch.float64))
    assert torch.allclose(belief.sd, torch.ones(4, 2, dtype=torch.float64))


def test_hypotheses_of_every_proxy_weigh_by_likelihood() -> None:
    x, y = _data(50)
    proxies = {"gaussian_process": GaussianProcess(RBFKernel), "constant": Constant(1.0)}
    chosen = fit_best(_table(y, x), proxies, seed=0, tick=_quiet)
    belief, weights = chosen.hypotheses(x, "a")
    assert belief.mean.shape == (2, 50)
    assert float(weights.sum()) == pytest.approx(1.0)
    assert float(weights[0]) > 0.99
    _, even = chosen.hypotheses(x, "b")
    assert 0.01 < float(even[0]) < 0.99
