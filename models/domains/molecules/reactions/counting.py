"""Counts of reactive groups in molecules, by RDKit. Torch-free; knows no reaction."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from rdkit import Chem

    from models.domains.molecules.reactions.groups import Group
    from models.domains.molecules.reactions.stock import Stock

MOST_MATCHES = 20
"""Occurrences of one group that are counted; guards distinguish none, one and more."""
_counted: LRUCache[str, npt.NDArray[np.int16]] = LRUCache(8)


def block_counts(stock: Stock, groups: Sequence[Group]) -> npt.NDArray[np.int16]:
    """Return how often each group occurs in each block [N, G], remembered for the last lists."""
    patterns = "\n".join(group.smarts for group in groups)
    key = hashlib.sha256(f"{stock.digest}\n{patterns}".encode()).hexdigest()
    if key not in _counted:
        rows = [counts_of(block.smiles, groups) for block in stock.blocks]
        _counted[key] = np.array(rows, dtype=np.int16).reshape(len(rows), len(groups))
    return _counted[key]


def counts_of(smiles: str, groups: Sequence[Group]) -> npt.NDArray[np.int16]:
    """Return how often each group occurs in a molecule [G]: distinct sets of atoms that match."""
    mol = molecule(smiles)
    return np.array([_count(mol, smiles, group) for group in groups], dtype=np.int16)


def _count(mol: Chem.Mol, smiles: str, group: Group) -> int:
    if group.text not in smiles:
        return 0
    return len(mol.GetSubstructMatches(group.query(), maxMatches=MOST_MATCHES))
