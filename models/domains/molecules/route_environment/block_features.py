"""What blocks are like, as numbers that mean the same in every stock. It knows no reaction.

Letters: N blocks, F features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from rdkit.Chem import rdFingerprintGenerator

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from rdkit import Chem

    from models.domains.molecules.reactions.stock import BuildingBlock

N_FOLDS = 64
"""Columns into which Morgan counts of radius 2 are folded."""
NAMES = (
    *(f"Morgan counts {place} of {N_FOLDS}" for place in range(N_FOLDS)),
    "heavy atoms",
    "rings",
    "price",
    "price is known",
)
_COMMON_PRICE = 10.0
"""A price per gram in the middle of usual ones."""


def block_features(blocks: Sequence[BuildingBlock]) -> npt.NDArray[np.float32]:
    """Return the features of blocks [N, F], about as large as 1 each."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=N_FOLDS)
    features = np.zeros((len(blocks), len(NAMES)), dtype=np.float32)
    for row, block in enumerate(blocks):
        mol = molecule(block.smiles)
        features[row, :N_FOLDS] = _folded(generator, mol)
        features[row, N_FOLDS:] = (
            mol.GetNumHeavyAtoms() / 10,
            mol.GetRingInfo().NumRings() / 2,
            0.0 if block.price is None else math.log1p(block.price / _COMMON_PRICE),
            float(block.price is not None),
        )
    return features


def _folded(
    generator: rdFingerprintGenerator.FingerprintGenerator64, mol: Chem.Mol
) -> npt.NDArray[np.float32]:
    """Return the logarithms of counts, with a length of 2: neither size nor one common bit outweighs all."""
    counts = np.log1p(generator.GetCountFingerprintAsNumPy(mol).astype(np.float32))
    folded: npt.NDArray[np.float32] = 2 * counts / max(float(np.linalg.norm(counts)), 1e-6)
    return folded
