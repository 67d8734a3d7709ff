"""Samples are the policy's own, pass every gate and can be had again.

Judgements say all that a batch would say.
"""

import json
import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from played import EVERYTHING, SEED, Played

from models.campaign.requests import SampleRequest
from models.gflownet.exact import enumerate_space, policy_log_probability
from models.inference import UnservableError, conditional_sampler
from models.inference.conditional_sampler import ConditionalSampler
from models.inference.load import load_trained_campaign
from models.inference.requests import ConditionRequest
from models.records import Cancelled, History, Measurement, ProposedCandidate
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.training.state_reward import StateReward
from models.safety.hazard_lists import HazardList
from models.summaries.sampling import SamplingSummary

BOTH = {"signal": 0.5, "few": 0.5}


def _silent(share: float, message: str) -> None:
    assert 0 <= share <= 1
    assert message


def _sample(
    played: Played, now: History | None = None, **fields: Any
) -> tuple[tuple[ProposedCandidate, ...], dict[str, Any]]:
    request = SampleRequest.model_validate({"seed": 1} | fields)
    return played.instrument.sample(request, now or played.history, _silent)


def _similarity(one: str, other: str) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def test_samples_are_exactly_as_many_new_and_distinct(played: Played) -> None:
    for n in (1, 7, 40):
        candidates, summary = (
            _sample(played, n=n, beta=[1, 4], preference=[BOTH]) if n > 1 else _sample(played, n=n)
        )
        objects = [candidate.object for candidate in candidates]
        assert len(objects) == len(set(objects)) == summary["chosen"] == n
        assert not {result.object for result in played.history.measurements} & set(objects)
        assert summary["sampled"] == n + summary["surplus"] + sum(summary["refused"].values())
        assert sum(item["served"] for item in summary["conditions"]) == n


def test_log_pf_is_the_exact_log_probability(played: Played) -> None:
    source = played.instrument.source
    assert source is not None
    space = enumerate_space(source.environment)
    place = {text: row for row, text in enumerate(source.environment.objects(space.final_states))}
    candidates, summary = _sample(played, n=20, beta=[2, 11], preference=[{"signal": 1}, BOTH])
    assert summary["log_pf_estimated"] == 0
    for candidate in candidates:
        assert candidate.beta is not None
        condition = source.conditions.fixed(candidate.beta, list(candidate.preference.values()))
        exact = policy_log_probability(space, source.policy, condition)
        assert candidate.log_pf == pytest.approx(float(exact[place[candidate.object]]), abs=1e-4)


