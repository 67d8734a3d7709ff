"""Compatibility of sites, and the cheapest completion of fragments with required sites. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.domains.molecules.fragments.fragmentation import ENVIRONMENTS, HETERO, PAIRS, SP3_CARBON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.fragments.fragments import Fragment

NAMES = tuple(ENVIRONMENTS)
N_CLASSES = 2 * len(NAMES)
IMPOSSIBLE = 10_000
"""A number of heavy atoms beyond every limit."""


class AttachAction(NamedTuple):
    """One way to attach a fragment: by the first site of one orbit; site -1 without sites."""

    fragment: int
    site: int
    site_class: int
    is_hetero: bool
    heavy_atoms: int
    required_after: int
    """Required uses of further sites once the fragment is attached."""


class Cost(NamedTuple):
    """Fewest heavy atoms for one use of a required site, with a heteroatom and with any other partner."""

    hetero: int
    other: int

    @property
    def least(self) -> int:
        """The cheaper of the two."""
        return min(self)


def site_class(environment: str, *, carbon_only: bool) -> int:
    """Return the class of a site: its environment, and whether it refuses heteroatoms."""
    return 2 * NAMES.index(environment) + int(carbon_only)


def site_classes(fragment: Fragment) -> list[int]:
    """Return the class of every site of a fresh fragment."""
    pairs = zip(fragment.environments, fragment.carbon_only, strict=True)
    return [site_class(environment, carbon_only=carbon_only) for environment, carbon_only in pairs]


def is_hetero_class(kind: int) -> bool:
    """Return whether sites of this class are heteroatoms."""
    return NAMES[kind // 2] in HETERO


def is_compatible(left: int, right: int) -> bool:
    """Return whether sites of these classes may be joined."""
    first, second = NAMES[left // 2], NAMES[right // 2]
    refused = (left % 2 and second in HETERO) or (right % 2 and first in HETERO)
    return (first, second) in PAIRS and not refused


def attach_actions(fragments: Sequence[Fragment]) -> list[AttachAction]:
    """Return every fragment with every orbit of its sites."""
    return [
        AttachAction(
            index,
            site,
            site_classes(fragment)[site] if fragment.atoms else 0,
            bool(fragment.atoms) and fragment.environments[site] in HETERO,
            fragment.heavy_atoms,
            max(0, fragment.required - int(bool(fragment.atoms) and fragment.countable[site])),
        )
        for index, fragment in enumerate(fragments)
        for site in (sorted(set(fragment.orbits)) if fragment.atoms else [-1])
    ]


def completion_costs(fragments: Sequence[Fragment]) -> list[Cost]:
    """Return the cost of one required use of each fragment, met by a single fragment; zeros where none is."""
    fillers = [word for word in attach_actions(fragments) if word.site >= 0 and not word.required_after]
    return [_cheapest(f, [(w, w.heavy_atoms) for w in fillers]) if f.required else Cost(0, 0) for f in fragments]


def keeps_one_hetero(fragment: Fragment) -> bool:
    """Return whether the required atom is an sp3 carbon, of whose partners only one may be a heteroatom."""
    return any(c and e in SP3_CARBON for c, e in zip(fragment.countable, fragment.environments, strict=True))


def keep_completable(fragments: tuple[Fragment, ...]) -> tuple[Fragment, ...]:
    """Return the fragments whose requirements single fragments can meet, at no higher cost than two.

    The environment's masks rely on this: completing a molecule then takes a known number of fragments and
    atoms.
    """
    while True:
        costs = completion_costs(fragments)
        chains = [(w, w.heavy_atoms + w.required_after * costs[w.fragment].least) for w in attach_actions(fragments)]
        longer = [(word, cost) for word, cost in chains if word.required_after]
        kept = tuple(f for f, cost in zip(fragments, costs, strict=True) if _is_met(f, cost, _cheapest(f, longer)))
        if len(kept) == len(fragments):
            return kept
        fragments = kept


def _is_met(fragment: Fragment, cost: Cost, by_two: Cost) -> bool:
    if not fragment.required:
        return True
    if fragment.required > 1 and keeps_one_hetero(fragment) and cost.other >= IMPOSSIBLE:
        return False
    return cost.least < IMPOSSIBLE and cost.hetero <= by_two.hetero and cost.other <= by_two.other


def _cheapest(fragment: Fragment, offers: Sequence[tuple[AttachAction, int]]) -> Cost:
    own = {kind for kind, counts in zip(site_classes(fragment), fragment.countable, strict=True) if counts}
    fitting = [
        (word.is_hetero, cost) for word, cost in offers if any(is_compatible(kind, word.site_class) for kind in own)
    ]
    hetero, other = (
        min((cost for is_hetero, cost in fitting if is_hetero == kind), default=IMPOSSIBLE) for kind in (True, False)
    )
    return Cost(hetero, other)
