"""Strings of one length over an alphabet, written left to right: every object has exactly one trajectory.

Letters: B batch, L length, V alphabet size, D encoding width. A state is L letters (0 for none yet, else 1 +
index) and their number.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from models.gflownet import sequence_features
from models.gflownet.environment import Environment


@final
class Strings(Environment):
    """Append one of the V letters L times; the string is final when it is full.

    Args:
        alphabet: distinct letters.
        length: L, at least 1.
        device: where states live.
        ngram_lengths: the encoding of a state: for each n, the n-gram at each of L - n + 1 positions,
            one-hot. (1,) is single letters. Longer n-grams let a small network fit a rugged landscape, and
            widen its first layer by (L - n + 1) * V^n.
        is_place_free: whether the encoding also has `sequence_features.place_free`.

    Raises:
        ValueError: if an argument is outside these limits.
    """

    format = "Strings"

    def __init__(
        self,
        alphabet: str,
        length: int,
        device: torch.device | str = "cpu",
        ngram_lengths: Sequence[int] = (1,),
        *,
        is_place_free: bool = False,
    ) -> None:
        if length < 1 or not alphabet or len(set(alphabet)) < len(alphabet):
            raise ValueError("give a length of at least 1 and an alphabet of distinct letters")
        if 1 not in ngram_lengths or len(set(ngram_lengths) & set(range(1, length + 1))) < len(ngram_lengths):
            raise ValueError(
                f"ngram_lengths must be distinct, hold 1 and lie in 1..{length}, not {ngram_lengths}"
            )
        self.alphabet = alphabet
        self.length = length
        self.device = torch.device(device)
        self.state_width = length + 1
        self.n_actions = len(alphabet)
        self.n_backward_actions = 1
        self.max_steps = length
        self.n_tokens = len(alphabet)
        self.ngram_lengths = tuple(ngram_lengths)
        widths = {n: len(alphabet) ** n for n in self.ngram_lengths}
        self.encoding_width = sum((length - n + 1) * width for n, width in widths.items())
        self._is_place_free = is_place_free
        if is_place_free:
            self.encoding_width += sequence_features.width(len(alphabet))
        self._one_hot = {
            n: torch.eye(width + 1, device=self.device)[:, 1:].contiguous() for n, width in widths.items()
        }

    def reset(self, n: int) -> Tensor:
        """Return n empty strings [n, L + 1]."""
        return torch.zeros(n, self.state_width, dtype=torch.int64, device=self.device)

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return all letters [B, V] until the string is full."""
        return (states[:, -1:] < self.length).expand(-1, self.n_actions)

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return the only backward action [B, 1]."""
        return states[:, -1:] > 0

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Append letters [B]."""
        after = states.scatter(1, states[:, -1:], (actions + 1).unsqueeze(1))
        after[:, -1] = states[:, -1] + 1
        return after

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:  # noqa: ARG002 - there is only one way back
        """Remove the last letter."""
        n = states[:, -1:] - 1
        before = states.scatter(1, n, torch.zeros_like(n))
        before[:, -1:] = n
        return before

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Append letters; the backward action is 0."""
        return self.step(states, actions), torch.zeros_like(actions)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Remove the last letter; the forward action appends it again."""
        letters = states.gather(1, states[:, -1:] - 1).squeeze(1) - 1
        return self.backward_step(states, actions), letters

    def encode(self, states: Tensor) -> Tensor:
        """Return the n-grams at every position one-hot [B, D]; incomplete n-grams are all zero."""
        letters = states[:, :-1]
        parts = [self._one_hot[n][self._ngrams(letters, n)].flatten(1) for n in self.ngram_lengths]
        if self._is_place_free:
            parts.append(sequence_features.place_free(letters, self.n_actions))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def _ngrams(self, letters: Tensor, n: int) -> Tensor:
        """Return 1 + the index of the n-gram at each position [B, L - n + 1], 0 where it is incomplete."""
        if n == 1:
            return letters
        windows = letters.unfold(1, n, 1)  # [B, L - n + 1, n]
        powers = self.n_actions ** torch.arange(n - 1, -1, -1, device=letters.device)
        number = ((windows - 1) * powers).sum(dim=2) + 1
        return number * (windows[:, :, -1] > 0)

    def tokens(self, states: Tensor) -> Tensor:
        """Return the letters [B, L]."""
        return states[:, :-1]

    def contexts(self, states: Tensor) -> Tensor:
        """Return the last letter and the last two letters [B, 2]."""
        before = torch.nn.functional.pad(states[:, :-1], (2, 0))
        lengths = states[:, -1]
        last = before.gather(1, torch.stack([lengths + 1, lengths], dim=1))  # [B, 2]
        return torch.stack([last[:, 0], last[:, 0] + (self.n_actions + 1) * last[:, 1]], dim=1)

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
            [*(self.alphabet.index(letter) + 1 for letter in text), self.length]
            if known
            else [0] * self.state_width
            for text, known in zip(texts, is_known, strict=True)
        ]
        states = torch.tensor(rows, dtype=torch.int64, device=self.device).view(-1, self.state_width)
        return states, torch.tensor(is_known, dtype=torch.bool, device=self.device)
