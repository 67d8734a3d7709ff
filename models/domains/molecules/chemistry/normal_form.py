"""Normal form of a molecule: positions of charges and of acidic hydrogens.

A charge that protonation or deprotonation removes is neutralised. A cation that no proton can neutralise is
written as its inner salt where the molecule has an acid. Charges that belong to a bond stay (nitro, N-oxide,
azide, mesoionic rings), in one of their resonance forms. Stereochemistry, isotopes and tautomers do not
change. Handles single molecules: no salts, no texts.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rdkit.Chem.MolStandardize.rdMolStandardize import Normalizer

VERSION = 1
"""Raised when the same record comes to have another text."""
CARBON = 6
NITROGEN = 7
OXYGEN = 8
PHOSPHORUS = 15
SULFUR = 16
SELENIUM = 34
HALOGENS = frozenset({9, 17, 35, 53})
EXPANDABLE = frozenset({PHOSPHORUS, SULFUR, SELENIUM})
"""Elements whose bond to a neighbour of opposite charge is written as a double bond: S=O, P=O, P=C, S=N."""
PROTON_DONORS = frozenset({NITROGEN, OXYGEN, PHOSPHORUS, SULFUR, SELENIUM})
PROTON_ACCEPTORS = (CARBON, NITROGEN, OXYGEN, SULFUR, SELENIUM, *sorted(HALOGENS))
"""Elements of anions, the strongest bases first."""

MAX_RESONANCE_FORMS = 64
_USUAL_BOND = {CARBON: Chem.BondType.TRIPLE, NITROGEN: Chem.BondType.DOUBLE, OXYGEN: Chem.BondType.SINGLE}
"""Bonds between an anion and its nitrogen cation in the groups of `_is_settled`."""

RESONANCE = (
    ("mesoionic ring", "[c;-1:1]:[c:2]=[O,S;+0:3]>>[c;+0:1]:[c:2]-[*;-1:3]"),
    ("charges on atoms 1 and 3", "[N,O,S,Se;-1:1]-[A:2]=[N,O,S,Se;+1:3]>>[*;+0:1]=[*:2]-[*;+0:3]"),
    ("charges on atoms 1 and 3", "[n,o,s;-1:1]:[a:2]=[N,O,S;+1:3]>>[*;+0:1]:[*:2]-[*;+0:3]"),
    ("charges on atoms 1 and 3", "[N,O,S;-1:1]-[a:2]:[n,o,s;+1:3]>>[*;+0:1]=[*:2]:[*;+0:3]"),
    (
        "charges on atoms 1 and 5",
        "[N,O,S,Se;-1:1]-[A;+0:2]=[A:3]-[A:4]=[N,O,S,Se;+1:5]>>[*;+0:1]=[*:2]-[*:3]=[*:4]-[*;+0:5]",
    ),
    (
        "charges on atoms 1 and 5",
        "[n,o,s;-1:1]:[a:2]:[a:3]:[c:4]=[N,O,S;+1:5]>>[*;+0:1]:[*:2]:[*:3]:[c:4]-[*;+0:5]",
    ),
    (
        "charges on atoms 1 and 5",
        "[N,O,S;-1:1]-[c:2]:[a:3]:[a:4]:[n,o,s;+1:5]>>[*;+0:1]=[c:2]:[*:3]:[*:4]:[*;+0:5]",
    ),
    ("amidinium", "[N,O;+0;!H0:1]-[A:2]=[N;!$(*[O-]);+1;H0:3]>>[*;+1:1]=[*:2]-[*;+0:3]"),
    ("amidinium", "[n;+0;!H0:1]:[c:2]=[N;!$(*[O-]);+1;H0:3]>>[*;+1:1]:[*:2]-[*;+0:3]"),
    (
        "vinamidinium",
        "[N,O;+0;!H0:1]-[A:2]=[A:3]-[A:4]=[N;!$(*[O-]);+1;H0:5]>>[*;+1:1]=[*:2]-[*:3]=[*:4]-[*;+0:5]",
    ),
    (
        "vinamidinium",
        "[n;+0;!H0:1]:[a:2]:[a:3]:[c:4]=[N;!$(*[O-]);+1;H0:5]>>[*;+1:1]:[*:2]:[*:3]:[c:4]-[*;+0:5]",
    ),
)
"""Reaction SMARTS that move charges without a hydrogen; a step without a valid product is skipped."""

ACIDS = (
    "[OX1-,OX2H1][SX4](=[OX1])=[OX1]",
    "[OX1-,OX2H1][PX4]=[OX1]",
    "[OX1-,OX2H1][SX3]=[OX1]",
    "[OX1-,OX2H1][CX3]=[OX1]",
    "[SX1-,SX2H1][CX3]=[OX1,SX1]",
    "[OX2H1][N+,n+]",
    "[nX3H1,nX2-]1nnnc1",
    "[NX3H1,NX2-]([SX4](=O)=O)[CX3,SX4]=O",
)
"""Groups whose first atom gives its hydrogen to balance a permanent cation, the strongest acids first."""


def named_form(tautomers: str) -> str:
    """Return the name of how canonical texts are written, with these tautomers: equal names, equal texts."""
    return f"molecules {VERSION}, tautomers {tautomers}, RDKit {rdBase.rdkitVersion}"


def normal_form(mol: Chem.Mol) -> Chem.Mol:
    """Return the normal form of a connected molecule, or the same object where nothing changes.

    A remaining charge is permanent (quaternary nitrogen, borate).
    """
    charged = [atom for atom in mol.GetAtoms() if atom.GetFormalCharge()]
    if all(_is_settled(atom) for atom in charged):
        return mol
    editable = Chem.RWMol(mol)
    _write_azides(editable)
    if any(map(may_move, editable.GetAtoms())):
        with rdBase.BlockLogs():
            editable = Chem.RWMol(_resonance().normalize(editable))
    _pair_charges(editable)
    _move_protons(editable)
    Chem.SanitizeMol(editable)
    if Chem.GetFormalCharge(editable) > 0 and any(map(may_move, editable.GetAtoms())):
        editable = _first_resonance_form(editable)
    Chem.AssignStereochemistry(editable, cleanIt=True, force=True)
    return editable.GetMol()


def add_hydrogens(atoms: Iterable[Chem.Atom], change: int) -> None:
    """Change the number of hydrogens that each atom carries, once per mention."""
    for atom in atoms:
        hydrogens = atom.GetTotalNumHs() + change
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(hydrogens)


def unlabelled(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule without isotopic labels, or the same object without any."""
    if not any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return mol
    copy = Chem.Mol(mol)
    for atom in copy.GetAtoms():
        atom.SetIsotope(0)
    return Chem.RemoveHs(copy)


