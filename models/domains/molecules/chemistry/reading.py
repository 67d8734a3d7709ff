"""Standardise a submitted SMILES to the canonical text of its compound. Torch-free.

Listed counterions and solvents are removed, and every other change gives a warning. A record that is no
single organic compound is refused. The text is in normal form (see `normal_form`), so all records of one
compound agree. Imidic acids are read as amides; all other tautomers are one compound where a campaign merges
them (see `tautomers`), else different ones. Isotopologues are different compounds.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from rdkit import Chem, rdBase
from rdkit.Chem.rdqueries import NumRadicalElectronsGreaterQueryAtom

from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.molecules.chemistry.counterions import Record, metals, sort_out
from models.domains.molecules.chemistry.molecules import (
    COLUMN,
    ELEMENTS,
    MAX_TEXT_LENGTH,
    canonical_fixpoint,
    molecule,
    shown,
)
from models.domains.molecules.chemistry.normal_form import CARBON, is_carbanion, may_move, normal_form
from models.domains.molecules.chemistry.stereo import MAX_GROUPS, one_compound, settled_groups, write_groups
from models.domains.molecules.chemistry.tautomers import TooManyTautomersError, amide_form, standard_tautomer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BONDS = frozenset({Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC})
SALT_FORMERS = frozenset({"N", "O", "S", "Se", "F", "Cl", "Br", "I"})
"""Elements whose bond to a listed metal is read as ionic."""
MAX_MOVABLE_CHARGES = 20
"""Most delocalised charges; the time to place them grows with the cube of their number."""
MOST_SHOWN = 4
_MIXTURE = re.compile(r"(?:^|[|,])(?:[&o]\d*:|r\b)")
_DATA, _LINK_NODES = "DAT", "_molLinkNodes"
_PLAIN = re.compile(r"(?:Cl|Br|[BCNOPSFIbcnops()=#/\\\\%0-9-]|\[nH\]|\[C@@?H?\])+")
"""SMILES of neutral parts of organic elements without isotopes, queries, dots or words behind."""
Tautomers = Literal["as_drawn", "merged"]


def read_smiles(text: str, tautomers: Tautomers = "as_drawn") -> ParsedObject:
    """Return the canonical text of the compound that a SMILES or CXSMILES describes, with warnings.

    Where tautomers are merged, the text is that of the standard tautomer.

    Raises:
        InvalidObjectError: if it describes no molecule of the usual organic elements, or several.
    """
    text = text.strip()
    if not text:
        raise InvalidObjectError(COLUMN, "the SMILES is empty")
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidObjectError(COLUMN, f"the SMILES is longer than {MAX_TEXT_LENGTH} characters")
    return _read(text, tautomers)


@lru_cache(maxsize=20_000)  # texts are at most MAX_TEXT_LENGTH long
def _read(text: str, tautomers: Tautomers) -> ParsedObject:
    mol = molecule(text)
    with rdBase.BlockLogs():
        try:
            if _is_plain(text, mol):
                compound, warnings = _usual_tautomer(mol, tautomers)
                return ParsedObject(canonical_fixpoint(write_groups(compound)), tuple(warnings))
            mol = _ionic(mol)
            if reason := next(_why_no_compound(mol), None):
                raise InvalidObjectError(COLUMN, f"{shown(text)} {reason}")
            compound, warnings = _compound(mol)
            compound, moved = _usual_tautomer(compound, tautomers)
            compound, warning = settled_groups(compound) if compound.GetStereoGroups() else (compound, [])
            canonical = canonical_fixpoint(write_groups(compound))
        except Chem.MolSanitizeException as error:
            raise InvalidObjectError(COLUMN, f"{shown(text)} cannot be standardised: {error}") from error
    return ParsedObject(canonical, (*_said_after(text, mol), *warnings, *moved, *warning, *_kept(compound)))


def canonical_smiles(text: str) -> str:
    """Return the canonical text alone; raises what `read_smiles` raises."""
    return read_smiles(text).text


def _is_plain(text: str, mol: Chem.Mol) -> bool:
    """Return whether a structure needs no standardisation beside its tautomer; false is always safe."""
    is_usual = _PLAIN.fullmatch(text) is not None and ("C" in text.replace("Cl", "") or "c" in text)
    return is_usual and not len(mol.GetAtomsMatchingQuery(_radical()))


@cache
def _radical() -> Chem.QueryAtom:
    return NumRadicalElectronsGreaterQueryAtom(0)


def _usual_tautomer(mol: Chem.Mol, tautomers: Tautomers) -> tuple[Chem.Mol, list[str]]:
    """Return the amide form of a compound or, where tautomers are merged, its standard one, with warnings."""
    amide = amide_form(mol)
    warnings = [] if amide is mol else ["drawn as an imidic acid: read as its amide tautomer"]
    if tautomers == "as_drawn":
        return amide, warnings
    try:
        standard = standard_tautomer(amide)
    except TooManyTautomersError as error:
        return amide, [*warnings, f"{error}: stored as drawn, apart from its other tautomers"]
    if standard is not amide and write_groups(standard) != write_groups(amide):
        warnings.append("read as its standard tautomer, which this campaign stores for all tautomers")
    return standard, warnings


def _ionic(mol: Chem.Mol) -> Chem.Mol:
    """Return the molecule without atom maps, with bonds between listed metals and heteroatoms as ionic."""
    atoms = list(mol.GetAtoms())
    bonds = [
        bond
        for atom in atoms
        if atom.GetSymbol() not in ELEMENTS
        for bond in atom.GetBonds()
        if _is_salt_bond(bond)
    ]
    mapped = [atom.GetIdx() for atom in atoms if atom.GetAtomMapNum()]
    if not bonds and not mapped:
        return mol
    editable = Chem.RWMol(mol)
    for index in mapped:
        editable.GetAtomWithIdx(index).SetAtomMapNum(0)
    for bond in bonds:
        for end, other in (
            (bond.GetBeginAtom(), bond.GetEndAtom()),
            (bond.GetEndAtom(), bond.GetBeginAtom()),
        ):
            atom = editable.GetAtomWithIdx(end.GetIdx())
            atom.SetFormalCharge(atom.GetFormalCharge() + (-1 if other.GetSymbol() in metals() else 1))
            atom.SetNumRadicalElectrons(0)
        editable.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    Chem.SanitizeMol(editable)
    return editable.GetMol()


def _is_salt_bond(bond: Chem.Bond) -> bool:
    ends = {bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()}
    is_single = bond.GetBondType() == Chem.BondType.SINGLE
    return is_single and len(ends & metals().keys()) == 1 and bool(ends & SALT_FORMERS)


def _why_no_compound(mol: Chem.Mol) -> Iterator[str]:
    """Yield the reasons why a structure is no organic molecule."""
    atoms = list(mol.GetAtoms())
    yield from filter(None, map(_why_strange, atoms))
    if not all(map(_is_definite, mol.GetBonds())):
        yield "is a query or a complex: it has bonds that are neither single, double, triple nor aromatic"
    if not _has_carbon(mol):
        yield "contains no carbon"
    is_repeated = any(group.GetProp("TYPE") != _DATA for group in Chem.GetMolSubstanceGroups(mol))
    if is_repeated or mol.HasProp(_LINK_NODES):
        yield "has a repeating or variable unit: send one molecule"
    if sum(map(may_move, atoms)) > MAX_MOVABLE_CHARGES:
        yield f"has more than {MAX_MOVABLE_CHARGES} charges in double bonds or aromatic rings"
    if len(mol.GetStereoGroups()) > MAX_GROUPS:
        yield f"has more than {MAX_GROUPS} stereo groups"


def _is_definite(bond: Chem.Bond) -> bool:
    kind = bond.GetBondType()
    is_ring = kind != Chem.BondType.AROMATIC or bond.GetBeginAtom().GetIsAromatic()
    return kind in BONDS and is_ring and not bond.HasQuery()


def _why_strange(atom: Chem.Atom) -> str | None:
    symbol = atom.GetSymbol()
    if symbol in ELEMENTS:
        if atom.HasQuery():
            return "is a query: it has atoms that stand for several"
        if atom.GetNumRadicalElectrons():
            return f"is a radical or lacks hydrogens: {symbol} has an unpaired electron"
        return None
    if atom.GetAtomicNum() == 0:
        return "has an open attachment point"
    if symbol not in metals():
        return f"contains {symbol}, which this domain does not cover"
    return f"contains {symbol} in a bond that is no salt's: no organic molecule" if atom.GetDegree() else None


def _compound(mol: Chem.Mol) -> tuple[Chem.Mol, list[str]]:
    """Return the normal form of the one compound of a structure, with warnings about changes."""
    parts = [mol] if len(Chem.GetMolFrags(mol)) == 1 else list(Chem.GetMolFrags(mol, asMols=True))
    forms = [normal_form(part) for part in parts]
    if any(is_carbanion(atom) for form in forms for atom in form.GetAtoms()):
        raise InvalidObjectError(
            COLUMN, f"{shown(Chem.MolToSmiles(mol))} has a carbon anion: no organic molecule"
        )
    record = sort_out(forms) if len(forms) > 1 else Record((0,), {}, ())
    compound, warnings = _only([forms[i] for i in record.compounds], record)
    if not _has_carbon(compound):
        raise InvalidObjectError(COLUMN, _why_inorganic(compound, record))
    if any(_has_moved_protons(parts[i], forms[i]) for i in record.compounds):
        warnings.append("charges were neutralised by moving protons")
    return compound, warnings


def _only(forms: Sequence[Chem.Mol], record: Record) -> tuple[Chem.Mol, list[str]]:
    """Return the single compound among the candidate parts, with warnings.

    Raises:
        InvalidObjectError: if there are several; the error names them.
    """
    distinct = {write_groups(form): form for form in forms}
    compound, warnings = forms[0], []
    if record.left_out:
        names = ", ".join(name if n == 1 else f"{n} x {name}" for name, n in record.left_out.items())
        warnings.append(f"left out as counterion or solvent: {names}")
    if record.names and len(forms) == 1:
        warnings.append(f"the record holds counterions and solvents only: read as {record.names[0]}")
    if len(distinct) < len(forms):
        warnings.append(f"{len(forms)} copies of the compound are in the record: stored as one")
    if len(distinct) > 1:
        mixture = one_compound(list(distinct.values()))
        if mixture is None:
            raise InvalidObjectError(COLUMN, _why_several(list(distinct), record))
        compound, warning = mixture
        warnings.append(warning)
    return compound, warnings


def _why_several(texts: Sequence[str], record: Record) -> str:
    if record.names:
        names = ", ".join(dict.fromkeys(record.names))
        return (
            f"the record holds only usual counterions and solvents ({names}): send the one that was measured"
        )
    parts = ", ".join(shown(text) for text in texts[:MOST_SHOWN]) + (", ..." if texts[MOST_SHOWN:] else "")
    return (
        f"the record holds {len(texts)} compounds ({parts}) and none of them is a known "
        "counterion or solvent: send the one that was measured"
    )


def _why_inorganic(compound: Chem.Mol, record: Record) -> str:
    text = shown(Chem.MolToSmiles(compound))
    others = ", ".join(record.left_out)
    return (
        f"{text} contains no carbon, and all else in the record is a usual counterion or solvent "
        f"({others}): send the compound that was measured alone"
    )


def _has_carbon(mol: Chem.Mol) -> bool:
    return any(atom.GetAtomicNum() == CARBON for atom in mol.GetAtoms())


def _has_moved_protons(part: Chem.Mol, form: Chem.Mol) -> bool:
    if form is part:
        return False
    before, after = (
        Counter((a.GetAtomicNum(), a.GetTotalNumHs()) for a in mol.GetAtoms()) for mol in (part, form)
    )
    return before != after


def _said_after(text: str, mol: Chem.Mol) -> list[str]:
    """Return warnings about the words or the CXSMILES extension after a SMILES."""
    rest = " ".join(text.split()[1:])
    if rest.startswith("|"):
        is_lost = _MIXTURE.search(rest) and not mol.GetStereoGroups()
        warning = (
            "said to be a mixture of stereoisomers, but not of which of its stereocentres: stored as drawn"
        )
        return [warning] if is_lost else []
    return [f"{shown(rest)} after the SMILES was read as a name"] if rest else []


def _kept(compound: Chem.Mol) -> list[str]:
    warnings = []
    if any(atom.GetIsotope() for atom in compound.GetAtoms()):
        warnings.append("isotopes are kept: the labelled compound is another object than the unlabelled one")
    if charge := Chem.GetFormalCharge(compound):
        warnings.append(f"stored as an ion of charge {charge:+d}, which no proton neutralises")
    return warnings
