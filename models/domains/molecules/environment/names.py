"""Names of fragments and of the sites by which they are attached, which outlive a vocabulary.

A measured molecule may open another site of a known core. Its fragment is then another one to the
environment, while to a policy the core and its earlier sites still mean the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.fragments.configuration import Centre
    from models.domains.molecules.fragments.fragments import Fragment


def named_sites(fragments: Sequence[Fragment]) -> list[tuple[str, Mapping[int, str]]]:
    """Return the name of each fragment, and the names of its sites by their index; -1 is none of them.

    Two fragments of one core, whose sites exclude each other, are numbered, and so are the sites of one atom.
    """
    seen: Counter[str] = Counter()
    named: list[tuple[str, Mapping[int, str]]] = []
    for fragment in fragments:
        core = " ".join([fragment.core, *map(_centre_name, fragment.centres)])
        seen[core] += 1
        repeat = "" if seen[core] == 1 else f" #{seen[core]}"
        name = f"{core}{repeat}"
        at: Counter[int] = Counter()
        sites = {-1: f"{name} alone"}
        for site, (atom, environment) in enumerate(zip(fragment.atoms, fragment.environments, strict=True)):
            at[atom] += 1
            sites[site] = f"{name} by atom {atom} ({environment}, {at[atom]})"
        named.append((name, sites))
    return named


def _centre_name(centre: Centre) -> str:
    turn = "@" if centre.is_counter_clockwise else "@@"
    return f"{centre.atom}{turn}{centre.n_sites}"


def name_hash(name: str) -> int:
    """Return 56 bits that tell a name apart from others, in every process alike."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest(), "big")
