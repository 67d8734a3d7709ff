"""A round that is told nothing, in a space that it can list: it chooses jointly and within limits."""

import itertools
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import History, Measurement, Proposal

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
TRIED = ALL[:96:5]
PENDING = ("1111111", "1111110", "1111101")
CONTROL = "0000001"


def value(text: str) -> float:
    return text.count("1") + 3.0 * (text[:2] == "01")


def history() -> History:
    results = [Measurement(text, "signal", value(text)) for text in TRIED]
    results += [Measurement(text, "heat", float(text[3:].count("1"))) for text in TRIED]
    return History(tuple(results), pending=PENDING)


def proposed(known: History, **sections: Any) -> Proposal:
    fields = {
        "name": "switches",
        "domain": {"kind": "switches", "n": 7},
        "objectives": [{"name": "signal"}],
        "sampler": {"steps": 2, "trajectories_per_step": 8},
        **sections,
    }
    return propose(CampaignSpec.model_validate(fields), known, seed=3, report=lambda *_: None)


@pytest.fixture(scope="module")
def guarded() -> Proposal:
    """Return a round with two objectives, limits, a guardrail, pending objects, a control and a replicate."""
    limits = [
        {"kind": "budget", "property": "ones", "max": 22},
        {"kind": "group", "by": "first", "max": 3},
    ]
    return proposed(
        history(),
        objectives=[{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
        guardrails=[{"name": "hot", "type": "heat", "max": 2.5, "risk": 0.5}],
        batch={"size": 6, "limits": limits, "controls": [{"switches": CONTROL}], "replicates": 1},
    )


def test_it_chooses_jointly_and_says_why(guarded: Proposal) -> None:
    assert guarded.summary["selection"]["selector"] == "hypervolume"
    assert guarded.summary["selection"]["mode"] == "listed"
    assert guarded.summary["selection"]["exploration"] == 0
    first = next(item for item in guarded.summary["messages"] if item["code"] == "batch_chosen_jointly")
    assert first["params"] == {"listed": len(ALL)}
    assert "all 128 objects could be scored" in first["text"]
    assert list(guarded.summary["proxies"]["signal"]["scores"]) == ["gaussian_process"]
    assert guarded.summary["applicability"]["threshold"] == 0


def test_all_limits_hold(guarded: Proposal) -> None:
    new = [item.object for item in guarded.candidates if item.purpose in ("exploit", "explore")]
    assert len(new) == 6
    assert {item.purpose for item in guarded.candidates} == {"exploit", "control", "replicate"}
    assert sum(text.count("1") for text in [*new, CONTROL]) <= 22
    assert max(sum(text[0] == letter for text in new) for letter in "01") <= 3
    assert not {*new} & {*PENDING, *TRIED}
    assert guarded.summary["guardrails"]["hot"]["refused"] > 0
    assert all(text[3:].count("1") <= 2 for text in new)
    assert guarded.reserves


def test_a_space_that_is_sampled_says_nothing_of_it() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        answer = proposed(history(), batch={"size": 3}, sampler={"steps": 2, "exhaustive": False})
    assert answer.summary["selection"]["mode"] == "sampled"
    assert answer.summary["selection"]["selector"] == "greedy"
    assert "batch_chosen_jointly" not in {item["code"] for item in answer.summary["messages"]}


def test_a_first_round_fills_the_space_and_claims_no_improvement() -> None:
    answer = proposed(History(), batch={"size": 3})
    codes = {item["code"] for item in answer.summary["messages"]}
    assert "batch_space_filling" in codes
    assert "batch_chosen_jointly" not in codes
