"""Embed the values of a categorical variable by descriptors or structures. Torch-free.

A structure is represented by its fragments. The coordinates are principal components of all descriptors of a
variable's values. Knows no recipe and no campaign. Letters: L values of a variable, F raw numbers, K
coordinates.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.contract import Floats

RADIUS, LENGTH = 2, 2048
"""Of Morgan count fingerprints (doi:10.1021/ci100050t)."""
EXPLAINED = 0.999
MOST_COORDINATES = 24
OWN_SHARE = 0.1
"""Share of squared distances added to all pairs, so that values with equal descriptors remain distinct."""
DISTANCE = math.sqrt(2)
"""Root mean square distance of two values, as in a one-hot code."""


def is_structure(smiles: str) -> bool:
    """Return whether RDKit can read a SMILES of at least one atom."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        mol: Any = Chem.MolFromSmiles(smiles)
    return mol is not None and bool(mol.GetNumAtoms())


def embed_categories(
    values: Sequence[str], descriptors: Mapping[str, tuple[float, ...]], smiles: Mapping[str, str]
) -> Floats:
    """Return coordinates [L, K] of a variable's values; K is 0 when no descriptor distinguishes them.

    Args:
        values: of the variable.
        descriptors: numbers about each value, for all of them or none.
        smiles: structure of each value, likewise.
    """
    numbers = tuple(descriptors.get(value, ()) for value in values)
    structures = tuple(smiles.get(value, "") for value in values)
    return _coordinates(numbers, structures)


@lru_cache(maxsize=64)  # of at most process.MAX_NUMBERS numbers each
def _coordinates(numbers: tuple[tuple[float, ...], ...], structures: tuple[str, ...]) -> Floats:
    blocks = [np.asarray(numbers, dtype=np.float64).reshape(len(numbers), -1)]
    if any(structures):
        blocks.append(_fragments(structures))
    blocks = [_scaled(standard) for block in blocks if (standard := _standardised(block)).shape[1]]
    if not blocks:
        return np.zeros((len(structures), 0))
    own = _scaled(np.eye(len(structures)) - 1 / len(structures))
    known = _scaled(np.hstack(blocks))
    left, sizes, _ = np.linalg.svd(
        np.hstack([math.sqrt(1 - OWN_SHARE) * known, math.sqrt(OWN_SHARE) * own]), full_matrices=False
    )
    shares = np.cumsum(sizes**2) / np.sum(sizes**2)
    kept = left[:, : min(int(np.searchsorted(shares, EXPLAINED)) + 1, MOST_COORDINATES)]
    largest = np.abs(kept).argmax(axis=0)
    signs = np.sign(kept[largest, range(kept.shape[1])])  # principal axes are unique up to sign: fix the sign
    result = _scaled(kept * sizes[: kept.shape[1]] * signs)
    result.setflags(write=False)
    return result


def _fragments(structures: tuple[str, ...]) -> Floats:
    """Return log counts [L, F] of circular fragments."""
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=LENGTH, includeChirality=True)
    counts = [generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(text)) for text in structures]
    logs: Floats = np.log1p(np.asarray(counts, dtype=np.float64))
    return logs


def _standardised(block: Floats) -> Floats:
    """Return the columns that vary, with mean 0 and deviation 1."""
    centred = block - block.mean(axis=0, keepdims=True)
    deviation = centred.std(axis=0)
    varies = deviation > 1e-9 * np.maximum(1.0, np.abs(block).max(axis=0, initial=0.0))
    standard: Floats = centred[:, varies] / deviation[varies]
    return standard


def _scaled(block: Floats) -> Floats:
    """Return centred rows [L, K] scaled so that two of them are `DISTANCE` apart in the root mean square."""
    n = len(block)
    mean_square = 2 * np.square(block).sum() / (n - 1)  # over pairs of different rows
    scaled: Floats = block * (DISTANCE / math.sqrt(mean_square))
    return scaled
