"""One fragment: a core, its attachment sites, and the symmetries between sites. Torch-free.

Knows the fragmentation rules, but neither a vocabulary nor a tree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, permutations, product
from threading import Lock

from cachetools import LRUCache, cached
from rdkit import Chem

from models.domains.molecules.chemistry.matching import TooComplexError, matches
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import CARBON, add_hydrogens, normal_form
from models.domains.molecules.chemistry.stereo import flat
from models.domains.molecules.fragments.fragmentation import (
    SP3_CARBON,
    canonical_core,
    cuttable_bonds,
    environments,
)
from models.domains.molecules.limits import MAX_FRAGMENT_LENGTH, MAX_HEAVY_ATOMS

MAX_SITES = 6
MAX_PERMUTATIONS = 12
MAX_SITES_PER_ATOM = 3
NEVER_OPEN = frozenset({"acyl", "sulfonyl"})
"""Environments that must not keep a hydrogen: aldehydes and sulfinates are reactive."""
_MAX_MATCHES = 4096
_KEPT_IMAGES = 2_000_000
"""Atoms of the cached symmetries."""


class InvalidFragmentError(ValueError):
    """A text is no fragment that could be part of exactly one tree."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A hydrogen-capped core with its sites; a site that is not used is a hydrogen.

    An atom that may take several bonds has several sites. `permutations` is the core's automorphism group
    acting on the sites, the identity first; sites that it maps onto one another form an orbit, named by its
    first site. At least `required` of the `countable` sites must be used in a finished molecule.
    """

    core: str
    heavy_atoms: int
    atoms: tuple[int, ...]
    environments: tuple[str, ...]
    carbon_only: tuple[bool, ...]
    permutations: tuple[tuple[int, ...], ...]
    required: int
    countable: tuple[bool, ...]

    @property
    def orbits(self) -> tuple[int, ...]:
        """The first site of each site's orbit."""
        return tuple(min(images) for images in zip(*self.permutations, strict=True))


def read_attachments(text: str) -> tuple[str, Counter[int]]:
    """Return the core of a fragment SMILES and how many [*] each of the core's atoms has.

    Raises:
        InvalidFragmentError: if the text is no connected SMILES whose [*] are single bonds at the end of
            chains.
    """
    if len(text) > MAX_FRAGMENT_LENGTH:
        shown = f"{text[:40]}..."
        raise InvalidFragmentError(
            f"fragment {shown!r} has {len(text)} characters; at most {MAX_FRAGMENT_LENGTH} are read"
        )
    try:
        mol = normal_form(flat(molecule(text)))
    except ValueError as error:
        raise InvalidFragmentError(f"fragment {text!r} is not a valid SMILES") from error
    if mol.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        heavy = mol.GetNumHeavyAtoms()
        raise InvalidFragmentError(
            f"fragment {text!r} has {heavy} heavy atoms; a molecule has at most {MAX_HEAVY_ATOMS}"
        )
    stars = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    if any(star.GetDegree() != 1 or star.GetBonds()[0].GetBondType() != Chem.BondType.SINGLE for star in stars):
        raise InvalidFragmentError(f"fragment {text!r}: every [*] must end one single bond")
    if len(stars) == mol.GetNumAtoms() or len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidFragmentError(f"fragment {text!r} must be one connected piece with at least one atom")
    editable = Chem.RWMol(mol)
    neighbours = [star.GetNeighbors()[0].GetIdx() for star in stars]
    add_hydrogens((editable.GetAtomWithIdx(index) for index in neighbours), 1)
    for star in stars:
        editable.GetAtomWithIdx(star.GetIdx()).SetIntProp("star", 1)
    for index in sorted((star.GetIdx() for star in stars), reverse=True):
        editable.RemoveAtom(index)
    Chem.SanitizeMol(editable)
    core, order = canonical_core(editable.GetMol())
    kept = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() != 0]
    counts = Counter(neighbours)
    return core, Counter({slot: counts[kept[index]] for slot, index in enumerate(order) if counts[kept[index]]})


def write_attachments(core: str, sites: Counter[int]) -> str:
    """Return the canonical SMILES of a core with [*] on its atoms: the inverse of `read_attachments`."""
    editable = Chem.RWMol(molecule(core))
    for atom, count in sorted(sites.items()):
        add_hydrogens([editable.GetAtomWithIdx(atom)] * count, -1)
        for _ in range(count):
            editable.AddBond(atom, editable.AddAtom(Chem.Atom(0)), Chem.BondType.SINGLE)
    Chem.SanitizeMol(editable)
    return Chem.MolToSmiles(editable)


def closed(core: str, sites: Counter[int]) -> Counter[int]:
    """Return the sites with equal numbers on symmetric atoms."""
    total: Counter[int] = Counter()
    for automorphism in automorphisms(core):
        for atom, count in sites.items():
            total[automorphism[atom]] = max(total[automorphism[atom]], count)
    return total