def may_move(atom: Chem.Atom) -> bool:
    """Return whether a charge is delocalised without moving a hydrogen: its atom has a multiple bond."""
    if atom.GetFormalCharge() < 0:
        return atom.GetAtomicNum() == CARBON and bool(atom.GetIsAromatic())
    is_cation = atom.GetFormalCharge() > 0 and not _is_settled(atom)
    return is_cation and any(bond.GetBondType() != Chem.BondType.SINGLE for bond in atom.GetBonds())


def is_carbanion(atom: Chem.Atom) -> bool:
    """Return whether a carbon of a normal form has a charge that no proton or neighbour removes."""
    return atom.GetAtomicNum() == CARBON and atom.GetFormalCharge() < 0 and not _is_paired(atom)


def _first_resonance_form(mol: Chem.RWMol) -> Chem.RWMol:
    """Return the canonical resonance form of a cation (imidazolium, cyanines, guanidinium).

    Molecules with configured double bonds stay as drawn, because moving a bond would lose its configuration.
    Forms with a charge beside a hydrogen are excluded, since deprotonation could remove it.
    """
    if any(bond.GetStereo() != Chem.BondStereo.STEREONONE for bond in mol.GetBonds()):
        return mol
    forms = {Chem.MolToSmiles(mol): mol}
    for drawn in Chem.ResonanceMolSupplier(mol, 0, MAX_RESONANCE_FORMS):
        form = Chem.RWMol(drawn)
        Chem.SanitizeMol(form)
        if not any(atom.GetFormalCharge() > 0 and atom.GetTotalNumHs() for atom in form.GetAtoms()):
            forms.setdefault(Chem.MolToSmiles(form), form)
    return forms[min(forms)]


def _is_settled(atom: Chem.Atom) -> bool:
    """Return whether a charge belongs to a nitro, N-oxide, azide, diazo or isocyanide group."""
    charge = atom.GetFormalCharge()
    if charge > 0:
        partners = [other for other in atom.GetNeighbors() if other.GetFormalCharge() < 0]
        is_nitrogen = atom.GetAtomicNum() == NITROGEN and not atom.GetTotalNumHs()
        return is_nitrogen and len(partners) == charge and all(map(_is_settled, partners))
    if charge != -1 or atom.GetDegree() != 1:
        return False
    (bond,) = atom.GetBonds()
    other = bond.GetOtherAtom(atom)
    is_usual = bond.GetBondType() == _USUAL_BOND.get(atom.GetAtomicNum())
    return is_usual and other.GetAtomicNum() == NITROGEN and bool(other.GetFormalCharge() > 0)


def _is_paired(atom: Chem.Atom) -> bool:
    return any(other.GetFormalCharge() * atom.GetFormalCharge() < 0 for other in atom.GetNeighbors())


def _write_azides(mol: Chem.RWMol) -> None:
    """Write azides and diazo compounds with two double bonds: N=[N+]=[N-]."""
    for first, middle, last in mol.GetSubstructMatches(_azide()):
        for left, right in ((first, middle), (middle, last)):
            mol.GetBondBetweenAtoms(left, right).SetBondType(Chem.BondType.DOUBLE)
        mol.GetAtomWithIdx(first).SetFormalCharge(0)
        mol.GetAtomWithIdx(last).SetFormalCharge(-1)


