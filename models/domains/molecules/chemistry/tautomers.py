"""The only tautomer standardisation: an imidic acid is read as its amide. Torch-free.

Everything else stays as drawn, aromatic rings in particular: 2-hydroxypyridine and 2-pyridone are two
objects. The stable tautomer depends on the environment, and a canonical one costs more than the rest of
standardisation.
"""

from __future__ import annotations

from functools import cache

from rdkit import Chem

from models.domains.molecules.chemistry.normal_form import add_hydrogens


def amide_form(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule with O=C-NH for each HO-C=N outside aromatic rings (also sulfur)."""
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
