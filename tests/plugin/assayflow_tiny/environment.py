"""The switches' environment: set a switch that is not set yet, in any order, so that the graph is no tree.

State [n]: 0 not set, 1 off, 2 on. Forward action 2i + v sets switch i off or on; backward action i takes it
back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import torch

from models.gflownet.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@final
class SwitchesEnvironment(Environment):
    """n switches, n steps."""

    format = "SwitchesEnvironment"

    def __init__(self, n: int, device: str) -> None:
        self.device = torch.device(device)
        self.state_width = self.max_steps = self.n_backward_actions = n
        self.n_actions = 2 * n
        self.encoding_width = 3 * n

    def reset(self, n: int) -> Tensor:
        """Return n rows without a set switch."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return two values for every switch that is not set."""
        return (states == 0).repeat_interleave(2, dim=1)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return the switches that are set."""
        return states > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return states with one more switch set."""
        return states.scatter(1, (actions // 2).unsqueeze(1), (actions % 2 + 1).unsqueeze(1))

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return states with one switch less set."""
        return states.scatter(1, actions.unsqueeze(1), 0)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return next states and which switch to take back."""
        return self.step(states, actions), actions // 2

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents and how to set the switch again."""
        values = states.gather(1, actions.unsqueeze(1)).squeeze(1) - 1
        return self.backward_step(states, actions), 2 * actions + values

    def encode(self, states: Tensor) -> Tensor:
        """Return every switch one-hot."""
        return torch.nn.functional.one_hot(states, 3).flatten(1).to(torch.float32)

    def is_final(self, states: Tensor) -> Tensor:
        """Return whether every switch is set."""
        return (states > 0).all(dim=1)

    def objects(self, states: Tensor) -> list[str]:
        """Return letters 0 and 1."""
        return ["".join(str(value - 1) for value in row) for row in states.tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the states of rows of the right length."""
        fits = [len(text) == self.state_width for text in texts]
        rows = [
            [int(c) + 1 for c in text] if fit else [0] * self.state_width
            for text, fit in zip(texts, fits, strict=True)
        ]
        states = torch.tensor(rows, dtype=torch.int64, device=self.device).reshape(
            len(texts), self.state_width
        )
        return states, torch.tensor(fits, dtype=torch.bool, device=self.device)
