"""Insights of small campaigns against numbers worked out by hand, in every state a campaign may be in."""

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.insights.build import insights
from models.insights.records import PastRound, ProposedObject
from models.messages.message import message
from models.records import Forecast, History, Measurement, Prediction
from models.summaries.round import read_round_summary

TEXTS = [format(number, "04b") for number in range(16)]
GLOW = {"name": "glow", "range": [0, 10]}


def _spec(*objectives: dict[str, Any], **others: Any) -> CampaignSpec:
    domain = {"kind": "switches", "n": 4}
    return CampaignSpec.model_validate(
        {"name": "x", "domain": domain, "objectives": objectives or (GLOW,), **others}
    )


def _values(values: Sequence[float], kind: str = "glow", start: int = 0, **others: Any) -> list[Measurement]:
    return [
        Measurement(text, kind, value, **others) for text, value in zip(TEXTS[start:], values, strict=False)
    ]


def _round(number: int, *objects: str, statuses: Sequence[str] = (), **others: Any) -> PastRound:
    told = [*statuses, *["measured"] * (len(objects) - len(statuses))]
    chosen = [ProposedObject(text, "exploit", status) for text, status in zip(objects, told, strict=True)]
    return PastRound(number, "completed", tuple(chosen), **others)


def _told(
    spec: CampaignSpec, measurements: Sequence[Measurement], rounds: Sequence[PastRound] = (), **others: Any
) -> dict[str, Any]:
    forecasts = others.pop("forecasts", ())
    history = History(tuple(measurements), forecasts=tuple(forecasts))
    told = insights(spec, open_domain(spec.domain), history, rounds, **others)
    json.dumps(told, allow_nan=False)
    return told


def test_a_campaign_without_anything():
    told = _told(_spec(GLOW, {"name": "dim", "direction": "target", "target": 3}), [])
    assert told["pareto"]["front"] == told["rounds"] == []
    assert told["statements"] == [
        message("insights_no_round").text,
    ]
    assert told["messages"] == [message("insights_no_round").record()]


def test_rounds_without_results():
    told = _told(_spec(), [], [PastRound(1, "failed"), _round(2, "1111", statuses=["proposed"])])
    assert [item["measured"] for item in told["rounds"]] == [0, 0]
    assert told["rounds"][1]["success"]["counts"]["waiting"] == 1
    assert told["rounds"][1]["success"]["rate"] is None
    assert told["rounds"][0]["diversity"] is None
    assert told["statements"][0].startswith("2 rounds were started")


def test_progress_of_one_objective():
    first = _values(range(10))
    found = _values([9.5, 12.0], start=10, round=1)
    told = _told(_spec(), [*first, *found], [_round(1, *TEXTS[10:12])])
    (item,) = told["rounds"]
    glow = item["best"]["glow"]
    assert (glow["best"], glow["so_far"], glow["object"]) == (12.0, 12.0, TEXTS[11])
    assert told["initial"]["best"]["glow"]["best"] == 9.0
    pairs = sum(max(a, b) for a in range(10) for b in range(10)) / 100
    assert glow["random"]["expected"] == pytest.approx(pairs)
    assert item["hypervolume"]["proposed"] == pytest.approx(1.2)
    assert item["hits"]["n"] == item["hits"]["of"] == 2
    assert told["initial"]["hits"]["n"] == 0  # nothing is above the largest of ten
    assert item["hits"]["enrichment"] is None
    assert any("12" in words and "largest glow" in words for words in told["statements"])


def test_hits_beside_chance():
    first = _values([0, 1, 2, 3, 4, 5, 6, 7, 8, 8.5, 9])
    found = _values([8.8, 2.0, 9.9], start=11, round=1)
    told = _told(_spec(), [*first, *found], [_round(1, *TEXTS[11:14])])
    hits = told["rounds"][0]["hits"]
    assert (hits["n"], hits["of"]) == (2, 3)
    assert (told["initial"]["hits"]["n"], told["initial"]["hits"]["of"]) == (1, 11)
    assert hits["enrichment"]["value"] == pytest.approx((2 / 3) / (1 / 11))
    expected = f"{3 / 11:.1f} ± {math.sqrt(3 / 11 * 10 / 11):.1f}"
    assert (
        f"Round 1: 2 of 3 measured candidates are hits; chance would give {expected}." in told["statements"]
    )


def test_too_few_first_objects_tell_nothing_of_chance():
    told = _told(_spec(), [*_values([1, 2]), *_values([5], start=2, round=1)], [_round(1, TEXTS[2])])
    item = told["rounds"][0]
    assert item["hits"] is item["best"]["glow"]["random"] is item["hypervolume"]["random"] is None
    assert not told["hits"]["is_told"]
    assert any(
        "2 objects were measured without being proposed; it needs 10" in words for words in told["statements"]
    )


