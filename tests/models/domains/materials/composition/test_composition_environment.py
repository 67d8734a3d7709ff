"""Constructible equals valid: the environment against brute force in every oxidation-state mode."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models.domains.contract import Domain
from models.domains.materials.charge_balance.elements import in_order
from models.domains.materials.charge_balance.oxidation_states import allowed_states
from models.domains.materials.composition.formula import write
from models.domains.materials.spec import CompositionSpec
from models.gflownet.environment import Environment

CUSTOM = {"Fe": (2, 3), "Cu": (1, 2), "O": (-2, -1), "N": (-3,), "H": (-1, 0, 1)}
MODES = [
    ("off", {"max_elements": 3, "max_atoms": 7}),
    ("common", {"max_elements": 3, "max_atoms": 9}),
    ("known", {"max_elements": 3, "max_atoms": 8}),
    ("custom", {"max_elements": 4, "max_atoms": 8, "custom_oxidation_states": CUSTOM}),
    ("custom", {"max_elements": 8, "max_atoms": 6, "custom_oxidation_states": CUSTOM}),
    ("off", {"max_elements": 1, "max_atoms": 5}),
    ("off", {"max_elements": 5, "max_atoms": 1}),
]


def neutral(amounts: tuple[int, ...], states: list[tuple[int, ...]]) -> bool:
    return any(
        sum(n * state for n, state in zip(amounts, chosen, strict=True)) == 0 for chosen in itertools.product(*states)
    )


def brute_force(spec: CompositionSpec) -> set[str]:
    """Every valid composition, by trying all amounts of all subsets and all assignments of charges."""
    order = in_order(spec.elements)
    states = allowed_states(spec.elements, spec.oxidation_states, spec.custom_oxidation_states)
    result = set()
    for size in range(1, spec.max_elements + 1):
        for symbols in itertools.combinations(order, size):
            for amounts in itertools.product(range(1, spec.max_atoms + 1), repeat=size):
                within = sum(amounts) <= spec.max_atoms and math.gcd(*amounts) == 1
                if within and neutral(amounts, [states[symbol] for symbol in symbols]):
                    result.add(write(dict(zip(symbols, amounts, strict=True))))
    return result


@pytest.mark.parametrize(("mode", "fields"), MODES)
def test_constructible_objects_are_the_valid_ones_each_once(
    mode: str,
    fields: dict[str, Any],
    open_spec: Callable[..., Domain],
    constructible: Callable[[Environment], list[str]],
):
    fields = {"elements": list(CUSTOM), "oxidation_states": mode, **fields}
    domain = open_spec("composition", **fields)
    objects = constructible(domain.environment([]))
    expected = brute_force(CompositionSpec(kind="materials", space="composition", **fields))
    assert len(expected) >= 1
    assert len(objects) == len(set(objects))
    assert set(objects) == expected
    assert all(domain.check(text) == [] for text in objects)


def test_wide_charges_span_several_words(
    open_spec: Callable[..., Domain], constructible: Callable[[Environment], list[str]]
):
    wide = {"Cs": (9,), "Ba": (7,), "N": (-8,), "O": (-9,)}
    fields = {"elements": list(wide), "max_elements": 4, "max_atoms": 17, "oxidation_states": "custom"}
    domain = open_spec("composition", **fields, custom_oxidation_states=wide)
    environment = domain.environment([])
    assert environment._allowed.shape[2] > 1
    spec = CompositionSpec(kind="materials", space="composition", **fields, custom_oxidation_states=wide)
    assert set(constructible(environment)) == brute_force(spec)


def test_states_returns_what_can_be_built(open_spec: Callable[..., Domain]):
    domain = open_spec("composition", elements=["Zn", "Ga", "S"], max_elements=2, max_atoms=5)
    texts = ["ZnS", "Ga2S3", "GaS", "ZnGa2S4", "NaCl", "ZnO"]
    states, result = domain.environment([]).states(texts)
    assert result.tolist() == [domain.check(text) == [] for text in texts] == [True, True, False, False, False, False]
    assert domain.environment([]).objects(states[result]) == ["ZnS", "Ga2S3"]
    assert not states[~result].any()


def test_a_large_space_never_runs_into_a_dead_end(open_spec: Callable[..., Domain]):
    elements = ["Li", "Na", "K", "Mg", "Ca", "Ti", "Mn", "Fe", "Cu", "Zn", "Al", "Si", "P", "S", "O", "F", "Cl", "N"]
    domain = open_spec("composition", elements=elements, max_elements=6, max_atoms=24, oxidation_states="known")
    environment = domain.environment([])
    generator = torch.Generator().manual_seed(3)
    states = environment.reset(200)
    for _ in range(environment.max_steps):
        running = ~environment.is_final(states)
        mask = environment.forward_mask(states[running])
        assert mask.any(dim=1).all()
        actions = torch.multinomial(mask.float(), 1, generator=generator)[:, 0]
        states[running] = environment.step(states[running], actions)
    assert environment.is_final(states).all()
    texts = environment.objects(states)
    assert all(domain.check(text) == [] and domain.parse({"formula": text}) == text for text in texts)
    assert len(set(texts)) > 150
