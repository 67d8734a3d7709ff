"""Physicochemical descriptors of molecules as features: size, polarity, shape and charge. Torch-free.

Fragment counts say little of a molecule's size and polarity, which decide about solubility, permeation and
much unspecific binding. Every descriptor is divided by its usual spread among drug-like molecules, so that a
kernel with one length scale weighs them alike.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from cachetools import LRUCache, cached
from rdkit.Chem import Crippen, GetFormalCharge, rdMolDescriptors

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats

SPREADS = {
    "logp": 2.0,
    "molar_refractivity": 30.0,
    "heavy_atoms": 8.0,
    "tpsa": 40.0,
    "rotatable_bonds": 4.0,
    "h_bond_donors": 1.5,
    "h_bond_acceptors": 3.0,
    "aromatic_rings": 1.2,
    "rings": 1.5,
    "fraction_sp3": 0.3,
    "halogens": 1.5,
    "charge": 1.0,
}
"""Standard deviations among drug-like molecules, rounded, by name."""
N_DESCRIPTORS = len(SPREADS)
_HALOGENS = frozenset((9, 17, 35, 53))


@cached(LRUCache(100_000), lock=Lock())
def _descriptors(text: str) -> tuple[float, ...]:
    mol = molecule(text)
    values = (
        Crippen.MolLogP(mol),
        Crippen.MolMR(mol),
        mol.GetNumHeavyAtoms(),
        rdMolDescriptors.CalcTPSA(mol),
        rdMolDescriptors.CalcNumRotatableBonds(mol),
        rdMolDescriptors.CalcNumHBD(mol),
        rdMolDescriptors.CalcNumHBA(mol),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcNumRings(mol),
        rdMolDescriptors.CalcFractionCSP3(mol),
        sum(atom.GetAtomicNum() in _HALOGENS for atom in mol.GetAtoms()),
        GetFormalCharge(mol),
    )
    return tuple(value / spread for value, spread in zip(values, SPREADS.values(), strict=True))


def descriptors(texts: Sequence[str]) -> Floats:
    """Return scaled descriptors [N, 12] in the order of `SPREADS`."""
    return np.array([_descriptors(text) for text in texts], dtype=np.float64).reshape(-1, N_DESCRIPTORS)
