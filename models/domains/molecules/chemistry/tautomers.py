"""The one pair of tautomers of which a compound is never the one: an imidic acid is read as its amide. Torch-free.

Everything else stays as it was drawn, aromatic rings above all: 2-hydroxypyridine and 2-pyridone are two objects. Which
tautomer a compound is depends on its surroundings, and finding a canonical one costs more than all else in reading.
"""

from __future__ import annotations

from functools import cache

from rdkit import Chem

from models.domains.molecules.chemistry.normal_form import add_hydrogens


def amide_form(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule with O=C-NH for each HO-C=N outside aromatic rings (sulfur too), the same object if none is."""
    if not mol.HasSubstructMatch(_imidic_acid()):
        return mol
    editable = Chem.RWMol(mol)
    while matches := editable.GetSubstructMatches(_imidic_acid(), maxMatches=1):
        oxygen, carbon, nitrogen = matches[0]
        bonds = [editable.GetBondBetweenAtoms(carbon, other) for other in (oxygen, nitrogen)]
        for bond, kind in zip(bonds, (Chem.BondType.DOUBLE, Chem.BondType.SINGLE), strict=True):
            bond.SetStereo(Chem.BondStereo.STEREONONE)
            bond.SetBondType(kind)
        for index, change in ((oxygen, -1), (nitrogen, 1)):
            add_hydrogens([editable.GetAtomWithIdx(index)], change)
        editable.UpdatePropertyCache(strict=False)
    Chem.SanitizeMol(editable)
    Chem.AssignStereochemistry(editable, cleanIt=True, force=True)
    return editable.GetMol()


@cache
def _imidic_acid() -> Chem.Mol:
    return Chem.MolFromSmarts("[OX2H1,SX2H1][CX3]=[NX2]")
