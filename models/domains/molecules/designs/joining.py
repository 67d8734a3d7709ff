"""Join parts at their numbered places, keeping their stereochemistry. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import canonical_fixpoint
from models.domains.molecules.chemistry.normal_form import normal_form
from models.domains.molecules.chemistry.stereo import write_groups
from models.domains.molecules.fragments.configuration import has_configuration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.domains.molecules.designs.marked import MarkedStructure


CENTRE = "centre"
"""Property of atoms whose fragment has their configuration."""


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
        if not _keeps_centres(mol):
            return ""
        return canonical_fixpoint(write_groups(normal_form(mol)))
    except (Chem.MolSanitizeException, InvalidObjectError):
        return ""


def _keeps_centres(mol: Chem.Mol) -> bool:
    """Return whether no two branches of a fragment's centre are equal; else the flat fragment makes this."""
    centres = [atom.GetIdx() for atom in mol.GetAtoms() if atom.HasProp(CENTRE)]
    if centres:
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return all(has_configuration(mol.GetAtomWithIdx(index)) for index in centres)
