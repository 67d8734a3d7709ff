"""Named counterions and solvents (acids, bases, metal ions) that occur beside a compound. Torch-free.

A listed part is recognised in every protonation state, configuration and isotopic form. A part that is not
listed is never a counterion, however small it is.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem

from models.domains.molecules.chemistry.normal_form import normal_form, unlabelled
from models.domains.molecules.chemistry.stereo import flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = "counterions.csv"
ORDER = {"inorganic": 0, "solvent": 1, "simple acid": 2, "organic acid": 3, "organic base": 3}
"""Kinds by increasing likelihood of being the compound in a record of listed parts only."""


class Counterion(NamedTuple):
    """One entry of the list."""

    kind: str
    name: str


class Record(NamedTuple):
    """The parts of a record: indices of the possible compounds, and counts of the other, removed parts."""

    compounds: tuple[int, ...]
    left_out: Mapping[str, int]
    names: tuple[str, ...]
    """Names of the compounds in a record of listed parts only, one of which must be the compound."""


def sort_out(parts: Sequence[Chem.Mol]) -> Record:
    """Split parts, in their normal forms, into the compound and its counterions.

    Where every part is listed, those of the kind that comes last in `ORDER` are the compound.
    """
    listed = [counterion(part) for part in parts]
    orders = [len(ORDER) if entry is None else ORDER[entry.kind] for entry in listed]
    kept = tuple(index for index, order in enumerate(orders) if order == max(orders))
    left_out = Counter(entry.name for entry, order in zip(listed, orders, strict=True) if entry and order < max(orders))
    return Record(kept, left_out, tuple(entry.name for index in kept if (entry := listed[index])))


def counterion(part: Chem.Mol) -> Counterion | None:
    """Return the entry of a part in its normal form, or None if it is not listed."""
    if part.GetNumAtoms() == 1 and part.GetAtomWithIdx(0).GetSymbol() in metals():
        return metals()[part.GetAtomWithIdx(0).GetSymbol()]
    plain = unlabelled(part)
    return _entries().get(Chem.MolToSmiles(plain)) or _entries().get(Chem.MolToSmiles(flat(plain)))


@cache
def metals() -> Mapping[str, Counterion]:
    """Return the listed metals by symbol."""
    atoms = [(mol.GetAtomWithIdx(0), entry) for mol, entry in _read() if mol.GetNumAtoms() == 1]
    return {atom.GetSymbol(): entry for atom, entry in atoms if atom.GetFormalCharge() > 0 and atom.GetAtomicNum() > 1}


@cache
def _entries() -> Mapping[str, Counterion]:
    forms = [(normal_form(mol), entry) for mol, entry in _read()]
    without = {Chem.MolToSmiles(flat(form)): entry for form, entry in reversed(forms)}
    return without | {Chem.MolToSmiles(form): entry for form, entry in forms}


@cache
def _read() -> tuple[tuple[Chem.Mol, Counterion], ...]:
    rows = csv.DictReader((files(__package__) / FILE).read_text().splitlines())
    return tuple((Chem.MolFromSmiles(row["smiles"]), Counterion(row["kind"], row["name"])) for row in rows)
