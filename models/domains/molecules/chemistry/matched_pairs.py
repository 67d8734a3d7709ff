"""Matched molecular pairs: two molecules that differ by what one single bond holds. Torch-free.

Cuts single bonds outside rings as RDKit's rdMMPA does (Hussain & Rea, J. Chem. Inf. Model. 50, 339, 2010).
Hydrogen is a substituent as well: a molecule pairs with its analogue that has a fluorine more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rdkit import Chem
from rdkit.Chem import rdMMPA

from models.domains.molecules.chemistry.molecules import molecule
from models.records import MatchedMeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CUTS = 30
"""Bonds that may be cut; a molecule with more of them has no pairs."""
MOST_EXCHANGED = 12
"""Heavy atoms that may be exchanged; what stays is at least as large."""
HYDROGEN = "H"


def matched_pair(text: str, others: Sequence[str]) -> MatchedMeasured | None:
    """Return the first of other molecules that differs by one exchange: `H>>F`, `OC>>N(C)C`.

    Both sides of a change begin with the atom that is bonded to what stays.
    """
    for other in others:
        change = _change(other, text) if other != text else None
        if change is not None:
            return MatchedMeasured(other, change)
    return None


def _change(before: str, after: str) -> str | None:
    """Return the smallest exchange that turns one molecule into another, or None."""
    old, new = cuts(before), cuts(after)
    shared = [(old[constant], new[constant]) for constant in old.keys() & new.keys()]
    # A molecule is what stays of its analogue when a hydrogen was replaced.
    shared += [(HYDROGEN, part) for constant, part in new.items() if _with_hydrogen(constant) == before]
    shared += [(part, HYDROGEN) for constant, part in old.items() if _with_hydrogen(constant) == after]
    if not shared:
        return None
    left, right = min(shared, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    return f"{left}>>{right}"


@lru_cache(20_000)
def cuts(text: str) -> dict[str, str]:
    """Return what stays -> what is exchanged, for each single bond that can be cut."""
    found: dict[str, str] = {}
    for _, pieces in rdMMPA.FragmentMol(
        molecule(text), maxCuts=1, maxCutBonds=MOST_CUTS, resultsAsMols=False
    ):
        if pieces.count(".") != 1:
            continue
        first, second = pieces.split(".")
        for constant, part in ((first, second), (second, first)):
            size, exchanged = _heavy_atoms(constant), _heavy_atoms(part)
            if exchanged <= min(MOST_EXCHANGED, size):
                found[constant] = _written(part)
    return found


@lru_cache(50_000)
def _with_hydrogen(constant: str) -> str:
    """Return the canonical text of what stays, with a hydrogen at its open bond."""
    mol = Chem.MolFromSmiles(constant)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomMapNum(0)
            atom.SetAtomicNum(1)
    return Chem.MolToSmiles(Chem.RemoveHs(mol))


@lru_cache(50_000)
def _heavy_atoms(piece: str) -> int:
    return Chem.MolFromSmiles(piece).GetNumHeavyAtoms() - piece.count("*")


@lru_cache(50_000)
def _written(part: str) -> str:
    """Return a piece as SMILES that begin with the atom that was bonded."""
    mol = Chem.MolFromSmiles(part)
    star = next(atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    star.SetAtomMapNum(0)
    return Chem.MolToSmiles(mol, rootedAtAtom=star.GetIdx()).removeprefix("*")
