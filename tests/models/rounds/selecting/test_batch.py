"""The batch that a round chooses from its pool, on a space small enough to list."""

import copy
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.conditioning import Condition
from models.messages.message import message
from models.proxies import deep_ensemble
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.sampling.candidate_pool import CandidatePool, SamplingStats
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import Batch, select_batch
from models.specs.decisions import SELECTORS

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
BASE: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [{"name": "signal"}, {"name": "few", "computed": "ones", "direction": "minimize"}],
}
PENDING, EXCLUDED = ALL[120:124], ALL[124:]


def _signal(text: str) -> float:
    return text.count("1") + 3.0 * (text[:2] == "01")


MEASURED = tuple(Measurement(text, "signal", _signal(text)) for text in ALL[:60:2])
REPEATED = tuple(Measurement(text, "signal", _signal(text) + 0.1) for text in ALL[52:60:2])
HISTORY = History((*MEASURED, *REPEATED), pending=tuple(PENDING), excluded=tuple(EXCLUDED))
NEW = [text for text in ALL if text not in {*PENDING, *EXCLUDED, *(item.object for item in MEASURED)}]


@pytest.fixture(scope="module", autouse=True)
def quick_ensemble() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_ensemble, "STEPS", 25)
        yield


def _fit(history: History, **changes: Any) -> RoundModel:
    spec = CampaignSpec.model_validate(BASE | changes)
    domain = open_domain(spec.domain)
    return fit(spec, domain, domain.environment([]), history, 0, lambda _share, _message: None)


@pytest.fixture(scope="module")
def fitted() -> RoundModel:
    return _fit(HISTORY)


def _asking(fitted: RoundModel, batch: dict[str, Any], **changes: Any) -> RoundModel:
    """Return the same beliefs with another batch asked for."""
    model = copy.copy(fitted.model)
    model.spec = CampaignSpec.model_validate(BASE | {"batch": batch} | changes)
    return replace(fitted, model=model)


def _pool(
    fitted: RoundModel, history: History, texts: list[str], inside: list[bool] | None = None
) -> CandidatePool:
    passed, _ = CandidateFilter(fitted, history).filter_constraints(texts)
    n = len(passed)
    return CandidatePool(
        objects=replace(passed, in_domain=None if inside is None else torch.tensor(inside)),
        states=torch.zeros(n, 1, dtype=torch.int64),
        condition=Condition(torch.ones(n), torch.full((n, 2), 0.5)),
        stats=SamplingStats(n, 0, n, "enough"),
    )


def _choose(
    fitted: RoundModel, batch: dict[str, Any], texts: list[str] = NEW, **changes: Any
) -> tuple[Batch, list[str]]:
    asking = _asking(fitted, batch, **changes)
    answer = select_batch(_pool(asking, HISTORY, texts), asking, HISTORY, 0)
    return answer, [texts[choice.row] for choice in answer.choices]


def _ones(texts: list[str]) -> int:
    return sum(text.count("1") for text in texts)


LIMITS: list[dict[str, Any]] = [
    {"kind": "budget", "property": "ones", "max": 9},
    {"kind": "group", "by": "first", "max": 2},
    {"kind": "group", "by": "cluster", "max": 1},
    {"kind": "group", "by": "switches", "max": 1},
]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SELECTORS),
    st.integers(1, 12),
    st.lists(st.sampled_from(LIMITS), max_size=3, unique_by=str),
    st.integers(1, len(NEW)),
    st.fixed_dictionaries(
        {"exploration": st.sampled_from([0.0, 0.25, 1.0]), "cluster_share": st.sampled_from([0.2, 1.0])}
    ),
)
def test_a_batch_is_exact_or_says_why(
    fitted: RoundModel,
    selector: str,
    size: int,
    limits: list[dict[str, Any]],
    n: int,
    shares: dict[str, float],
) -> None:
    asked = {"size": size, "selector": selector, "limits": limits, **shares}
    batch, texts = _choose(fitted, asked, NEW[:n])
    assert len(set(texts)) == len(texts) <= size
    assert set(texts) <= set(NEW[:n])
    assert (len(texts) < min(size, n)) == bool(batch.shortfall)
    if LIMITS[0] in limits:
        assert _ones(texts) <= 9
    if LIMITS[1] in limits:
        assert max(Counter(text[0] for text in texts).values(), default=0) <= 2


