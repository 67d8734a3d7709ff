"""Peptides built residue by residue from the N-terminus, in batches of tensors. Knows no reward.

State [L + 1]: residue numbers from 1 (0 is empty) at L = max_length positions, then whether the chain is
finished. Forward action k < K appends residue k; action K stops, allowed from min_length on. A chain that
reaches max_length is finished at once, because a forced stop would only lengthen trajectories. The single
backward action undoes the last step, so the graph is a tree.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.environment import Environment


def _allowed(spec: PeptidesSpec, residues: str) -> Tensor:
    """Return which residue may stand at each position [L, K] (bool)."""
    rows = [
        [
            residue == spec.fixed[position] if position in spec.fixed else residue in spec.alphabet
            for residue in residues
        ]
        for position in range(1, spec.max_length + 1)
    ]
    return torch.tensor(rows, dtype=torch.bool)


@final
class PeptidesEnvironment(Environment):
    """Left-to-right construction over the campaign's residues."""

    format = "PeptidesEnvironment"

    def __init__(self, spec: PeptidesSpec, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.residues = "".join(sorted({*spec.alphabet, *spec.fixed.values()}))
        self.min_length = spec.min_length
        self.max_length = spec.max_length
        self.state_width = spec.max_length + 1
        self.stop = len(self.residues)
        self.n_actions = self.stop + 1
        self.stop_action = self.stop if spec.min_length == 1 else None
        self.ending_action = self.stop
        self.n_backward_actions = 1
        self.max_steps = spec.max_length
        self.n_tokens = self.stop + 1
        self.encoding_width = (self.max_length + 1) * (self.stop + 1) + 1
        self.allowed = _allowed(spec, self.residues).to(self.device)
        """Which residue may stand at each position [L, K] (bool)."""
        # a chain of full length has no position left: one more row without residues
        self._allowed = torch.cat([self.allowed, torch.zeros_like(self.allowed[:1])])

    def reset(self, n: int) -> Tensor:
        """Return n empty chains [n, W]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def _lengths(self, states: Tensor) -> Tensor:
        return (states[:, :-1] > 0).sum(dim=1)  # [B]

    def is_final(self, states: Tensor) -> Tensor:
        """Return which chains are finished [B]."""
        return states[:, -1] == 1

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return allowed residues and stop [B, A]."""
        lengths = self._lengths(states)
        can_stop = lengths >= self.min_length
        mask = torch.cat([self._allowed[lengths], can_stop.unsqueeze(1)], dim=1)  # [B, A]
        return mask & ~self.is_final(states).unsqueeze(1)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return whether there is an action to undo [B, 1]."""
        return (self._lengths(states) > 0).unsqueeze(1)

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return chains with a residue appended, or finished [B, W]."""
        lengths = self._lengths(states)
        is_stop = actions == self.stop
        following = states.clone()
        # a stop writes 1 into the last column, which is also its final value
        columns = torch.where(is_stop, self.max_length, lengths)
        following.scatter_(1, columns.unsqueeze(1), torch.where(is_stop, 1, actions + 1).unsqueeze(1))
        following[:, -1] |= (following[:, -2] > 0).to(torch.int64)
        return following

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return chains without their stop, or without their last residue [B, W]."""
        return self._backward_step(states, actions)[0]

    def _backward_step(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents [B, W] and the forward action [B] that leads from each to its state."""
        lengths = self._lengths(states)
        was_stopped = self.is_final(states) & (lengths < self.max_length)
        columns = torch.where(was_stopped, self.max_length, lengths - 1).unsqueeze(1)
        last = states.gather(1, columns).squeeze(1) - 1
        parents = states.scatter(1, columns, 0)
        parents[:, -1] = 0
        return parents, torch.where(was_stopped, self.stop, last + actions)  # the only backward action is 0

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return next states [B, W] and the backward actions [B], which are all zero."""
        return self.step(states, actions), torch.zeros_like(actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents [B, W] and the forward actions [B] that lead back."""
        return self._backward_step(states, actions)

    def encode(self, states: Tensor) -> Tensor:
        """Return residues one-hot by position, composition, length one-hot and whether finished [B, D]."""
        numbers = torch.arange(1, self.stop + 1, device=self.device)
        placed = (states[:, :-1].unsqueeze(2) == numbers).to(torch.float32)  # [B, L, K]
        composition = placed.sum(dim=1) / self.max_length  # [B, K]
        lengths = one_hot(self._lengths(states), self.max_length + 1)  # [B, L + 1]
        return torch.cat([placed.flatten(1), composition, lengths, states[:, -1:]], dim=1)

    def tokens(self, states: Tensor) -> Tensor:
        """Return the residues and the stop, if any [B, L]."""
        chains, lengths = states[:, :-1], self._lengths(states)
        is_stopped = self.is_final(states) & (lengths < self.max_length)
        columns = lengths.clamp_max(self.max_length - 1).unsqueeze(1)
        return chains.scatter_add(1, columns, (is_stopped * (self.stop + 1)).unsqueeze(1))

    def input_names(self) -> list[str]:
        """Return residues by position, their shares, lengths, and whether the chain is finished [D]."""
        positions = range(1, self.max_length + 1)
        placed = [f"{residue} at {position}" for position in positions for residue in self.residues]
        shares = [f"share of {residue}" for residue in self.residues]
        lengths = [f"length {length}" for length in range(self.max_length + 1)]
        return [*placed, *shares, *lengths, "finished"]

    def action_names(self) -> list[str]:
        """Return the residues, and the end of the chain."""
        return [*self.residues, "stop"]

    def size(self, final_states: Tensor) -> Tensor:
        """Return the lengths [B]."""
        return self._lengths(final_states)

    def open_size(self, states: Tensor) -> Tensor:
        """Return the lengths so far [B]."""
        return self._lengths(states)

    def contexts(self, states: Tensor) -> Tensor:
        """Return the last residue and the last two residues [B, 2]."""
        lengths = self._lengths(states)
        # two empty positions before the first residue
        before = torch.nn.functional.pad(states[:, :-1], (2, 0))
        last = before.gather(1, torch.stack([lengths + 1, lengths], dim=1))  # [B, 2]
        return torch.stack([last[:, 0], last[:, 0] + (self.stop + 1) * last[:, 1]], dim=1)

    def log_counts(self) -> dict[int, float]:
        """Return length -> log of the number of peptides: the product of residues allowed per position."""
        choices = self._allowed[:-1].sum(dim=1).double().log().cumsum(dim=0).tolist()  # [L]
        return {length: choices[length - 1] for length in range(self.min_length, self.max_length + 1)}

    def objects(self, states: Tensor) -> list[str]:
        """Return the sequence of each finished chain."""
        letters = ["", *self.residues]
        return ["".join(letters[number] for number in row) for row in states[:, :-1].tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return finished chains [N, W] and which texts are in the campaign's space [N]; others are empty."""
        number = {residue: index for index, residue in enumerate(self.residues, start=1)}
        rows = [[number.get(residue, 0) for residue in text] for text in texts]
        can_fit = torch.tensor(
            [self.min_length <= len(row) <= self.max_length and 0 not in row for row in rows],
            dtype=torch.bool,
        )
        padded = [
            [*row, *[0] * (self.max_length - len(row)), 1] if fits else [0] * self.state_width
            for row, fits in zip(rows, can_fit.tolist(), strict=True)
        ]
        states = torch.tensor(padded, dtype=torch.int64, device=self.device).reshape(
            len(texts), self.state_width
        )
        is_known = can_fit.to(self.device) & self._keeps_positions(states)
        return torch.where(is_known.unsqueeze(1), states, 0), is_known

    def _keeps_positions(self, states: Tensor) -> Tensor:
        """Return whether every residue is allowed at its position [B]."""
        chains = states[:, :-1]
        positions = torch.arange(self.max_length, device=self.device)
        is_allowed = self._allowed[positions, (chains - 1).clamp_min(0)]  # [B, L]
        return (is_allowed | (chains == 0)).all(dim=1)
