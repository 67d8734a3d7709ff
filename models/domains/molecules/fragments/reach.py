"""Why a molecule cannot be built from a vocabulary: one reason each, for people. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.fragments.fragmentation import Pieces, cut
from models.domains.molecules.fragments.placement import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.domains.molecules.fragments.fragments import Fragment

TOO_LARGE = "more heavy atoms than max_heavy_atoms"
REFUSED = "a group that no candidate may have"
TOO_MANY = "more fragments than max_fragments"
LARGE_RING = "a ring larger than max_ring_size"
NO_RING = "a ring system that is not in the vocabulary"
NO_GROUP = "a group that is not in the vocabulary"
NO_SITE = "a substituent at a position without a site"
NO_CENTRE = "a configuration that is not in the vocabulary"
DOUBLE_BOND = "the configuration of a double bond"
MIXTURE = "a mixture of stereoisomers, or an unknown configuration"
NO_STEREO = "a configuration, which the rules brics do not keep"
UNSTABLE = "two heteroatoms on one sp3 carbon, or a bond that is not made"


class Obstacles:
    """Names what keeps molecules out of the space of some fragments.

    Args:
        fragments: the vocabulary.
        max_fragments: of one molecule.
        max_heavy_atoms: of one molecule.
        max_ring_size: of the fragments that measured molecules may add.
        is_refused: whether the campaign refuses a molecule for a group in it.
    """

    def __init__(
        self,
        fragments: Sequence[Fragment],
        max_fragments: int,
        max_heavy_atoms: int,
        max_ring_size: int,
        is_refused: Callable[[Chem.Mol], bool],
    ) -> None:
        self._places = Places(fragments)
        self._limits = max_fragments, max_heavy_atoms, max_ring_size
        self._is_refused = is_refused

    def of(self, text: str) -> str:
        """Return the reason why a molecule has no tree, the first that applies."""
        max_fragments, max_heavy_atoms, max_ring_size = self._limits
        mol, pieces = molecule(text), cut(text, self._places.rules)
        if mol.GetNumHeavyAtoms() > max_heavy_atoms:
            return TOO_LARGE
        if max(map(len, mol.GetRingInfo().AtomRings()), default=0) > max_ring_size:
            return LARGE_RING
        if self._is_refused(mol):
            return REFUSED
        missing = self._missing(pieces)
        if missing is not None:
            return missing
        if len(pieces.cores) > max_fragments:
            return TOO_MANY
        return _configuration(mol, keeps_centres=self._places.rules != "brics") or UNSTABLE

    def _missing(self, pieces: Pieces) -> str | None:
        reasons = []
        for core, place, centres in zip(pieces.cores, self._places.of(pieces), pieces.centres, strict=True):
            if place is None and not self._places.has_core(core):
                reasons.append(NO_RING if molecule(core).GetRingInfo().NumRings() else NO_GROUP)
            elif place is None:
                reasons.append(NO_CENTRE if centres else NO_SITE)
        order = (NO_RING, NO_GROUP, NO_SITE, NO_CENTRE)
        return min(reasons, key=order.index) if reasons else None


def _configuration(mol: Chem.Mol, *, keeps_centres: bool) -> str | None:
    if mol.GetStereoGroups():
        return MIXTURE
    if any(bond.GetStereo() != Chem.BondStereo.STEREONONE for bond in mol.GetBonds()):
        return DOUBLE_BOND
    has_centre = any(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED for atom in mol.GetAtoms())
    return NO_STEREO if has_centre and not keeps_centres else None
