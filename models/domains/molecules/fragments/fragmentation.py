"""Fragmentation of molecules by the rules of a campaign. Torch-free; see `rules` for what is cut."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens
from models.domains.molecules.chemistry.stereo import flat
from models.domains.molecules.fragments.configuration import (
    Centre,
    has_configuration,
    read_configuration,
)
from models.domains.molecules.fragments.rules import RULES, RulesName


@dataclass(frozen=True, slots=True)
class Join:
    """A bond between two pieces; atoms are numbered as in the canonical SMILES of their piece."""

    left: int
    left_atom: int
    right: int
    right_atom: int


@dataclass(frozen=True, slots=True)
class Pieces:
    """The fragments of a molecule: hydrogen-capped cores (canonical SMILES) and their bonds.

    `centres` are those of each core, with their configuration as their joins come in `joins`: unlike a
    fragment's, it is not settled for centres with several. `members` are the molecule's atoms in the order of
    each core's atoms.
    """

    cores: tuple[str, ...]
    joins: tuple[Join, ...]
    centres: tuple[tuple[Centre, ...], ...] = field(compare=False)
    members: tuple[tuple[int, ...], ...] = field(compare=False)

    def uses(self) -> list[Counter[int]]:
        """Return how many bonds hold each atom of every core."""
        used: list[Counter[int]] = [Counter() for _ in self.cores]
        for join in self.joins:
            used[join.left][join.left_atom] += 1
            used[join.right][join.right_atom] += 1
        return used


@lru_cache(maxsize=20_000)
def cut(text: str, rules: RulesName = "brics") -> Pieces:
    """Return the pieces of a molecule, with the configuration of centres where the rules keep it."""
    return pieces_between(text, RULES[rules].cut_bonds(flat(molecule(text))), rules)


def pieces_between(text: str, bonds: list[tuple[int, int]], rules: RulesName) -> Pieces:
    """Return the pieces between bonds, whatever the rules say of these; joins come in the order of bonds."""
    mol = flat(molecule(text))
    parts: list[tuple[int, ...]] = []
    cores = [canonical_core(core) for core in _parted(mol, bonds, parts)]
    site_of = {
        atom: (piece, order.index(position))
        for piece, (members, (_, order)) in enumerate(zip(parts, cores, strict=True))
        for position, atom in enumerate(members)
    }
    members = tuple(
        tuple(atoms[place] for place in order) for atoms, (_, order) in zip(parts, cores, strict=True)
    )
    joins = tuple(Join(*site_of[left], *site_of[right]) for left, right in bonds)
    found = _centres(molecule(text), bonds, site_of) if RULES[rules].has_stereo else {}
    centres = tuple(tuple(sorted(found.get(piece, ()))) for piece in range(len(cores)))
    return Pieces(tuple(core for core, _ in cores), joins, centres, members)


def canonical_core(mol: Chem.Mol) -> tuple[str, list[int]]:
    """Return a core's canonical SMILES and, for each atom of that SMILES in order, its index in `mol`."""
    text = Chem.MolToSmiles(mol)
    order = list(mol.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"])
    again = Chem.MolToSmiles(molecule(text))
    if again == text:
        return text, order
    second = list(
        molecule(text).GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    )
    return again, [order[index] for index in second]


def _parted(
    mol: Chem.Mol, bonds: list[tuple[int, int]], parts: list[tuple[int, ...]]
) -> tuple[Chem.Mol, ...]:
    editable = Chem.RWMol(mol)
    for left, right in bonds:
        editable.RemoveBond(left, right)
        add_hydrogens((editable.GetAtomWithIdx(left), editable.GetAtomWithIdx(right)), 1)
    # The mapping argument is filled in place.
    return tuple(
        Chem.GetMolFrags(editable.GetMol(), asMols=True, sanitizeFrags=True, fragsMolAtomMapping=parts)
    )


def _centres(
    mol: Chem.Mol, bonds: list[tuple[int, int]], site_of: dict[int, tuple[int, int]]
) -> dict[int, list[Centre]]:
    """Return the centres of each piece."""
    joined: dict[int, list[int]] = defaultdict(list)
    for left, right in bonds:
        joined[left].append(right)
        joined[right].append(left)
    result: dict[int, list[Centre]] = defaultdict(list)
    for atom in filter(has_configuration, mol.GetAtoms()):
        index = atom.GetIdx()
        piece, place = site_of[index]
        others = [other.GetIdx() for other in atom.GetNeighbors() if other.GetIdx() not in joined[index]]
        order = [*sorted(others, key=lambda other: site_of[other][1]), *joined[index]]
        result[piece].append(Centre(place, len(joined[index]), read_configuration(atom, order)))
    return result
