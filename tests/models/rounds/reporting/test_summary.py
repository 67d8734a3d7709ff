"""What a round tells of itself, with earlier batches to look back on."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import Forecast, History, Measurement, Prediction, Proposal
from models.rounds.reporting.summary import SPANS, StageTimer, json_safe

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
SPEC: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
    "batch": {"size": 6},
    "sampler": {"steps": 20, "trajectories_per_step": 16, "beta": [1, 16]},
}


@pytest.fixture(scope="module")
def third() -> Proposal:
    """Return a third round whose first two forecast with far too narrow intervals."""
    rng = np.random.default_rng(0)
    texts = [str(text) for text in rng.permutation(ALL)[:40]]
    rounds = [None] * 20 + [1] * 10 + [2] * 10
    results = [
        Measurement(text, "signal", text.count("1") + rng.normal(0, 0.2), round=number)
        for text, number in zip(texts, rounds, strict=True)
    ]
    forecasts = [
        Forecast(item.round, item.object, "signal", Prediction(2.0, 0.05, 1.9, 2.1))
        for item in results
        if item.round is not None
    ]
    history = History(tuple(results), forecasts=tuple(forecasts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        return propose(CampaignSpec.model_validate(SPEC), history, seed=0, report=lambda *_: None)


def test_a_round_carries_the_calibration_record_and_warns(third: Proposal) -> None:
    record = third.summary["calibration"]["signal"]
    assert [(item["round"], item["n"]) for item in record["rounds"]] == [(1, 10), (2, 10)]
    inside = record["drift"]["inside_90"]
    assert inside < 10
    assert any(f"held {inside} of 20 results in rounds 1-2" in told for told in third.summary["statements"])


def test_a_round_whose_batches_missed_has_wider_intervals_and_says_so(third: Proposal) -> None:
    made = third.summary["proxies"]["signal"]["intervals"]
    assert (made["kind"], made["earlier"]) == ("conformal", 20)
    assert made["inside"] < 18
    assert made["widened_by"] > 1.05
    (widened,) = [item for item in third.summary["messages"] if item["code"] == "intervals_widened"]
    assert widened["params"] == {
        "type": "signal",
        "factor": made["widened_by"],
        "inside": made["inside"],
        "count": 20,
    }
    assert f"would have held {made['inside']} of the 20 results" in widened["text"]


def test_a_round_advises_by_the_volume_of_all_objectives(third: Proposal) -> None:
    advice = third.summary["stopping"]
    assert [item["round"] for item in advice["numbers"]["rounds"]] == [0, 1, 2]
    assert set(advice["numbers"]["rounds"][0]["best"]) == {"signal", "few"}
    assert advice["numbers"]["expected"]["candidates"] == 6
    assert advice["numbers"]["expected"]["objectives"]["few"]["noise"] == 0.0
    assert advice["advice"] in ("continue", "consider stopping")
    assert len(advice["reasons"]) >= 2


def test_a_summary_is_plain_json(third: Proposal) -> None:
    assert json.loads(json.dumps(third.summary, allow_nan=False))["chosen"] == 6


def test_stages_share_the_progress_without_a_gap() -> None:
    told: list[tuple[str, float]] = []
    stages = StageTimer(lambda stage, progress, _message: told.append((stage, progress)))
    for name in SPANS:
        with stages.stage(name) as tick:
            tick(1.0, "done")
    assert told[0] == ("fitting", 0.0)
    assert told[-1] == ("selecting", 1.0)
    assert all(after[1] == before[1] for before, after in zip(told[1::2], told[2::2], strict=False))
    assert set(stages.cost(3)["seconds"]) == set(SPANS)


def test_a_number_that_does_not_exist_costs_no_batch() -> None:
    odd = {"a": math.nan, "b": [1.0, math.inf], "c": {"d": (2, -math.inf)}, "e": "text", "f": None, "g": True}
    assert json_safe(odd) == {
        "a": None,
        "b": [1.0, None],
        "c": {"d": [2, None]},
        "e": "text",
        "f": None,
        "g": True,
    }
