"""Candidates that are measured again carry predictions and a reason, and nothing of the policy."""

from collections.abc import Iterator
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import History, Measurement, Proposal

CONTROL = "00000"
SPEC: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 5},
    "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
    "guardrails": [{"name": "heat", "type": "signal", "max": 100}],
    "batch": {"size": 3, "replicates": 2, "controls": [{"switches": CONTROL}]},
    "sampler": {"steps": 5, "trajectories_per_step": 8},
}
MEASURED = [f"{number:05b}" for number in range(1, 29, 2)]


@pytest.fixture(scope="module")
def proposal() -> Iterator[Proposal]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 10)
        results = tuple(Measurement(text, "signal", float(text.count("1"))) for text in MEASURED)
        spec = CampaignSpec.model_validate(SPEC)
        yield propose(spec, History(results), seed=0, report=lambda *_: None)


def test_repeats_come_last_and_beside_the_size(proposal: Proposal) -> None:
    purposes = [candidate.purpose for candidate in proposal.candidates]
    assert len(purposes) == 6
    assert set(purposes[:3]) <= {"exploit", "explore"}
    assert purposes[3:] == ["control", "replicate", "replicate"]
    assert [candidate.rank for candidate in proposal.candidates] == [1, 2, 3, 4, 5, 6]
    assert proposal.summary["chosen"] == 3


def test_repeats_were_not_drawn_but_are_predicted(proposal: Proposal) -> None:
    for candidate in proposal.candidates[3:]:
        assert (candidate.beta, candidate.log_pf, candidate.log_reward) == (None, None, None)
        assert candidate.preference == {}
        assert candidate.predictions["signal"].low < candidate.predictions["signal"].high
        assert candidate.predictions["few"].mean == candidate.object.count("1")
        assert 0 <= candidate.guardrails["heat"] <= 1
        assert candidate.purpose in candidate.reason
    assert proposal.candidates[3].object == CONTROL
    for candidate in proposal.candidates[4:]:
        assert candidate.object in MEASURED
        assert candidate.nearest_measured is not None
        assert candidate.nearest_measured.similarity == 1.0
        assert candidate.in_domain
        assert "It has been measured before" in candidate.reason


def test_new_candidates_say_whether_they_are_near_enough(proposal: Proposal) -> None:
    for candidate in proposal.candidates[:3]:
        assert candidate.beta is not None
        assert candidate.object not in MEASURED
        assert candidate.in_domain is not None
        assert candidate.in_domain == ("lies outside" not in candidate.reason)
