"""Join parts at their numbered places, keeping their stereochemistry. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import canonical_fixpoint
from models.domains.molecules.chemistry.normal_form import normal_form
from models.domains.molecules.chemistry.stereo import write_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.domains.molecules.designs.marked import MarkedStructure


def with_bonds(structure: MarkedStructure, used: Mapping[int, int]) -> Chem.Mol:
    """Return a structure with [*:n] at each used site, n being the number of the bond and not 0, else H."""
    editable = Chem.RWMol(structure.mol)
    for site, mark in enumerate(structure.marks):
        star = editable.GetAtomWithIdx(mark.star)
        star.SetIsotope(0)
        if site in used:
            star.SetAtomMapNum(used[site])
        else:
            star.SetAtomicNum(1)
    return editable.GetMol()


def join(parts: Iterable[Chem.Mol]) -> str:
    """Return the canonical text of parts whose equal [*:n] are bonded, or "" if it is no molecule."""
    whole, n = Chem.RWMol(), 0
    for part in parts:
        whole.InsertMol(part)
        n += 1
    try:
        with rdBase.BlockLogs():
            joined = Chem.molzip(whole.GetMol()) if n > 1 else whole.GetMol()
            mol = Chem.RemoveHs(joined)
        return canonical_fixpoint(write_groups(normal_form(mol)))
    except (Chem.MolSanitizeException, InvalidObjectError):
        return ""
