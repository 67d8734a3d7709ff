"""Intervals are wider where held-out errors are larger, and after batches whose results fell outside."""

import math

import pytest
import torch
from torch import Tensor

from models.proxies.contract import FittedProxy, Posterior, Proxy, TrainingTable
from models.proxies.intervals import BatchRecord, Difficulty, calibrated_radius, fit_difficulty
from models.proxies.model_selection import SelectedProxies, fit_best
from models.proxies.selection_rules import SelectionSettings
from models.proxies.validation import HeldOut

NAN = math.nan
NO_PLACE = -1


def _held(mean: Tensor, values: Tensor, sd: float = 1.0) -> HeldOut:
    none = torch.full_like(values, NAN)
    return HeldOut(Posterior(mean, torch.full_like(mean, sd), 0 * mean), values, none, none)


def _normal(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _exact(n: int = 99) -> HeldOut:
    """Return predictions whose 90 % radius is that of a Gaussian."""
    levels = torch.arange(1, n + 1, dtype=torch.float64) / (n + 1)
    values = torch.special.ndtri(levels)
    return _held(torch.zeros_like(values), values)


def _record(errors: list[float], sd: float = 1.0, places: list[int] | None = None) -> BatchRecord:
    values = torch.tensor(errors, dtype=torch.float64)
    where = torch.tensor(places or [NO_PLACE] * len(errors))
    return BatchRecord(_held(torch.zeros_like(values), values, sd), where)


@pytest.mark.parametrize("side", [1, -1])
def test_errors_that_grow_to_one_side_make_intervals_wider_there(side: int) -> None:
    mean = 2 * _normal(300)
    growth = (side * mean / 2).clamp_min(0)
    found = fit_difficulty(_held(mean, mean + torch.exp(0.8 * growth) * _normal(300, 1)), 1.0)
    assert side * found.slope > 0.3
    ends = torch.tensor([-4.0, 0.0, 4.0], dtype=torch.float64)
    factors = found(ends).tolist()
    assert min(factors) == pytest.approx(1.0, abs=0.1)
    assert factors[1 + side] > 1.5
    assert factors[1 - side] == 1.0


def test_even_errors_widen_nothing_by_much() -> None:
    slopes = []
    for seed in range(20):
        mean = 2 * _normal(100, seed)
        slopes.append(abs(fit_difficulty(_held(mean, mean + _normal(100, seed + 50)), 1.0).slope))
    assert sum(slopes) / len(slopes) < 0.15


def test_a_difficulty_is_bounded_and_few_or_equal_values_have_none() -> None:
    steep = Difficulty(0.0, 1.0, 1.0)
    far = torch.tensor([1e9], dtype=torch.float64)
    assert float(steep(far)) == pytest.approx(math.exp(3.0))
    assert fit_difficulty(_held(_normal(9), _normal(9, 1)), 1.0) == Difficulty()
    same = torch.ones(30, dtype=torch.float64)
    assert fit_difficulty(_held(same, same), 1.0) == Difficulty()


class FittedLine(FittedProxy):
    """Predicts the feature with an even deviation."""

    def posterior(self, features: Tensor) -> Posterior:
        return Posterior(features, torch.ones_like(features), torch.zeros_like(features))

    def members(self, features: Tensor) -> Posterior:
        one = self.posterior(features)
        return Posterior(one.mean[None], one.sd[None], one.noise_sd[None])

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        return features.expand(n, -1, -1)


class Line(Proxy):
    """Fits nothing."""

    minimum = 0
    maximum = None

    def fit(self, table: TrainingTable, *, seed: int) -> FittedProxy:  # noqa: ARG002
        return FittedLine()


def _fitted(x: Tensor, y: Tensor, record: BatchRecord | None = None) -> SelectedProxies:
    one = torch.ones(1, dtype=torch.float64)
    table = TrainingTable(("a",), x[:, None], y[:, None], torch.full_like(y[:, None], NAN), 0 * one, one)
    settings = SelectionSettings(record={} if record is None else {"a": record})
    return fit_best(table, {"line": Line()}, seed=0, tick=lambda *_: None, settings=settings)


def test_objects_that_are_chosen_for_their_prediction_are_covered() -> None:
    """Errors grow with the prediction, and a tenth of the objects is chosen for it."""
    shares: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(30):
        x = _normal(1100, seed)
        y = x + torch.exp(0.8 * x.clamp_min(0)) * _normal(1100, seed + 100)
        fitted = _fitted(x[:100], y[:100])
        top = x[100:].topk(100).indices + 100
        for is_corrected, covered in shares.items():
            proxies = fitted.under(SelectionSettings(is_corrected=is_corrected))
            low, high = (end[:, 0] for end in proxies.interval(x[top, None]))
            covered.append(float(((low <= y[top]) & (y[top] <= high)).double().mean()))
    before, now = (sum(shares[key]) / len(shares[key]) for key in (False, True))
    assert before < 0.7
    assert now > before + 0.12


def test_a_record_of_one_in_fifty_nine_widens_a_lot() -> None:
    errors = [0.5, *(3.0 + 0.05 * row for row in range(58))]
    radius = calibrated_radius(_exact(), 1.0, _record(errors), Difficulty(), 0.9)
    assert (radius.n_record, radius.n_covered) == (59, 1)
    assert radius.alone == pytest.approx(1.6448, abs=0.01)
    assert radius.stretch > 3
    assert sum(error <= radius.value for error in errors) >= 0.85 * 59


@pytest.mark.parametrize("outside", [0, 1, 2])
def test_a_record_that_holds_changes_nothing(outside: int) -> None:
    """22 of 24 are about what 90 % promise; 24 of 24 are no reason for narrower intervals either."""
    errors = [0.02 * row for row in range(24 - outside)] + [9.0] * outside
    radius = calibrated_radius(_exact(), 1.0, _record(errors), Difficulty(), 0.9)
    assert radius.stretch == 1.0
    assert radius.n_covered == 24 - outside


def test_few_misses_widen_and_more_misses_widen_more() -> None:
    values = [
        calibrated_radius(_exact(), 1.0, _record([5.0] * n), Difficulty(), 0.9).value for n in (0, 1, 3, 20)
    ]
    assert values == sorted(values)
    assert values[0] < values[1] < 2.5
    assert values[2] == values[3] == 5.0


def test_without_held_out_values_the_record_counts_beside_a_gaussian() -> None:
    alone = calibrated_radius(None, 1.0, None, Difficulty(), 0.9)
    assert alone.value == pytest.approx(1.6448536)
    assert calibrated_radius(None, 1.0, _record([4.0] * 5), Difficulty(), 0.9).value == 4.0
    assert calibrated_radius(None, 1.0, _record([0.1] * 5), Difficulty(), 0.9).stretch == 1.0


def test_a_proxy_that_became_less_sure_is_not_corrected_twice() -> None:
    """The errors of the batch are five deviations as predicted, but within those of today."""
    held_out = _held(torch.zeros(99, dtype=torch.float64), _exact().values * 5, 5.0)
    as_told = calibrated_radius(held_out, 1.0, _record([5.0] * 20), Difficulty(), 0.9)
    by_now = calibrated_radius(held_out, 1.0, _record([5.0] * 20, places=list(range(20))), Difficulty(), 0.9)
    assert as_told.stretch > 2
    assert by_now.stretch == 1.0


def test_a_bound_beyond_the_interval_counts_as_at_least_that_far() -> None:
    zero, one = torch.zeros(10, dtype=torch.float64), torch.ones(10, dtype=torch.float64)
    bounds = HeldOut(Posterior(zero, one, zero), one * NAN, 4 * one, one * math.inf)
    record = BatchRecord(bounds, torch.full((10,), NO_PLACE))
    far = HeldOut(Posterior(zero, one, zero), 6 * one, one * NAN, one * NAN)
    both = BatchRecord(
        HeldOut(
            Posterior(torch.cat([zero, zero]), torch.cat([one, one]), torch.cat([zero, zero])),
            *(
                torch.cat([getattr(bounds, name), getattr(far, name)])
                for name in ("values", "lower", "upper")
            ),
        ),
        torch.full((20,), NO_PLACE),
    )
    assert calibrated_radius(_exact(), 1.0, both, Difficulty(), 0.9).value == 6.0
    assert calibrated_radius(_exact(), 1.0, record, Difficulty(), 0.9).stretch >= 1.0


def test_intervals_and_the_summary_tell_the_same_factor() -> None:
    x = _normal(60)
    y = x + _normal(60, 1)
    plain, widened = _fitted(x, y), _fitted(x, y, _record([6.0] * 12))
    made = widened.summary()["a"]["intervals"]
    assert isinstance(made, dict)
    assert made["widened_by"] > 2
    assert (made["earlier"], made["inside"]) == (12, 0)
    halves = [(high - low) for low, high in (one.interval(x[:, None]) for one in (plain, widened))]
    assert torch.allclose(halves[1], made["widened_by"] * halves[0])


def test_intervals_of_a_gaussian_stay_as_they_were_asked_for() -> None:
    x = _normal(60)
    fitted = _fitted(x, x + _normal(60, 1), _record([6.0] * 12)).under(
        SelectionSettings("gaussian", record={"a": _record([6.0] * 12)})
    )
    low, high = fitted.interval(x[:, None])
    sd = fitted.posterior(x[:, None]).predictive_sd
    assert torch.allclose(high - low, 2 * 1.6448536269514722 * sd)
