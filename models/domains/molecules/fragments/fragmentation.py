"""Fragmentation of molecules by modified BRICS rules, and which fragments may be joined. Torch-free.

The rules are BRICS (Degen et al., ChemMedChem 3, 1503, 2008, doi:10.1002/cmdc.200800178) with one change that
makes cutting the exact inverse of joining: whether a bond is cut depends only on its two atoms' own
environments (element, ring, multiple bonds, which a fragment keeps whatever is attached to it) and on neither
atom being the end of a chain. BRICS also depends on numbers of neighbours and on atoms beyond the bond.
Joining two BRICS fragments can therefore remove or create a cut elsewhere, and one molecule would have
several trees. Here every molecule has exactly one tree. Acyclic amides, esters and sulfonamides stay whole:
they are the stable unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.normal_form import add_hydrogens
from models.domains.molecules.chemistry.stereo import flat

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENTS: Mapping[str, str] = {
    "acyl": "[CX3;!R;+0]=[OX1]",  # BRICS L1, L6
    "alkyl": "[CX4;!R;+0]",  # L4, L8
    "ether": "[OX2;!R;+0]",  # L3
    "amine": "[NX3;!R;+0]",  # L5
    "lactam": "[NX3;R;+0;$(N@[#6]=,:*),$(N@[!#6])]",  # L10, and ring nitrogens next to a heteroatom
    "ring_amine": "[NX3;R;+0]",  # L5
    "thioether": "[SX2;!R;+0]",  # L11
    "sulfonyl": "[SX4;!R;+0](=[OX1])=[OX1]",  # L12
    "ring_alkyl": "[CX4;R;+0]",  # L13, L15
    "aromatic": "[c;+0]",  # L14, L16
    "azole": "[nX3;+0]",  # L9
}
"""SMARTS by name; an atom has the first that fits."""

_PARTNERS: Mapping[str, tuple[str, ...]] = {
    "aromatic": (
        *("aromatic", "azole", "ring_alkyl", "ring_amine", "lactam", "amine"),
        *("ether", "thioether", "sulfonyl", "acyl", "alkyl"),
    ),
    "ring_alkyl": (
        *("ring_alkyl", "azole", "ring_amine", "lactam", "amine"),
        *("ether", "thioether", "sulfonyl", "acyl", "alkyl"),
    ),
    "alkyl": ("azole", "ring_amine", "lactam", "amine", "ether", "thioether"),
    "acyl": ("ring_amine",),
    "sulfonyl": ("ring_amine",),
}

PAIRS = frozenset(
    pair for left, rights in _PARTNERS.items() for right in rights for pair in ((left, right), (right, left))
)
"""Environments between which a single bond outside rings is cut and may be made, in both directions."""

HETERO = frozenset({"azole", "ring_amine", "lactam", "amine", "ether", "thioether", "sulfonyl"})
"""Heteroatom environments: an sp3 carbon keeps at most one, since aminals and acetals fall apart."""

SP3_CARBON = frozenset({"alkyl", "ring_alkyl"})


@dataclass(frozen=True, slots=True)
class Join:
    """A bond between two pieces; atoms are numbered as in the canonical SMILES of their piece."""

    left: int
    left_atom: int
    right: int
    right_atom: int


@dataclass(frozen=True, slots=True)
class Pieces:
    """The fragments of a molecule: hydrogen-capped cores (canonical SMILES) and their bonds."""

    cores: tuple[str, ...]
    joins: tuple[Join, ...]


@cache
def _patterns() -> tuple[tuple[str, Chem.Mol], ...]:
    return tuple((name, Chem.MolFromSmarts(smarts)) for name, smarts in ENVIRONMENTS.items())


def environments(mol: Chem.Mol) -> list[str | None]:
    """Return each atom's environment, None where bonds are never cut or made."""
    result: list[str | None] = [None] * mol.GetNumAtoms()
    for name, pattern in reversed(_patterns()):
        for match in mol.GetSubstructMatches(pattern, maxMatches=10_000):
            result[match[0]] = name
    return result


def cuttable_bonds(mol: Chem.Mol) -> list[Chem.Bond]:
    """Return the acyclic single bonds between separable environments, chain ends included."""
    kinds = environments(mol)
    return [
        bond
        for bond in mol.GetBonds()
        if bond.GetBondType() == Chem.BondType.SINGLE
        and not bond.IsInRing()
        and (kinds[bond.GetBeginAtomIdx()], kinds[bond.GetEndAtomIdx()]) in PAIRS
    ]


@lru_cache(maxsize=20_000)
def cut(text: str) -> Pieces:
    """Return the pieces of a molecule, without stereochemistry."""
    mol = flat(molecule(text))
    bonds = bonds_to_cut(mol)
    parts: list[tuple[int, ...]] = []
    cores = [canonical_core(core) for core in parted(mol, bonds, parts)]
    site_of = {
        atom: (piece, order.index(position))
        for piece, (members, (_, order)) in enumerate(zip(parts, cores, strict=True))
        for position, atom in enumerate(members)
    }
    joins = tuple(Join(*site_of[left], *site_of[right]) for left, right in bonds)
    return Pieces(tuple(core for core, _ in cores), joins)


def bonds_to_cut(mol: Chem.Mol) -> list[tuple[int, int]]:
    """Return the atoms of each bond between two fragments."""
    return [
        (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        for bond in cuttable_bonds(mol)
        if bond.GetBeginAtom().GetDegree() > 1 and bond.GetEndAtom().GetDegree() > 1
    ]


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


def parted(mol: Chem.Mol, bonds: list[tuple[int, int]], parts: list[tuple[int, ...]]) -> tuple[Chem.Mol, ...]:
    """Return the hydrogen-capped pieces without some bonds; `parts` is filled with their atoms."""
    editable = Chem.RWMol(mol)
    for left, right in bonds:
        editable.RemoveBond(left, right)
        add_hydrogens((editable.GetAtomWithIdx(left), editable.GetAtomWithIdx(right)), 1)
    # The mapping argument is filled in place.
    return tuple(
        Chem.GetMolFrags(editable.GetMol(), asMols=True, sanitizeFrags=True, fragsMolAtomMapping=parts)
    )
