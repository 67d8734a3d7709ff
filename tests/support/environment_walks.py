"""Uniform random walks and full listings of an environment, checking its contract at every step."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from domain_examples import Example
from torch import Tensor

from models.gflownet.environment import Environment
from models.gflownet.structures import Graph

N_WALKS = 48
MOST_STATES = 5_000
MOST_EDGES = 60_000


def pick(mask: Tensor, generator: torch.Generator) -> Tensor:
    """Return one allowed action per row [B], uniformly."""
    return torch.multinomial(mask.to(torch.float32), 1, generator=generator).squeeze(1)


def check_masks(env: Environment, states: Tensor) -> None:
    """Check the masks' shapes and promises for a batch of states."""
    forward, backward, final = env.forward_mask(states), env.backward_mask(states), env.is_final(states)
    assert forward.shape == (len(states), env.n_actions)
    assert backward.shape == (len(states), env.n_backward_actions)
    assert final.shape == (len(states),)
    assert forward.dtype == backward.dtype == final.dtype == torch.bool
    is_initial = env.key(states) == env.key(env.reset(1))
    assert torch.equal(forward.any(dim=1), ~final)
    assert torch.equal(backward.any(dim=1), ~is_initial)


def check_states(env: Environment, states: Tensor) -> None:
    """Check everything that can be asked of a batch of states without moving."""
    before = states.clone()
    assert states.shape == (len(states), env.state_width)
    assert states.dtype == torch.int64
    check_masks(env, states)
    encoded, slots, keys = env.encode(states), env.encode_slots(states), env.key(states)
    assert encoded.shape == (len(states), env.encoding_width)
    assert slots.shape == (len(states), env.n_slots, env.slot_width)
    assert encoded.dtype == slots.dtype == torch.float32
    assert torch.isfinite(encoded).all()
    assert torch.isfinite(slots).all()
    assert keys.shape == (len(states),)
    assert keys.dtype == torch.int64
    if env.graph_kinds is not None:
        check_graph(env.graph(states), env.graph_kinds)
    assert torch.equal(states, before)


def check_graph(graph: Graph, kinds: tuple[int, int, int]) -> None:
    """Check the ranges of kinds, that bonds have two ends, and that nothing hangs on empty nodes."""
    for part, n in zip((graph.nodes, graph.sites, graph.relations), kinds, strict=True):
        assert part.dtype == torch.int64
        assert bool(((part >= 0) & (part < n)).all())
    across = torch.nn.functional.pad(graph.across.flatten(1), (1, 0))  # [N, 1 + K]
    here = torch.arange(across.shape[1]).expand_as(across)
    back = across.gather(1, across)
    assert torch.equal(back[across > 0], here[across > 0])
    is_empty = graph.nodes == 0
    assert not graph.sites[is_empty].any()
    assert not graph.across[is_empty].any()
    assert bool((is_empty[:, 1:] | ~is_empty[:, :-1]).all())


def check_tokens(env: Environment, states: Tensor, following: Tensor) -> None:
    """Check that a step appended one token to those of states [n, W]."""
    before, after = env.tokens(states), env.tokens(following)
    assert before.shape == after.shape == (len(states), env.max_steps)
    assert bool(((after >= 0) & (after <= env.n_tokens)).all())
    length = (before > 0).sum(dim=1)
    assert torch.equal((after > 0).sum(dim=1), length + 1)
    is_kept = torch.arange(env.max_steps) < length.unsqueeze(1)
    assert torch.equal(after * is_kept, before)


def check_forward(env: Environment, states: Tensor, actions: Tensor) -> Tensor:
    """Take actions, check that they can be taken back, and return the next states."""
    before = states.clone()
    following = env.step(states, actions)
    undone, backward = env.step_with_reverse(states, actions)
    assert torch.equal(env.key(undone), env.key(following))
    assert env.backward_mask(undone).gather(1, backward.unsqueeze(1)).all()
    assert torch.equal(env.key(env.backward_step(undone, backward)), env.key(states))
    assert torch.equal(states, before)
    if env.n_tokens:
        check_tokens(env, states, following)
    return following


def check_backward(env: Environment, states: Tensor, actions: Tensor) -> Tensor:
    """Take backward actions, check that they can be taken again, and return the parents."""
    before = states.clone()
    parents = env.backward_step(states, actions)
    redone, forward = env.backward_step_with_forward(states, actions)
    assert torch.equal(env.key(redone), env.key(parents))
    assert env.forward_mask(redone).gather(1, forward.unsqueeze(1)).all()
    assert torch.equal(env.key(env.step(redone, forward)), env.key(states))
    assert torch.equal(states, before)
    return parents


def walk(env: Environment, seed: int) -> list[Tensor]:
    """Return the batches of states along uniform random walks; finished rows stay where they are."""
    generator = torch.Generator().manual_seed(seed)
    batches = [env.reset(N_WALKS)]
    for _ in range(env.max_steps):
        states = batches[-1].clone()
        rows = (~env.is_final(states)).nonzero().squeeze(1)
        if not len(rows):
            break
        actions = pick(env.forward_mask(states[rows]), generator)
        states[rows] = check_forward(env, states[rows], actions)
        batches.append(states)
    return batches


@dataclass(frozen=True)
class Space:
    """All states of a small environment, with its edges as pairs of keys (parent, child)."""

    example: Example
    env: Environment
    states: Tensor
    forward: Sequence[tuple[int, int]]

    @property
    def finals(self) -> Tensor:
        """The finished states."""
        return self.states[self.env.is_final(self.states)]


def edges(env: Environment, states: Tensor, *, forward: bool) -> tuple[Tensor, list[tuple[int, int]]]:
    """Return every neighbour of the states in one direction, and the edges as (parent key, child key)."""
    mask = env.forward_mask(states) if forward else env.backward_mask(states)
    rows, actions = mask.nonzero().unbind(dim=1)
    others = (env.step if forward else env.backward_step)(states[rows], actions)
    here, there = env.key(states[rows]).tolist(), env.key(others).tolist()
    return others, list(zip(here, there, strict=True) if forward else zip(there, here, strict=True))


def list_space(example: Example) -> Space | None:
    """Return all states breadth first, or None when there are too many."""
    env = example.domain.environment(example.texts)
    frontier = env.reset(1)
    levels, forward = [], []
    found = set(env.key(frontier).tolist())
    while len(frontier):
        if len(found) > MOST_STATES or len(forward) + int(env.forward_mask(frontier).sum()) > MOST_EDGES:
            return None
        levels.append(frontier)
        following, pairs = edges(env, frontier, forward=True)
        forward += pairs
        fresh = {child: row for row, (_, child) in enumerate(pairs) if child not in found}
        found |= set(fresh)
        frontier = following[list(fresh.values())]
    return Space(example, env, torch.cat(levels), forward)
