"""Designs against brute force: which molecules they hold, and that every mask leads somewhere and back."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import torch
from environment_walks import check_backward, check_forward, check_states
from exactness import SETTINGS, assert_exact
from rdkit import Chem

from models.domains.molecules.domain import Molecules
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.environment import Environment
from models.gflownet.exact import Space, enumerate_space

FRAGMENTS = ("[*]c1ccccc1", "[*]N1CCN([*])CC1", "[*]C([*])=O", "[*]OC", "[*]CC", "[*]O[*]", "[*]N([*])[*]")
UNITS = ("[*]C([*])[*]", "[*]O[*]", "[*]N([*])[*]", "[*]C([*])=O", "[*]c1ccccc1")
PARTS = ("[*]OC", "[*]C(C)C", "[*]c1cnc([*])nc1", "[*]CC[*]", "[*]O[*]")
RINGS = ("c2cnc({})nc2", "c2ncc({})cn2")
"""The ring of `PARTS` bonded by either of its sites."""
CASES: Mapping[str, Mapping[str, Any]] = {
    "lists": {
        "scaffold": {
            "smiles": "O=C([*:1])Nc1cc([*:2])cc([*:3])c1",
            "r_groups": {
                "1": ["[*]C", "[*]c1ccccc1OC", "[*][C@H](C)F"],
                "2": ["H", "[*]F", "[*]Cl"],
                "3": ["[*]Cl", "[*]F", "H"],
            },
        }
    },
    "lists that differ at equal places": {
        "scaffold": {
            "smiles": "[*:1]c1cccc([*:2])c1",
            "r_groups": {"1": ["[*]F", "[*]Cl", "H"], "2": ["[*]F", "[*]Cl", "[*]Br", "H"]},
        }
    },
    "a list and the fragments": {
        "scaffold": {"smiles": "[*:1]c1ccnc([*:2])c1", "r_groups": {"2": ["[*]F", "H"]}},
        "fragments": FRAGMENTS,
        "max_fragments": 2,
        "max_heavy_atoms": 16,
    },
    "places that must be filled": {
        "scaffold": {"smiles": "[*:1]c1ccc([*:2])cc1", "filled": ["1"]},
        "fragments": FRAGMENTS,
        "max_fragments": 2,
        "max_heavy_atoms": 13,
    },
    "an acyl that is never an aldehyde": {
        "scaffold": {"smiles": "O=C([*:1])c1ccccc1"},
        "fragments": FRAGMENTS,
        "max_fragments": 2,
        "max_heavy_atoms": 15,
    },
    "a core": {
        "grow": {"core": "c1ccncc1"},
        "fragments": FRAGMENTS,
        "max_fragments": 2,
        "max_heavy_atoms": 13,
    },
    "a link": {
        "link": {"ends": ["[*]c1ccncc1", "[*]c1ccccc1F"], "max_fragments": 2, "max_atoms": 8},
        "fragments": FRAGMENTS,
    },
    "a link of equal ends": {
        "link": {
            "ends": ["[*]c1ccncc1", "[*]c1ccncc1"],
            "min_fragments": 0,
            "max_fragments": 2,
            "max_atoms": 8,
        },
        "fragments": FRAGMENTS,
    },
    "units with configuration": {
        "scaffold": {"smiles": "[*:1][C@H](C)c1ccncc1"},
        "fragmentation": "units",
        "fragments": (*UNITS[:3], "C[C@H](O)[*]"),
        "max_fragments": 3,
    },
    "a core and units": {
        "grow": {"core": "[*:1]c1ccncc1[*:2]"},
        "fragmentation": "units",
        "fragments": UNITS,
        "max_fragments": 2,
        "max_heavy_atoms": 12,
    },
    "a link of units": {
        "link": {"ends": ["[*]C1CCNC1", "[*]c1ccccc1F"], "max_fragments": 3, "max_atoms": 6},
        "fragmentation": "units",
        "fragments": UNITS,
    },
    "a long link": {
        "link": {"ends": ["[*]C(=O)NC", "[*]OC"], "min_fragments": 2, "max_fragments": 3, "max_atoms": 8},
        "fragments": FRAGMENTS,
        "max_heavy_atoms": 14,
    },
}


def _opened(case: Mapping[str, Any]) -> Environment:
    return Molecules(MoleculesSpec.model_validate({"fragmentation": "brics"} | case)).environment([])


def _molecules(case: Mapping[str, Any]) -> set[str]:
    environment = _opened(case)
    return set(environment.objects(enumerate_space(environment).final_states)) - {""}


def _canonical(texts: Iterable[str]) -> set[str]:
    return {Chem.CanonSmiles(text) for text in texts}


@pytest.fixture(scope="module", params=CASES)
def space(request: pytest.FixtureRequest) -> Space:
    return enumerate_space(_opened(CASES[request.param]))


def test_every_state_can_be_finished_and_taken_back(space: Space):
    env = space.environment
    states = torch.cat([*(layer.states for layer in space.layers), space.final_states])
    check_states(env, states)
    rows, actions = env.forward_mask(states).nonzero().unbind(1)
    following = check_forward(env, states[rows], actions)
    assert len({*zip(rows.tolist(), env.key(following).tolist(), strict=True)}) == len(rows)
    rows, actions = env.backward_mask(states).nonzero().unbind(1)
    parents = check_backward(env, states[rows], actions)
    assert len({*zip(rows.tolist(), env.key(parents).tolist(), strict=True)}) == len(rows)


def test_every_molecule_has_one_tree_and_finds_it_again(space: Space):
    env = space.environment
    texts = env.objects(space.final_states)
    kept = torch.tensor([bool(text) for text in texts])
    named = [text for text in texts if text]
    assert len(set(named)) == len(named) >= 9
    states, is_known = env.states(named)
    assert is_known.all()
    assert torch.equal(env.key(states), env.key(space.final_states[kept]))


def test_lists_give_every_combination_and_nothing_else():
    first = ("C", "c1ccccc1OC", "[C@H](C)F")
    halogens = ("", "F", "Cl")
    expected = _canonical(
        f"O=C({one})Nc1cc({two})cc({three})c1".replace("()", "")
        for one, two, three in itertools.product(first, halogens, halogens)
    )
    assert _molecules(CASES["lists"]) == expected
    assert len(expected) == 18


def _glued(pattern: str, texts: Iterable[str]) -> set[str]:
    return _canonical(pattern.format(text).replace("()", "") for text in texts)


def test_positions_without_a_list_take_trees_of_fragments():
    case = {"scaffold": {"smiles": "[*:1]c1ccncc1"}, "fragments": PARTS, "max_fragments": 2}
    rings = [ring.format("") for ring in RINGS]
    others = ("OC", "C(C)C", "CC", *(ring.replace("2", "3") for ring in rings))
    expected = ["", "OC", "C(C)C", "CC", *rings, *(ring.format(other) for ring in RINGS for other in others)]
    expected += ["CCOC", *(f"CC{ring}" for ring in rings), "OC(C)C", "OCC", *(f"O{ring}" for ring in rings)]
    assert _molecules(case) == _glued("n1ccc({})cc1", expected)
    assert len(_molecules(case)) == len(expected)


def test_linkers_are_all_chains_within_the_limits():
    case = {
        "link": {"ends": ["[*]c1ccncc1", "[*]c1ccccc1F"], "max_fragments": 2, "max_atoms": 8},
        "fragments": PARTS,
    }
    chains = ["O{}", "CC{}", *RINGS, "OCC{}", "CCO{}"]
    chains += [f"{short}{ring}" for short in ("O", "CC") for ring in RINGS]
    chains += [ring.format(f"{short}{{}}") for short in ("O", "CC") for ring in RINGS]
    expected = _glued("n1ccc({})cc1", [chain.format("c4ccccc4F") for chain in chains])
    assert _molecules(case) == expected
    assert len(expected) == len(chains)


def test_a_design_of_lists_needs_no_fragments():
    environment = _opened(CASES["lists"])
    assert len(environment.vocabulary()) == 1 + 3 + 2


def test_a_measured_decoration_is_found_with_its_configuration_and_another_is_not():
    environment = _opened(CASES["lists"])
    texts = ["C[C@H](F)C(=O)Nc1ccccc1", "C[C@@H](F)C(=O)Nc1ccccc1", "CC(=O)Nc1ccccc1C", "CCO"]
    _, is_known = environment.states([Chem.CanonSmiles(text) for text in texts])
    assert sorted(is_known[:2].tolist()) == [False, True]
    assert is_known[2:].tolist() == [False, False]


@pytest.mark.slow
def test_a_policy_on_a_design_reaches_the_exact_distribution():
    environment = _opened(CASES["lists that differ at equal places"])
    space = enumerate_space(environment)
    generator = torch.Generator().manual_seed(0)
    utilities = torch.rand(len(space), 2, generator=generator)
    is_object = torch.tensor([bool(text) for text in environment.objects(space.final_states)])
    utilities[~is_object] = -torch.inf
    assert 0 < int((~is_object).sum()) < len(space)
    assert_exact(environment, utilities, settings=SETTINGS)