@cached(LRUCache(_KEPT_IMAGES, getsizeof=lambda images: sum(map(len, images)) + 10), lock=Lock())
def automorphisms(core: str) -> tuple[tuple[int, ...], ...]:
    """Return the symmetries of a core as images of its atoms.

    Raises:
        InvalidFragmentError: if there are too many to list, or their search takes too long.
    """
    mol = molecule(core)
    try:
        result = matches(mol, mol, _MAX_MATCHES)
    except TooComplexError as error:
        raise InvalidFragmentError(f"the symmetries of fragment {core[:80]!r} take too long to find") from error
    if len(result) == _MAX_MATCHES:
        raise InvalidFragmentError(f"fragment {core!r} is too symmetric")
    # Matching ignores hydrogens, so it would map an azole's NH to its N.
    kinds = [(atom.GetTotalNumHs(), atom.GetFormalCharge()) for atom in mol.GetAtoms()]
    return tuple(
        match for match in result if all(kinds[image] == kind for image, kind in zip(match, kinds, strict=True))
    )


def split_variants(core: str, sites: Counter[int]) -> list[Counter[int]]:
    """Return the sites in groups that may be used together: ends of a two-atom core exclude each other.

    Raises:
        InvalidFragmentError: if some site would make a bond inside the core one that is cut.
    """
    mol = molecule(core)
    for bond in cuttable_bonds(mol):
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        if mol.GetNumAtoms() == 2:  # noqa: PLR2004 - one bond
            return [part for end in ends if (part := Counter({end.GetIdx(): sites[end.GetIdx()]})).total()]
        if all(end.GetDegree() > 1 or sites[end.GetIdx()] for end in ends):
            text = write_attachments(core, sites)
            raise InvalidFragmentError(f"fragment {text!r} would itself be cut; give its parts instead")
    return [sites]


def required_sites(core: str) -> Counter[int]:
    """Return required bonds of atoms: a lone atom is no chain end, and acyl keeps no hydrogen."""
    mol = molecule(core)
    if mol.GetNumAtoms() == 1:
        return Counter({0: 2})
    kinds = environments(mol)
    hydrogens = {atom.GetIdx(): atom.GetTotalNumHs() for atom in mol.GetAtoms() if kinds[atom.GetIdx()] in NEVER_OPEN}
    return +Counter(hydrogens)


def compile_fragment(core: str, sites: Counter[int], *, needs_a_bond: bool = False) -> Fragment:
    """Return the fragment with these sites, which `closed` and `split_variants` have prepared.

    Args:
        core: Canonical SMILES.
        sites: Number of sites per atom of that SMILES.
        needs_a_bond: Whether another variant already stands for the bare core.

    Raises:
        InvalidFragmentError: if a site can never be used, or sites or symmetries are too many.
    """
    mol = molecule(core)
    kinds = environments(mol)
    atoms = tuple(chain.from_iterable([atom] * sites[atom] for atom in sorted(sites)))
    if any(kinds[atom] is None for atom in atoms):
        raise InvalidFragmentError(f"fragment {core!r} has a [*] on an atom where no bond is ever cut or made")
    if len(atoms) > MAX_SITES or (sites and max(sites.values()) > MAX_SITES_PER_ATOM):
        raise InvalidFragmentError(f"fragment {core!r} has more than {MAX_SITES} sites, or too many on one atom")
    needs = required_sites(core)
    if len(needs) > 1 or any(sites[atom] < count for atom, count in needs.items()):
        raise InvalidFragmentError(f"fragment {core!r} lacks a [*] on an atom that must be substituted")
    required, countable = needs.total(), tuple(atom in needs for atom in atoms)
    if needs_a_bond and required == 0:
        required, countable = 1, (True,) * len(atoms)
    return Fragment(
        core=core,
        heavy_atoms=mol.GetNumHeavyAtoms(),
        atoms=atoms,
        environments=tuple(kinds[atom] or "" for atom in atoms),
        carbon_only=tuple(kinds[atom] in SP3_CARBON and _refuses_heteroatoms(mol, atom) for atom in atoms),
        permutations=_site_group(core, atoms),
        required=required,
        countable=countable,
    )


def _refuses_heteroatoms(mol: Chem.Mol, atom: int) -> bool:
    """Return whether a second heteroatom would make an aminal, acetal, aminonitrile or cyanohydrin."""
    neighbours = mol.GetAtomWithIdx(atom).GetNeighbors()
    return any(
        neighbour.GetAtomicNum() != CARBON or neighbour.GetHybridization() == Chem.HybridizationType.SP
        for neighbour in neighbours
    )


def _site_group(core: str, atoms: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    by_atom = {atom: [site for site, owner in enumerate(atoms) if owner == atom] for atom in dict.fromkeys(atoms)}
    result = {tuple(range(len(atoms)))}
    for images in {tuple(automorphism[atom] for atom in by_atom) for automorphism in automorphisms(core)}:
        for choice in product(*(permutations(by_atom[image]) for image in images)):
            image_of = dict(zip(chain.from_iterable(by_atom.values()), chain.from_iterable(choice), strict=True))
            result.add(tuple(image_of[site] for site in range(len(atoms))))
            if len(result) > MAX_PERMUTATIONS:
                raise InvalidFragmentError(f"fragment {core!r} with these sites is too symmetric")
    return tuple(sorted(result))
