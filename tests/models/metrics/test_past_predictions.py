"""The record holds what the last rounds predicted and met, on the modelled scale."""

import math

import pytest

from models.campaign.spec import CampaignSpec
from models.metrics.past_predictions import PastPrediction, past_predictions
from models.records import Forecast, History, Measurement, Prediction


@pytest.fixture
def spec() -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "two",
            "domain": {"kind": "switches", "n": 7},
            "objectives": [
                {"name": "potency", "type": "IC50", "transform": "log10"},
                {"name": "few", "computed": "ones", "direction": "minimize"},
            ],
        }
    )


def _forecast(number: int, text: str, mean: float = 100.0, sd: float = 0.5) -> Forecast:
    return Forecast(number, text, "potency", Prediction(mean, sd, mean / 5, mean * 5))


def test_values_are_logarithms_and_replicates_count_by_their_mean(spec: CampaignSpec) -> None:
    results = (
        Measurement("a", "IC50", 10.0, round=1),
        Measurement("a", "IC50", 1000.0, round=1),
        Measurement("a", "IC50", 1e6, round=None),
    )
    history = History(results, forecasts=(_forecast(1, "a"),))
    assert past_predictions(spec, history) == {"IC50": [PastPrediction("a", 2.0, 0.5, 2.0, 2.0)]}


def test_limits_are_bounds(spec: CampaignSpec) -> None:
    results = (
        Measurement("a", "IC50", 1000.0, ">", round=1),
        Measurement("b", "IC50", 10.0, "<", round=1),
    )
    history = History(results, forecasts=(_forecast(1, "a"), _forecast(1, "b")))
    (above, below) = past_predictions(spec, history)["IC50"]
    assert (above.lower, above.upper) == (pytest.approx(3.0), math.inf)
    assert (below.lower, below.upper) == (-math.inf, pytest.approx(1.0))


def test_what_met_nothing_is_left_out(spec: CampaignSpec) -> None:
    results = (
        Measurement("failed", "IC50", outcome="failed_synthesis", round=1),
        Measurement("other round", "IC50", 10.0, round=2),
        Measurement("no logarithm", "IC50", 0.0, round=1),
        Measurement("certain", "IC50", 10.0, round=1),
    )
    names = ("failed", "other round", "no logarithm", "open")
    forecasts = (*(_forecast(1, name) for name in names), _forecast(1, "certain", sd=0.0))
    assert past_predictions(spec, History(results, forecasts=forecasts)) == {"IC50": []}


def test_only_the_last_three_rounds_with_results_count(spec: CampaignSpec) -> None:
    texts = {1: "a", 2: "b", 3: "c", 4: "d", 5: "open"}
    results = tuple(Measurement(text, "IC50", 10.0, round=n) for n, text in texts.items() if text != "open")
    history = History(results, forecasts=tuple(_forecast(n, text) for n, text in texts.items()))
    assert [item.object for item in past_predictions(spec, history)["IC50"]] == ["b", "c", "d"]
