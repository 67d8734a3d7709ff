"""How a molecule consists of a design's parts: every way to find the kept part and its substituents in it.

A molecule may hold the kept part twice, or equal substituents at places with different lists, and then has
several. Torch-free; knows no vocabulary.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem

from models.domains.molecules.chemistry.matching import TooComplexError, matches
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.stereo import flat
from models.domains.molecules.designs.marked import MarkedStructure, capped
from models.domains.molecules.fragments.fragmentation import Pieces, pieces_between
from models.domains.molecules.fragments.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.fragments.rules import RulesName

ROOT = -1
_MOST_MATCHES = 2_000


class Decomposition(NamedTuple):
    """Pieces of a molecule, and which of them are parts of the design.

    `parts` names pieces by their index: the kept one `ROOT`, others the index of a listed substituent.
    `sites` are the sites of such a piece by its atoms, in the order of the joins there.
    """

    pieces: Pieces
    parts: Mapping[int, int]
    sites: Mapping[int, Mapping[int, tuple[int, ...]]]


class _Fixed(NamedTuple):
    """A part that is found as a whole: its atoms, and the bonds of its sites to atoms outside."""

    part: int
    atoms: frozenset[int]
    bonds: Mapping[int, tuple[int, int]]  # site -> atom inside, atom outside


def decompositions(text: str, design: Design) -> list[Decomposition]:
    """Return every way in which a molecule is one of the design, also those that a symmetry relates."""
    mol, rules = flat(molecule(text)), design.root.rules
    found: list[Decomposition] = []
    for root in _placed(mol, design.root_structure, ROOT):
        if design.linker is None:
            fillings = [(root, *chosen) for chosen in _filled(mol, design, root)]
            found += [_assembled(text, parts, rules) for parts in fillings]
        else:
            ends = _placed(mol, design.group_structures[0], 0)
            found += [_assembled(text, (root, end), rules) for end in ends if _are_apart(root, end)]
    return found


def _placed(mol: Chem.Mol, structure: MarkedStructure, part: int) -> Iterator[_Fixed]:
    """Yield every place of a structure in a molecule, nothing else than whose sites has bonds outside."""
    core = flat(capped(structure))
    kept = [atom.GetIdx() for atom in structure.mol.GetAtoms() if atom.GetAtomicNum()]
    owner = [structure.mol.GetAtomWithIdx(mark.star).GetNeighbors()[0].GetIdx() for mark in structure.marks]
    sites: dict[int, list[int]] = {}
    for site, atom in enumerate(owner):
        sites.setdefault(kept.index(atom), []).append(site)
    try:
        images = matches(mol, core, _MOST_MATCHES)
    except TooComplexError:
        return
    for image in images:
        outside = {index: _outside(mol, atom, image) for index, atom in enumerate(image)}
        used = {index: list(others) for index, others in outside.items() if others}
        if any(len(others) > len(sites.get(index, ())) for index, others in used.items()):
            continue
        if any(
            not _may_be_cut(mol, image[index], other) for index, others in used.items() for other in others
        ):
            continue
        options = [
            [list(zip(chosen, others, strict=True)) for chosen in permutations(sites[index], len(others))]
            for index, others in used.items()
        ]
        for choice in product(*options):
            pairs = [pair for one in choice for pair in one]
            bonds = {site: (image[kept.index(owner[site])], other) for site, other in pairs}
            yield _Fixed(part, frozenset(image), bonds)


def _outside(mol: Chem.Mol, atom: int, image: Sequence[int]) -> list[int]:
    return [item.GetIdx() for item in mol.GetAtomWithIdx(atom).GetNeighbors() if item.GetIdx() not in image]


def _may_be_cut(mol: Chem.Mol, inside: int, outside: int) -> bool:
    bond = mol.GetBondBetweenAtoms(inside, outside)
    return bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()


def _are_apart(root: _Fixed, end: _Fixed) -> bool:
    return not root.atoms & end.atoms and len(root.bonds) == len(end.bonds) == 1


def _filled(mol: Chem.Mol, design: Design, root: _Fixed) -> Iterator[tuple[_Fixed, ...]]:
    """Yield the listed substituents at the positions of one placed scaffold, by every name they have."""
    by_text: dict[str, list[int]] = {}
    for index, structure in enumerate(design.group_structures):
        by_text.setdefault(_plain_text(structure.mol), []).append(index)
    listed = []
    for site, (inside, outside) in root.bonds.items():
        groups = design.positions[site].groups
        if groups is not None:
            atoms = _beyond(mol, outside, root.atoms)
            named = by_text.get(_substituent(mol, inside, outside, atoms), [])
            listed.append([_Fixed(g, atoms, {0: (outside, inside)}) for g in named if g in groups])
    yield from product(*listed)


def _beyond(mol: Chem.Mol, start: int, closed: frozenset[int]) -> frozenset[int]:
    """Return the atoms that are reached from one without passing through others."""
    reached, waiting = {start}, [start]
    while waiting:
        for item in mol.GetAtomWithIdx(waiting.pop()).GetNeighbors():
            if item.GetIdx() not in reached and item.GetIdx() not in closed:
                reached.add(item.GetIdx())
                waiting.append(item.GetIdx())
    return frozenset(reached)


def _substituent(mol: Chem.Mol, inside: int, outside: int, atoms: frozenset[int]) -> str:
    """Return the text of a substituent with [1*] in place of the atom that holds it."""
    editable = Chem.RWMol(mol)
    star = Chem.Atom(0)
    star.SetIsotope(1)
    editable.RemoveBond(inside, outside)
    editable.AddBond(outside, editable.AddAtom(star), Chem.BondType.SINGLE)
    for atom in sorted(set(range(mol.GetNumAtoms())) - atoms, reverse=True):
        editable.RemoveAtom(atom)
    return _plain_text(editable.GetMol())


def _plain_text(mol: Chem.Mol) -> str:
    text = Chem.MolToSmiles(flat(mol))
    read: Chem.Mol | None = Chem.MolFromSmiles(text)
    return text if read is None else str(Chem.MolToSmiles(read))


def _assembled(text: str, fixed: Sequence[_Fixed], rules: RulesName) -> Decomposition:
    """Return the pieces of a molecule around the placed parts, cut by the rules of fragments."""
    taken = {atom for one in fixed for atom in one.atoms}
    forced = sorted({(min(bond), max(bond)) for one in fixed for bond in one.bonds.values()})
    free = [pair for pair in RULES[rules].cut_bonds(flat(molecule(text))) if not taken.intersection(pair)]
    pieces = pieces_between(text, [*forced, *free], rules)
    parts: dict[int, int] = {}
    sites: dict[int, dict[int, tuple[int, ...]]] = {}
    for index, members in enumerate(pieces.members):
        one = next((item for item in fixed if item.atoms.issuperset(members)), None)
        if one is not None:
            parts[index] = one.part
            ordered = sorted(one.bonds, key=lambda site: forced.index(_ascending(one.bonds[site])))
            sites[index] = {
                place: tuple(site for site in ordered if one.bonds[site][0] == atom)
                for place, atom in enumerate(members)
            }
    return Decomposition(pieces, parts, sites)


def _ascending(bond: tuple[int, int]) -> tuple[int, int]:
    return min(bond), max(bond)


def position_bonds(text: str, design: Design) -> Mapping[int, tuple[int, int]] | None:
    """Return the bonds of the kept part by site, as (its atom, atom outside).

    None for a molecule that is not of the design.
    """
    mol = flat(molecule(text))
    for root in _placed(mol, design.root_structure, ROOT):
        if next(_filled(mol, design, root), None) is not None:
            return root.bonds
    return None


def link_bonds(text: str, design: Design) -> Mapping[int, tuple[int, int]] | None:
    """Return the bonds of the ends 1 and 2 to a linker, as (atom of the end, atom outside).

    None for a molecule without both ends, or with nothing between them.
    """
    mol = flat(molecule(text))
    for root in _placed(mol, design.root_structure, ROOT):
        for end in _placed(mol, design.group_structures[0], 0):
            if _are_apart(root, end):
                (first,), (second,) = root.bonds.values(), end.bonds.values()
                return None if first == second[::-1] else {1: first, 2: second}
    return None
