"""The campaign's acquisition ranks the pool: in a listed space another kind makes another batch."""

import copy
import functools
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.gflownet.conditioning import Condition
from models.records import History, Measurement
from models.reward.log_reward import log_reward
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.sampling.candidate_pool import CandidatePool, SamplingStats
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.selecting.batch import select_batch
from models.rounds.selecting.scoring import relative_utility, score_pool
from models.specs.decisions import ACQUISITIONS

ALL = ["".join(letters) for letters in itertools.product("01", repeat=7)]
TWO: list[dict[str, Any]] = [{"name": "signal"}, {"name": "level", "direction": "minimize"}]
ONLY, BOTH = ("signal",), ("signal", "level")
PAIRS = list(itertools.combinations(ACQUISITIONS, 2))


def _signal(text: str) -> float:
    return text.count("1") + 3.0 * (text[:2] == "01") - 2.0 * (text[3:5] == "11")


def _level(text: str) -> float:
    return int(text[::-1], 2) / 20 + 2.0 * (text[2] == "1")


MEASURED = tuple(
    Measurement(text, kind, value(text))
    for text in ALL[:100:5]
    for kind, value in (("signal", _signal), ("level", _level))
)
NEW = [text for text in ALL if text not in {item.object for item in MEASURED}]


@functools.cache
def _believed(names: tuple[str, ...], measured: tuple[Measurement, ...]) -> RoundModel:
    content = {
        "name": "switches",
        "domain": {"kind": "switches", "n": 7},
        "objectives": [item for item in TWO if item["name"] in names],
        "proxies": {"kinds": ["gaussian_process"]},
        "batch": {"size": 8, "diversity": 0, "exploration": 0},
    }
    spec = CampaignSpec.model_validate(content)
    domain = open_domain(spec.domain)
    history = History(tuple(item for item in measured if item.type in names))
    return fit(spec, domain, domain.environment([]), history, 0, lambda _share, _message: None)


def _fitted(
    names: tuple[str, ...], measured: tuple[Measurement, ...] = MEASURED, seed: int = 0, **acquisition: Any
) -> RoundModel:
    """Return the same beliefs with the reward of another acquisition."""
    fitted = _believed(names, measured)
    model = copy.copy(fitted.model)
    content = model.spec.model_dump(mode="json") | {"acquisition": acquisition}
    model.spec = CampaignSpec.model_validate(content)
    reward = log_reward(model, fitted.reward._utilities, fitted.measured, lambda: ALL[::2], seed)
    return replace(fitted, model=model, reward=reward)


def _pool(fitted: RoundModel, texts: list[str]) -> CandidatePool:
    passed, _ = CandidateFilter(fitted, History()).filter_constraints(texts)
    n, m = len(passed), len(fitted.model.spec.objectives)
    condition = Condition(torch.ones(n), torch.full((n, m), 1 / m))
    return CandidatePool(
        replace(passed, in_domain=None),
        torch.zeros(n, 1, dtype=torch.int64),
        condition,
        SamplingStats(0, 0, n, "all listed", listed=n),
    )


def _batch(fitted: RoundModel) -> frozenset[str]:
    pool = _pool(fitted, NEW)
    return frozenset(pool.texts[choice.row] for choice in select_batch(pool, fitted, History(), 0).choices)


@pytest.fixture(scope="module")
def batches() -> Mapping[tuple[int, str], frozenset[str]]:
    cases = itertools.product((ONLY, BOTH), ACQUISITIONS)
    return {(len(wanted), kind): _batch(_fitted(wanted, kind=kind)) for wanted, kind in cases}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_kinds_make_two_batches_in_a_listed_space(
    batches: Mapping[tuple[int, str], frozenset[str]], one: str, other: str
) -> None:
    assert len(batches[2, one]) == len(batches[2, other]) == 8
    assert batches[2, one] != batches[2, other]
    improvements = {"expected_improvement", "expected_hypervolume_improvement"}
    # with one objective the hypervolume is its utility, so that both are one and the same improvement
    assert (batches[1, one] == batches[1, other]) == ({one, other} == improvements)


