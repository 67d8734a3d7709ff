"""The pieces of peptides by name: residues, motifs, and blocks of descriptors. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.contract import FeatureGroup
from models.domains.discriminative_parts import rank_by_impurity
from models.domains.peptides.features import REACH, SPECTRUM_WIDTH, descriptor_width
from models.domains.peptides.residues import RESIDUES, Z_SCALES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.domains.contract import Floats

SCALES = ("lipophilicity", "bulk", "polarity and charge")
"""Meaning of z1, z2 and z3 (Sandberg et al., J. Med. Chem. 41:2481, 1998)."""


def parts_of(features: Floats, max_length: int) -> tuple[FeatureGroup, ...]:
    """Return the parts in which peptides with these features [N, D] differ."""
    parts = [*_spectrum(), *_descriptors(min(REACH, max_length))]
    width = SPECTRUM_WIDTH + descriptor_width(max_length)
    if features.shape[1] > width:
        parts = _with_positions(parts, width, max_length)
    return rank_by_impurity(parts, features)


def _spectrum() -> Iterator[FeatureGroup]:
    names = [f"residue {residue}" for residue in RESIDUES]
    names += [f"motif {first}{second}" for first in RESIDUES for second in RESIDUES]
    names += [f"motif {first}?{second}" for first in RESIDUES for second in RESIDUES]
    return (FeatureGroup(name, (column,)) for column, name in enumerate(names))


def _descriptors(reach: int) -> Iterator[FeatureGroup]:
    n_scales = Z_SCALES.shape[1]
    start = SPECTRUM_WIDTH
    for end in ("N", "C"):
        for position in range(1, reach + 1):
            yield FeatureGroup(f"position {position} from the {end}-terminus", tuple(range(start, start + n_scales)))
            start += n_scales
    for scale in SCALES:
        yield FeatureGroup(f"mean {scale}", (start,))
        start += 1
    yield from (
        FeatureGroup(name, (start + i,)) for i, name in enumerate(("length", "N-terminal group", "C-terminal group"))
    )


def _with_positions(parts: list[FeatureGroup], start: int, length: int) -> list[FeatureGroup]:
    """Return the parts with the one-hot columns from `start` on added to those of their positions."""
    n = len(RESIDUES)
    placed = {
        f"position {position} from the N-terminus": tuple(range(start + n * (position - 1), start + n * position))
        for position in range(1, length + 1)
    }
    known = [FeatureGroup(part.name, (*part.columns, *placed.pop(part.name, ()))) for part in parts]
    return known + [FeatureGroup(name, columns) for name, columns in placed.items()]
