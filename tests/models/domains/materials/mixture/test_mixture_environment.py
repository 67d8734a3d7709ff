"""Constructible is valid: the environment against brute force over all fractions and settings."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from models.domains.contract import Domain
from models.gflownet.environment import Environment

PROCESS = [
    {"name": "solvent", "type": "categorical", "values": ["DMAc", "BuCN"]},
    {"name": "t", "type": "continuous", "low": 0, "high": 0.3, "resolution": 0.1},
    {"name": "time", "type": "ordinal", "values": [1, 2.5, 10]},
]


def brute_force(domain: Domain, spec: dict[str, Any]) -> set[str]:
    levels = {"solvent": ["DMAc", "BuCN"], "t": [0.0, 0.1, 0.2, 0.3], "time": [1.0, 2.5, 10.0]}
    components, grid, most = spec["components"], spec["grid"], spec["max_components"]
    names = [variable["name"] for variable in spec["process"]]
    result = set()
    for steps in itertools.product(range(grid + 1), repeat=len(components)):
        if components and (sum(steps) != grid or sum(step > 0 for step in steps) > most):
            continue
        mixture = {name: str(step / grid) for name, step in zip(components, steps, strict=True) if step}
        for values in itertools.product(*(levels[name] for name in names)):
            settings = {name: str(value) for name, value in zip(names, values, strict=True)}
            result.add(domain.parse({**mixture, **settings}))
    return result


@pytest.mark.parametrize(
    "spec",
    [
        {"components": ["A", "B", "C"], "grid": 7, "max_components": 2, "process": PROCESS[:1]},
        {"components": ["A", "B", "C", "D"], "grid": 5, "max_components": 4, "process": []},
        {"components": ["A", "B", "C", "D"], "grid": 3, "max_components": 1, "process": PROCESS},
        {"components": ["A", "B", "C"], "grid": 1, "max_components": 3, "process": PROCESS[1:2]},
        {"components": ["A"], "grid": 6, "max_components": 2, "process": PROCESS[2:]},
        {"components": ["A", "B", "C", "D", "E"], "grid": 2, "max_components": 12, "process": []},
        {"components": [], "grid": 10, "max_components": 4, "process": PROCESS},
    ],
)
def test_constructible_objects_are_the_valid_ones_each_once(
    spec: dict[str, Any], open_spec: Callable[..., Domain], constructible: Callable[[Environment], list[str]]
):
    domain = open_spec("mixture", **spec)
    objects = constructible(domain.environment([]))
    assert len(objects) == len(set(objects))
    assert set(objects) == brute_force(domain, spec)
    assert all(domain.check(text) == [] for text in objects)


def test_a_path_has_one_step_per_component_present_and_variable(open_spec: Callable[..., Domain]):
    domain = open_spec("mixture", components=["A", "B", "C"], grid=4, max_components=3, process=PROCESS)
    environment = domain.environment([])
    texts = [
        domain.parse({**mix, "solvent": "DMAc", "t": "0.1", "time": "1"})
        for mix in ({"B": "1"}, {"A": ".5", "C": ".5"})
    ]
    states, result = environment.states(texts)
    assert result.all()
    assert (states > 0).sum(dim=1).tolist() == [4, 5]


def test_states_returns_what_can_be_built(open_spec: Callable[..., Domain]):
    domain = open_spec("mixture", components=["A", "B"], grid=4, max_components=1, process=PROCESS[:1])
    rows = [{"A": "1", "solvent": "BuCN"}, {"A": ".5", "B": ".5", "solvent": "BuCN"}, {"A": "1", "solvent": "water"}]
    texts = [domain.parse(row) for row in rows]
    states, result = domain.environment([]).states(texts)
    assert result.tolist() == [domain.check(text) == [] for text in texts] == [True, False, False]
    assert domain.environment([]).objects(states[result]) == texts[:1]
