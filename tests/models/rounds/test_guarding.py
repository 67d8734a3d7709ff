"""Hazards, multipliers and the applicability domain in a whole round, on a small space."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import Cancelled, History, Measurement, Proposal
from models.reward.lagrange_multipliers import MOST
from models.rounds.training import train
from models.safety import hazard_lists
from models.safety.hazard_lists import HazardList, HazardListError
from models.safety.screened_domain import HazardError

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
BASE: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [{"name": "signal"}],
    "batch": {"size": 6},
    "sampler": {"steps": 60, "trajectories_per_step": 16, "beta": [1, 16], "exhaustive": False},
}
LAGRANGIAN = {"type": "heat", "max": 35.0, "probability": 0.9, "enforcement": "lagrangian"}


@pytest.fixture(scope="module", autouse=True)
def quick_ensemble() -> Iterator[None]:
    """Train the ensemble, which is not what is tested here, for fewer steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        yield


def measured(n: int) -> tuple[Measurement, ...]:
    """Return results of every third object.

    The more switches are on, the stronger the signal and the heat.
    """
    texts = (ALL[::3] + ALL[1::3])[:n]
    signals = [Measurement(text, "signal", float(text.count("1"))) for text in texts]
    return (*signals, *(Measurement(text, "heat", 10.0 * text.count("1")) for text in texts))


def proposed(history: History, listed: tuple[HazardList, ...] = (), **changes: Any) -> Proposal:
    spec = CampaignSpec.model_validate(BASE | changes)
    return propose(spec, history, seed=0, report=lambda *_: None, hazards=listed)


@pytest.fixture
def burning(tmp_path: Path) -> tuple[HazardList, ...]:
    """A list that names what everything else favours: three switches in a row that are on."""
    entries = [{"pattern": "111", "reason": "burns"}]
    path = tmp_path / "fire.json"
    path.write_text(json.dumps({"name": "fire", "version": "7", "domain": "switches", "entries": entries}))
    return hazard_lists.load_hazard_lists([path])


def test_a_hazard_never_appears_even_when_all_else_favours_it(burning: tuple[HazardList, ...]) -> None:
    history = History(measured(30))
    free = proposed(history, batch={"size": 6, "replicates": 3})
    assert any("111" in candidate.object for candidate in free.candidates)
    screened = proposed(history, burning, batch={"size": 6, "replicates": 3})
    assert len(screened.candidates) == 9
    assert not [candidate.object for candidate in screened.candidates if "111" in candidate.object]
    assert screened.summary["refused"]["hazard list fire: burns"] > 0
    assert screened.summary["hazard_lists"] == [{"name": "fire", "version": "7", "sha256": burning[0].sha256}]
    assert free.summary["hazard_lists"] == []


def test_a_control_on_a_hazard_list_stops_the_round_before_any_work(burning: tuple[HazardList, ...]) -> None:
    with pytest.raises(HazardError, match="hazard list fire: burns"):
        proposed(History(), burning, batch={"size": 2, "controls": [{"switches": "1111111"}]})


def test_a_list_in_another_language_stops_the_round() -> None:
    foreign = HazardList("words", "1", "switches", "0" * 64, lambda domain: domain.pattern("phosgene"))
    with pytest.raises(HazardListError, match="words"):
        proposed(History(), (foreign,))


def test_an_object_that_cannot_be_compared_is_refused() -> None:
    def fails(text: str) -> str | None:
        if text.startswith("1"):
            raise KeyError(text)
        return None

    listed = (HazardList("shaky", "1", "switches", "0" * 64, lambda _: fails),)
    proposal = proposed(History(measured(20)), listed)
    assert all(candidate.object.startswith("0") for candidate in proposal.candidates)
    assert proposal.summary["refused"]["hazard list shaky: could not be compared (KeyError)"] > 0


def test_multipliers_hold_the_sampler_to_a_constraint_and_are_told() -> None:
    proposal = proposed(
        History(measured(60)), constraints=[LAGRANGIAN], sampler=BASE["sampler"] | {"steps": 400}
    )
    (told,) = proposal.summary["multipliers"]
    assert (told["type"], told["max"], told["min"], told["probability"]) == ("heat", 35.0, None, 0.9)
    assert 0.0 < told["multiplier"] < MOST
    assert abs(told["violating_share"] - told["target_share"]) < 0.1
    assert all(candidate.object.count("1") <= 3 for candidate in proposal.candidates)
    assert proposed(History(measured(20))).summary["multipliers"] == []


class Memory:
    """A checkpoint store in memory."""

    content: bytes | None = None

    def load(self) -> bytes | None:
        return self.content

    def save(self, content: bytes) -> None:
        self.content = content


def test_interrupted_with_multipliers_and_resumed_is_as_if_never_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train, "TICK_SECONDS", 0.0)
    spec, history = CampaignSpec.model_validate(BASE | {"constraints": [LAGRANGIAN]}), History(measured(60))
    whole = propose(spec, history, seed=0, report=lambda *_: None)
    store, calls = Memory(), 0

    def stop(stage: str, progress: float, message: str) -> None:  # noqa: ARG001 - as a report is called
        nonlocal calls
        calls += stage == "training"
        if calls > 33:
            raise Cancelled

    with pytest.raises(Cancelled):
        propose(spec, history, seed=0, report=stop, checkpoint=store)
    steps: list[str] = []
    resumed = propose(spec, history, seed=0, report=lambda *told: steps.append(told[2]), checkpoint=store)
    assert "training, step 0 of 60" not in steps
    assert resumed.candidates == whole.candidates
    for part in ("multipliers", "training", "log_z"):
        assert resumed.summary[part] == whole.summary[part]


def test_candidates_say_whether_they_are_in_the_applicability_domain() -> None:
    zeros = [text for text in ALL if text.startswith("0000")]
    history = History(tuple(Measurement(text, "signal", float(text.count("1"))) for text in zeros))
    strict = proposed(history, applicability={"min_similarity": 0.8, "outside_share": 0.0})
    assert strict.summary["applicability"]["threshold"] == 0.8
    assert 0 < strict.summary["applicability"]["share_inside"] < 0.5
    assert [candidate.in_domain for candidate in strict.candidates] == [True] * len(strict.candidates)
    assert all(
        min(sum(a != b for a, b in zip(c.object, z, strict=True)) for z in zeros) <= 1
        for c in strict.candidates
    )
    assert any(
        candidate.in_domain is False
        for candidate in proposed(
            history, applicability={"min_similarity": 0.8, "outside_share": 1.0}
        ).candidates
    )


def test_draws_are_told_and_limits_ask_for_more() -> None:
    history = History(measured(20))
    plain = proposed(history).summary["draws"]
    assert plain["by_policy"] + plain["by_random_walks"] == proposed(history).summary["sampled"]
    limited = proposed(
        history, batch={"size": 6, "limits": [{"kind": "budget", "property": "ones", "max": 30}]}
    )
    assert limited.summary["draws"]["wanted"] > plain["wanted"]
    assert limited.summary["draws"]["ended"] in {"enough", "nothing new", "too many draws"}
