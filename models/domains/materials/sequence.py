"""An append-only construction process: a state is the row of past actions, so every object has one path.

Both spaces derive from it; they add masks, the encoding of states and the canonical text. Letters: B batch, W
state width, A actions. A column holds its action plus one; zero is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.gflownet.environment import Environment

if TYPE_CHECKING:
    from torch import Tensor


class ActionSequence(Environment):
    """Appends one action at a time; the only backward action removes the last one."""

    n_backward_actions = 1

    def __init__(self, n_actions: int, max_steps: int, device: str) -> None:
        self.device = torch.device(device)
        self.n_actions = n_actions
        self.max_steps = max_steps
        self.state_width = max_steps
        self.n_tokens = n_actions

    def reset(self, n: int) -> Tensor:
        """Return n empty rows [n, W]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return whether there is an action to undo [B, 1]."""
        return states[:, :1] > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the rows with the actions appended [B, W]."""
        return states.scatter(1, _length(states)[:, None], actions[:, None] + 1)

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:  # noqa: ARG002 - there is only one
        """Return the rows without their last action [B, W]."""
        return states.scatter(1, _length(states)[:, None] - 1, 0)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next states and the backward action, which is always the same one."""
        return self.step(states, actions), torch.zeros_like(actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the parents and the actions that were taken back."""
        last = states.gather(1, _length(states)[:, None] - 1).squeeze(1) - 1
        return self.backward_step(states, actions), last

    def tokens(self, states: Tensor) -> Tensor:
        """Return the actions that were taken [B, L]: the rows themselves."""
        return states


def _length(states: Tensor) -> Tensor:
    return (states > 0).sum(dim=1)


def last_entry(states: Tensor) -> Tensor:
    """Return the last action plus one [B]; 0 where there is none."""
    return states.gather(1, (_length(states)[:, None] - 1).clamp_min(0)).squeeze(1)


def chosen_actions(states: Tensor, n_actions: int) -> Tensor:
    """Return which actions were taken [B, A] (float32)."""
    marks = torch.zeros(len(states), n_actions + 1, device=states.device)
    return marks.scatter_(1, states, 1.0)[:, 1:]


def one_hot(values: Tensor, size: int) -> Tensor:
    """Return [B, size] (float32) for values [B] in 0 to size - 1."""
    return torch.nn.functional.one_hot(values, size).to(torch.float32)