def test_first_draws_are_distributed_as_the_policy_says(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single sample is the first draw that is not closed: its frequency is the policy's, given that."""
    monkeypatch.setattr(conditional_sampler, "LEAST_BLOCK", 4)
    source, fitted, n = played.instrument.source, played.instrument.fitted, 250
    assert source is not None
    space = enumerate_space(source.environment)
    texts = source.environment.objects(space.final_states)
    states, generator = StateReward(source.environment, fitted.reward), torch.Generator().manual_seed(0)
    found: Counter[str] = Counter()
    for _ in range(n):
        drawer = ConditionalSampler(
            source,
            states,
            CandidateFilter(fitted, played.history),
            [ConditionRequest(1, 16.0, (1.0, 0.0))],
            None,
        )
        found.update(drawer.run(generator, _silent).pool(1).texts)
    log_p = policy_log_probability(space, source.policy, source.conditions.fixed(16.0, [1.0, 0.0]))
    closed = {result.object for result in played.history.measurements}
    is_open = torch.tensor([text not in closed for text in texts])
    expected = torch.where(is_open, log_p.exp(), 0.0)
    expected = expected / expected.sum()
    drawn = torch.tensor([found[text] / n for text in texts], dtype=torch.float64)
    # what chance alone leaves of a difference, and a third of it for the worst seed
    by_chance = 0.5 * float((2 / math.pi * expected * (1 - expected) / n).sqrt().sum())
    assert 0.5 * float((drawn - expected).abs().sum()) < 1.33 * by_chance
    uniform = is_open.double() / is_open.sum()
    assert 0.5 * float((uniform - expected).abs().sum()) > 1.33 * by_chance


def test_a_colder_policy_finds_better_objects_also_beside_its_training(played: Played) -> None:
    means = []
    for beta in (1, 4, 16):
        candidates, _ = _sample(played, n=20, beta=beta, preference={"signal": 1})
        means.append(float(np.mean([candidate.acquisition for candidate in candidates])))
    assert means == sorted(means)
    assert means[2] > means[0] + 0.1
    _, summary = _sample(played, n=2, beta=[4, 100])
    assert [told for told in summary["statements"] if "extrapolates" in told and "100" in told]
    (outside,) = [item for item in summary["messages"] if item["code"] == "beta_outside_training"]
    assert outside["params"] == {"low": 1.0, "high": 16.0, "betas": [100.0]}
    _, summary = _sample(played, n=2, beta=[1, 16])
    assert not [told for told in summary["statements"] if "extrapolates" in told]


@pytest.mark.parametrize(
    "asked", [{}, {"beta": 4, "preference": {"signal": 1}}, {"require": ["0000000"], "avoid": ["0"]}]
)
def test_the_summary_has_the_documented_structure(played: Played, asked: dict[str, Any]) -> None:
    candidates, summary = _sample(played, n=2, **asked)
    stored = json.dumps(summary, allow_nan=False)
    read = SamplingSummary.model_validate_json(stored, extra="forbid")
    assert set(SamplingSummary.model_fields) - read.model_fields_set == {"unread"}
    assert (read.version, read.chosen) == (1, len(candidates))
    assert read.statements == [item.text for item in read.messages]
    assert any(item.code.startswith("samples_short") for item in read.messages) == (len(candidates) < 2)


def test_candidates_agree_with_their_conditions(played: Played) -> None:
    candidates, summary = _sample(played, n=12, beta=[2, 9], preference=[{"signal": 1, "few": 3}])
    assert [candidate.rank for candidate in candidates] == [*range(1, 7), *range(1, 7)]
    assert [candidate.beta for candidate in candidates] == [2.0] * 6 + [9.0] * 6
    for start in (0, 6):
        rewards = [candidate.log_reward for candidate in candidates[start : start + 6]]
        assert rewards == sorted(rewards, reverse=True)  # type: ignore[type-var]
    for candidate in candidates:
        assert candidate.preference == pytest.approx({"signal": 0.25, "few": 0.75})
        assert candidate.log_reward == pytest.approx(
            candidate.beta * candidate.acquisition, rel=1e-4, abs=1e-4
        )
        assert (
            f"at inverse temperature {candidate.beta:.3g} when weighing signal 25% and few 75%"
            in candidate.reason
        )
        assert candidate.predictions["signal"].low < candidate.predictions["signal"].high
        assert set(candidate.guardrails) == {"heat"}
    told = summary["conditions"]
    assert [(item["beta"], item["asked"], item["served"]) for item in told] == [(2.0, 6, 6), (9.0, 6, 6)]
    assert told[0]["log_z"] < told[1]["log_z"]


def test_conditions_that_are_not_asked_for_are_drawn(played: Played) -> None:
    candidates, summary = _sample(played, n=24)
    low, high = played.spec.sampler.beta
    betas = {candidate.beta for candidate in candidates}
    assert len(betas) > 12
    assert all(low <= beta <= high for beta in betas if beta is not None)
    assert len({candidate.preference["few"] for candidate in candidates}) > 12
    assert summary["conditions"] == [
        {"beta": None, "preference": None, "asked": 24, "served": 24, "log_z": None}
    ]
    candidates, _ = _sample(played, n=8, beta=3)
    assert {candidate.beta for candidate in candidates} == {3.0}
    assert len({candidate.preference["few"] for candidate in candidates}) > 4


def test_a_shift_without_a_past_starts_from_the_middle(played: Played) -> None:
    candidates, summary = _sample(played, n=4, beta="colder")
    assert {candidate.beta for candidate in candidates} == {8.0}
    assert summary["conditions"][0]["beta"] == 8.0


def test_equal_seeds_give_equal_samples(played: Played) -> None:
    first, told = _sample(played, n=9, seed=3)
    again, told_again = _sample(played, n=9, seed=3)
    assert first == again
    assert {**told, "seconds": 0} == {**told_again, "seconds": 0}
    other, _ = _sample(played, n=9, seed=4)
    assert other != first
    _, drawn = _sample(played, n=1, seed=None)
    named, _ = _sample(played, n=9, seed=drawn["seed"])
    assert len(named) == 9


def test_what_is_closed_today_is_not_drawn(played: Played) -> None:
    """The campaign has moved on since the round: new results, pending, rejected."""
    first, _ = _sample(played, n=12, beta=4, preference=BOTH)
    names = [candidate.object for candidate in first]
    measured = [Measurement(text, "signal", 1.0) for text in names[:4]]
    now = replace(
        played.history,
        measurements=(
            *played.history.measurements,
            *measured,
            Measurement(names[9], "signal", outcome="insoluble"),
        ),
        pending=tuple(names[4:6]),
        excluded=tuple(names[6:8]),
    )
    later, summary = _sample(played, now, n=12, beta=4, preference=BOTH)
    assert not {*names[:8], names[9]} & {candidate.object for candidate in later}
    assert {"already measured", "pending", "excluded", "already tried"} <= set(summary["refused"])


def test_patterns_and_groups_hold(played: Played) -> None:
    group = {"by": "first", "object": {"switches": "1000000"}}
    candidates, summary = _sample(played, n=8, require=["11"], avoid=["000"], avoid_groups=[group])
    assert len(candidates) == 8
    for candidate in candidates:
        assert "11" in candidate.object
        assert "000" not in candidate.object
        assert candidate.object.startswith("0")
    assert {"does not show 11", "shows 000", "of a first to avoid"} <= set(summary["refused"])


def test_neighbours_are_like_the_object_and_near_comes_first(played: Played) -> None:
    known = {result.object for result in played.history.measurements}
    unmeasured = next(text for text in EVERYTHING if text not in known)
    for text in (played.history.measurements[0].object, unmeasured):
        like = {"object": {"switches": text}, "similarity": 0.7}
        candidates, summary = _sample(played, n=6, beta=4, preference=BOTH, like=like)
        found = [_similarity(candidate.object, text) for candidate in candidates]
        assert len(candidates) == 6
        assert min(found) >= 0.7
        assert text not in {candidate.object for candidate in candidates}
        assert found == sorted(found, reverse=True)
        assert any("not drawn from its distribution" in told for told in summary["statements"])
        assert all(
            f"similarity {near:.2f}" in item.reason for near, item in zip(found, candidates, strict=True)
        )
        source = played.instrument.source
        assert source is not None
        states, _ = source.environment.states([candidates[0].object])
        exact = policy_log_probability(
            enumerate_space(source.environment), source.policy, source.conditions.fixed(4.0, [0.5, 0.5])
        )
        keys = source.environment.key(enumerate_space(source.environment).final_states)
        row = int((keys == source.environment.key(states)).nonzero()[0, 0])
        assert candidates[0].log_pf == pytest.approx(float(exact[row]), abs=1e-4)


def test_an_object_that_cannot_be_built_has_no_neighbours(played: Played) -> None:
    with pytest.raises(UnservableError) as caught:
        _sample(played, like={"object": {"switches": "01"}})
    assert caught.value.pointer == "/like/object"


def test_neighbours_of_what_no_state_represents_are_those_of_a_simpler_form_and_it_is_told(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = played.instrument.source
    assert source is not None
    simple, like = played.history.measurements[0].object, {"object": {"switches": "1"}, "similarity": 0.1}
    monkeypatch.setattr(
        played.instrument._domain, "similarity", lambda left, right: np.ones((len(left), len(right)))
    )
    monkeypatch.setattr(source.environment, "simplified", lambda _: (simple, "tail"))
    candidates, summary = _sample(played, n=3, beta=4, preference=BOTH, like=like)
    assert len(candidates) == 3
    assert (
        f"No policy builds the tail of the object: its neighbours are those of {simple}."
        in summary["statements"]
    )
    monkeypatch.setattr(source.environment, "simplified", lambda _: ("0", "tail"))
    with pytest.raises(UnservableError):
        _sample(played, like=like)


def test_what_makes_no_sense_is_refused_here_too(played: Played) -> None:
    with pytest.raises(UnservableError, match="unknown objective"):
        _sample(played, preference={"signl": 1})
    with pytest.raises(UnservableError, match="/require/0"):
        _sample(played, require=["x"])


def test_too_few_are_told_and_counted(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates, summary = _sample(played, n=200)
    assert len(candidates) + 30 == len(EVERYTHING)
    assert summary["ended"] == "nothing new"
    (told,) = [told for told in summary["statements"] if "requested samples" in told]
    assert told.startswith(f"The answer holds {len(candidates)} of the 200 requested samples")
    monkeypatch.setattr(conditional_sampler, "MOST_DRAWN", 64)
    monkeypatch.setattr(conditional_sampler, "MORE_DRAWN", 0)
    candidates, summary = _sample(played, n=5, require=["0000000"])
    assert summary["ended"] == "too many draws"
    assert summary["sampled"] <= 128
    assert len(candidates) <= 1


def test_nothing_at_all_is_an_answer(played: Played) -> None:
    candidates, summary = _sample(played, n=5, require=["0000000"], avoid=["0"])
    assert candidates == ()
    assert summary["chosen"] == 0
    assert summary["diversity"] is None
    assert any("0 of the 5" in told for told in summary["statements"])


def test_whoever_hears_may_stop_it(played: Played) -> None:
    def stop(share: float, message: str) -> None:  # noqa: ARG001 - as called
        raise Cancelled

    for play in (
        lambda: played.instrument.sample(SampleRequest(), played.history, stop),
        lambda: played.instrument.predict(EVERYTHING, played.history, stop),
    ):
        with pytest.raises(Cancelled):
            play()


def test_hazards_of_today_are_never_drawn(played: Played) -> None:
    measured = {result.object for result in played.history.measurements}

    def named(text: str) -> str | None:
        return "named" if text.endswith("11") and text not in measured else None

    hazards = [HazardList("ends", "1", "switches", "0" * 64, lambda _: named)]
    opened = load_trained_campaign(
        played.spec,
        played.history,
        seed=SEED,
        artefact=played.proposal.artefact,
        report=_silent,
        hazards=hazards,
    )
    candidates, summary = opened.sample(SampleRequest(n=30, seed=0), played.history, _silent)
    assert len(candidates) == 30
    assert not [candidate for candidate in candidates if candidate.object.endswith("11")]
    assert summary["refused"]["hazard list ends: named"] > 0
    hazard = next(text for text in EVERYTHING if named(text))
    (judged,) = opened.predict([hazard], played.history, _silent)
    assert "hazard list ends: named" in judged.refused


def test_an_instrument_without_a_policy_judges_but_does_not_draw(played: Played) -> None:
    opened = load_trained_campaign(played.spec, played.history, seed=SEED, artefact=None, report=_silent)
    with pytest.raises(UnservableError) as caught:
        opened.sample(SampleRequest(), played.history, _silent)
    assert caught.value.pointer == "/round"
    texts = EVERYTHING[:12]
    assert opened.predict(texts, played.history, _silent) == played.instrument.predict(
        texts, played.history, _silent
    )
