"""Scores against numerical integration and simulation, and the calibration record."""

import json
import math
from typing import Any

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.messages.message import texts
from models.metrics.calibration import (
    ScoredForecasts,
    calibration,
    coverage,
    crps,
    drift_messages,
    negative_log_likelihood,
    rank_correlation,
    scores,
)
from models.records import Forecast, History, Measurement, Prediction

SPEC: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 16},
    "objectives": [
        {"name": "glow", "type": "total"},
        {"name": "potency", "transform": "log10"},
        {"name": "ones", "computed": "ones"},
    ],
}
HALF = 1.6448536269514722


@pytest.fixture(scope="module")
def spec() -> CampaignSpec:
    return CampaignSpec.model_validate(SPEC)


def forecast(number: int, text: str, mean: float = 0.0, sd: float = 1.0, objective: str = "glow") -> Forecast:
    if objective == "potency":
        low, high = 10 ** (mean - HALF * sd), 10 ** (mean + HALF * sd)
        return Forecast(number, text, objective, Prediction(10**mean, sd, low, high))
    return Forecast(number, text, objective, Prediction(mean, sd, mean - HALF * sd, mean + HALF * sd))


def batch(number: int, n: int, stretch: float, generator: np.random.Generator) -> History:
    """Return a round's forecasts and results whose errors are `stretch` times as large as forecast."""
    deviations = np.exp(generator.normal(0, 0.5, n))
    forecasts = [forecast(number, f"{number}-{i}", float(i % 7), float(sd)) for i, sd in enumerate(deviations)]
    results = [
        Measurement(item.object, "total", item.prediction.mean + stretch * item.prediction.sd * noise, round=number)
        for item, noise in zip(forecasts, generator.normal(size=n), strict=True)
    ]
    return History(tuple(results), forecasts=tuple(forecasts))


def together(*histories: History) -> History:
    return History(
        tuple(item for history in histories for item in history.measurements),
        forecasts=tuple(item for history in histories for item in history.forecasts),
    )


@pytest.mark.parametrize(("mean", "sd", "value"), [(0.0, 1.0, 0.3), (2.0, 0.1, 2.5), (-1.0, 3.0, -9.0)])
def test_crps_is_the_integral_of_the_squared_difference_of_distributions(mean: float, sd: float, value: float) -> None:
    grid = np.linspace(min(mean, value) - 9 * sd, max(mean, value) + 9 * sd, 400_001)
    below = np.array([0.5 * math.erfc(-(point - mean) / sd / math.sqrt(2)) for point in grid[::20]])
    integral = np.trapezoid((below - (grid[::20] >= value)) ** 2, grid[::20])
    column = [np.array([number]) for number in (mean, sd, value)]
    assert crps(*column)[0] == pytest.approx(integral, abs=2e-3 * sd)


def test_crps_is_the_expectation_over_draws() -> None:
    draws = np.random.default_rng(0).normal(1.0, 2.0, (2, 400_000))
    estimate = np.abs(draws[0] - 4.0).mean() - 0.5 * np.abs(draws[0] - draws[1]).mean()
    assert crps(np.array([1.0]), np.array([2.0]), np.array([4.0]))[0] == pytest.approx(estimate, abs=0.01)


def test_the_likelihood_is_a_density() -> None:
    grid = np.linspace(-30, 30, 100_001)
    nll = negative_log_likelihood(np.full_like(grid, 0.5), np.full_like(grid, 1.7), grid)
    assert np.trapezoid(np.exp(-nll), grid) == pytest.approx(1.0)
    assert grid[nll.argmin()] == pytest.approx(0.5, abs=1e-3)


def test_coverage_is_the_level_of_calibrated_errors_and_the_best_score_is_the_truth() -> None:
    generator = np.random.default_rng(1)
    z = generator.normal(size=200_000)
    assert [coverage(z, level) for level in (0.5, 0.8, 0.9, 0.95)] == pytest.approx([0.5, 0.8, 0.9, 0.95], abs=4e-3)
    for score in (crps, negative_log_likelihood):
        means = [score(np.zeros_like(z), np.full_like(z, sd), z).mean() for sd in (0.7, 1.0, 1.4)]
        assert means[1] == min(means)
    assert crps(np.zeros_like(z), np.ones_like(z), z).mean() == pytest.approx(1 / math.sqrt(math.pi), abs=4e-3)


def test_rank_correlation_shares_ranks_among_equals() -> None:
    left, right = np.array([1.0, 2.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0, 40.0])
    ranks = np.corrcoef([1, 2.5, 2.5, 4], [1, 3, 2, 4])[0, 1]
    assert rank_correlation(left, right) == pytest.approx(ranks)
    assert rank_correlation(left, np.ones(4)) is None


def test_the_reference_band_holds_nine_tenths_of_calibrated_batches() -> None:
    generator = np.random.default_rng(2)
    n_inside = 0
    for _ in range(200):
        sd = np.exp(generator.normal(0, 0.7, 24))
        value = generator.normal(size=24) * sd
        band = scores(ScoredForecasts(np.zeros(24), sd, -HALF * sd, HALF * sd, value))["error_sd_correlation"]
        n_inside += band["low"] <= band["value"] <= band["high"]
    assert 0.84 <= n_inside / 200 <= 0.96


