"""Proxies are chosen by held-out predictions, and their deviations are scaled to them."""

import math
from dataclasses import replace

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.proxy_fit import ProxyFit
from models.proxies.validation import HeldOut, score


class FittedConstant(FittedProxy):
    """Predicts a constant with a small deviation."""

    def __init__(self, mean: Tensor, sd: float) -> None:
        self._mean = mean
        self._sd = sd

    def posterior(self, features: Tensor) -> Posterior:
        mean = self._mean.expand(len(features), -1)
        return Posterior(mean, torch.full_like(mean, self._sd), torch.zeros_like(mean))

    def members(self, features: Tensor) -> Posterior:
        predicted = self.posterior(features)
        return Posterior(predicted.mean[None], predicted.sd[None], predicted.noise_sd[None])

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        return self.posterior(features).mean.expand(n, -1, -1)


class Constant(Proxy):
    """Predicts the mean of its training values."""

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


def test_each_type_gets_its_best_and_all_scores_are_reported() -> None:
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
    predicted = chosen.posterior(x)
    assert float((predicted.mean[:, 0] - y[:, 0]).abs().max()) < 0.1


@pytest.mark.parametrize("claimed", [0.2, 1.0, 10.0])
def test_deviations_are_scaled_to_the_residuals(claimed: float) -> None:
    """Residuals of deviation 2 get a deviation of about 2, and 90 % intervals cover about 90 %."""
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
    predicted = chosen.posterior(torch.ones(4, 3, dtype=torch.float64))
    assert torch.equal(predicted.mean, torch.zeros(4, 2, dtype=torch.float64))
    assert torch.allclose(predicted.sd, torch.ones(4, 2, dtype=torch.float64))


def test_hypotheses_of_every_proxy_are_weighted_by_held_out_predictions() -> None:
    x, y = _data(50)
    proxies = {"gaussian_process": GaussianProcess(RBFKernel), "constant": Constant(1.0)}
    chosen = fit_best(_table(y, x), proxies, seed=0, tick=_quiet)
    process, constant = chosen.hypotheses(x, "a")
    assert (process.proxy, constant.proxy) == ("gaussian_process", "constant")
    assert process.belief.mean.shape == (len(process.weights), 50)
    assert constant.belief.mean.shape == (1, 50)
    assert process.weight + constant.weight == pytest.approx(1.0)
    assert process.weight > 0.9
    assert 0.01 < chosen.hypotheses(x, "b")[0].weight < 0.99


def test_proxies_that_say_the_same_weigh_the_same_however_many_values_there_are() -> None:
    x, y = _data(60)
    proxies = {name: GaussianProcess(RBFKernel) for name in ("gaussian_process", "again")}
    chosen = fit_best(_table(y, x), proxies, seed=0, tick=_quiet)
    assert [family.weight for family in chosen.hypotheses(x, "a")] == pytest.approx([0.5, 0.5])


def test_without_validation_all_weigh_the_same_and_with_it_only_who_took_part() -> None:
    x, y = _data(60)
    y[5:, 0] = math.nan
    proxies = {"gaussian_process": GaussianProcess(RBFKernel), "again": GaussianProcess(RBFKernel)}
    chosen = fit_best(_table(y, x), proxies, seed=0, tick=_quiet)
    assert [family.weight for family in chosen.hypotheses(x, "a")] == [0.5, 0.5]


def _judged(name: str, error: float, nll: float, x: Tensor, values: Tensor) -> ProxyFit:
    """Return a proxy with the given held-out errors, whatever its likelihood."""
    wrong = values + error * torch.where(torch.arange(len(values)) % 2 == 0, 1.0, -1.0)
    none = torch.full_like(values, math.nan)
    held = HeldOut(Posterior(wrong, torch.ones_like(values), 0 * values), values, none, none)
    fitted = Constant(1.0).fit(_table(values.unsqueeze(-1), x), seed=0)
    scores = {"a": replace(score(held), nll=nll)}
    return ProxyFit(name, lambda: fitted, [0], torch.ones(1, dtype=torch.float64), scores, {"a": held})


@pytest.mark.parametrize(("error", "warned"), [(0.5, True), (0.95, False), (2.0, False)])
def test_a_forest_that_predicts_clearly_better_gives_a_warning(error: float, warned: bool) -> None:  # noqa: FBT001
    x, y = _data(40)
    parts = [_judged("deep_ensemble", 1.0, 0.0, x, y[:, 0]), _judged("random_forest", error, 1.0, x, y[:, 0])]
    chosen = SelectedProxies({"a": 40}, parts)
    assert chosen.chosen["a"] == "deep_ensemble"
    summary = chosen.summary()["a"]
    expected = {
        "type": "a",
        "check": "random_forest",
        "proxy": "deep_ensemble",
        "rmse": pytest.approx(error),
        "chosen_rmse": pytest.approx(1.0),
    }
    assert [item["params"] for item in summary["messages"]] == ([expected] if warned else [])
    assert [f"(error {error:.3g} against 1)" in text for text in summary["warnings"]] == [True] * warned


def test_censored_values_take_part_in_the_score() -> None:
    """Censored values far above a prediction lower the proxy's score."""
    x, y = _data(40)
    y = y[:, :1]
    hidden = torch.arange(40).unsqueeze(-1) % 4 == 0
    lower = torch.full_like(y, math.nan).masked_fill(hidden, 5.0)
    upper = torch.full_like(y, math.nan).masked_fill(hidden, math.inf)
    one = torch.ones(1, dtype=torch.float64)
    noise = torch.full_like(y, math.nan)
    seen = y.masked_fill(hidden, math.nan)
    bounded = TrainingTable(("a",), x, seen, noise, 0 * one, one, lower, upper)
    scores = []
    for table in (TrainingTable(("a",), x, seen, noise, 0 * one, one), bounded):
        fitted = fit_best(table, {"constant": Constant(1.0)}, seed=0, tick=_quiet)
        scores.append(fitted._parts[0].scores["a"])
    assert [result.n for result in scores] == [30, 40]
    assert scores[1].nll > scores[0].nll + 1
    assert scores[1].scale > scores[0].scale