def test_a_target_is_a_distance():
    spec = _spec({"name": "glow", "direction": "target", "target": 5, "range": [0, 10]})
    told = _told(spec, [*_values(range(10)), *_values([5.5], start=10, round=1)], [_round(1, TEXTS[10])])
    glow = told["rounds"][0]["best"]["glow"]
    assert (glow["best"], glow["value"], glow["so_far"]) == (pytest.approx(0.5), 5.5, pytest.approx(0.0))
    assert glow["random"]["low"] <= glow["random"]["expected"] <= glow["random"]["high"]
    hit = _told(spec, _values(range(10)), thresholds={"glow": 1.0})
    assert hit["initial"]["hits"]["n"] == 3
    assert hit["hits"]["rule"] == "glow within 1 of 5"


def test_values_on_a_logarithmic_scale_keep_their_units():
    spec = _spec({"name": "glow", "transform": "log10", "direction": "minimize"})
    told = _told(
        spec,
        [*_values([10.0**k for k in range(10)]), *_values([0.1], start=10, round=1)],
        [_round(1, TEXTS[10])],
    )
    assert told["objectives"][0]["range"] == [pytest.approx(0.1), pytest.approx(1e9)]
    assert told["objectives"][0]["range_source"] == "measured"
    assert any("has no range" in words for words in told["statements"])
    assert told["rounds"][0]["best"]["glow"]["best"] == pytest.approx(0.1)
    assert told["rounds"][0]["best"]["glow"]["random"]["expected"] == pytest.approx(10**4.5)
    at_most = _told(spec, _values([10.0**k for k in range(10)]), thresholds={"glow": 100.0})
    assert at_most["initial"]["hits"]["n"] == 3


def test_bounds_count_as_the_worst_that_they_allow():
    bounds = [
        Measurement("0000", "glow", 5.0, ">"),
        Measurement("0001", "glow", 5.0, "<"),
        *_values([3], start=2),
    ]
    told = _told(_spec(), bounds)
    assert told["pareto"]["front"][0]["object"] == "0000"
    assert told["pareto"]["front"][0]["bounds"] == ["glow"]
    assert told["pareto"]["unplaced"] == 1
    assert told["initial"]["best"]["glow"]["is_bound"]
    least = _told(_spec({"name": "glow", "direction": "minimize", "range": [0, 10]}), bounds)
    assert [point["object"] for point in least["pareto"]["others"]] == ["0001"]
    aim = _spec({"name": "glow", "direction": "target", "target": 4, "range": [0, 10]})
    between = [Measurement("0000", "glow", 1.0, "=", 6.0), *_values([4, 5, 6], start=1)]
    assert _told(aim, between)["pareto"]["others"][-1]["values"]["glow"] == 1.0


def test_failures_and_replicates_are_in_their_places():
    results = [
        *_values([1, 2, 3]),
        Measurement("1111", "glow", outcome="insoluble", round=1),
        Measurement("0000", "glow", 4.0, round=1),
    ]
    past = _round(1, "1111", "0011", statuses=["failed", "withdrawn"])
    again = ProposedObject("0000", "replicate", "measured")
    told = _told(_spec(), results, [PastRound(1, "completed", (*past.candidates, again))])
    (item,) = told["rounds"]
    assert item["measured"] == 0
    assert told["initial"]["measured"] == 3
    assert item["success"]["counts"] == {"measured": 1, "failed": 1, "waiting": 0, "withdrawn": 1}
    assert item["best"]["glow"]["best"] is None
    assert (item["candidates"], item["proposed"]) == (3, 2)
    assert "1 of the 2 candidates with an outcome failed." in told["statements"]


def test_what_breaks_a_rule_is_not_compared():
    spec = _spec(
        constraints=[{"property": "ones", "max": 2}],
        guardrails=[{"name": "heat", "type": "heat", "max": 10}],
    )
    heat = [
        Measurement("0011", "heat", 20.0),
        Measurement("0001", "heat", 30.0, ">"),
        Measurement("0010", "heat", 5.0),
    ]
    told = _told(spec, [*_values(range(16)), *heat])
    assert told["pareto"]["forbidden"] == 5 + 2
    assert told["initial"]["measured"] == 9
    assert told["pareto"]["front"][0]["object"] == "1100"


