"""Peptides as numbers: inputs of the proxies, and a similarity that tells any two peptides apart. Torch-free.

A feature row is a spectrum block of counts (for a Tanimoto kernel) followed by a descriptor block (for a smooth one):

- spectrum [820]: residues, neighbouring pairs and pairs with one residue between them (the spectrum and gappy string
  kernels of Leslie, Eskin & Noble, PSB 2002, and Lodhi et al., JMLR 2, 2002), so motifs count wherever they stand;
- descriptors [R]: z-scales at every position counted from the N-terminus and again from the C-terminus, as far as
  `REACH`, then their means over the chain, its length and its end groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.peptides.residues import RESIDUES, Z_SCALES, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats
    from models.domains.peptides.notation import Peptide

REACH = 12
"""Positions from each end that keep descriptors of their own; farther in, only counts and means speak."""

_N = len(RESIDUES)
_N_SCALES = len(Z_SCALES[0])
SPECTRUM_WIDTH = _N + 2 * _N * _N
_SCALED = (Z_SCALES - Z_SCALES.mean(axis=0)) / Z_SCALES.std(axis=0)


def _spectrum(sequence: str) -> Floats:
    chain = numbers(sequence)
    pairs = _N + chain[:-1] * _N + chain[1:]
    gapped = _N + _N * _N + chain[:-2] * _N + chain[2:]
    return np.bincount(np.concatenate([chain, pairs, gapped]), minlength=SPECTRUM_WIDTH).astype(np.float64)


def _descriptors(peptide: Peptide, reach: int, max_length: int) -> Floats:
    scaled = _SCALED[numbers(peptide.sequence)]  # [L, 3]
    near = np.zeros((2, reach, scaled.shape[1]))
    length = min(reach, len(scaled))
    near[0, :length] = scaled[:length]
    near[1, :length] = scaled[::-1][:length]
    ends = [peptide.ends.n_terminus != "free", peptide.ends.c_terminus != "free"]
    return np.concatenate(
        [near.ravel(), scaled.mean(axis=0), [len(scaled) / max_length], np.array(ends, dtype=np.float64)]
    )


def descriptor_width(max_length: int) -> int:
    """Return R, the number of descriptors."""
    return (2 * min(REACH, max_length) + 1) * _N_SCALES + 3


def compute(peptides: Sequence[Peptide], max_length: int) -> Floats:
    """Return feature rows [N, 820 + R]; R depends on `max_length` alone."""
    reach = min(REACH, max_length)
    width = SPECTRUM_WIDTH + descriptor_width(max_length)
    rows = [np.concatenate([_spectrum(p.sequence), _descriptors(p, reach, max_length)]) for p in peptides]
    return np.array(rows, dtype=np.float64).reshape(len(peptides), width)


def _traits(peptides: Sequence[Peptide], longest: int) -> Floats:
    """Return counts [N, F] that name a peptide: its spectrum, the residue at each position, and its end groups."""
    placed = np.zeros((len(peptides), longest, _N))
    for row, peptide in enumerate(peptides):
        placed[row, np.arange(len(peptide.sequence)), numbers(peptide.sequence)] = 1.0
    is_free = np.array([[end == "free" for end in peptide.ends] for peptide in peptides])  # [N, 2]
    spectrum = np.array([_spectrum(peptide.sequence) for peptide in peptides])
    return np.concatenate([spectrum, placed.reshape(len(peptides), -1), is_free, ~is_free], axis=1)


def _shared(left: Floats, right: Floats) -> Floats:
    """Return the sum over columns of min(left, right) of whole counts [N, M]: one matrix product per level."""
    reached = np.minimum(left.max(axis=0), right.max(axis=0))
    total = np.zeros((len(left), len(right)))
    for level in range(1, int(reached.max()) + 1):
        columns = reached >= level
        total += (left[:, columns] >= level).astype(np.float32) @ (right[:, columns] >= level).astype(np.float32).T
    return total


def similarity(left: Sequence[Peptide], right: Sequence[Peptide]) -> Floats:
    """Return Tanimoto similarities [N, M] of motifs, residues in place and end groups; 1 only for equal peptides."""
    if not (left and right):
        return np.zeros((len(left), len(right)))
    longest = max(len(peptide.sequence) for peptide in (*left, *right))
    ours, theirs = _traits(left, longest), _traits(right, longest)
    shared = _shared(ours, theirs)
    united = ours.sum(axis=1)[:, None] + theirs.sum(axis=1)[None, :] - shared
    return np.asarray(shared / united, dtype=np.float64)
