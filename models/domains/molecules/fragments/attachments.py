"""Fragments as SMILES with [*] where a bond may be made: read and written. Torch-free.

A fragment without [*] is a substituent, attached by its first atom that has a hydrogen: `F`, `OC`, `C#N`.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import NamedTuple

from rdkit import Chem, rdBase

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens, normal_form
from models.domains.molecules.chemistry.stereo import flat
from models.domains.molecules.fragments.configuration import (
    Centre,
    core_neighbours,
    has_configuration,
    read_configuration,
    write_configuration,
)
from models.domains.molecules.fragments.fragmentation import canonical_core
from models.domains.molecules.limits import MAX_FRAGMENT_LENGTH, MAX_HEAVY_ATOMS


class InvalidFragmentError(ValueError):
    """A text is no fragment that could be part of exactly one tree."""


class OpenCore(NamedTuple):
    """A core (canonical SMILES without configuration), its sites per atom, and its centres."""

    core: str
    sites: Counter[int]
    centres: tuple[Centre, ...] = ()


def read_attachments(text: str) -> tuple[str, Counter[int]]:
    """Return the core of a fragment SMILES and how many [*] each of the core's atoms has.

    Raises:
        InvalidFragmentError: if the text is no connected SMILES whose [*] are single bonds at the end of
            chains.
    """
    core, sites, _ = read_fragment(text)
    return core, sites


def read_fragment(text: str, *, is_substituent: bool = False) -> OpenCore:
    """Return the core of a fragment SMILES, its sites and the configuration of its centres.

    Args:
        text: SMILES with [*].
        is_substituent: whether a text without [*] is attached by its first atom that has a hydrogen.

    Raises:
        InvalidFragmentError: see `read_attachments`.
    """
    mol = _labelled(text)
    stars = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    _check(text, mol, stars)
    kept = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() != 0]
    editable = Chem.RWMol(flat(mol))
    neighbours = [star.GetNeighbors()[0].GetIdx() for star in stars]
    add_hydrogens((editable.GetAtomWithIdx(index) for index in neighbours), 1)
    for index in sorted((star.GetIdx() for star in stars), reverse=True):
        editable.RemoveAtom(index)
    Chem.SanitizeMol(editable)
    core, order = canonical_core(editable.GetMol())
    place = {kept[index]: slot for slot, index in enumerate(order)}
    sites = Counter(place[index] for index in neighbours)
    if not stars and is_substituent:
        first = next((a.GetIdx() for a in mol.GetAtoms() if a.GetTotalNumHs()), None)
        if first is None:
            raise InvalidFragmentError(f"fragment {text!r} has no hydrogen in whose place it is attached")
        sites = Counter([place[first]])
    return OpenCore(core, sites, _read_centres(mol, place))


def write_attachments(core: str, sites: Counter[int], centres: tuple[Centre, ...] = ()) -> str:
    """Return the canonical SMILES of a core with [*] on its atoms: the inverse of `read_attachments`.

    Where it has centres, the [*] are numbered.
    """
    editable = Chem.RWMol(molecule(core))
    held: dict[int, list[int]] = {}
    numbers = count(1)
    for atom, n in sorted(sites.items()):
        add_hydrogens([editable.GetAtomWithIdx(atom)] * n, -1)
        for _ in range(n):
            star = Chem.Atom(0)
            star.SetIsotope(next(numbers) if centres else 0)
            held.setdefault(atom, []).append(editable.AddAtom(star))
            editable.AddBond(atom, held[atom][-1], Chem.BondType.SINGLE)
    Chem.SanitizeMol(editable)
    for centre in centres:
        order = [*core_neighbours(core, centre.atom), *held.get(centre.atom, [])]
        atom = editable.GetAtomWithIdx(centre.atom)
        write_configuration(atom, order, is_counter_clockwise=centre.is_counter_clockwise)
    return Chem.MolToSmiles(editable)


def _labelled(text: str) -> Chem.Mol:
    """Return the molecule of a fragment SMILES with numbered [*], so that those of one centre differ."""
    if len(text) > MAX_FRAGMENT_LENGTH:
        shown = f"{text[:40]}..."
        raise InvalidFragmentError(
            f"fragment {shown!r} has {len(text)} characters; at most {MAX_FRAGMENT_LENGTH} are read"
        )
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text, sanitize=False)
        if mol is None or mol.GetNumAtoms() == 0:
            raise InvalidFragmentError(f"fragment {text!r} is not a valid SMILES")
        for number, atom in enumerate(mol.GetAtoms(), 1):
            if atom.GetAtomicNum() == 0:
                atom.SetIsotope(number)
                atom.SetAtomMapNum(0)
        try:
            Chem.SanitizeMol(mol)
            mol = Chem.RemoveHs(mol)
            Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
            mol = normal_form(mol)
        except ValueError as error:
            raise InvalidFragmentError(f"fragment {text!r} is not a valid SMILES") from error
    if mol.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        heavy = mol.GetNumHeavyAtoms()
        raise InvalidFragmentError(
            f"fragment {text!r} has {heavy} heavy atoms; a molecule has at most {MAX_HEAVY_ATOMS}"
        )
    return mol


def _check(text: str, mol: Chem.Mol, stars: list[Chem.Atom]) -> None:
    if any(
        star.GetDegree() != 1 or star.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE for star in stars
    ):
        raise InvalidFragmentError(f"fragment {text!r}: every [*] must end one single bond")
    if len(stars) == mol.GetNumAtoms() or len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidFragmentError(f"fragment {text!r} must be one connected piece with at least one atom")


def _read_centres(mol: Chem.Mol, place: dict[int, int]) -> tuple[Centre, ...]:
    centres = []
    for atom in filter(has_configuration, mol.GetAtoms()):
        around = [other.GetIdx() for other in atom.GetNeighbors()]
        inside = sorted((other for other in around if other in place), key=lambda other: place[other])
        stars = sorted(other for other in around if other not in place)
        is_counter_clockwise = len(stars) > 1 or read_configuration(atom, [*inside, *stars])
        centres.append(Centre(place[atom.GetIdx()], len(stars), is_counter_clockwise))
    return tuple(sorted(centres))
