"""Rules of fragmentation: which bonds are cut, and which sites may be joined. Torch-free.

Whether a bond is cut depends only on the environments of its two atoms, which a fragment keeps whatever is
attached to it, and in `BRICS` on neither atom being the end of a chain. Joining is then the exact inverse of
cutting: every molecule has exactly one tree.

`BRICS` (Degen et al., ChemMedChem 3, 1503, 2008, doi:10.1002/cmdc.200800178) leaves substituents of one atom
and alkyl chains with their neighbours: `Cc1ccccc1` and `Oc1ccccc1` are fragments of their own. `UNITS` cuts
them as well. What it keeps whole are ring systems, groups that one name describes (amides, acids,
sulfonamides, ureas, nitro, trifluoromethyl) and bonds that nobody should make at random (N-N, N-O, S-S,
enones, acyl halides). All else decomposes to single heavy atoms, so that a small vocabulary reaches nearly
everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rdkit import Chem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RulesName = Literal["brics", "units"]


@dataclass(frozen=True, eq=False)
class Rules:
    """One set of rules."""

    name: RulesName
    environments: Mapping[str, str]
    """SMARTS by name; an atom has the first that fits, or none: there bonds are never cut or made."""
    pairs: frozenset[tuple[str, str]]
    """Environments between which a single bond outside rings is cut and may be made, in both directions."""
    hetero: frozenset[str]
    """Environments of which an sp3 carbon holds at most one: aminals, acetals and cyanohydrins fall apart."""
    never_open: frozenset[str]
    """Environments that must not keep a hydrogen: aldehydes and sulfinates are reactive."""
    keeps_ends: bool
    """Whether bonds to the end of a chain are kept."""
    uses_of_lone_atom: int
    """Bonds that a fragment of one heavy atom needs."""
    max_sites: int
    has_stereo: bool
    """Whether fragments keep the configuration of their centres."""

    sp3_carbon = frozenset({"alkyl", "ring_alkyl"})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The environments, in order."""
        return tuple(self.environments)

    @property
    def n_classes(self) -> int:
        """Twice the environments: a site also may refuse heteroatoms."""
        return 2 * len(self.environments)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, Chem.Mol], ...]:
        return tuple((name, Chem.MolFromSmarts(smarts)) for name, smarts in self.environments.items())

    def kinds(self, mol: Chem.Mol) -> list[str | None]:
        """Return each atom's environment, None where bonds are never cut or made."""
        result: list[str | None] = [None] * mol.GetNumAtoms()
        for name, pattern in reversed(self._patterns):
            for match in mol.GetSubstructMatches(pattern, maxMatches=10_000):
                result[match[0]] = name
        return result

    def cuttable_bonds(self, mol: Chem.Mol) -> list[Chem.Bond]:
        """Return the acyclic single bonds between separable environments, chain ends included."""
        kinds = self.kinds(mol)
        return [
            bond
            for bond in mol.GetBonds()
            if bond.GetBondType() == Chem.BondType.SINGLE
            and not bond.IsInRing()
            and (kinds[bond.GetBeginAtomIdx()], kinds[bond.GetEndAtomIdx()]) in self.pairs
        ]

    def cut_bonds(self, mol: Chem.Mol) -> list[tuple[int, int]]:
        """Return the atoms of the bonds that are cut."""
        return [
            (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
            for bond in self.cuttable_bonds(mol)
            if not self.keeps_ends or min(bond.GetBeginAtom().GetDegree(), bond.GetEndAtom().GetDegree()) > 1
        ]


def _both_ways(partners: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset(
        pair
        for left, rights in partners.items()
        for right in rights
        for pair in ((left, right), (right, left))
    )


_RING_HETERO = {
    "lactam": "[NX3;R;+0;$(N@[#6]=,:*),$(N@[!#6])]",  # L10, and ring nitrogens next to a heteroatom
    "ring_amine": "[NX3;R;+0]",  # L5
}
_RING_CARBON = {
    "ring_alkyl": "[CX4;R;+0]",  # L13, L15
    "aromatic": "[c;+0]",  # L14, L16
    "azole": "[nX3;+0]",  # L9
}

BRICS = Rules(
    name="brics",
    environments={
        "acyl": "[CX3;!R;+0]=[OX1]",  # BRICS L1, L6
        "alkyl": "[CX4;!R;+0]",  # L4, L8
        "ether": "[OX2;!R;+0]",  # L3
        "amine": "[NX3;!R;+0]",  # L5
        **_RING_HETERO,
        "thioether": "[SX2;!R;+0]",  # L11
        "sulfonyl": "[SX4;!R;+0](=[OX1])=[OX1]",  # L12
        **_RING_CARBON,
    },
    pairs=_both_ways(
        {
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
    ),
    hetero=frozenset({"azole", "ring_amine", "lactam", "amine", "ether", "thioether", "sulfonyl"}),
    never_open=frozenset({"acyl", "sulfonyl"}),
    keeps_ends=True,
    uses_of_lone_atom=2,
    max_sites=6,
    has_stereo=False,
)

_CARBONS = ("aromatic", "ring_alkyl", "ring_vinyl", "alkyl", "fluoroalkyl")
_TO_CARBON = ("ether", "thioether", "sulfonyl", "sulfinyl", "azole", "ring_amine", "lactam", "amide")
_TO_SP2 = ("amine", "fluorine", "halogen", "nitro", "nitrile")

UNITS = Rules(
    name="units",
    environments={
        "acyl": "[CX3;!R;+0;$(C=[OX1])]",
        "vinyl": "[CX3;!R;+0;$(C=*)]",
        "nitrile": "[CX2;!R;+0;$(C#[NX1])]",
        "alkyne": "[CX2;!R;+0;$(C#[CX2])]",
        "fluoroalkyl": "[CX4;!R;+0;$(C(F)F)]",
        "alkyl": "[CX4;!R;+0]",
        "ether": "[OX2;!R;+0]",
        "nitro": "[NX3;!R;+1;$(N(=[OX1])[OX1-])]",
        "amide": "[NX3;!R;+0;$(N-[CX3,SX4;!R]=[OX1])]",
        "amine": "[NX3;!R;+0]",
        **_RING_HETERO,
        "thioether": "[SX2;!R;+0]",
        "sulfonyl": "[SX4;!R;+0](=[OX1])=[OX1]",
        "sulfinyl": "[SX3;!R;+0]=[OX1]",
        "fluorine": "[FX1]",
        "halogen": "[Cl,Br,I;X1]",
        "ring_vinyl": "[CX3;R;+0]",
        **_RING_CARBON,
    },
    pairs=_both_ways(
        {
            "aromatic": (*_CARBONS, "acyl", "vinyl", "alkyne", *_TO_CARBON, *_TO_SP2),
            "ring_vinyl": (*_CARBONS, "acyl", "vinyl", "alkyne", *_TO_CARBON, *_TO_SP2),
            "ring_alkyl": (
                *(*_CARBONS, "acyl", "vinyl", "alkyne", *_TO_CARBON),
                *("amine", "fluorine", "nitrile"),
            ),
            "alkyl": (*_CARBONS, "acyl", "vinyl", "alkyne", *_TO_CARBON, "amine", "nitrile"),
            "fluoroalkyl": (
                *("fluoroalkyl", "acyl", "vinyl", "alkyne", "azole"),
                *("ether", "thioether", "sulfonyl", "sulfinyl"),
            ),
            "acyl": ("ring_amine",),
            "sulfonyl": ("ring_amine",),
        }
    ),
    hetero=frozenset(
        {
            *("ring_amine", "lactam", "amine", "ether"),
            *("thioether", "sulfonyl", "sulfinyl", "nitrile"),
        }
    ),
    never_open=frozenset({"acyl", "sulfonyl", "sulfinyl", "nitrile", "nitro"}),
    keeps_ends=False,
    uses_of_lone_atom=1,
    max_sites=8,
    has_stereo=True,
)

RULES: Mapping[RulesName, Rules] = {rules.name: rules for rules in (BRICS, UNITS)}
