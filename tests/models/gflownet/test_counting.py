"""Sizes and numbers of objects: exact and estimated counts against the enumerated space."""

import math
from itertools import product
from typing import Any

import pytest
import torch
from domain_examples import examples_of

from models.backtests.table_environment import RestrictedEnvironment
from models.domains import installed
from models.domains.materials.charge_balance.oxidation_states import is_neutral
from models.domains.materials.charge_balance.reachability import count_compositions
from models.gflownet import counting
from models.gflownet.counting import Counts, count_objects, walked_counts
from models.gflownet.environment import Environment
from models.gflownet.environments.hypergrid import Hypergrid
from models.gflownet.exact import enumerate_space

EDGES = 60_000
SPECS: list[dict[str, Any]] = [
    {"kind": "peptides", "min_length": 2, "max_length": 5, "alphabet": "AKW", "fixed": {"1": "C", "2": "A"}},
    {"kind": "peptides", "min_length": 6, "max_length": 6, "alphabet": "AK"},
    {"kind": "materials", "space": "mixture", "components": list("abcd"), "grid": 6, "max_components": 3},
    {"kind": "materials", "space": "mixture", "components": ["a", "b"], "grid": 1, "max_components": 4},
    {
        "kind": "materials",
        "space": "mixture",
        "components": ["a", "b", "c"],
        "grid": 4,
        "process": [{"name": "t", "type": "ordinal", "values": [1, 2, 3]}],
    },
    {"kind": "materials", "space": "composition", "elements": ["Fe", "Cu", "O", "S", "Ti"], "max_atoms": 8},
    {
        "kind": "materials",
        "space": "composition",
        "elements": ["Fe", "Mn", "O", "N"],
        "max_atoms": 9,
        "max_elements": 3,
        "oxidation_states": "known",
    },
    {
        "kind": "materials",
        "space": "composition",
        "elements": ["Al", "Cu", "Zn"],
        "max_atoms": 6,
        "oxidation_states": "off",
    },
]


def opened(spec: dict[str, Any]) -> Environment:
    plugin = installed()[spec["kind"]]
    return plugin.open(plugin.spec.model_validate(spec)).environment([])


def listed(environment: Environment) -> dict[int, int]:
    """Return size -> number of distinct objects, one by one."""
    finals = enumerate_space(environment, EDGES).final_states
    texts = environment.objects(finals)
    result: dict[int, set[str]] = {}
    for text, size in zip(texts, environment.size(finals).tolist(), strict=True):
        if text:
            result.setdefault(size, set()).add(text)
    return {size: len(texts) for size, texts in sorted(result.items())}


def small_environments(kind: str) -> list[Environment]:
    """Return the environments of a domain's examples that are small enough to enumerate."""
    result = []
    for example in examples_of(kind):
        environment = example.domain.environment(example.texts)
        try:
            enumerate_space(environment, EDGES)
        except ValueError:
            continue
        result.append(environment)
    return result


def rounded(log_counts: dict[int, float]) -> dict[int, int]:
    for log_count in log_counts.values():
        assert math.exp(log_count) == pytest.approx(round(math.exp(log_count)), abs=1e-6)
    return {size: round(math.exp(log_count)) for size, log_count in sorted(log_counts.items())}


@pytest.mark.parametrize("kind", installed())
def test_every_domain_counts_the_objects_of_its_small_examples(kind: str):
    environments = small_environments(kind)
    assert environments
    for environment in environments:
        assert rounded(dict(count_objects(environment, 0).log_counts)) == listed(environment)


@pytest.mark.parametrize("spec", SPECS)
def test_counts_in_closed_form_are_those_of_the_listed_space(spec: dict[str, Any]):
    environment = opened(spec)
    exact = environment.log_counts()
    assert exact is not None
    assert rounded(dict(exact)) == listed(environment)


@pytest.mark.parametrize("kind", installed())
def test_rollouts_estimate_the_counts_within_their_errors(kind: str, monkeypatch: pytest.MonkeyPatch):
    """Disable exact counts and enumeration, so that every count is estimated."""
    monkeypatch.setattr(counting, "MOST_EDGES", 0)
    for environment in small_environments(kind):
        monkeypatch.setattr(type(environment), "log_counts", lambda _: None)
        counts, true = count_objects(environment, 1), listed(environment)
        assert counts.how == "estimated"
        assert set(counts.log_counts) == set(true)
        for size, number in true.items():
            allowance = 4 * counts.errors[size] + 0.02
            assert counts.log_counts[size] == pytest.approx(math.log(number), abs=allowance)
        assert counts == count_objects(environment, 1)
        assert len(true) == 1 or counts != count_objects(environment, 2)


def test_an_estimate_is_unbiased_with_a_standard_error():
    environment = Hypergrid(3, 4)
    generator = torch.Generator().manual_seed(0)
    runs = [walked_counts(environment, 64, generator) for _ in range(400)]
    for size, number in listed(environment).items():
        result = torch.tensor([math.exp(run.get(size, -math.inf)) for run in runs], dtype=torch.float64)
        assert float(result.mean()) == pytest.approx(number, abs=4 * float(result.std()) / 20)
        assert float(result.std()) < 0.6 * number + 0.5


def test_what_is_no_object_of_its_own_is_not_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Hypergrid, "objects", lambda _, states: ["" if row[0] else "x" for row in states.tolist()])
    environment = Hypergrid(2, 3)
    expected = {1: 1, 2: 1, 3: 1}
    assert rounded(dict(count_objects(environment, 0).log_counts)) == expected
    monkeypatch.setattr(counting, "MOST_EDGES", 0)
    estimated = count_objects(environment, 0)
    assert set(estimated.log_counts) == set(expected)
    monkeypatch.setattr(Hypergrid, "objects", lambda _, states: [""] * len(states))
    with pytest.raises(ValueError, match="made an object"):
        count_objects(environment, 0)


def test_a_size_without_rollouts_is_extrapolated_from_its_neighbours():
    counts = Counts({2: 1.0, 3: 3.0, 6: 6.0}, "estimated")
    assert [counts.log_count(size) for size in (1, 2, 3, 4, 6, 8)] == pytest.approx([-1.0, 1.0, 3.0, 4.0, 6.0, 8.0])
    assert Counts({4: 2.0}, "estimated").log_count(9) == 2.0


def test_a_composition_that_balances_in_several_ways_counts_once():
    states = {"A": (1, 2), "B": (-2, -1, 1), "C": (-1, 2)}
    result: dict[int, int] = {}
    for amounts in product(range(6), repeat=3):
        taken = {name: n for name, n in zip(states, amounts, strict=True) if n}
        if taken and sum(amounts) <= 5 and len(taken) <= 2 and math.gcd(*amounts) == 1 and is_neutral(taken, states):
            result[sum(amounts)] = result.get(sum(amounts), 0) + 1
    assert count_compositions(tuple(states.values()), 5, 2) == dict(sorted(result.items()))


def test_slow_counting_is_replaced_by_rollouts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("models.domains.materials.charge_balance.reachability.MOST_STEPS", 10)
    assert count_compositions(((1, 2), (-2,), (-1,)), 6, 3) is None


def test_a_restricted_environment_counts_its_list():
    whole = opened(SPECS[0])
    restricted = RestrictedEnvironment(whole, ["CA", "CAK", "CAW", "CAWKK", "CAK", "KKK"])
    assert rounded(restricted.log_counts()) == {2: 1, 3: 2, 5: 1}
    assert listed(restricted) == {2: 1, 3: 2, 5: 1}
