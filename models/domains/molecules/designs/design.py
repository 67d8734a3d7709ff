"""A design: one part that every molecule has, and what may stand at each of its places. Torch-free.

The kept part is one fragment whatever its size, and the bond at a place is always a bond between fragments. A
listed substituent is one fragment with one place; any other is a tree of the campaign's fragments. Knows no
vocabulary and no state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.stereo import flat
from models.domains.molecules.designs.marked import MarkedStructure, MarkedStructureError, capped
from models.domains.molecules.fragments.fragmentation import canonical_core
from models.domains.molecules.fragments.fragments import Fragment
from models.domains.molecules.fragments.rules import RULES
from models.domains.molecules.fragments.symmetry import MAX_PERMUTATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.fragments.rules import RulesName

HYDROGEN = frozenset({"H", "[H]", "[*][H]", "*[H]", "[H][*]", "[H]*"})
"""Spellings of an unsubstituted place."""
_MOST_IMAGES = 4096
_RADON = 86
"""Elements from here on stand for places while symmetries are searched."""

_FURTHER_PAIRS = frozenset(
    pair
    for left, rights in {
        "amine": ("acyl", "sulfonyl"),
        "lactam": ("acyl", "sulfonyl", "alkyl"),
        "ether": ("acyl",),
        "alkyl": ("alkyl", "ring_alkyl", "acyl"),
    }.items()
    for right in rights
    for pair in ((left, right), (right, left))
)
"""Bonds that a kept part may have beside those between fragments: amides, esters, sulfonamides."""


@dataclass(frozen=True, slots=True)
class Position:
    """One place of the kept part: its number, and the substituents that may stand there.

    `groups` are indices of the design's listed substituents; None means trees of the campaign's fragments.
    """

    label: str
    groups: tuple[int, ...] | None
    may_stay_open: bool


@dataclass(frozen=True, slots=True)
class Linker:
    """How large a linker may be, without the ends."""

    min_fragments: int
    max_fragments: int
    max_atoms: int


@dataclass(frozen=True, slots=True)
class Design:
    """The kept part with its positions in the order of its sites, and the listed substituents.

    With a `linker`, the kept part is one end, and the only listed substituent the other.
    """

    root: Fragment
    root_structure: MarkedStructure
    positions: tuple[Position, ...]
    groups: tuple[Fragment, ...]
    group_structures: tuple[MarkedStructure, ...]
    linker: Linker | None = None

    @property
    def uses_vocabulary(self) -> bool:
        """Whether the campaign's fragments are needed beside the listed substituents."""
        return self.linker is not None or any(position.groups is None for position in self.positions)

    def max_nodes(self, max_fragments: int) -> int:
        """Return the most fragments of one molecule, given the most beside the kept part."""
        if self.linker is not None:
            return self.linker.max_fragments + 2
        n_filled = max_fragments if self.uses_vocabulary else len(self.positions)
        return 1 + n_filled


def fixed_fragment(
    structure: MarkedStructure, rules: RulesName, permutations: Sequence[tuple[int, ...]] | None = None
) -> Fragment:
    """Return the fragment of a structure whose places are its sites, which nothing else may use."""
    core = flat(capped(structure))
    text, order = canonical_core(core)
    kinds = RULES[rules].kinds(core)
    kept = [
        atom.GetIdx() for atom in structure.mol.GetAtoms() if atom.GetAtomicNum()
    ]  # capping keeps the order
    bonded = [structure.mol.GetAtomWithIdx(mark.star).GetNeighbors()[0].GetIdx() for mark in structure.marks]
    sites = [kept.index(atom) for atom in bonded]
    return Fragment(
        core=text,
        heavy_atoms=core.GetNumHeavyAtoms(),
        atoms=tuple(order.index(site) for site in sites),
        environments=tuple(_environment(core.GetAtomWithIdx(site), kinds[site]) for site in sites),
        carbon_only=(False,) * len(sites),
        permutations=tuple(permutations or [tuple(range(len(sites)))]),
        required=0,
        countable=(False,) * len(sites),
        alike=tuple(range(len(sites))),
        rules=rules,
    )


