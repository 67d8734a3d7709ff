"""Slots in use: every choice and every union of states keeps each slot's features in its place."""

import pytest
import torch

from models.gflownet.used_slots import UsedSlots, join_slots


def dense(slots: UsedSlots) -> torch.Tensor:
    whole = torch.zeros(*slots.is_used.shape, slots.values.shape[1])
    whole[slots.is_used] = slots.values
    return whole


@pytest.fixture
def whole() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(6, 5, 3, generator=generator)
    values[torch.rand(6, 5, generator=generator) < 0.6] = 0.0
    values[2] = 0.0
    return values


@pytest.mark.parametrize(
    "rows", [slice(1, 4), torch.tensor([4, 2, 4, 0]), torch.tensor([True, False] * 3), slice(0, 0)]
)
def test_chosen_states_keep_their_slots(whole: torch.Tensor, rows: torch.Tensor | slice):
    assert torch.equal(dense(UsedSlots.of(whole).at(rows)), whole[rows])


def test_joined_states_keep_their_slots(whole: torch.Tensor):
    joined = join_slots([UsedSlots.of(part) for part in (whole[:2], whole[2:3], whole[3:])])
    assert torch.equal(dense(joined), whole)
