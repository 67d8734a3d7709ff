"""Similarity of one molecule to the nearest of many: exact Tanimoto of counts over an inverted index.

A count of k is k binary features, so that the sum of minima is a number of shared features. Torch-free.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, final

import numpy as np

from models.domains.molecules.chemistry.fingerprints import nonzero_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.domains.contract import Floats


class Neighbour(NamedTuple):
    """The nearest of the listed molecules and its similarity in 0-1."""

    text: str
    similarity: float


@final
class NearestIndex:
    """Canonical texts, indexed by their features: one query of 50,000 takes about a millisecond."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(dict.fromkeys(texts))
        self._place = {text: row for row, text in enumerate(self._texts)}
        rows: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._totals = np.zeros(len(self._texts))
        for row, text in enumerate(self._texts):
            for feature in _features(text):
                rows[feature].append(row)
                self._totals[row] += 1
        self._rows = {feature: np.array(having, dtype=np.int32) for feature, having in rows.items()}

    def similarities(self, text: str) -> Floats:
        """Return Tanimoto similarities to every listed molecule [N]; 1 for the same molecule alone."""
        shared = np.zeros(len(self._texts))
        n_own = 0
        for feature in _features(text):
            n_own += 1
            if feature in self._rows:
                shared[self._rows[feature]] += 1
        found = np.minimum(shared / (self._totals + n_own - shared), np.nextafter(1.0, 0.0))
        if text in self._place:
            found[self._place[text]] = 1.0
        return found

    def nearest(self, text: str) -> Neighbour:
        """Return the nearest listed molecule, the first of equals."""
        found = self.similarities(text)
        row = int(found.argmax())
        return Neighbour(self._texts[row], float(found[row]))


def _features(text: str) -> Iterator[tuple[int, int]]:
    for column, count in nonzero_counts(text).items():
        for level in range(count):
            yield column, level