def test_three_objectives_and_a_missing_value():
    spec = _spec(
        GLOW, {"name": "hum", "range": [0, 1]}, {"name": "ones", "computed": "ones", "direction": "minimize"}
    )
    results = [*_values([1, 9, 5, 10]), *_values([0.5, 0.1, 0.9], "hum")]
    told = _told(spec, results)
    assert told["initial"]["measured"] == 3
    assert told["pareto"]["unplaced"] == 1
    assert {point["object"] for point in told["pareto"]["front"]} == {"0000", "0001", "0010"}
    boxes = [(0.1, 0.5, 1.0), (0.9, 0.1, 0.75), (0.5, 0.9, 0.75)]
    # the union by hand: above 0.75 only the first reaches; below, a staircase of the three
    area = 0.9 * 0.1 + 0.5 * 0.8
    assert told["initial"]["hypervolume"]["so_far"] == pytest.approx(0.75 * area + 0.25 * 0.1 * 0.5)
    assert len(boxes) == told["pareto"]["front_size"]


def test_four_objectives_are_told_too():
    objectives = [{"name": name, "range": [0, 1]} for name in ("one", "two", "three", "four")]
    shares = [number / 16 for number in range(16)]
    results = [item for name in ("one", "two", "three", "four") for item in _values(shares, name)]
    told = _told(_spec(*objectives), results)
    assert told["initial"]["hypervolume"]["so_far"] == pytest.approx((15 / 16) ** 4)
    assert told["pareto"]["dominated"] == 15


def test_forecasts_are_scored():
    forecasts = [Forecast(1, text, "glow", Prediction(5.0, 1.0, 3.4, 6.6)) for text in TEXTS[10:14]]
    results = [*_values(range(10)), *_values([5, 5.5, 9, 4], start=10, round=1)]
    told = _told(_spec(), results, [_round(1, *TEXTS[10:14])], forecasts=forecasts)
    assert told["rounds"][0]["calibration"]["glow"]["interval_90"] == 0.75
    assert told["calibration"]["glow"]["all"]["n"] == 4


def test_summaries_are_passed_on():
    summary = {
        "refused": {"too large": 3},
        "sampled": 512,
        "cost": {"seconds": {"fitting": 2.0}, "objects_scored": 99},
        "convergence": [{"beta": 1.0, "samples": 256, "log_z": 2.0}],
        "base_measure": {"kind": "sizes", "unit": "switches", "counted": None, "sizes": []},
    }
    explained: dict[str, Any] = {"explained": 9, "background": 8, "objectives": {}}
    older = _round(1, "0000", summary=read_round_summary(summary | {"importance": explained}))
    newer = _round(2, "0001", summary=read_round_summary(summary | {"importance": None}))
    told = _told(_spec(), [], [older, newer])
    assert told["rounds"][0]["refused"] == {"too large": 3}
    assert (told["rounds"][0]["seconds"], told["rounds"][0]["objects_scored"]) == ({"fitting": 2.0}, 99)
    assert told["rounds"][0]["convergence"][0]["log_z"] == 2.0
    assert told["rounds"][0]["base_measure"] == summary["base_measure"]
    assert told["importance"] == {"round": 1, **explained}


def test_novelty_and_diversity_of_a_batch():
    items = [
        ProposedObject(text, "explore", "measured", near) for text, near in (("0000", 0.5), ("1111", 0.25))
    ]
    told = _told(_spec(), [], [PastRound(1, "completed", tuple(items))])
    assert told["rounds"][0]["novelty"]["mean"] == pytest.approx(0.625)
    assert told["rounds"][0]["diversity"]["mean_pairwise_distance"] == 1.0
    assert told["rounds"][0]["diversity"]["circles"] == 2
    assert told["rounds"][0]["diversity"]["vendi_score"] == pytest.approx(2.0)


def test_a_property_of_a_scorer_is_known_of_candidates_alone():
    domain = open_domain(_spec().domain)
    spec = _spec().model_copy(
        update={
            "objectives": (
                _spec({"name": "price", "computed": "ones"})
                .objectives[0]
                .model_copy(update={"computed": "price"}),
            )
        }
    )
    chosen = ProposedObject("1111", "exploit", "measured", computed={"price": 3.0})
    results = [Measurement("0000", "glow", 1.0), Measurement("1111", "glow", 1.0, round=1)]
    spec = spec.model_copy(
        update={
            "constraints": _spec(constraints=[{"type": "glow", "min": 0, "probability": 0.5}]).constraints
        }
    )
    told = insights(spec, domain, History(tuple(results)), [PastRound(1, "completed", (chosen,))])
    assert told["pareto"]["front"][0]["values"] == {"price": 3.0}
    assert told["pareto"]["unplaced"] == 1
