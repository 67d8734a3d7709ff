"""One fragment: a core, its attachment sites, and the symmetries between sites. Torch-free.

Knows the fragmentation rules, but neither a vocabulary nor a tree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import CARBON
from models.domains.molecules.fragments.attachments import (
    InvalidFragmentError,
    OpenCore,
    read_attachments,
    write_attachments,
)
from models.domains.molecules.fragments.rules import BRICS, Rules, RulesName
from models.domains.molecules.fragments.symmetry import atom_group, automorphisms, closed, site_group

if TYPE_CHECKING:
    from models.domains.molecules.fragments.configuration import Centre

__all__ = [
    "Fragment",
    "InvalidFragmentError",
    "automorphisms",
    "closed",
    "compile_open_core",
    "read_attachments",
    "write_attachments",
]

MAX_SITES_PER_ATOM = {"brics": 3, "units": 4}
MAX_REQUIRED = 6
"""Most sites of one fragment that must be used."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A hydrogen-capped core with its sites; a site that is not used is a hydrogen.

    An atom that may take several bonds has several sites. `permutations` is the core's automorphism group
    acting on the sites, the identity first, up to exchanges of sites that `alike` gives one number. Sites
    that the group maps onto one another form an orbit, named by its first site. At least `required` of the
    `countable` sites must be used in a finished molecule. `centres` keep their configuration.
    """

    core: str
    heavy_atoms: int
    atoms: tuple[int, ...]
    environments: tuple[str, ...]
    carbon_only: tuple[bool, ...]
    permutations: tuple[tuple[int, ...], ...]
    required: int
    countable: tuple[bool, ...]
    alike: tuple[int, ...]
    centres: tuple[Centre, ...] = ()
    rules: RulesName = "brics"

    @property
    def orbits(self) -> tuple[int, ...]:
        """The first site of each site's orbit."""
        images = zip(*self.permutations, strict=True)
        return tuple(min(self.alike[site] for site in orbit) for orbit in images)

    @property
    def sites(self) -> Counter[int]:
        """How many sites each atom has."""
        return Counter(self.atoms)


def compile_open_core(opened: OpenCore, rules: Rules = BRICS) -> list[Fragment]:
    """Return the fragment of a core with these sites; two where its ends exclude each other.

    Raises:
        InvalidFragmentError: if a site can never be used, would make a bond inside the core one that is cut,
            or sites or symmetries are too many.
    """
    parts = _split_variants(opened.core, opened.sites, rules)
    fragments = [_compile(opened._replace(sites=part), rules) for part in parts]
    return [
        # Another variant already stands for the bare core.
        replace(f, required=1, countable=(True,) * len(f.atoms)) if index and not f.required else f
        for index, f in enumerate(fragments)
    ]


def required_sites(core: str, rules: Rules = BRICS) -> Counter[int]:
    """Return required bonds of atoms: a lone atom is no molecule, and acyl keeps no hydrogen."""
    mol = molecule(core)
    if mol.GetNumAtoms() == 1:
        return Counter({0: rules.uses_of_lone_atom})
    kinds = rules.kinds(mol)
    hydrogens = {
        atom.GetIdx(): atom.GetTotalNumHs()
        for atom in mol.GetAtoms()
        if kinds[atom.GetIdx()] in rules.never_open
    }
    return +Counter(hydrogens)


def _split_variants(core: str, sites: Counter[int], rules: Rules) -> list[Counter[int]]:
    """Return the sites in groups that may be used together: ends of a two-atom core exclude each other."""
    mol = molecule(core)
    for bond in rules.cuttable_bonds(mol):
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        if rules.keeps_ends and mol.GetNumAtoms() == 2:  # noqa: PLR2004 - one bond
            return [part for end in ends if (part := Counter({end.GetIdx(): sites[end.GetIdx()]})).total()]
        if not rules.keeps_ends or all(end.GetDegree() > 1 or sites[end.GetIdx()] for end in ends):
            text = write_attachments(core, sites)
            raise InvalidFragmentError(f"fragment {text!r} would itself be cut; give its parts instead")
    return [sites]


def _compile(opened: OpenCore, rules: Rules) -> Fragment:
    core, sites, centres = opened
    mol = molecule(core)
    kinds = rules.kinds(mol)
    atoms = tuple(chain.from_iterable([atom] * sites[atom] for atom in sorted(sites)))
    if any(kinds[atom] is None for atom in atoms):
        raise InvalidFragmentError(
            f"fragment {core!r} has a [*] on an atom where no bond is ever cut or made"
        )
    if len(atoms) > rules.max_sites or (sites and max(sites.values()) > MAX_SITES_PER_ATOM[rules.name]):
        raise InvalidFragmentError(
            f"fragment {core!r} has more than {rules.max_sites} sites, or too many on one atom"
        )
    required, countable = _requirements(opened, atoms, rules)
    is_plain = rules is BRICS
    group = site_group(core, atoms) if is_plain else atom_group(core, atoms, centres)
    separate = set(atoms) if is_plain else {centre.atom for centre in centres}
    return Fragment(
        core=core,
        heavy_atoms=mol.GetNumHeavyAtoms(),
        atoms=atoms,
        environments=tuple(kinds[atom] or "" for atom in atoms),
        carbon_only=tuple(
            kinds[atom] in rules.sp3_carbon and _refuses_heteroatoms(mol, atom) for atom in atoms
        ),
        permutations=group,
        required=required,
        countable=countable,
        alike=tuple(site if atom in separate else atoms.index(atom) for site, atom in enumerate(atoms)),
        centres=centres,
        rules=rules.name,
    )


def _requirements(opened: OpenCore, atoms: tuple[int, ...], rules: Rules) -> tuple[int, tuple[bool, ...]]:
    """Return how many sites must be used, and which of the sites [S] count."""
    core, sites, centres = opened
    needs = required_sites(core, rules) | Counter({centre.atom: centre.n_sites for centre in centres})
    if any(sites[atom] < count for atom, count in needs.items()):
        raise InvalidFragmentError(f"fragment {core!r} lacks a [*] on an atom that must be substituted")
    has_choice = len(needs) > 1 and any(sites[atom] != count for atom, count in needs.items())
    if has_choice or (rules is BRICS and len(needs) > 1):
        raise InvalidFragmentError(f"fragment {core!r} lacks a [*] on an atom that must be substituted")
    if any(sites[centre.atom] != centre.n_sites for centre in centres) or needs.total() > MAX_REQUIRED:
        raise InvalidFragmentError(f"fragment {core!r} has too many sites that must be substituted")
    return needs.total(), tuple(atom in +needs for atom in atoms)


def _refuses_heteroatoms(mol: Chem.Mol, atom: int) -> bool:
    """Return whether a second heteroatom would make an aminal, acetal, aminonitrile or cyanohydrin."""
    neighbours = mol.GetAtomWithIdx(atom).GetNeighbors()
    return any(
        neighbour.GetAtomicNum() != CARBON or neighbour.GetHybridization() == Chem.HybridizationType.SP
        for neighbour in neighbours
    )