def _environment(atom: Chem.Atom, kind: str | None) -> str:
    """Return an atom's environment, or the one that bonds most like it where fragments are never bonded."""
    if kind is not None:
        return kind
    symbol = atom.GetSymbol()
    by_element = {"N": "lactam", "O": "ether", "S": "thioether"}
    return by_element.get(
        symbol, "aromatic" if atom.GetHybridization() != Chem.HybridizationType.SP3 else "alkyl"
    )


def refuses_hydrogen(fragment: Fragment, site: int) -> bool:
    """Return whether a site must be used: aldehydes and sulfinates are reactive."""
    return fragment.environments[site] in RULES[fragment.rules].never_open


def may_bond(design: Design, site: int, environment: str, *, carbon_only: bool) -> bool:
    """Return whether a position without a list takes a fragment by a site of this environment."""
    own, rules = design.root.environments[site], RULES[design.root.rules]
    pair = (own, environment)
    if pair not in rules.pairs and pair not in _FURTHER_PAIRS:
        return False
    refuses = own in rules.sp3_carbon and _holds_heteroatom(design, site)
    return not ((refuses and environment in rules.hetero) or (carbon_only and own in rules.hetero))


def _holds_heteroatom(design: Design, site: int) -> bool:
    """Return whether a saturated carbon has a heteroatom, or shares the atom with a further position."""
    structure = design.root_structure
    star = structure.mol.GetAtomWithIdx(structure.marks[site].star)
    atom = star.GetNeighbors()[0]
    others = [item for item in atom.GetNeighbors() if item.GetIdx() != star.GetIdx()]
    return any(item.GetAtomicNum() != 6 for item in others)  # noqa: PLR2004 - carbon; a [*] counts as well


def site_permutations(structure: MarkedStructure, rules: Mapping[int, object]) -> tuple[tuple[int, ...], ...]:
    """Return the symmetries of a kept part that exchange positions of equal rules, the identity first.

    Raises:
        MarkedStructureError: if there are too many.
    """
    kinds = list(dict.fromkeys(rules[site] for site in range(len(structure.marks))))
    marked = Chem.RWMol(structure.mol)
    for site, mark in enumerate(structure.marks):
        star = marked.GetAtomWithIdx(mark.star)
        star.SetIsotope(0)
        star.SetAtomicNum(_RADON + kinds.index(rules[site]))
        star.SetNoImplicit(True)
    site_of = {mark.star: site for site, mark in enumerate(structure.marks)}
    images = marked.GetSubstructMatches(marked, uniquify=False, useChirality=True, maxMatches=_MOST_IMAGES)
    same = [
        image
        for image in images
        if all(
            marked.GetAtomWithIdx(there).GetTotalNumHs() == marked.GetAtomWithIdx(here).GetTotalNumHs()
            and marked.GetAtomWithIdx(there).GetFormalCharge()
            == marked.GetAtomWithIdx(here).GetFormalCharge()
            for here, there in enumerate(image)
        )
    ]
    found = {tuple(site_of[image[mark.star]] for mark in structure.marks) for image in same}
    found.add(tuple(range(len(structure.marks))))
    if len(images) == _MOST_IMAGES or len(found) > MAX_PERMUTATIONS:
        raise MarkedStructureError(
            f"{structure.text} is too symmetric: give positions that stand for each other different lists, "
            "or mark fewer"
        )
    return tuple(sorted(found))


def joins_end(design: Design, kind: int) -> bool:
    """Return whether the second end of a linker is bonded to sites of this class of fragments."""
    rules = RULES[design.root.rules]
    environment, refuses = rules.names[kind // 2], kind % 2 == 1
    end = design.groups[0].environments[0]
    pair = (environment, end)
    return (pair in rules.pairs or pair in _FURTHER_PAIRS) and not (refuses and end in rules.hetero)
