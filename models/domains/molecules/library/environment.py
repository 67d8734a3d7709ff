"""A list of objects as an environment: the digits of an object's place are chosen one after another.

State [L]: digits from 1 of the place in the list, in base K and the most significant first; 0 is not chosen
yet. Every object has one trajectory of L steps. Neighbours in the list share their first digits, and a list
in the order of its texts has alike molecules beside each other. Knows no chemistry and no reward.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, final

import torch
from torch.nn.functional import one_hot

from models.gflownet.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.domains.molecules.library.catalogue import Catalogue

MOST_DIGITS = 64
"""Largest base: a policy has one logit for each digit."""


@final
class ListedObjects(Environment):
    """The objects of a catalogue, each reached by its place."""

    format = "ListedObjects"

    def __init__(self, catalogue: Catalogue, device: str = "cpu") -> None:
        self._catalogue = catalogue
        self.device = torch.device(device)
        n = len(catalogue)
        self.max_steps = 1
        while MOST_DIGITS**self.max_steps < n:
            self.max_steps += 1
        base = max(1, round(n ** (1 / self.max_steps)))
        while base**self.max_steps < n:
            base += 1
        self._base = base
        self.state_width = self.max_steps
        self.n_actions = base
        self.n_backward_actions = 1
        self.encoding_width = self.max_steps * (base + 1)
        powers = [base**power for power in reversed(range(self.max_steps))]
        self._weights = torch.tensor(powers, device=self.device)
        self._digits = torch.arange(base, device=self.device)
        listed = hashlib.sha256("\n".join(catalogue.texts).encode()).hexdigest()
        self._names = [f"{listed} digit {digit}" for digit in range(base)]

    def vocabulary(self) -> Sequence[str]:
        """Return a name for each digit, which means something in this list alone."""
        return self._names

    def listed(self) -> Tensor:
        """Return the final states [N, W] of all objects, in the list's order."""
        return self._states_at(torch.arange(len(self._catalogue), device=self.device))

    def _states_at(self, places: Tensor) -> Tensor:
        states: Tensor = places.unsqueeze(1) // self._weights % self._base + 1
        return states

    def reset(self, n: int) -> Tensor:
        """Return n states without a digit [n, W]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def is_final(self, states: Tensor) -> Tensor:
        """Return which states have all digits [B]."""
        return states[:, -1] > 0

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return the digits [B, A] with which a place within the list begins."""
        n_chosen = (states > 0).sum(dim=1)  # [B]
        weight = self._weights[n_chosen.clamp_max(self.max_steps - 1)]
        least = self._least(states).unsqueeze(1) + self._digits * weight.unsqueeze(1)  # [B, A]
        return (least < len(self._catalogue)) & ~self.is_final(states).unsqueeze(1)

    def _least(self, states: Tensor) -> Tensor:
        """Return the first place [B] that begins with the chosen digits."""
        return ((states - 1).clamp_min(0) * self._weights).sum(dim=1)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return whether there is a digit to take back [B, 1]."""
        return states[:, :1] > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return states with one more digit [B, W]."""
        place = (states > 0).sum(dim=1, keepdim=True)
        return states.scatter(1, place, (actions + 1).unsqueeze(1))

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:  # noqa: ARG002 - there is one way back
        """Return states without their last digit [B, W]."""
        return states.scatter(1, (states > 0).sum(dim=1, keepdim=True) - 1, 0)

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return next states [B, W], and the only way back [B]."""
        return self.step(states, actions), torch.zeros_like(actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return parents [B, W], and the digits that were taken back [B]."""
        last = (states > 0).sum(dim=1, keepdim=True) - 1
        return self.backward_step(states, actions), states.gather(1, last).squeeze(1) - 1

    def encode(self, states: Tensor) -> Tensor:
        """Return the digits one-hot, place by place [B, D]."""
        return one_hot(states, self._base + 1).flatten(1).to(torch.float32)

    def log_counts(self) -> dict[int, float]:
        """Return the number of steps -> log of the number of objects."""
        return {self.max_steps: math.log(len(self._catalogue))}

    def objects(self, states: Tensor) -> list[str]:
        """Return the text of each finished state."""
        return [self._catalogue.texts[place] for place in self._least(states).tolist()]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return final states [N, W] and which texts are in the list [N]; others are initial states."""
        places = [self._catalogue.find(text) for text in texts]
        is_known = torch.tensor([place is not None for place in places], device=self.device).bool()
        found = torch.tensor([place or 0 for place in places], dtype=torch.int64, device=self.device)
        return torch.where(is_known.unsqueeze(1), self._states_at(found), self.reset(len(texts))), is_known
