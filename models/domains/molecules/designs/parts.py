"""The fragments that a campaign builds with: those of its data, its leads and the lab's known compounds.

Torch-free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.molecules.chemistry.matching import matches, read_smarts
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.designs.lists import compounds
from models.domains.molecules.fragments.compatibility import keep_completable
from models.domains.molecules.fragments.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.designs.settings import Settings
    from models.domains.molecules.designs.spec import ForbiddenPattern
    from models.domains.molecules.fragments.fragments import Fragment

MOST_KNOWN = 5_000
"""Known compounds whose fragments are counted: the first of a longer list."""
_MOST_MATCHES = 1_000


def campaign_vocabulary(
    spec: Settings, design: Design | None, measured: Sequence[str]
) -> tuple[Fragment, ...]:
    """Return the fragments of a campaign, without those that hold a forbidden substructure by themselves.

    Fragments of leads and of known compounds come after those of what the campaign measured.
    """
    if design is not None and not design.uses_vocabulary:
        return ()
    further = () if spec.leads is None else compounds(spec.leads.smiles)
    further += () if spec.known is None else compounds(spec.known.smiles)[:MOST_KNOWN]
    fragments = vocabulary(
        spec.fragments, spec.vocabulary_size, spec.max_heavy_atoms, list(dict.fromkeys([*measured, *further]))
    )
    kept = tuple(item for item in fragments if not any(is_inside(item, p) for p in spec.forbidden))
    return fragments if len(kept) == len(fragments) else keep_completable(kept)


def is_inside(fragment: Fragment, pattern: ForbiddenPattern) -> bool:
    """Return whether every molecule with this fragment has a substructure too often, whatever is bonded.

    Matches on atoms with sites may vanish with a bond there, and recursive patterns look beyond their atoms,
    so both are left to the check of finished molecules.
    """
    if "$" in pattern.smarts:
        return False
    found = matches(molecule(fragment.core), read_smarts(pattern.smarts), _MOST_MATCHES)
    inner = {frozenset(match) for match in found if not set(match) & set(fragment.atoms)}
    return len(inner) > pattern.max
