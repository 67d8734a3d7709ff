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
from rdkit.Chem import GetFormalCharge, MolFromSmarts, rdMolDescriptors

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.contract import Floats

SPREADS = {
    "log P": 2.0,
    "molar refractivity": 30.0,
    "heavy atoms": 8.0,
    "polar surface area": 40.0,
    "rotatable bonds": 4.0,
    "hydrogen-bond donors": 1.5,
    "hydrogen-bond acceptors": 3.0,
    "aromatic rings": 1.2,
    "rings": 1.5,
    "share of sp3 carbons": 0.3,
    "halogens": 1.5,
    "net charge": 1.0,
}
"""Standard deviations among drug-like molecules, rounded, by the name that people read."""
N_DESCRIPTORS = len(SPREADS)
KEPT = 50_000
"""Molecules whose descriptors are cached, 12 MB of them."""
_SPREADS = np.array(list(SPREADS.values()))
_HALOGEN = MolFromSmarts("[F,Cl,Br,I]")
_BONDS = rdMolDescriptors.NumRotatableBondsOptions.NonStrict


@cached(LRUCache(KEPT), lock=Lock())
def _scaled(text: str) -> Floats:
    """Return the descriptors of one molecule [12]; donors and acceptors are Lipinski's N and O."""
    mol = molecule(text)
    log_p, refractivity = rdMolDescriptors.CalcCrippenDescriptors(mol)
    values = (
        log_p,
        refractivity,
        mol.GetNumHeavyAtoms(),
        rdMolDescriptors.CalcTPSA(mol),
        rdMolDescriptors.CalcNumRotatableBonds(mol, _BONDS),
        rdMolDescriptors.CalcNumLipinskiHBD(mol),
        rdMolDescriptors.CalcNumLipinskiHBA(mol),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcNumRings(mol),
        rdMolDescriptors.CalcFractionCSP3(mol),
        len(mol.GetSubstructMatches(_HALOGEN)),
        GetFormalCharge(mol),
    )
    scaled: Floats = np.array(values, dtype=np.float64) / _SPREADS
    return scaled


def descriptors(texts: Sequence[str]) -> Floats:
    """Return scaled descriptors [N, 12] in the order of `SPREADS`."""
    return np.array([_scaled(text) for text in texts]).reshape(-1, N_DESCRIPTORS)