@pytest.mark.parametrize("kind", ACQUISITIONS)
def test_the_pool_is_ranked_as_the_policy_is_rewarded(kind: str) -> None:
    fitted = _fitted(ONLY, kind=kind)
    scored, certain = score_pool(_pool(fitted, NEW), fitted, 0), torch.ones(len(NEW), 1, dtype=torch.float64)
    told = fitted.reward.value(scored.texts, certain)
    order = told.argsort(descending=True)[: len(NEW) // 3]
    assert bool((scored.value[order].diff() <= 1e-4).all())
    assert float(scored.value[order[0]]) == pytest.approx(float(scored.value.max()), abs=1e-4)


def test_kappa_and_scalarisation_reach_the_batch() -> None:
    bold, careful = (_batch(_fitted(ONLY, kappa=kappa)) for kappa in (0.0, 10.0))
    assert bold != careful
    sums, front = (
        _batch(_fitted(BOTH, scalarisation=name)) for name in ("weighted_sum", "augmented_chebyshev")
    )
    assert sums != front


def test_another_seed_draws_another_function_and_the_same_seed_the_same() -> None:
    one, again, other = (_batch(_fitted(ONLY, seed=seed, kind="thompson_sampling")) for seed in (1, 1, 2))
    assert one == again != other


def test_the_best_of_each_sampled_function_is_worth_most() -> None:
    fitted = _fitted(ONLY, kind="thompson_sampling", functions=4)
    scored = score_pool(_pool(fitted, NEW), fitted, 0)
    certain = torch.ones(len(NEW), 1, dtype=torch.float64)
    which = torch.arange(4)
    best = {int(fitted.reward.value(scored.texts, certain, each.expand(len(NEW))).argmax()) for each in which}
    assert len(best) > 1
    assert all(float(scored.value[row]) == pytest.approx(1.0, abs=1e-4) for row in best)
    single = score_pool(_pool(fitted, NEW), _fitted(ONLY, kind="thompson_sampling"), 0)
    assert float(scored.value.sum()) > float(single.value.sum())


def test_each_sampled_function_has_a_reward_of_its_own_and_none_means_their_average() -> None:
    fitted = _fitted(BOTH, kind="thompson_sampling", functions=3)
    n = len(NEW)
    even, beta = torch.full((n, 2), 0.5, dtype=torch.float64), torch.ones(n)
    each = [fitted.reward.value(NEW, even, torch.full((n,), index, dtype=torch.int64)) for index in range(3)]
    assert not torch.allclose(each[0], each[1])
    assert torch.allclose(torch.stack(each).mean(dim=0), fitted.reward.value(NEW, even))
    first = _fitted(BOTH, kind="thompson_sampling").reward
    assert torch.equal(
        first(NEW, beta, even), fitted.reward(NEW, beta, even, torch.zeros(n, dtype=torch.int64))
    )


@pytest.mark.parametrize("kind", ACQUISITIONS)
def test_before_any_result_the_batch_fills_the_space_whatever_the_kind(kind: str) -> None:
    fitted = _fitted(ONLY, (), kind=kind)
    assert not score_pool(_pool(fitted, NEW), fitted, 0).is_informative


def test_where_nothing_promises_an_improvement_utilities_decide() -> None:
    fitted = _fitted(ONLY, kind="expected_improvement")
    pool = _pool(fitted, NEW)
    believed = pool.objects.objectives
    objects = replace(pool.objects, objectives=replace(believed, mean=believed.mean - 1e3))
    pool = replace(pool, objects=objects)
    even = torch.ones(1, 1, dtype=torch.float64)
    values = fitted.reward.acquired(objects.texts, objects.objectives, objects.uncertainty_weight, even)
    assert float(values.max()) < 1e-9
    scored = score_pool(pool, fitted, 0)
    assert scored.is_informative
    assert int(scored.value.argmax()) == int(
        fitted.reward.optimistic_utilities(objects.objectives, objects.uncertainty_weight)[:, 0].argmax()
    )


def test_worth_is_relative_to_the_best_and_the_median_of_each_trade_off() -> None:
    values = torch.tensor([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0], [1.5, 5.0], [0.5, 5.0]], dtype=torch.float64)
    near, which = relative_utility(values)
    assert near.tolist() == pytest.approx([0.0, 0.0, 1.0, 0.5, 0.0])
    assert which[2] == 0
