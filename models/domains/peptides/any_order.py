"""Peptides whose residues are placed in any order, in batches of tensors. Knows no reward.

State [L + 1]: residue numbers from 1 (0 is empty) at L = max_length positions, then the chosen length (0
before). A campaign of several lengths chooses the length first. Forward action p K + k places residue k at
the empty position p; the actions after those choose a length. Undoing the last steps therefore frees any
position, so that local search edits anywhere, whereas chains that only append free their end. A chain is
finished when it is full. Backward action p empties position p; the last one undoes the length.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.environment import Environment


@final
class AnyOrderPeptides(Environment):
    """Construction over the campaign's residues, one empty position after another in any order."""

    format = "AnyOrderPeptides"

    def __init__(self, spec: PeptidesSpec, device: str = "cpu") -> None:
        self._chains = PeptidesEnvironment(spec, device)
        self.device = self._chains.device
        self.residues = self._chains.residues
        self.min_length, self.max_length = spec.min_length, spec.max_length
        self._n_residues = len(self.residues)
        self._n_placings = self.max_length * self._n_residues
        self._n_lengths = self.max_length - self.min_length + 1
        self._has_lengths = self._n_lengths > 1
        self.state_width = self.max_length + 1
        self.n_actions = self._n_placings + (self._n_lengths if self._has_lengths else 0)
        self.n_backward_actions = self.max_length + int(self._has_lengths)
        self.max_steps = self.max_length + int(self._has_lengths)
        self.encoding_width = (
            self.max_length * (self._n_residues + 1) + self._n_residues + self.max_length + 1
        )
        self._allowed = self._chains.allowed
        self._positions = torch.arange(self.max_length, device=self.device)

    def reset(self, n: int) -> Tensor:
        """Return n empty chains [n, W], of the one length if there is only one."""
        states = torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)
        if not self._has_lengths:
            states[:, -1] = self.max_length
        return states

    def _is_empty(self, states: Tensor) -> Tensor:
        """Return which positions of the chosen length are empty [B, L]."""
        return (states[:, :-1] == 0) & (self._positions < states[:, -1:])

    def is_final(self, states: Tensor) -> Tensor:
        """Return which chains have a length and no empty position [B]."""
        return (states[:, -1] > 0) & ~self._is_empty(states).any(dim=1)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return allowed placings, and lengths where none is chosen [B, A]."""
        placings = (self._is_empty(states).unsqueeze(2) & self._allowed).flatten(1)  # [B, L K]
        if not self._has_lengths:
            return placings
        lengths = (states[:, -1:] == 0).expand(-1, self._n_lengths)
        return torch.cat([placings, lengths], dim=1)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return filled positions, and whether the length can be undone [B, R]."""
        filled = states[:, :-1] > 0
        if not self._has_lengths:
            return filled
        is_bare = (states[:, -1] > 0) & ~filled.any(dim=1)
        return torch.cat([filled, is_bare.unsqueeze(1)], dim=1)

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return chains with a residue placed or a length chosen [B, W]."""
        return self.step_with_reverse(states, actions)[0]

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return next states [B, W], and the position to empty again or the undoing of the length [B]."""
        is_length = actions >= self._n_placings
        columns = torch.where(is_length, self.max_length, actions // self._n_residues)
        lengths = self.min_length + actions - self._n_placings
        values = torch.where(is_length, lengths, actions % self._n_residues + 1)
        return states.scatter(1, columns.unsqueeze(1), values.unsqueeze(1)), columns

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return chains with a position emptied, or without their length [B, W]."""
        return states.scatter(1, actions.unsqueeze(1), 0)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents [B, W], and the placing or the choice of a length that leads back [B]."""
        values = states.gather(1, actions.unsqueeze(1)).squeeze(1)
        is_length = actions == self.max_length
        lengths = self._n_placings + values - self.min_length
        return self.backward_step(states, actions), torch.where(
            is_length, lengths, actions * self._n_residues + values - 1
        )

    def encode(self, states: Tensor) -> Tensor:
        """Return residues and emptiness one-hot by position, composition and length one-hot [B, D]."""
        numbers = torch.arange(1, self._n_residues + 1, device=self.device)
        placed = (states[:, :-1].unsqueeze(2) == numbers).to(torch.float32)  # [B, L, K]
        empty = self._is_empty(states).to(torch.float32)
        composition = placed.sum(dim=1) / self.max_length  # [B, K]
        lengths = one_hot(states[:, -1], self.max_length + 1)  # [B, L + 1]
        return torch.cat([placed.flatten(1), empty, composition, lengths], dim=1)

    def input_names(self) -> list[str]:
        """Return what each column of `encode` holds [D]."""
        positions = range(1, self.max_length + 1)
        return [
            *(f"{residue} at {position}" for position in positions for residue in self.residues),
            *(f"nothing at {position}" for position in positions),
            *(f"share of {residue}" for residue in self.residues),
            *(f"length {length}" for length in range(self.max_length + 1)),
        ]

    def action_names(self) -> list[str]:
        """Return residues by position, then lengths."""
        lengths = range(self.min_length, self.max_length + 1) if self._has_lengths else ()
        positions = range(1, self.max_length + 1)
        placings = [f"{residue} at {position}" for position in positions for residue in self.residues]
        return [*placings, *(f"length {length}" for length in lengths)]

    def size(self, final_states: Tensor) -> Tensor:
        """Return the lengths [B]."""
        return final_states[:, -1].clone()

    def log_counts(self) -> dict[int, float]:
        """Return length -> log of the number of peptides, which no order of building changes."""
        return self._chains.log_counts()

    def objects(self, states: Tensor) -> list[str]:
        """Return the sequence of each finished chain."""
        return self._chains.objects(states)

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return finished chains [N, W] and which texts are in the campaign's space [N]; others are empty."""
        chains, is_known = self._chains.states(texts)
        chains[:, -1] = (chains[:, :-1] > 0).sum(dim=1)
        return torch.where(is_known.unsqueeze(1), chains, self.reset(len(texts))), is_known
