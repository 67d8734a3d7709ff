"""Structures with numbered places for substituents: SMILES, CXSMILES, molfiles. Torch-free."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem, rdBase

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import ELEMENTS, canonical_fixpoint, shown
from models.domains.molecules.chemistry.normal_form import normal_form
from models.domains.molecules.chemistry.stereo import write_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABEL = re.compile(r"_?R(\d{1,2})")
_R_ATOM = re.compile(r"\[R(\d{1,2})\]")
"""Positions as some drawing programs write them into SMILES."""


class Mark(NamedTuple):
    """A place for a substituent: its number, and the index of the [*] among the atoms of the structure."""

    label: str
    star: int


class MarkedStructure(NamedTuple):
    """A molecule with its stereochemistry, whose [*] have isotope numbers from 1 in the order of `marks`."""

    mol: Chem.Mol
    marks: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """Its canonical SMILES, each [*] with its number."""
        return str(Chem.MolToSmiles(self.mol))


class MarkedStructureError(ValueError):
    """A text is no structure with places for substituents."""


def read_marked(text: str) -> MarkedStructure:
    """Return a structure whose [*] or R-groups are numbered, by rising number.

    Raises:
        MarkedStructureError: if it cannot be read, is several pieces, has a [*] without a single bond, two
            unnumbered ones, or a number twice.
    """
    mol = _parse(text)
    stars = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    labels = [_label(star) for star in stars]
    if len(stars) == 1 and not labels[0]:
        labels = ["1"]
    if any(not label for label in labels):
        raise MarkedStructureError(f"{shown(text)}: number its positions, as [*:1] and [*:2]")
    if repeated := next((label for label in labels if labels.count(label) > 1), None):
        raise MarkedStructureError(f"{shown(text)}: position {repeated} is there twice")
    order = sorted(range(len(stars)), key=lambda index: int(labels[index]))
    return _numbered(mol, [Mark(labels[index], stars[index].GetIdx()) for index in order])


def _parse(text: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        is_file = "M  END" in text
        read: Chem.Mol | None = Chem.MolFromMolBlock(text) if is_file else None
        mol = read if is_file else Chem.MolFromSmiles(_R_ATOM.sub(r"[*:\1]", text.strip()))
    if mol is None or mol.GetNumAtoms() == 0:
        raise MarkedStructureError(f"{shown(text)} is no valid SMILES, CXSMILES or molfile")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise MarkedStructureError(f"{shown(text)} is more than one piece")
    strange = {atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetAtomicNum()} - ELEMENTS
    if strange:
        raise MarkedStructureError(f"{shown(text)} contains {', '.join(sorted(strange))}")
    stars = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    if len(stars) == mol.GetNumAtoms():
        raise MarkedStructureError(f"{shown(text)} has no atom but [*]")
    for star in stars:
        if star.GetDegree() != 1 or star.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE:
            raise MarkedStructureError(f"{shown(text)}: every [*] must end one single bond")
    return mol


def _label(star: Chem.Atom) -> str:
    """Return the number of a [*]: its atom map, its R-group label, or its isotope; empty without one."""
    if star.GetAtomMapNum():
        return str(star.GetAtomMapNum())
    if star.HasProp("_MolFileRLabel"):
        return str(star.GetUnsignedProp("_MolFileRLabel"))
    named = _LABEL.fullmatch(star.GetProp("atomLabel")) if star.HasProp("atomLabel") else None
    if named:
        return str(int(named.group(1)))
    return str(star.GetIsotope()) if star.GetIsotope() else ""


def _numbered(mol: Chem.Mol, marks: Sequence[Mark]) -> MarkedStructure:
    """Return the normal form of a structure with plain atoms, its [*] numbered by isotopes."""
    editable = Chem.RWMol(mol)
    for number, mark in enumerate(marks, start=1):
        star = Chem.Atom(0)
        star.SetIsotope(number)
        editable.ReplaceAtom(mark.star, star)
    for atom in editable.GetAtoms():
        atom.SetAtomMapNum(0)
    Chem.SanitizeMol(editable)
    try:
        text = canonical_fixpoint(write_groups(normal_form(editable.GetMol())))
    except (InvalidObjectError, Chem.MolSanitizeException) as error:
        raise MarkedStructureError(
            f"{shown(Chem.MolToSmiles(mol))} is no structure in normal form"
        ) from error
    read = Chem.MolFromSmiles(text)
    at = {atom.GetIsotope(): atom.GetIdx() for atom in read.GetAtoms() if atom.GetAtomicNum() == 0}
    placed = tuple(Mark(mark.label, at[number]) for number, mark in enumerate(marks, start=1))
    return MarkedStructure(read, placed)


def capped(structure: MarkedStructure) -> Chem.Mol:
    """Return the structure with hydrogens in place of its [*]."""
    editable = Chem.RWMol(structure.mol)
    for mark in structure.marks:
        atom = editable.GetAtomWithIdx(mark.star)
        atom.SetIsotope(0)
        atom.SetAtomicNum(1)
    return Chem.RemoveHs(editable.GetMol())