def test_the_reason_names_the_limits_that_are_in_the_way(fitted: RoundModel) -> None:
    batch, texts = _choose(fitted, {"size": 10, "limits": LIMITS[:2]})
    assert len(texts) == 4
    assert "at most 2 per first" in batch.shortfall[0].text
    assert f"admit 4 of the {len(NEW)} allowed objects" in batch.shortfall[0].text


def test_dear_objects_do_not_make_a_batch_small(fitted: RoundModel) -> None:
    texts = [text for text in NEW if text.count("1") >= 2]
    cheapest = sorted(text.count("1") for text in texts)[:6]
    limits = [{"kind": "budget", "property": "ones", "max": sum(cheapest) + 1}]
    batch, chosen = _choose(fitted, {"size": 6, "limits": limits}, texts)
    assert len(chosen) == 6
    assert batch.shortfall == ()
    assert _ones(chosen) <= sum(cheapest) + 1


def test_a_shared_value_is_the_one_with_the_best_batch(fitted: RoundModel) -> None:
    # tray a has the single best object and else poor ones
    space = {"kind": "materials", "space": "mixture", "components": [], "process": []}
    process = [
        {"name": "tray", "type": "categorical", "values": ["a", "b"]},
        {"name": "level", "type": "ordinal", "values": [1, 2, 3, 4, 5, 6]},
    ]
    changes = {"domain": space | {"process": process}, "objectives": [{"name": "signal", "range": [0, 10]}]}
    spec = CampaignSpec.model_validate(BASE | changes)
    domain = open_domain(spec.domain)
    values = {("a", 6): 10.0} | {("a", n): 1.0 for n in range(1, 6)} | {("b", n): 8.0 for n in range(1, 7)}
    objects = {key: domain.parse({"tray": key[0], "level": str(key[1])}) for key in values}
    history = History(tuple(Measurement(objects[key], "signal", value) for key, value in values.items()))
    fitted = _fit(history, **changes)
    batch = {"size": 4, "exploration": 0, "diversity": 0.1, "limits": [{"kind": "shared", "column": "tray"}]}
    asking = _asking(fitted, batch, **changes)
    pool = _pool(asking, history, list(objects.values()))
    answer = select_batch(pool, asking, history, 0)
    assert {domain.columns(pool.texts[choice.row])["tray"] for choice in answer.choices} == {"b"}
    big = _asking(fitted, batch | {"size": 8, "replicates": 3}, **changes)
    answer = select_batch(pool, big, history, 0)
    assert len(answer.choices) == 6
    assert "Only 6 of the 12 allowed objects have tray = b" in answer.shortfall[0].text
    assert {domain.columns(item.object)["tray"] for item in answer.repeats} == {"b"}


def test_replicates_are_the_best_measured_with_the_fewest_results(fitted: RoundModel) -> None:
    batch, texts = _choose(fitted, {"size": 3, "replicates": 2})
    again = [item.object for item in batch.repeats]
    assert len(texts) == 3
    assert len(again) == 2
    assert {item.purpose for item in batch.repeats} == {"replicate"}
    counts = Counter(item.object for item in HISTORY.measurements)
    assert all(counts[text] == 1 for text in again)
    assert batch.repeats[0].why == message("chosen_as_replicate", count=1)


def test_controls_are_in_every_batch_unless_they_are_under_way(fitted: RoundModel) -> None:
    asked = {
        "size": 2,
        "replicates": 1,
        "controls": [{"switches": MEASURED[0].object}, {"switches": PENDING[0]}],
    }
    batch, _ = _choose(fitted, asked)
    assert [item.purpose for item in batch.repeats] == ["control", "replicate"]
    assert batch.repeats[0].object == MEASURED[0].object
    assert batch.repeats[1].object not in {MEASURED[0].object, *PENDING}
    nothing, _ = _choose(fitted, asked, [])
    assert [item.purpose for item in nothing.repeats] == ["control", "replicate"]


