"""Ehrlich functions of token sequences (Stanton et al. 2024, arXiv:2407.00236). Knows no domain or oracle.

A sequence is feasible when each of its transitions has a probability in a banded, ergodic matrix; the value
of a feasible one is the product over C motifs of the fraction of the motif present at its best position, in
steps of 1/Q. The greatest value is exactly 1, and a feasible sequence of that value exists by construction.

Where this differs from the holo-bench code of the paper's authors: the infeasible transitions of a token are
one band of a ring of tokens (a fifth of all), with a random order of tokens and a random position of the
band; the motifs together hold no token twice. Letters: V tokens, L length, C motifs, K tokens of a motif, Q
levels, N sequences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

INFEASIBLE_SHARE = 0.2
"""Part of the transitions out of each token that are infeasible."""
SPREAD = 0.5
"""Deviation of the logits of the feasible transitions."""
ATTEMPTS = 10_000


@final
@dataclass(frozen=True, slots=True)
class Ehrlich:
    """One function: `transitions` [V, V] (0: infeasible), `motifs` [C, K] and their `offsets` [C, K]."""

    length: int
    quantisation: int
    transitions: Floats
    motifs: Ints
    offsets: Ints

    def is_feasible(self, sequences: Ints) -> npt.NDArray[np.bool_]:
        """Return which sequences [N, L] have no infeasible transition."""
        return np.asarray((self.transitions[sequences[:, :-1], sequences[:, 1:]] > 0).all(axis=1))

    def presence(self, sequences: Ints) -> Floats:
        """Return how much of each motif is present in sequences [N, L], in steps of 1/Q [N, C]."""
        columns = []
        for motif, offsets in zip(self.motifs, self.offsets, strict=True):
            starts = np.arange(self.length - offsets[-1])[:, None] + offsets  # [P, K]
            result = (sequences[:, starts] == motif).sum(axis=2).max(axis=1)
            columns.append(result * self.quantisation // len(motif) / self.quantisation)
        return np.stack(columns, axis=1)

    def value(self, sequences: Ints) -> Floats:
        """Return the values [N] of sequences [N, L]; NaN for infeasible ones."""
        return np.where(self.is_feasible(sequences), self.presence(sequences).prod(axis=1), np.nan)

    def optimum(self) -> Ints:
        """Return a feasible sequence [L] of value 1: all motifs, each gap filled with the preceding token."""
        tokens = []
        share = self.length // len(self.motifs)
        for motif, offsets in zip(self.motifs, self.offsets, strict=True):
            tokens += np.repeat(motif, np.diff([*offsets, share])).tolist()
        tokens += [tokens[-1]] * (self.length - len(tokens))
        return np.array(tokens, dtype=np.int64)

    def n_feasible(self) -> int:
        """Return how many sequences are feasible, counted by dynamic programming."""
        ways = [1] * len(self.transitions)
        for _ in range(self.length - 1):
            ways = [sum(ways[j] for j in np.flatnonzero(row)) for row in self.transitions]
        return sum(ways)

    def sample(self, n: int, seed: int) -> Ints:
        """Return n feasible sequences [n, L]: walks of the transition matrix from a uniform first token."""
        rng = np.random.default_rng(seed)
        chains = np.empty((n, self.length), dtype=np.int64)
        chains[:, 0] = rng.integers(len(self.transitions), size=n)
        reach = self.transitions.cumsum(axis=1)
        for index in range(1, self.length):
            known = reach[chains[:, index - 1]]  # [n, V]
            chains[:, index] = (rng.random((n, 1)) * known[:, -1:] >= known).sum(axis=1)
        return chains


def build_ehrlich(n_tokens: int, length: int, shape: tuple[int, int, int], seed: int) -> Ehrlich:
    """Return the function of a seed; `shape` is the number of motifs C, their length K and the levels Q.

    Raises:
        ValueError: if the motifs do not fit into a sequence, need more tokens than there are, or Q is not in
            1-K.
    """
    n_motifs, motif_length, quantisation = shape
    if min(n_motifs, motif_length) < 1 or n_motifs * motif_length > min(n_tokens, length):
        raise ValueError("shape: the motifs must fit into a sequence and hold no token twice")
    if not 1 <= quantisation <= motif_length:
        raise ValueError("shape: the number of levels must be between 1 and the motif length")
    rng = np.random.default_rng(seed)
    transitions = _transitions(n_tokens, rng)
    motifs = _path(transitions, n_motifs * motif_length, rng).reshape(n_motifs, motif_length)
    room = length // n_motifs
    offsets = [
        np.concatenate([[0], np.sort(rng.choice(np.arange(1, room), motif_length - 1, replace=False))])
        for _ in range(n_motifs)
    ]
    return Ehrlich(length, quantisation, transitions, motifs, np.stack(offsets).astype(np.int64))


def _transitions(n: int, rng: np.random.Generator) -> Floats:
    """Return a transition matrix [V, V] with a band of zeros in each row.

    Tokens lie on a ring in random order. Staying and going to the next token are always possible, so every
    token can be reached from every other and the chain has no period: it is ergodic.
    """
    order = rng.permutation(n)
    width = int(INFEASIBLE_SHARE * n)
    weights = np.exp(SPREAD * rng.standard_normal((n, n)))
    for rank in range(n):
        first = 2 + int(rng.integers(n - 1 - width))
        weights[order[rank], order[(rank + first + np.arange(width)) % n]] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _path(transitions: Floats, n: int, rng: np.random.Generator) -> Ints:
    """Return n different tokens of which each may follow its predecessor.

    Raises:
        ValueError: if no such path exists.
    """
    for _ in range(ATTEMPTS):
        tokens = rng.permutation(len(transitions))[:n]
        for index in range(1, n):  # repair from left to right: swap a token that cannot follow
            left = [token for token in range(len(transitions)) if token not in tokens[:index]]
            possible = [token for token in left if transitions[tokens[index - 1], token] > 0]
            if not possible:
                break
            tokens[index] = rng.choice(possible, p=_shares(transitions[tokens[index - 1], possible]))
        else:
            return np.asarray(tokens, dtype=np.int64)
    raise ValueError(f"no feasible path through {n} different tokens was found")


def _shares(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum())