def _pair_charges(mol: Chem.RWMol) -> None:
    """Write opposite charges of neighbours as a double bond where one of them may be hypervalent."""
    if not any(
        a.GetAtomicNum() in EXPANDABLE and a.GetFormalCharge() > 0 and _is_paired(a) for a in mol.GetAtoms()
    ):
        return
    Chem.Kekulize(mol, clearAromaticFlags=True)
    for bond in mol.GetBonds():
        ends = sorted((bond.GetBeginAtom(), bond.GetEndAtom()), key=Chem.Atom.GetFormalCharge)
        low, high = (end.GetFormalCharge() for end in ends)
        is_single = bond.GetBondType() == Chem.BondType.SINGLE
        if low < 0 < high and is_single and ends[1].GetAtomicNum() in EXPANDABLE:
            bond.SetBondType(Chem.BondType.DOUBLE)
            ends[0].SetFormalCharge(low + 1)
            ends[1].SetFormalCharge(high - 1)


def _move_protons(mol: Chem.RWMol) -> None:
    """Take protons from cations, give them to anions, and let acids balance what is left.

    An anion that takes no proton (a trifluoroborate) keeps one proton on a cation; the inner salt is neutral.
    """
    mol.UpdatePropertyCache(strict=False)
    donors: dict[int, int] = {}
    for atom in mol.GetAtoms():
        n_protons = min(atom.GetFormalCharge(), atom.GetTotalNumHs())
        if atom.GetAtomicNum() in PROTON_DONORS and n_protons > 0:
            _protonate(atom, -n_protons)
            donors[atom.GetIdx()] = atom.GetAtomicNum()  # amines are the strongest bases
    acids = _acids(mol)
    for index in acids:
        atom = mol.GetAtomWithIdx(index)
        _protonate(atom, -atom.GetFormalCharge())
    net = Chem.GetFormalCharge(mol)
    if net < 0:
        bases = _first(mol, _bases(mol), -net)
        for index in (*bases, *_first(mol, donors, -net - len(bases))):
            _protonate(mol.GetAtomWithIdx(index), 1)
    elif net > 0:
        for index in _first(mol, acids, net):
            _protonate(mol.GetAtomWithIdx(index), -1)


def _protonate(atom: Chem.Atom, n_protons: int) -> None:
    add_hydrogens([atom], n_protons)
    atom.SetFormalCharge(atom.GetFormalCharge() + n_protons)


def _acids(mol: Chem.Mol) -> dict[int, int]:
    """Return the atoms that hold or lack an acid's hydrogen, each with its index in `ACIDS`."""
    result: dict[int, int] = {}
    for rank, pattern in enumerate(_acid_patterns()):
        for match in mol.GetSubstructMatches(pattern):
            result.setdefault(match[0], rank)
    return {index: rank for index, rank in result.items() if not _is_paired(mol.GetAtomWithIdx(index))}


def _bases(mol: Chem.Mol) -> dict[int, int]:
    """Return the anions that take a proton, each with its index in `PROTON_ACCEPTORS`."""
    return {
        atom.GetIdx(): PROTON_ACCEPTORS.index(atom.GetAtomicNum())
        for atom in mol.GetAtoms()
        for _ in range(-atom.GetFormalCharge())
        if atom.GetAtomicNum() in PROTON_ACCEPTORS and not _is_paired(atom) and _is_usual_anion(atom)
    }


def _is_usual_anion(atom: Chem.Atom) -> bool:
    """Return whether an anion occurs in ordinary salts: a carbon needs a triple bond or an acceptor."""
    if atom.GetAtomicNum() != CARBON or atom.GetIsAromatic():
        return atom.GetAtomicNum() != CARBON
    pattern = _stable_carbanion()
    return any(match[0] == atom.GetIdx() for match in atom.GetOwningMol().GetSubstructMatches(pattern))


def _first(mol: Chem.Mol, order: dict[int, int], n: int) -> list[int]:
    """Return the first n atoms by rank, ties in canonical order, independent of the drawing."""
    if len(order) <= n:
        return list(order)
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    ranks = list(Chem.CanonicalRankAtoms(mol))
    return sorted(order, key=lambda index: (order[index], ranks[index]))[:n]


@cache
def _resonance() -> Normalizer:
    from rdkit.Chem.MolStandardize import rdMolStandardize

    lines = "".join(f"{name}\t{smarts}\n" for name, smarts in RESONANCE)
    return rdMolStandardize.NormalizerFromData(lines, rdMolStandardize.CleanupParameters())


@cache
def _azide() -> Chem.Mol:
    return Chem.MolFromSmarts("[#6,#7;-1]-[#7;+1]#[#7;+0;X1]")


@cache
def _stable_carbanion() -> Chem.Mol:
    return Chem.MolFromSmarts("[$([C-]#*),$([C-]-[*]=,#[!#6])]")


@cache
def _acid_patterns() -> tuple[Chem.Mol, ...]:
    return tuple(Chem.MolFromSmarts(smarts) for smarts in ACIDS)