def test_controls_are_paid_for_first(fitted: RoundModel) -> None:
    limits = [{"kind": "budget", "property": "ones", "max": 9}]
    batch, texts = _choose(fitted, {"size": 4, "limits": limits, "controls": [{"switches": "1110000"}]})
    assert len(batch.repeats) == 1
    assert _ones(texts) <= 6


@pytest.mark.parametrize(("share", "n_outside"), [(0.5, 4), (0.0, 0)])
def test_a_named_share_outside_the_applicability_domain_is_kept_to(
    fitted: RoundModel, share: float, n_outside: int
) -> None:
    asking = _asking(fitted, {"size": 8}, applicability={"outside_share": share})
    pool = _pool(asking, HISTORY, NEW, [place < 3 for place in range(len(NEW))])
    batch = select_batch(pool, asking, HISTORY, 0)
    assert sum(choice.row >= 3 for choice in batch.choices) == n_outside
    assert len(batch.choices) == 3 + n_outside
    assert f"at most {n_outside} outside the applicability domain" in batch.shortfall[0].text


def test_the_default_share_yields_and_says_so(fitted: RoundModel) -> None:
    asking = _asking(fitted, {"size": 8, "exploration": 0.25})
    few = select_batch(
        _pool(asking, HISTORY, NEW, [place < 3 for place in range(len(NEW))]), asking, HISTORY, 0
    )
    assert len(few.choices) == 8
    assert "5 candidates lie outside" in few.notes[0].text
    many = select_batch(
        _pool(asking, HISTORY, NEW, [place < 40 for place in range(len(NEW))]), asking, HISTORY, 0
    )
    assert sum(choice.row >= 40 for choice in many.choices) <= 2
    assert many.notes == ()


def test_a_cold_start_fills_the_space_around_what_was_tried() -> None:
    tried = (Measurement("0000000", "signal", outcome="failed_synthesis"),)
    history = History(tried, pending=("1111111",))
    fitted = _fit(history, objectives=[{"name": "signal"}])
    asking = _asking(fitted, {"size": 6}, objectives=[{"name": "signal"}])
    texts = [text for text in ALL if text not in {"0000000", "1111111"}]
    batch = select_batch(_pool(asking, history, texts), asking, history, 0)
    assert batch.is_space_filling
    assert "space-filling" in batch.notes[0].text
    assert {choice.purpose for choice in batch.choices} == {"explore"}
    chosen = [texts[choice.row] for choice in batch.choices]
    pairs = itertools.combinations([*chosen, "0000000", "1111111"], 2)
    assert min(sum(a != b for a, b in zip(x, y, strict=True)) for x, y in pairs) >= 3


def test_with_results_the_batch_is_not_space_filling(fitted: RoundModel) -> None:
    batch, _ = _choose(fitted, {"size": 3})
    assert not batch.is_space_filling
    assert batch.notes == ()


def test_no_cluster_has_more_than_its_share_where_the_pool_is_sampled(fitted: RoundModel) -> None:
    batch = {"size": 6, "diversity": 0.0, "exploration": 0.0, "cluster_share": 0.34}
    alike = fitted.domain.cluster_similarity

    def largest(texts: list[str]) -> int:
        return int((fitted.domain.similarity(texts, texts) >= alike).sum(axis=1).max())

    _, texts = _choose(fitted, batch)
    _, free = _choose(fitted, batch | {"cluster_share": 1.0})
    assert len(texts) == len(free) == 6
    assert largest(texts) <= 2 < largest(free)
    asking = _asking(fitted, batch)
    pool = _pool(asking, HISTORY, NEW)
    listed = select_batch(replace(pool, stats=replace(pool.stats, listed=len(NEW))), asking, HISTORY, 0)
    assert [NEW[choice.row] for choice in listed.choices] == free
