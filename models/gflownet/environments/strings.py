"""Strings of one length over an alphabet, written left to right: every object has exactly one trajectory.

Letters: B batch, L length, V alphabet size. A state is L letters (0 for none yet, else 1 + index) and their number.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from models.gflownet.environment import Environment


@final
class Strings(Environment):
    """Append one of the V letters L times; the string is final when it is full."""

    def __init__(self, alphabet: str, length: int, device: torch.device | str = "cpu") -> None:
        if length < 1 or not alphabet or len(set(alphabet)) < len(alphabet):
            raise ValueError("give a length of at least 1 and an alphabet of distinct letters")
        self.alphabet = alphabet
        self.length = length
        self.device = torch.device(device)
        self.state_width = length + 1
        self.n_actions = len(alphabet)
        self.n_backward_actions = 1
        self.max_steps = length
        self.encoding_width = length * len(alphabet)
        self._one_hot = torch.eye(len(alphabet) + 1, device=self.device)[:, 1:].contiguous()

    def reset(self, n: int) -> Tensor:
        """Return n empty strings [n, L + 1]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return all letters [B, V] until the string is full."""
        return (states[:, -1:] < self.length).expand(-1, self.n_actions)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return the one way back [B, 1]."""
        return states[:, -1:] > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Append letters [B]."""
        after = states.scatter(1, states[:, -1:], (actions + 1).unsqueeze(1))
        after[:, -1] = states[:, -1] + 1
        return after

    def back(self, states: Tensor, actions: Tensor) -> Tensor:  # noqa: ARG002 - there is only one way back
        """Remove the last letter."""
        n = states[:, -1:] - 1
        before = states.scatter(1, n, torch.zeros_like(n))
        before[:, -1:] = n
        return before

    def undo(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Append letters; the way back is action 0."""
        return self.step(states, actions), torch.zeros_like(actions)

    def redo(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Remove the last letter; the way forward is to write it again."""
        letters = states.gather(1, states[:, -1:] - 1).squeeze(1) - 1
        return self.back(states, actions), letters

    def encode(self, states: Tensor) -> Tensor:
        """Return the letters one-hot [B, L * V]; empty places are all zero."""
        return self._one_hot[states[:, :-1]].flatten(1)

    def is_final(self, states: Tensor) -> Tensor:
        """Return which strings are full [B]."""
        return states[:, -1] == self.length

    def objects(self, states: Tensor) -> list[str]:
        """Return the strings."""
        return ["".join(self.alphabet[letter - 1] for letter in row) for row in states[:, :-1].tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, L + 1]; strings of another length or alphabet cannot be represented."""
        is_known = [len(text) == self.length and set(text) <= set(self.alphabet) for text in texts]
        rows = [
            [*(self.alphabet.index(letter) + 1 for letter in text), self.length] if known else [0] * self.state_width
            for text, known in zip(texts, is_known, strict=True)
        ]
        states = torch.tensor(rows, dtype=torch.int64, device=self.device).view(-1, self.state_width)
        return states, torch.tensor(is_known, dtype=torch.bool, device=self.device)
