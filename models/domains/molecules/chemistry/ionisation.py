"""Charge states at a pH by dimorphite-dl: each group has the typical pKa of its kind. Torch-free.

dimorphite-dl (Ropp et al., J. Cheminform. 11, 14, 2019) treats groups one by one: it charges both nitrogens
of a piperazine, and knows no effect of one group on another. Read charges as classes, not as measurements.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from rdkit import Chem, rdBase

PHS = (2.0, 6.5, 7.4)
"""pH of stomach, small intestine and blood."""
BLOOD = 7.4
MOST_KEPT = 100_000


class Charges(NamedTuple):
    """Charged atoms of the most likely state; a nitro group and its like count nothing."""

    net: float
    acidic: float
    basic: float


UNKNOWN = Charges(math.nan, math.nan, math.nan)


def charge(mol: Chem.Mol, ph: float) -> float:
    """Return the net charge at a pH; NaN where dimorphite-dl has no answer."""
    return charges(Chem.MolToSmiles(mol), ph).net


def acidic_groups(mol: Chem.Mol, ph: float) -> float:
    """Return how many groups are negative at a pH."""
    return charges(Chem.MolToSmiles(mol), ph).acidic


def basic_groups(mol: Chem.Mol, ph: float) -> float:
    """Return how many groups are positive at a pH."""
    return charges(Chem.MolToSmiles(mol), ph).basic


def ionisation(mol: Chem.Mol) -> str:
    """Return acid, base, zwitterion, neutral or unknown: what a molecule is at pH 7.4."""
    found = charges(Chem.MolToSmiles(mol), BLOOD)
    if math.isnan(found.net):
        return "unknown"
    if found.acidic and found.basic:
        return "zwitterion"
    if found.acidic:
        return "acid"
    return "base" if found.basic else "neutral"


@lru_cache(MOST_KEPT)
def charges(smiles: str, ph: float) -> Charges:
    """Return the charges of the most likely state of a molecule at a pH."""
    from dimorphite_dl import protonate_smiles
    from loguru import logger

    logger.disable("dimorphite_dl")  # it reports every site on the console
    with rdBase.BlockLogs():
        states = protonate_smiles(smiles, ph_min=ph, ph_max=ph, precision=0.0)
        mol = Chem.MolFromSmiles(states[0]) if states else None
    if mol is None:
        return UNKNOWN
    charged = [atom for atom in mol.GetAtoms() if atom.GetFormalCharge() and not _is_balanced(atom)]
    signs = [atom.GetFormalCharge() for atom in charged]
    return Charges(
        Chem.GetFormalCharge(mol), sum(sign < 0 for sign in signs), sum(sign > 0 for sign in signs)
    )


def _is_balanced(atom: Chem.Atom) -> bool:
    """Return whether a neighbour has the opposite charge, as in a nitro group or an N-oxide."""
    return any(other.GetFormalCharge() * atom.GetFormalCharge() < 0 for other in atom.GetNeighbors())
