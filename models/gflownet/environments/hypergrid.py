"""The hypergrid of arXiv:2106.04399: move up the axes of a grid, then stop. Objects have many trajectories.

Letters: B batch, D dimensions, H side. A state is D coordinates in 0..H-1 and a flag that is 1 when finished.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from models.gflownet.environment import Environment

RING = 0.25
PEAK = (0.3, 0.4)
"""Distance from the centre on every axis, in sides."""


def hypergrid_log_reward(coordinates: Tensor, side: int, base: float = 1e-3) -> Tensor:
    """Return the log-reward [B] of grid points [B, D]: `base`, rings of 0.5 and corner peaks of 2."""
    distance = (coordinates.double() / (side - 1) - 0.5).abs()
    ring = (distance > RING).all(dim=1)
    peak = ((distance > PEAK[0]) & (distance < PEAK[1])).all(dim=1)
    return (base + 0.5 * ring + 2.0 * peak).log()


@final
class Hypergrid(Environment):
    """Raise one of D coordinates by one, or stop (the last action)."""

    format = "Hypergrid"

    def __init__(self, n_dimensions: int, side: int, device: torch.device | str = "cpu") -> None:
        if n_dimensions < 1 or side < 2:  # noqa: PLR2004 - a side of 1 has no moves
            raise ValueError("give at least one dimension and a side of at least 2")
        self.n_dimensions = n_dimensions
        self.side = side
        self.device = torch.device(device)
        self.state_width = n_dimensions + 1
        self.n_actions = n_dimensions + 1
        self.stop_action = n_dimensions
        self.n_backward_actions = n_dimensions + 1
        self.encoding_width = n_dimensions * side
        self.max_steps = n_dimensions * (side - 1) + 1
        self._move = torch.eye(n_dimensions + 1, dtype=torch.int64, device=self.device)
        limits = [[side - 1] * n_dimensions + [1], [0] * self.state_width]
        self._limits = torch.tensor(limits, device=self.device)  # of an open point, of a finished one
        self._one_hot = torch.eye(side, device=self.device)

    def reset(self, n: int) -> Tensor:
        """Return n origins [n, D + 1]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return the axes that can still rise, and stopping [B, D + 1]."""
        return states < self._limits.index_select(0, states.select(1, self.n_dimensions))

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return the axes above zero, or only undoing the stop for a finished point [B, D + 1]."""
        return (states > 0) & (states[:, -1:] == self._move[-1])

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Raise a coordinate, or stop."""
        return states + self._move.index_select(0, actions)

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Lower a coordinate, or undo the stop."""
        return states - self._move.index_select(0, actions)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take a step; backward actions have the same numbers."""
        return self.step(states, actions), actions

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take a step back; forward actions have the same numbers."""
        return self.backward_step(states, actions), actions

    def encode(self, states: Tensor) -> Tensor:
        """Return the coordinates one-hot [B, D * H]; only unfinished states have actions."""
        coordinates = states.narrow(1, 0, self.n_dimensions)
        return torch.embedding(self._one_hot, coordinates).view(-1, self.encoding_width)

    def is_final(self, states: Tensor) -> Tensor:
        """Return which trajectories have stopped [B]."""
        return states.select(1, self.n_dimensions).eq(1)

    def objects(self, states: Tensor) -> list[str]:
        """Return coordinates separated by commas."""
        return [",".join(map(str, row)) for row in states[:, :-1].tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return finished points [N, D + 1]; points outside the grid cannot be represented."""
        rows, is_known = [], []
        for text in texts:
            point = [int(word) if word.isdecimal() else -1 for word in text.split(",")]
            is_known.append(len(point) == self.n_dimensions and all(0 <= x < self.side for x in point))
            rows.append([*point, 1] if is_known[-1] else [0] * self.state_width)
        states = torch.tensor(rows, dtype=torch.int64, device=self.device).view(-1, self.state_width)
        return states, torch.tensor(is_known, dtype=torch.bool, device=self.device)
