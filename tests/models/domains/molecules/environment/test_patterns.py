"""Substitution patterns tell siblings apart, so that hashes need not."""

from collections.abc import Callable

import pytest
import torch

from models.domains.molecules.environment import encoding
from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.environment.patterns import counts
from models.domains.molecules.fragments.vocabulary import compile_fragments

Walk = Callable[..., torch.Tensor]
BENZENES = ("[*]c1ccc([*])cc1", "[*]c1cc([*])cc([*])c1", "[*]OC", "[*]C1CC1", "[*]C([*])=O", "[*]N[*]")


def siblings(env: FragmentTrees, trees: torch.Tensor) -> torch.Tensor:
    """Return the distinct states [U, W] of pointing anywhere in trees, and of one attachment there each."""
    found = []
    for row in trees:
        slots = env.forward_mask(row[None])[0, : env.n_slots].nonzero().squeeze(1)
        if not len(slots):
            continue
        pointed = env.step(row.repeat(len(slots), 1), slots)
        fitting = env.forward_mask(pointed)
        fitting[:, : env.n_slots] = False
        word = fitting.sum(dim=0).argmax()
        at = pointed[fitting[:, word]]
        found += [pointed, env.step(at, word.expand(len(at)))]
    states = torch.cat(found)
    _, group = torch.unique(env.key(states), return_inverse=True)
    first = torch.full((int(group.max()) + 1,), len(states))
    return states[first.scatter_reduce(0, group, torch.arange(len(states)), "amin")]


def share_alike(rows: torch.Tensor) -> float:
    """Return the share of rows [U, D] that equal another one."""
    _, group, count = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    return float((count[group] > 1).double().mean())


def without(rows: torch.Tensor, env: FragmentTrees, *names: str) -> torch.Tensor:
    rows = rows.clone()
    for name in names:
        rows[:, encoding.columns(len(env.fragments), env._tables.n_environments)[name]] = 0
    return rows


SIGNS = ("signs of the pointed site", "signs of the state")


def test_siblings_are_told_apart_without_hashes(walk: Walk, default_env: FragmentTrees):
    trees = walk(default_env, 200, 3)
    trees[:, -1] = 0  # unfinished again
    states = siblings(default_env, trees)
    assert len(states) > 300
    rows = default_env.encode(states)
    assert share_alike(without(rows, default_env, *SIGNS)) <= 0.05
    assert share_alike(without(rows, default_env, *SIGNS, "patterns")) > 0.5


def test_ortho_meta_and_para_have_patterns_of_their_own():
    env = FragmentTrees(compile_fragments(BENZENES), 4, 20)
    texts = ["COc1ccccc1C1CC1", "COc1cccc(C2CC2)c1", "COc1ccc(C2CC2)cc1", "COc1ccc(OC)cc1"]
    states, is_known = env.states(texts)
    assert is_known.all()
    rows = env.encode(states)[:, encoding.columns(len(env.fragments), env._tables.n_environments)["patterns"]]
    assert len(torch.unique(rows, dim=0)) == len(texts)


def test_a_site_sees_what_else_its_fragment_holds():
    env = FragmentTrees(compile_fragments(BENZENES), 4, 20)
    states, _ = env.states(["COc1ccccc1"])
    states[:, -1] = 0
    is_allowed = env.forward_mask(states)[0, : env.n_slots]
    slots = env.encode_slots(states)[0, is_allowed][:, encoding.SLOT_PATTERNS]
    assert len(slots) == 3, "ortho, meta and para of one substituent"
    assert len(torch.unique(slots, dim=0)) == 3


@pytest.mark.parametrize("width", [8, 64])
def test_counts_are_sums_of_signs(width: int):
    hashes = torch.randint(2**60, (5, 9), generator=torch.Generator().manual_seed(1))
    everything = torch.ones(5, 9, dtype=torch.bool)
    assert torch.equal(counts(hashes, everything, width).abs().sum(dim=1) % 2, torch.ones(5))
    assert not counts(hashes, ~everything, width).any()
    assert torch.equal(counts(hashes.flip(1), everything, width), counts(hashes, everything, width))
