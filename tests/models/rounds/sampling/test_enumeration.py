"""Small spaces are listed: every object goes through the gate, whatever the policy would have drawn."""

import itertools
from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.proxies import deep_ensemble
from models.records import History, Measurement, Proposal
from models.rounds.sampling import enumeration
from models.rounds.sampling.enumeration import enumerate_if_small, states_to_score

N = 7
ALL = ["".join(letters) for letters in itertools.product("01", repeat=N)]


def spec_of(n: int = N, **sampler: Any) -> CampaignSpec:
    fields = {
        "name": "switches",
        "domain": {"kind": "switches", "n": n},
        "objectives": [{"name": "signal"}],
        "batch": {"size": 4, "diversity": 0.0, "exploration": 0.0},
        "sampler": {"steps": 2, "trajectories_per_step": 8, **sampler},
    }
    return CampaignSpec.model_validate(fields)


def proposed(**sampler: Any) -> Proposal:
    measured = [Measurement(text, "signal", float(text.count("1"))) for text in ALL[::2]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        return propose(spec_of(**sampler), History(tuple(measured)), seed=3, report=lambda *_: None)


@pytest.fixture(scope="module")
def listed() -> Proposal:
    return proposed()


def test_every_object_is_counted_once(listed: Proposal) -> None:
    summary = listed.summary
    assert summary["draws"]["ended"] == "all listed"
    assert summary["draws"]["listed"] == summary["sampled"] == summary["unique"] == len(ALL)
    assert summary["refused"] == {"already measured": len(ALL) // 2}
    assert summary["allowed"] == len(ALL) // 2


def test_the_batch_does_not_hang_on_how_well_the_policy_was_trained(listed: Proposal) -> None:
    longer = proposed(steps=30)
    assert [item.object for item in longer.candidates] == [item.object for item in listed.candidates]
    assert [item.log_pf for item in longer.candidates] != [item.log_pf for item in listed.candidates]
    # the most switches on that were not measured: the value counts them
    assert listed.candidates[0].object == "1" * N
    assert all(item.object.count("1") >= N - 1 for item in listed.candidates[:2])


def test_candidates_carry_the_condition_they_count_as_asked_for(listed: Proposal) -> None:
    highest = listed.summary["beta_range"]["high"]
    assert [item.beta for item in listed.candidates] == pytest.approx([highest] * 4)
    assert all(item.log_pf is not None and item.log_pf < 0 for item in listed.candidates)


def test_a_campaign_may_choose_among_draws_all_the_same() -> None:
    summary = proposed(exhaustive=False).summary
    assert summary["draws"]["listed"] == 0
    assert summary["draws"]["by_policy"] > 0


def test_a_shortage_is_told_of_all_that_can_be_built() -> None:
    fields = spec_of(3).model_copy(update={"batch": spec_of().batch.model_copy(update={"size": 12})})
    summary = propose(fields, History(), seed=0, report=lambda *_: None).summary
    assert any("of all 8 objects that can be built" in statement for statement in summary["statements"])


def test_larger_spaces_are_known_but_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of()
    space = enumerate_if_small(spec, open_domain(spec.domain).environment([]))
    everything = states_to_score(spec, space)
    assert everything is not None
    assert len(everything) == len(ALL)
    monkeypatch.setattr(enumeration, "MOST_SCORED", len(ALL) - 1)
    assert states_to_score(spec, space) is None


def test_a_space_that_is_too_large_is_not_known() -> None:
    spec = spec_of(12)
    space = enumerate_if_small(spec, open_domain(spec.domain).environment([]))
    assert space is None
    assert states_to_score(spec, space) is None


def test_an_error_of_the_environment_is_no_large_space(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of()
    environment = open_domain(spec.domain).environment([])

    def broken(*_: object) -> None:
        raise ValueError("a mask without an action")

    monkeypatch.setattr(environment, "step", broken)
    with pytest.raises(ValueError, match="a mask without an action"):
        enumerate_if_small(spec, environment)


def test_what_neither_chooses_nor_diagnoses_lists_nothing() -> None:
    spec = spec_of(exhaustive=False)
    environment = open_domain(spec.domain).environment([])
    assert enumerate_if_small(spec, environment) is not None
    assert enumerate_if_small(spec, environment, is_diagnosed=False) is None
    assert enumerate_if_small(spec_of(), environment, is_diagnosed=False) is not None


def test_scorers_from_outside_are_not_asked_about_a_whole_space() -> None:
    scorer = {"name": "affinity", "url": "https://scorer.example.org/v1"}
    fields = spec_of().model_dump(mode="json") | {"scorers": [scorer]}
    spec = CampaignSpec.model_validate(fields)
    assert enumerate_if_small(spec, open_domain(spec.domain).environment([])) is None


def test_results_of_a_type_that_nobody_reads_leave_an_object_to_be_proposed() -> None:
    results = [Measurement(text, "signal", float(text.count("1"))) for text in ALL[::2]]
    others = [Measurement(text, "hERG", 7.0) for text in ALL[1::2]]
    failed = Measurement(ALL[1], "hERG", outcome="failed_synthesis")
    history = History((*results, *others, failed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        summary = propose(spec_of(), history, seed=3, report=lambda *_: None).summary
    assert summary["refused"] == {"already measured": len(ALL) // 2, "already tried": 1}
    assert summary["allowed"] == len(ALL) // 2 - 1
