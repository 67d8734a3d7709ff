"""R-group tables out: the substituents of a molecule on its scaffold, or its linker. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.designs.decomposition import link_atoms

if TYPE_CHECKING:
    from models.domains.molecules.designs.design import Design

UNSUBSTITUTED = "[H]"


def part_columns(text: str, design: Design) -> dict[str, str]:
    """Return R1, R2 ... as SMILES with [*:1], [*:2] ..., or `linker` with [*:1] and [*:2].

    A hydrogen is [H]; a molecule that is not of the design has empty cells.
    """
    return _r_groups(text, design) if design.linker is None else {"linker": _linker(text, design)}


def _r_groups(text: str, design: Design) -> dict[str, str]:
    from rdkit.Chem import rdRGroupDecomposition as decomposition

    core = Chem.RWMol(design.root_structure.mol)
    for mark in design.root_structure.marks:
        star = core.GetAtomWithIdx(mark.star)
        star.SetIsotope(0)
        star.SetAtomMapNum(int(mark.label))
    parameters = decomposition.RGroupDecompositionParameters()
    parameters.onlyMatchAtRGroups = True
    parameters.removeHydrogensPostMatch = True
    with rdBase.BlockLogs():
        found, _ = decomposition.RGroupDecompose([core], [molecule(text)], asSmiles=True, options=parameters)
    names = [f"R{position.label}" for position in design.positions]
    if not found:
        return dict.fromkeys(names, "")
    return {name: _written(found[0].get(name, UNSUBSTITUTED)) for name in names}


def _written(text: str) -> str:
    return (
        UNSUBSTITUTED
        if text.startswith("[H]") or not any(letter.isalpha() and letter != "H" for letter in text)
        else text
    )


def _linker(text: str, design: Design) -> str:
    """Return the linker between the two ends, empty where they are bonded or the molecule has none."""
    mol = molecule(text)
    atoms = link_atoms(text, design)
    if atoms is None or not atoms.linker:
        return ""
    editable = Chem.RWMol(mol)
    for number, (inside, outside) in enumerate(atoms.bonds, start=1):
        star = Chem.Atom(0)
        star.SetAtomMapNum(number)
        editable.RemoveBond(inside, outside)
        editable.AddBond(outside, editable.AddAtom(star), Chem.BondType.SINGLE)
    for atom in sorted(set(range(mol.GetNumAtoms())) - atoms.linker, reverse=True):
        editable.RemoveAtom(atom)
    return str(Chem.MolToSmiles(editable))
