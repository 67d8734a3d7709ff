"""Back-off tables: the probability of a word after a context, counted on sequences that could be made.

Contexts come from coarse to fine. A word that was seen after a context has its relative frequency, drawn
towards the next coarser context. How often words come that were not seen there is estimated from how many
were seen once (Good, Biometrika 40, 1953), and shared as the coarser context says (Katz, IEEE Transactions on
Acoustics 35, 1987). If m is that frequency and q what the coarser context gives these words, m / q is the
probability that one of them is possible there at all, since possible words have q on average. It multiplies
m: a word that never followed a context is both rare and doubtful. The coarsest context is none, whose own
back-off is uniform, and which rules no word out. Every word keeps a positive probability. Knows no
environment. Letters: N transitions, K contexts of each, V words, R rows, C contexts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from models.gflownet.common_choices import CommonChoices

SHRINKAGE = 20.0
"""Transitions after a context that weigh as much as all contexts of similar frequency when the mass of new
words is estimated."""
LEAST_SINGLE = 0.5
"""Words seen once that are assumed at least: where there are none, the mass of new words is small, not zero.
"""


@final
@dataclass(frozen=True, slots=True)
class BackoffTable:
    """Log-probabilities `rows` [R, V] of words: the first without context, then those of `keys`, in order.

    `keys` holds the known contexts of each column, ascending, from coarse to fine.
    """

    rows: Tensor
    keys: tuple[Tensor, ...]

    @property
    def order(self) -> int:
        """How much decides about a word: 1 is its own frequency, and each column of contexts adds one."""
        return 1 + len(self.keys)

    def row_of(self, contexts: Tensor) -> Tensor:
        """Return the row [B] of the finest known context among contexts [B, K]."""
        row = torch.zeros(len(contexts), dtype=torch.int64, device=contexts.device)
        start = 1
        for column, known in enumerate(self.keys):
            requested = contexts[:, column].contiguous()
            index = torch.searchsorted(known, requested).clamp_max(len(known) - 1)
            row = torch.where(known[index] == requested, index + start, row)
            start += len(known)
        return row

    def log_probabilities(self, contexts: Tensor) -> Tensor:
        """Return log-probabilities [B, V] of all words after contexts [B, K]."""
        return self.rows.index_select(0, self.row_of(contexts))


def count(
    contexts: Tensor,
    words: Tensor,
    n_words: int,
    order: int,
    pull: float,
    common: CommonChoices | None = None,
) -> BackoffTable:
    """Return the table of N transitions.

    Args:
        contexts: [N, K]; equal contexts of one column have equal contexts in the columns before it.
        words: [N], below `n_words`.
        n_words: V.
        order: 1 + the columns of contexts that count.
        pull: how many transitions the next coarser context weighs among the words that were seen.
        common: further transitions, with weights, of which only the coarsest context is known.
    """
    n, weights = len(words), None
    measured = contexts, words
    if common is not None:
        weights = torch.cat([torch.ones_like(words, dtype=torch.float64), common.weights])
        words = torch.cat([words, common.words])
        contexts = torch.cat([contexts[:, :1], common.contexts.unsqueeze(1)])
    uniform = torch.full((1, n_words), 1.0 / n_words, dtype=torch.float64, device=words.device)
    nothing = torch.zeros_like(words)
    alone = _counts(nothing, words, 1, n_words, weights)
    rows, keys = [_smoothed(alone, uniform, pull, is_doubtful=False)], []
    parent = nothing
    for column in range(order - 1):
        if column == 1 and common is not None:
            (contexts, words), weights, parent = measured, None, parent[:n]
        known, group, members = torch.unique(contexts[:, column], return_inverse=True, return_counts=True)
        # any transition of a context knows its coarser context
        first = torch.zeros(len(known), dtype=torch.int64, device=words.device)
        first[group] = torch.arange(len(words), device=words.device)
        coarser = rows[-1][parent[first]]
        counts = _counts(group, words, len(members), n_words, weights)
        rows.append(_smoothed(counts, coarser, pull, is_doubtful=True))
        keys.append(known)
        parent = group
    return BackoffTable(torch.cat(rows).log().float(), tuple(keys))


def _counts(groups: Tensor, words: Tensor, n_groups: int, n_words: int, weights: Tensor | None) -> Tensor:
    """Return how often each word follows each context [C, V] (float64)."""
    flat = torch.bincount(groups * n_words + words, weights, minlength=n_groups * n_words)
    return flat.view(n_groups, n_words).double()


def _smoothed(counts: Tensor, coarser: Tensor, pull: float, *, is_doubtful: bool) -> Tensor:
    """Return probabilities [C, V] for counts [C, V] and those of the coarser contexts [C, V].

    `is_doubtful` says whether a word that was not seen may be impossible.
    """
    total = counts.sum(dim=1, keepdim=True)
    is_seen = counts > 0
    single = (is_seen & (counts <= 1)).sum(dim=1, keepdim=True)
    of_unseen = coarser.masked_fill(is_seen, 0.0).sum(dim=1, keepdim=True)
    alike = _share_of_single(total, single)
    # a context never leaves more to new words than the coarser one does
    frequency = torch.minimum((single + SHRINKAGE * alike) / (total + SHRINKAGE), of_unseen)
    tiny = torch.finfo(of_unseen.dtype).tiny
    new = frequency * frequency / of_unseen.clamp_min(tiny) if is_doubtful else frequency
    drawn = (counts + pull * coarser).masked_fill(~is_seen, 0.0)
    known = (1 - new) * drawn / drawn.sum(dim=1, keepdim=True).clamp_min(tiny)
    unknown = new * coarser / of_unseen.clamp_min(tiny)
    return torch.where(is_seen, known, unknown)


def _share_of_single(total: Tensor, single: Tensor) -> Tensor:
    """Return the share of words seen once [C, 1] in all contexts within the same power of two of `total`."""
    octave = total.squeeze(1).clamp_min(1).log2().long()
    summed = total.new_zeros(2, int(octave.max()) + 1)
    summed[0].index_add_(0, octave, total.squeeze(1))
    summed[1].index_add_(0, octave, single.squeeze(1).to(total.dtype))
    return (summed[1].clamp_min(LEAST_SINGLE) / summed[0].clamp_min(1))[octave].unsqueeze(1)
