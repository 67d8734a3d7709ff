"""Peptide features: inputs of the proxies, and a similarity that is 1 only for equal peptides. Torch-free.

A feature row is a spectrum block of counts (for a Tanimoto kernel) followed by a descriptor block (for a
smooth one):

- spectrum [820]: residues, neighbouring pairs and pairs with one residue between them (the spectrum and gappy
  string kernels of Leslie, Eskin & Noble, PSB 2002, and Lodhi et al., JMLR 2, 2002), so motifs count at any
  position;
- descriptors [R]: z-scales at every position counted from the N-terminus and again from the C-terminus, as
  far as `REACH`, then their means over the chain, its length and its end groups;
- positional residues [20 L], one-hot, only where all peptides have one length L: the effect of a residue at
  its position is then the most informative input of a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.peptides.residues import RESIDUES, Z_SCALES, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array  # type: ignore[import-untyped] # scipy publishes no types

    from models.domains.contract import Floats
    from models.domains.peptides.notation import Peptide

    Whole = npt.NDArray[np.int64]

REACH = 12
"""Positions from each end with their own descriptors; inner positions add only counts and means."""

_N = len(RESIDUES)
_N_SCALES = len(Z_SCALES[0])
SPECTRUM_WIDTH = _N + 2 * _N * _N
_SCALED = (Z_SCALES - Z_SCALES.mean(axis=0)) / Z_SCALES.std(axis=0)


def _by_length(peptides: Sequence[Peptide]) -> Iterator[tuple[list[int], Whole]]:
    """Yield the rows of the peptides of each length, and their residue numbers [n, L]."""
    rows: dict[int, list[int]] = {}
    for row, peptide in enumerate(peptides):
        rows.setdefault(len(peptide.sequence), []).append(row)
    for length, some in rows.items():
        yield some, numbers("".join(peptides[row].sequence for row in some)).reshape(len(some), length)


def _words(chains: Whole) -> Whole:
    """Return the spectrum columns [n, words] of residues and (gapped) neighbours of chains [n, L]."""
    pairs = _N + chains[:, :-1] * _N + chains[:, 1:]
    gapped = _N + _N * _N + chains[:, :-2] * _N + chains[:, 2:]
    return np.concatenate([chains, pairs, gapped], axis=1)


def _spectra(peptides: Sequence[Peptide]) -> Floats:
    """Return counts [N, 820] of residues, neighbours and gapped neighbours."""
    counts = np.zeros((len(peptides), SPECTRUM_WIDTH))
    for rows, chains in _by_length(peptides):
        positions = _words(chains) + SPECTRUM_WIDTH * np.arange(len(rows))[:, None]
        counted = np.bincount(positions.ravel(), minlength=len(rows) * SPECTRUM_WIDTH)
        counts[rows] = counted.reshape(len(rows), SPECTRUM_WIDTH)
    return counts


def _ends(peptides: Sequence[Peptide]) -> Floats:
    """Return whether each end group is free [N, 2]."""
    return np.array([[float(end == "free") for end in peptide.ends] for peptide in peptides]).reshape(-1, 2)


def _descriptors(peptides: Sequence[Peptide], max_length: int) -> Floats:
    """Return scales at each position from both ends, their means, length and end groups [N, R]."""
    n, reach = len(peptides), min(REACH, max_length)
    near, means, lengths = np.zeros((n, 2, reach, _N_SCALES)), np.zeros((n, _N_SCALES)), np.zeros((n, 1))
    for rows, chains in _by_length(peptides):
        scaled = _SCALED[chains]  # [n, L, 3]
        length = min(reach, chains.shape[1])
        near[rows, 0, :length] = scaled[:, :length]
        near[rows, 1, :length] = scaled[:, ::-1][:, :length]
        means[rows], lengths[rows] = scaled.mean(axis=1), chains.shape[1] / max_length
    return np.concatenate([near.reshape(n, 2 * reach * _N_SCALES), means, lengths, 1.0 - _ends(peptides)], axis=1)


def descriptor_width(max_length: int) -> int:
    """Return R, the number of descriptors."""
    return (2 * min(REACH, max_length) + 1) * _N_SCALES + 3


def _placed(peptides: Sequence[Peptide], length: int) -> Floats:
    """Return the residue at each of the first positions, one-hot [N, 20 L]."""
    placed = np.zeros((len(peptides), length, _N))
    for rows, chains in _by_length(peptides):
        known = chains[:, :length]
        placed[np.array(rows)[:, None], np.arange(known.shape[1]), known] = 1.0
    return placed.reshape(len(peptides), length * _N)


def compute(peptides: Sequence[Peptide], max_length: int, *, is_aligned: bool = False) -> Floats:
    """Return feature rows [N, 820 + R], then positional residues if `is_aligned` (all of `max_length`).

    R depends on `max_length` alone.
    """
    blocks = [_spectra(peptides), _descriptors(peptides, max_length)]
    if is_aligned:
        blocks.append(_placed(peptides, max_length))
    return np.concatenate(blocks, axis=1)


def _traits(peptides: Sequence[Peptide], longest: int) -> csr_array:
    """Return counts [N, F] that identify a peptide: spectrum, residue at each position, end groups."""
    from scipy.sparse import coo_array, csr_array

    ends = SPECTRUM_WIDTH + longest * _N + np.array([0, 2])
    rows, columns = [np.repeat(np.arange(len(peptides)), 2)], [(ends + _ends(peptides).astype(np.int64)).ravel()]
    for some, chains in _by_length(peptides):
        placed = SPECTRUM_WIDTH + _N * np.arange(chains.shape[1]) + chains
        traits = np.concatenate([_words(chains), placed], axis=1)
        rows.append(np.repeat(some, traits.shape[1]))
        columns.append(traits.ravel())
    positions = (np.concatenate(rows), np.concatenate(columns))
    shape = (len(peptides), SPECTRUM_WIDTH + longest * _N + 4)
    return csr_array(coo_array((np.ones(len(positions[0]), dtype=np.float32), positions), shape=shape))


def _shared(left: csr_array, right: csr_array) -> Floats:
    """Return the sum over columns of min(left, right) of counts [N, M] by sparse products."""
    total = np.zeros((left.shape[0], right.shape[0]), dtype=np.float32)
    for level in range(1, int(min(left.max(), right.max())) + 1):
        total += _reaching(left, level) @ _reaching(right, level).toarray().T
    return total


def _reaching(counts: csr_array, level: int) -> csr_array:
    """Return 1 for every count [N, F] that is at least `level`."""
    from scipy.sparse import csr_array

    return csr_array(((counts.data >= level).astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)


def similarity(left: Sequence[Peptide], right: Sequence[Peptide]) -> Floats:
    """Return Tanimoto similarities [N, M] of motifs, positional residues and ends; 1 only for equals."""
    if not (left and right):
        return np.zeros((len(left), len(right)))
    longest = max(len(peptide.sequence) for peptide in (*left, *right))
    ours, theirs = _traits(left, longest), _traits(right, longest)
    shared = _shared(ours, theirs)
    united = ours.sum(axis=1)[:, None] + theirs.sum(axis=1)[None, :] - shared
    return np.asarray(shared.astype(np.float64) / united)
