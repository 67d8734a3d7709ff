"""The peptides' environment against brute-force lists of what the campaign allows."""

from itertools import product
from typing import Any

import pytest
import torch
from domain_examples import Example
from environment_walks import list_space

from models.domains.peptides import PLUGIN
from models.domains.peptides.domain import Peptides
from models.domains.peptides.spec import PeptidesSpec

SPECS: list[dict[str, Any]] = [
    {"min_length": 1, "max_length": 4, "alphabet": "AKW"},
    {"min_length": 3, "max_length": 3, "alphabet": "ADKW"},
    {"min_length": 2, "max_length": 5, "alphabet": "GL", "fixed": {1: "C", 2: "G"}, "c_terminus": "amide"},
    {"min_length": 1, "max_length": 1, "alphabet": "K"},
    {"min_length": 2, "max_length": 2, "alphabet": "KL", "fixed": {1: "L", 2: "W"}},
]


def _all_allowed(domain: Peptides) -> list[str]:
    """Return every text over the campaign's residues, up to one residue too long, that `check` allows."""
    residues = sorted({*domain.spec.alphabet, *domain.spec.fixed.values(), "V"})
    lengths = range(1, domain.spec.max_length + 2)
    texts = ("".join(word) for length in lengths for word in product(residues, repeat=length))
    return [text for text in texts if not domain.check(text)]


@pytest.mark.parametrize("fields", SPECS)
def test_final_states_are_exactly_the_allowed_peptides(fields: dict[str, Any]):
    domain = Peptides(PeptidesSpec.model_validate(fields))
    space = list_space(Example(PLUGIN, fields, (), domain, []))
    assert space is not None
    assert sorted(space.env.objects(space.finals)) == sorted(_all_allowed(domain))


def test_states_are_known_exactly_for_allowed_peptides():
    domain = Peptides(PeptidesSpec(min_length=2, max_length=4, alphabet="AK", fixed={2: "C"}))
    texts = ["".join(word) for n in range(1, 6) for word in product("ACK", repeat=n)] + ["AX", "Ac-AC-OH", ""]
    env = domain.environment([])
    states, is_known = env.states(texts)
    allowed = [bool(text) and "X" not in text and not domain.check(text) for text in texts]
    assert is_known.tolist() == allowed
    assert env.objects(states[is_known]) == [text for text, ok in zip(texts, allowed, strict=True) if ok]


def test_stop_opens_at_the_least_length_and_the_greatest_ends_by_itself():
    env = Peptides(PeptidesSpec(min_length=2, max_length=3, alphabet="AK")).environment([])
    states = env.reset(1)
    stops = []
    for _ in range(3):
        stops.append(bool(env.forward_mask(states)[0, -1]))
        states = env.step(states, torch.tensor([0]))
    assert stops == [False, False, True]
    assert env.is_final(states).all()
    assert env.max_steps == 3


def test_fixed_positions_leave_one_choice():
    env = Peptides(PeptidesSpec(min_length=2, max_length=3, alphabet="AK", fixed={1: "C"})).environment([])
    assert int(env.forward_mask(env.reset(1)).sum()) == 1


def test_keys_of_many_states_do_not_collide():
    env = Peptides(PeptidesSpec(min_length=1, max_length=7, alphabet="ACDEF")).environment([])
    texts = ["".join(word) for n in (5, 6) for word in product("ACDEF", repeat=n)]
    states, is_known = env.states(texts)
    assert is_known.all()
    assert len(env.key(states).unique()) == len(texts)
