"""Refitted proxies reproduce all predictions of the round bit for bit."""

import pytest
import torch
from gpytorch.kernels import RBFKernel
from torch import Tensor

from models.proxies.contract import Proxy, TrainingTable
from models.proxies.deep_ensemble import DeepEnsemble
from models.proxies.gaussian_process import GaussianProcess
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.random_forest import RandomForest
from models.proxies.refit import refit
from models.proxies.selection_rules import Intervals, SelectionSettings

PROXIES: dict[str, Proxy] = {
    "gaussian_process": GaussianProcess(RBFKernel),
    "deep_ensemble": DeepEnsemble(),
    "random_forest": RandomForest(),
}


def _table() -> TrainingTable:
    """Three types: one with censored values, one with too few to validate, one never measured."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(40, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    values = torch.stack([x.sum(dim=1), 2 * x[:, 0], x[:, 1]], dim=1) + 0.1 * noise
    nothing = torch.full_like(values, torch.nan)
    lower, upper = nothing.clone(), nothing.clone()
    is_high = values[:, 0] > 2
    lower[is_high, 0], upper[is_high, 0] = 2.0, torch.inf
    values[is_high, 0] = torch.nan
    values[5:, 1] = torch.nan
    values[:, 2] = torch.nan
    ones = torch.ones(3, dtype=torch.float64)
    return TrainingTable(("rich", "poor", "never"), x, values, nothing, 0 * ones, ones, lower, upper)


@pytest.fixture(scope="module")
def first(quick_proxies: None) -> SelectedProxies:  # noqa: ARG001 - the constants come first
    return fit_best(_table(), PROXIES, seed=4, tick=lambda *_: None)


def _answers(proxies: SelectedProxies, features: Tensor, seed: int = 3) -> list[Tensor]:
    """Return all predictions of the proxies."""
    posterior = proxies.posterior(features)
    answers = [posterior.mean, posterior.sd, posterior.noise_sd, *proxies.interval(features)]
    for kind in proxies.types:
        for held in proxies.hypotheses(features, kind):
            answers += [
                held.belief.mean,
                held.belief.sd,
                held.belief.noise_sd,
                held.weights,
                torch.tensor(held.weight),
            ]
    answers.append(proxies.draw(features, 3, torch.Generator().manual_seed(seed)))
    return [*answers, proxies.path(features[:4], seed)(features)]


@pytest.mark.parametrize("intervals", ["conformal", "feature_conformal", "gaussian"])
def test_everything_is_equal_to_the_bit(first: SelectedProxies, intervals: Intervals) -> None:
    table = _table()
    first = SelectedProxies(first.n_values, first._parts, SelectionSettings(intervals), first.n_known)
    features = torch.rand(9, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    again = refit(table, PROXIES, first.held_out(), seed=4, settings=SelectionSettings(intervals))
    assert again.chosen == first.chosen
    assert again.summary() == first.summary()
    for one, other in zip(_answers(first, features), _answers(again, features), strict=True):
        assert torch.equal(one, other)


def test_only_feature_conformal_intervals_need_folds_again(
    first: SelectedProxies, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, kept = _table(), first.held_out()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a fold was fitted")

    monkeypatch.setattr("models.proxies.refit.held_out_posteriors", never)
    refit(table, PROXIES, kept, seed=4)
    with pytest.raises(AssertionError, match="a fold"):
        refit(table, PROXIES, kept, seed=0, settings=SelectionSettings("feature_conformal"))


def test_a_proxy_is_fitted_at_first_use(first: SelectedProxies, monkeypatch: pytest.MonkeyPatch) -> None:
    table = _table()
    fits: list[str] = []
    for name, proxy in PROXIES.items():
        whole = type(proxy).fit

        def counted(self: Proxy, part: TrainingTable, *, seed: int, name: str = name, whole=whole):  # noqa: ANN001, ANN202
            fits.append(name)
            return whole(self, part, seed=seed)

        monkeypatch.setattr(type(proxy), "fit", counted)
    again = refit(table, PROXIES, first.held_out(), seed=0)
    assert fits == []
    again.posterior(table.features)
    again.posterior(table.features)
    assert sorted(fits) == sorted(set(again.chosen.values()))


@pytest.mark.parametrize("change", ["fewer results", "another type", "nothing kept"])
def test_stored_predictions_of_other_results_are_refused(first: SelectedProxies, change: str) -> None:
    table, kept = _table(), dict(first.held_out())
    if change == "fewer results":
        table = table.rows(torch.arange(30))
    elif change == "another type":
        kept["gaussian_process"] = {"other": kept["gaussian_process"]["rich"]}
    else:
        kept = {}
    with pytest.raises(ValueError, match="stored"):
        refit(table, PROXIES, kept, seed=0)
