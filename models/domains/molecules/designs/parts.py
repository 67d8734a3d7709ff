"""The fragments that a campaign builds with: those of its data, its leads and the lab's known compounds.

Torch-free.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.domains.molecules.chemistry.matching import matches, read_smarts
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.designs.lists import compounds
from models.domains.molecules.fragments.compatibility import keep_completable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.designs.settings import Settings
    from models.domains.molecules.designs.spec import ForbiddenPattern
    from models.domains.molecules.fragments.fragments import Fragment

MOST_KNOWN = 5_000
"""Known compounds whose fragments are counted: the first of a longer list."""
_MOST_MATCHES = 1_000
_SURROUNDINGS = re.compile(r"\[[^\]]*[HDXvh^@!]")
"""Parts of a SMARTS whose match depends on hydrogens, neighbours, hybridisation or configuration."""


def with_listed(measured: Sequence[str], spec: Settings) -> list[str]:
    """Return measured molecules, then the leads and known compounds whose fragments may be used as well."""
    listed = () if spec.leads is None else compounds(spec.leads.smiles, spec.tautomers)
    listed += () if spec.known is None else compounds(spec.known.smiles, spec.tautomers)[:MOST_KNOWN]
    return list(dict.fromkeys([*measured, *listed]))


def without_forbidden(fragments: tuple[Fragment, ...], spec: Settings) -> tuple[Fragment, ...]:
    """Return the fragments that hold no forbidden substructure by themselves, and can still be completed."""
    kept = tuple(item for item in fragments if not any(is_inside(item, p) for p in spec.forbidden))
    return fragments if len(kept) == len(fragments) else keep_completable(kept)


def is_inside(fragment: Fragment, pattern: ForbiddenPattern) -> bool:
    """Return whether every molecule with this fragment has a substructure too often, whatever is bonded.

    What is bonded at a site can end a match on its atom only where the pattern asks for hydrogens, neighbours
    or surroundings. Such patterns count inner atoms alone, recursive ones are left to finished molecules.
    """
    if "$" in pattern.smarts:
        return False
    closed = set(fragment.atoms) if _SURROUNDINGS.search(pattern.smarts) else set()
    found = matches(molecule(fragment.core), read_smarts(pattern.smarts), _MOST_MATCHES)
    return len({frozenset(match) for match in found if not closed & set(match)}) > pattern.max