def test_calibrated_campaigns_seldom_warn_and_overconfident_ones_do(spec: CampaignSpec) -> None:
    generator = np.random.default_rng(3)

    def warned(stretch: float, n: int) -> float:
        records = (drift_messages(calibration(spec, batch(1, n, stretch, generator))) for _ in range(150))
        return sum(map(bool, records)) / 150

    assert warned(1.0, 24) <= 0.06
    assert warned(2.0, 24) >= 0.9
    assert warned(0.3, 48) >= 0.9


@pytest.mark.parametrize(("error", "verdict"), [(50.0, "too narrow"), (0.0, "too wide")])
def test_a_batch_wholly_outside_or_inside_is_plain_json(spec: CampaignSpec, error: float, verdict: str) -> None:
    forecasts = tuple(forecast(1, f"{i}") for i in range(60))
    results = tuple(Measurement(item.object, "total", error, round=1) for item in forecasts)
    drift = calibration(spec, History(results, forecasts=forecasts))["glow"]["drift"]
    assert json.loads(json.dumps(drift, allow_nan=False))["verdict"] == verdict


def test_the_record_separates_rounds_and_tests_the_recent_ones(spec: CampaignSpec) -> None:
    generator = np.random.default_rng(4)
    parts = [batch(number, 20, 1.0 if number == 1 else 3.0, generator) for number in (1, 2, 3, 4)]
    unmeasured = History(forecasts=(forecast(5, "5-0"),))
    record = calibration(spec, together(*parts, unmeasured))
    glow = record["glow"]
    assert [(item["round"], item["n"], item["open"]) for item in glow["rounds"]] == [
        *[(number, 20, 0) for number in (1, 2, 3, 4)],
        (5, 0, 1),
    ]
    assert glow["all"]["n"] == 80
    assert glow["drift"]["rounds"] == [2, 3, 4]
    assert glow["drift"]["verdict"] == "too narrow"
    inside = glow["drift"]["inside_90"]
    assert inside == round(sum(item["interval_90"] * 20 for item in glow["rounds"][1:4]))
    (statement,) = texts(drift_messages(record))
    assert f"held {inside} of 60 results in rounds 2-4" in statement
    assert "Trust the uncertainties less" in statement
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_scores_are_on_the_modelled_scale(spec: CampaignSpec) -> None:
    forecasts = (forecast(1, "a", 2.0, 0.5, "potency"), forecast(1, "b", 0.0, 0.5, "potency"))
    results = (Measurement("a", "potency", 10.0, round=1), Measurement("b", "potency", 10.0, round=1))
    summary = calibration(spec, History(results, forecasts=forecasts))["potency"]["all"]
    assert summary["rmse"] == pytest.approx(1.0)
    assert summary["bias"] == pytest.approx(0.0)
    assert summary["sharpness"] == 0.5
    assert summary["interval_90"] == 0.0
    assert summary["error_sd_correlation"] is None


def test_replicates_count_once_and_only_results_of_the_round_itself_count(spec: CampaignSpec) -> None:
    results = (
        Measurement("a", "total", 1.0, round=1),
        Measurement("a", "total", 3.0, round=1),
        Measurement("a", "total", 100.0, round=2),
        Measurement("a", "total", -100.0),
        Measurement("a", "other", -100.0, round=1),
        Measurement("b", "total", outcome="insoluble", round=1),
    )
    summary = calibration(spec, History(results, forecasts=(forecast(1, "a"), forecast(1, "b"))))
    assert summary["glow"]["all"] | {"n": 1, "rmse": 2.0, "open": 1} == summary["glow"]["all"]
    assert set(summary) == {"glow"}


@pytest.mark.parametrize(
    ("result", "n_consistent"),
    [
        ({"value": 5.0, "relation": "<"}, 1),
        ({"value": -5.0, "relation": "<="}, 0),
        ({"value": 5.0, "relation": ">"}, 0),
        ({"value": 1.0, "relation": ">="}, 1),
        ({"value": 2.0, "upper_value": 9.0}, 0),
        ({"value": 1.0, "upper_value": 9.0}, 1),
    ],
)
def test_a_censored_result_is_consistent_or_not_and_has_no_error(
    spec: CampaignSpec, result: dict[str, Any], n_consistent: int
) -> None:
    history = History((Measurement("a", "total", round=1, **result),), forecasts=(forecast(1, "a"),))
    glow = calibration(spec, history)["glow"]
    assert glow["all"] == {"n": 0, "open": 0, "censored": 1, "consistent": n_consistent}
    assert glow["drift"] is None


def test_without_forecasts_there_is_nothing_to_score(spec: CampaignSpec) -> None:
    record = calibration(spec, History((Measurement("a", "total", 1.0, round=1),)))
    assert record == {}
    assert drift_messages(record) == []
