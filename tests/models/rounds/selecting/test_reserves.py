"""What could take the place of a candidate that is given up."""

import copy
import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign.batch_limits import broken_limits
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.conditioning import Condition
from models.proxies import deep_ensemble
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.sampling.candidate_pool import CandidatePool, SamplingStats
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import Batch, select_batch
from models.rounds.selecting.reserves import number_of_reserves

ALL = ["".join(letters) for letters in itertools.product("01", repeat=6)]
BASE: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 6},
    "objectives": [{"name": "signal"}],
}
KNOWN = History(tuple(Measurement(text, "signal", text.count("1") + float(text[0])) for text in ALL[::3]))
NEW = [text for text in ALL if text not in {item.object for item in KNOWN.measurements}]
LIMITS: list[dict[str, Any]] = [
    {"kind": "budget", "property": "ones", "max": 12},
    {"kind": "group", "by": "first", "max": 2},
    {"kind": "group", "by": "cluster", "max": 2, "similarity": 0.8},
]


@pytest.fixture(scope="module", autouse=True)
def quick_ensemble():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        yield


@pytest.fixture(scope="module")
def fitted() -> RoundModel:
    return fit_to(KNOWN)


def fit_to(history: History) -> RoundModel:
    spec = CampaignSpec.model_validate(BASE)
    domain = open_domain(spec.domain)
    return fit(spec, domain, domain.environment([]), history, 0, lambda _share, _message: None)


def chosen(fitted: RoundModel, history: History, n: int, **batch: Any) -> tuple[Batch, list[str], list[str]]:
    """Return a batch with the texts of its candidates and of its reserves."""
    model = copy.copy(fitted.model)
    model.spec = CampaignSpec.model_validate(BASE | {"batch": batch})
    asking = replace(fitted, model=model)
    passed, _ = CandidateFilter(asking, history).filter_constraints(NEW)
    n_passed = len(passed)
    pool = CandidatePool(
        objects=replace(passed, in_domain=None),
        states=torch.zeros(n_passed, 1, dtype=torch.int64),
        condition=Condition(torch.ones(n_passed), torch.ones(n_passed, 1)),
        stats=SamplingStats(n_passed, 0, n_passed, "enough"),
    )
    answer = select_batch(pool, asking, history, 0, n)
    return answer, *([pool.texts[item.row] for item in items] for items in (answer.choices, answer.reserves))


def test_reserves_are_further_objects_and_change_nothing_about_the_batch(fitted: RoundModel) -> None:
    _, texts, reserve = chosen(fitted, KNOWN, 5, size=6)
    _, alone, none = chosen(fitted, KNOWN, 0, size=6)
    assert texts == alone
    assert none == []
    assert len(reserve) == len(set(reserve)) == 5
    assert not set(reserve) & set(texts)


def test_without_diversity_the_next_best_comes_first(fitted: RoundModel) -> None:
    _, texts, reserve = chosen(fitted, KNOWN, 4, size=4, diversity=0.0, exploration=0.0)
    _, more, _ = chosen(fitted, KNOWN, 0, size=8, diversity=0.0, exploration=0.0)
    assert more == [*texts, *reserve]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.lists(st.sampled_from(LIMITS), min_size=1, max_size=3, unique_by=str))
def test_every_reserve_fits_some_place_within_the_limits(
    fitted: RoundModel, size: int, limits: list[dict[str, Any]]
) -> None:
    batch, texts, reserve = chosen(fitted, KNOWN, 6, size=size, limits=limits)
    spec = CampaignSpec.model_validate(BASE | {"batch": {"size": size, "limits": limits}}).batch
    domain = fitted.domain
    assert broken_limits(spec, domain, texts, ()) == []
    for text in reserve:
        rests = (texts[:place] + texts[place + 1 :] for place in range(len(texts)))
        assert any(not broken_limits(spec, domain, [*rest, text], ()) for rest in rests)
    assert {choice.purpose for choice in batch.reserves} <= {"exploit"}


def test_every_group_has_a_reserve_before_one_has_two(fitted: RoundModel) -> None:
    limits = [{"kind": "group", "by": "first", "max": 2}]
    _, texts, reserve = chosen(fitted, KNOWN, 2, size=4, limits=limits)
    assert Counter(text[0] for text in texts) == {"0": 2, "1": 2}
    assert {text[0] for text in reserve} == {"0", "1"}


def test_while_nothing_tells_objects_apart_reserves_fill_the_space() -> None:
    batch, texts, reserve = chosen(fit_to(History()), History(), 4, size=6)
    assert batch.is_space_filling
    assert len({*texts, *reserve}) == 10
    assert {choice.purpose for choice in batch.reserves} == {"explore"}


@pytest.mark.parametrize(("size", "n"), [(1, 4), (8, 4), (24, 12), (384, 24)])
def test_there_are_half_as_many_reserves_as_candidates_within_bounds(size: int, n: int) -> None:
    assert number_of_reserves(size) == n
