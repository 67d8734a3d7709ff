"""Standard tautomer of a compound. Torch-free.

Imidic acids are always read as amides. Where a campaign merges tautomers, hydrogens that move between
heteroatoms take standard positions: azoles, lactams, amidines, guanidines, amino heterocycles, thiones.
Hydrogens on carbon stay, except those of open-chain enols of 1,3-dicarbonyl compounds. Forms are enumerated
by RDKit (Dhaked et al., J. Chem. Inf. Model. 60, 1253, 2020) and the best score is kept: RDKit's, with terms
for forms that it ranks as equal. Most molecules match no pattern of mobile hydrogens and cost one search.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from models.domains.molecules.chemistry.normal_form import add_hydrogens

SHIFTS = Path(__file__).with_name("tautomer_shifts.in")
"""Paths along which a hydrogen may move, in RDKit's format."""
MOST_FORMS, MOST_SHIFTS = 200, 1_000
MOBILE = (
    "[OX2H,SX2H][c;$(c:n),$(c:a:a:n),$(c:a:a:a:a:n)]",
    "[nH]:[nX2]",
    "[nH]:a:[nX2]",
    "[nH]:a:a:[nX2]",
    "[nH]:a:a:a:[nX2]",
    "[NX2]=[c,n]",
    "[OX2H,SX2H][CX3]=[NX2]",
    "[NX3;!H0][#6X3]=[NX2]",
    "[NX3,OX2,SX2;!H0][CX3]=[CX3][#6X3]=[NX2]",
    "[NX3,OX2,SX2;!H0][CX3]=[C;R]",
    "[#7;!H0][#6X3]=[NX2;!H0]",
    "[NX3;!H0][NX2]=[C;R][C;R]=[OX1,SX1]",
    "[NX3;!H0][NX2]=[C;R][C;R]=[C;R][C;R]=[OX1,SX1]",
)
"""Forms that have a more stable or an equal one; the standard form of a compound may match as well."""
SCORES = (
    ("[OX2H,SX2H][CX3]=[NX2]", -10),
    ("[#6][NX2]=[OX1]", -500),
    ("[nH]1~[#6,#7]~[c;R2]~[c;R2]~[#6,#7]~1", -2),
    ("[OX1]=c:[nH]", 1),
    ("[C;R]([#7;R])=[NX2;!R]", -2),
    ("[CX3;!R]([#7;R])=[NX2;H1]", -2),
)
"""Beside RDKit's: imidic acids, C-nitroso compounds, 2H-indazoles, lactams, exocyclic imines of rings."""
_ENOL = "[OX2H][CX3;!R]=[CX3;!R;!$(C[O,N,S])][CX3]=[OX1]"


class TooManyTautomersError(ValueError):
    """A compound has more tautomers than are compared."""


def amide_form(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule with O=C-NH for each HO-C=N outside aromatic rings (also sulfur)."""
    return _shifted(mol, _imidic_acid())


def standard_tautomer(mol: Chem.Mol) -> Chem.Mol:
    """Return the standard tautomer of a molecule in its amide form, or the same object where nothing moves.

    Raises:
        TooManyTautomersError: if not all tautomers can be compared.
    """
    mol = _shifted(mol, _enol())
    if not any(mol.HasSubstructMatch(pattern) for pattern in _mobile()):
        return mol
    forms = _enumerator().Enumerate(mol)
    if forms.status != rdMolStandardize.TautomerEnumeratorStatus.Completed:
        raise TooManyTautomersError(f"more than {MOST_FORMS} tautomers")
    if len(forms) == 1:
        return mol
    return Chem.Mol(_enumerator().PickCanonical(forms, _score))


def _score(mol: Chem.Mol) -> int:
    own = sum(value * len(mol.GetSubstructMatches(pattern)) for pattern, value in _scores())
    return int(rdMolStandardize.TautomerEnumerator.ScoreTautomer(mol)) + own


def _shifted(mol: Chem.Mol, pattern: Chem.Mol) -> Chem.Mol:
    """Return a molecule with H moved from the first to the third atom of each match, and C=X to the first."""
    if not mol.HasSubstructMatch(pattern):
        return mol
    editable = Chem.RWMol(mol)
    while matches := editable.GetSubstructMatches(pattern, maxMatches=1):
        donor, middle, acceptor = matches[0][:3]
        bonds = [editable.GetBondBetweenAtoms(middle, other) for other in (donor, acceptor)]
        for bond, kind in zip(bonds, (Chem.BondType.DOUBLE, Chem.BondType.SINGLE), strict=True):
            bond.SetStereo(Chem.BondStereo.STEREONONE)
            bond.SetBondType(kind)
        for index, change in ((donor, -1), (acceptor, 1)):
            add_hydrogens([editable.GetAtomWithIdx(index)], change)
        editable.UpdatePropertyCache(strict=False)
    Chem.SanitizeMol(editable)
    Chem.AssignStereochemistry(editable, cleanIt=True, force=True)
    return editable.GetMol()


@cache
def _enumerator() -> rdMolStandardize.TautomerEnumerator:
    parameters = rdMolStandardize.CleanupParameters()
    parameters.tautomerTransformsFile = str(SHIFTS)
    parameters.tautomerRemoveSp3Stereo = False
    parameters.tautomerRemoveIsotopicHs = False
    enumerator = rdMolStandardize.TautomerEnumerator(parameters)
    enumerator.SetMaxTautomers(MOST_FORMS)
    enumerator.SetMaxTransforms(MOST_SHIFTS)
    return enumerator


@cache
def _mobile() -> tuple[Chem.Mol, ...]:
    return tuple(map(Chem.MolFromSmarts, MOBILE))


@cache
def _scores() -> tuple[tuple[Chem.Mol, int], ...]:
    return tuple((Chem.MolFromSmarts(smarts), value) for smarts, value in SCORES)


@cache
def _imidic_acid() -> Chem.Mol:
    return Chem.MolFromSmarts("[OX2H1,SX2H1][CX3]=[NX2]")


@cache
def _enol() -> Chem.Mol:
    return Chem.MolFromSmarts(_ENOL)
