"""R-group tables out: the substituents of a molecule on its scaffold, or its linker. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.designs.decomposition import link_bonds, position_bonds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.molecules.designs.design import Design

UNSUBSTITUTED = "[H]"


def part_columns(text: str, design: Design) -> dict[str, str]:
    """Return R1, R2 ... as SMILES with [*:1], [*:2] ..., or `linker` with [*:1] and [*:2].

    A hydrogen is [H]; a molecule that is not of the design has empty cells.
    """
    if design.linker is None:
        return _r_groups(text, design)
    bonds = link_bonds(text, design)
    return {"linker": "" if bonds is None else _pieces(text, bonds).get(bonds[1][1], "")}


def _r_groups(text: str, design: Design) -> dict[str, str]:
    labels = [position.label for position in design.positions]
    bonds = position_bonds(text, design)
    if bonds is None:
        return {f"R{label}": "" for label in labels}
    by_label = {int(labels[site]): bond for site, bond in bonds.items()}
    pieces = _pieces(text, by_label)
    return {
        f"R{label}": pieces[by_label[int(label)][1]] if int(label) in by_label else UNSUBSTITUTED
        for label in labels
    }


def _pieces(text: str, bonds: Mapping[int, tuple[int, int]]) -> dict[int, str]:
    """Return the SMILES of the piece beyond each bond by its atom there, with [*:n] at bond n."""
    if not bonds:
        return {}
    mol = molecule(text)
    indices = [mol.GetBondBetweenAtoms(*bond).GetIdx() for bond in bonds.values()]
    labels = [(number, number) for number in bonds]
    atoms: list[tuple[int, ...]] = []
    cut = Chem.FragmentOnBonds(mol, indices, dummyLabels=labels)
    pieces = Chem.GetMolFrags(cut, asMols=True, fragsMolAtomMapping=atoms)
    texts = {}
    for members, piece in zip(atoms, pieces, strict=True):
        for star in piece.GetAtoms():
            if star.GetAtomicNum() == 0:
                star.SetAtomMapNum(star.GetIsotope())
                star.SetIsotope(0)
        texts.update(
            {outside: Chem.MolToSmiles(piece) for _, outside in bonds.values() if outside in members}
        )
    return texts
