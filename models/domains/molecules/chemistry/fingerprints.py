"""Hashed Morgan count fingerprints and their Tanimoto similarity. Torch-free.

Radius 2, folded; counts, because exact Gaussian processes read substructure counts better than bits.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache, cached
from rdkit.Chem import rdFingerprintGenerator

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdkit import DataStructs

    from models.domains.contract import Floats

N_COUNTS = 2048
RADIUS = 2
KEPT_COUNTS = 1_000_000
"""Cached counts of fingerprints: those of about twenty thousand molecules of usual size."""


@cache
def _generator() -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=N_COUNTS)


@cached(LRUCache(KEPT_COUNTS, getsizeof=lambda counts: len(counts.GetNonzeroElements()) + 10), lock=Lock())
def _counts(text: str) -> DataStructs.UIntSparseIntVect:
    counts: DataStructs.UIntSparseIntVect = _generator().GetCountFingerprint(molecule(text))
    return counts


def nonzero_counts(text: str) -> dict[int, int]:
    """Return the folded Morgan counts of one molecule that are not zero, by column."""
    counts: dict[int, int] = _counts(text).GetNonzeroElements()
    return counts


def count_fingerprints(texts: Sequence[str]) -> Floats:
    """Return folded Morgan counts [N, 2048]."""
    counts = np.zeros((len(texts), N_COUNTS))
    write_counts(texts, counts)
    return counts


def write_counts(texts: Sequence[str], zeros: Floats) -> None:
    """Write folded Morgan counts into the first 2048 columns of zeros [N, D]."""
    for row, text in zip(zeros, texts, strict=True):
        elements = _counts(text).GetNonzeroElements()
        row[list(elements)] = list(elements.values())


def _shared(left: Floats, right: Floats) -> Floats:
    """Return the sum over columns of min(left, right) of counts [N, M], exact by level."""
    reached = np.minimum(left.max(axis=0), right.max(axis=0))
    total = np.zeros((len(left), len(right)))
    for level in range(1, int(reached.max()) + 1):
        columns = reached >= level
        total += (left[:, columns] >= level).astype(np.float32) @ (right[:, columns] >= level).astype(
            np.float32
        ).T
    return total


def tanimoto(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return Tanimoto similarities of counts, Σ min / Σ max, [N, M] in 0-1.

    Two different molecules whose counts agree (isomers in space, very regular chains) get a value just below
    1.
    """
    if not (left and right):
        return np.zeros((len(left), len(right)))
    ours, theirs = count_fingerprints(left), count_fingerprints(right)
    shared = _shared(ours, theirs)
    similarities = shared / (ours.sum(axis=1)[:, None] + theirs.sum(axis=1)[None, :] - shared)
    same = np.array(left, dtype=object)[:, None] == np.array(right, dtype=object)[None, :]
    below_one = np.nextafter(np.float64(1.0), 0.0)
    return np.where(same, 1.0, np.minimum(similarities, below_one))
