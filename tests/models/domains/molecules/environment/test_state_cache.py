"""Caching saves work and changes no number, neither in the environment nor in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch

from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.environment.state_cache import StateCache
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.settings import TrainerSettings
from models.gflownet.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.gflownet.conditioning import Condition

VOCABULARY = ("[*]NC([*])=O", "[*]CC[*]", "[*]c1ccc([*])cc1", "[*]c1ccccn1", "[*]N1CCN([*])CC1", "[*]c1ccccc1")


class Sums(NamedTuple):
    total: Tensor  # [B]
    doubled: Tensor  # [B, W]


class Counted:
    """Computes entries and records the given rows."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def __call__(self, states: Tensor) -> Sums:
        self.rows += states.tolist()
        return Sums(states.sum(dim=1), 2 * states)


def room(n: int) -> int:
    return n * 4 * torch.int64.itemsize


def small_environment(kept_bytes: int | None = None) -> FragmentTrees:
    """Return a small environment, with the default cache if `kept_bytes` is None."""
    env = FragmentTrees(compile_fragments(VOCABULARY), 4, 24)
    if kept_bytes is not None:
        env._facts = StateCache(env._compute, env.reset(1), kept_bytes)
    return env


def test_nothing_is_worked_out_twice_while_there_is_room():
    counted = Counted()
    memory = StateCache(counted, torch.zeros(1, 3, dtype=torch.int64), room(5))
    counted.rows.clear()
    states = torch.tensor([[1, 2, 3], [4, 5, 6], [1, 2, 3], [7, 8, -1]])
    assert memory.get(states, "total").tolist() == [6, 15, 6, 14]
    assert torch.equal(memory.get(states.flip(0), "doubled"), 2 * states.flip(0))
    assert sorted(counted.rows) == [[1, 2, 3], [4, 5, 6], [7, 8, -1]]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50])
def test_all_is_recalled_however_little_is_kept(n: int):
    counted = Counted()
    memory = StateCache(counted, torch.zeros(1, 3, dtype=torch.int64), room(n))
    assert memory.capacity == max(1, n)
    generator = torch.Generator().manual_seed(n)
    for size in (0, 1, 7, 20, 3):
        states = torch.randint(-1, 3, (size, 3), generator=generator)
        assert torch.equal(memory.get(states, "total"), states.sum(dim=1))
        assert torch.equal(memory.get(states, "doubled"), 2 * states)


def test_what_is_recalled_may_be_changed():
    memory = StateCache(Counted(), torch.zeros(1, 3, dtype=torch.int64), room(5))
    states = torch.tensor([[1, 2, 3]])
    memory.get(states, "doubled").zero_()
    states[:] = 5
    assert memory.get(states, "doubled").tolist() == [[10, 10, 10]]
    assert memory.get(torch.tensor([[1, 2, 3]]), "doubled").tolist() == [[2, 4, 6]]


def answers(env: FragmentTrees, states: Tensor) -> list[Tensor]:
    """Return all properties of states and of their neighbours."""
    forward, backward = env.forward_mask(states), env.backward_mask(states)
    source, action = forward.nonzero().unbind(1)
    ahead, back = env.step_with_reverse(states[source], action)
    source, action = backward.nonzero().unbind(1)
    behind, again = env.backward_step_with_forward(states[source], action)
    return [
        forward,
        backward,
        env.encode(states),
        env.encode_slots(states),
        env.key(states),
        ahead,
        back,
        behind,
        again,
    ]


def test_a_row_has_the_same_facts_to_the_last_bit_whatever_is_remembered(walk: Callable[..., Tensor]):
    env = small_environment()
    states = walk(env, 8, seed=2)
    while (mask := env.backward_mask(states)).any():
        known = answers(env, states)
        for kept_bytes in (0, 40_000):  # one state at a time, and a few
            fresh = answers(small_environment(kept_bytes), states)
            assert all(torch.equal(one, other) for one, other in zip(known, fresh, strict=True))
        live = mask.any(dim=1)
        states = env.backward_step(states[live], mask[live].long().argmax(dim=1))


def losses(env: FragmentTrees) -> list[float]:
    def log_reward(states: Tensor, condition: Condition) -> Tensor:
        return ((env.key(states) >> 7) & 255).float() / 255 * condition.beta

    settings = TrainerSettings(steps=4, trajectories_per_step=16, first_estimate=16)
    trainer = Trainer(env, ConditionSampler((1.0, 8.0), 1), log_reward, settings, 3, ["Cc1ccccn1", "CCc1ccccc1"])
    return [trainer.step()["loss"] for _ in range(4)]


def test_training_gives_the_same_losses_with_and_without_memory():
    assert losses(small_environment()) == losses(small_environment(40_000))
