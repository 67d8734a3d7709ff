"""Compatibility of sites, and the cheapest completion of fragments with required sites. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.domains.molecules.fragments.rules import RULES, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.fragments.fragments import Fragment

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


def site_classes(fragment: Fragment) -> list[int]:
    """Return the class of every site of a fresh fragment: its environment, and if it refuses heteroatoms."""
    names = RULES[fragment.rules].names
    pairs = zip(fragment.environments, fragment.carbon_only, strict=True)
    return [2 * names.index(environment) + int(carbon_only) for environment, carbon_only in pairs]


def is_hetero_class(kind: int, rules: Rules) -> bool:
    """Return whether sites of this class are heteroatoms."""
    return rules.names[kind // 2] in rules.hetero


def is_compatible(left: int, right: int, rules: Rules) -> bool:
    """Return whether sites of these classes may be joined."""
    first, second = rules.names[left // 2], rules.names[right // 2]
    refused = (left % 2 and second in rules.hetero) or (right % 2 and first in rules.hetero)
    return (first, second) in rules.pairs and not refused


def attach_actions(fragments: Sequence[Fragment]) -> list[AttachAction]:
    """Return every fragment with every orbit of its sites."""
    return [
        AttachAction(
            index,
            site,
            site_classes(fragment)[site] if fragment.atoms else 0,
            bool(fragment.atoms) and fragment.environments[site] in RULES[fragment.rules].hetero,
            fragment.heavy_atoms,
            max(0, fragment.required - int(bool(fragment.atoms) and fragment.countable[site])),
        )
        for index, fragment in enumerate(fragments)
        for site in (sorted(set(fragment.orbits)) if fragment.atoms else [-1])
    ]


def completion_costs(fragments: Sequence[Fragment]) -> list[Cost]:
    """Return the cost of one required use of each fragment, met by a single fragment; zeros where none is."""
    fillers = [word for word in attach_actions(fragments) if word.site >= 0 and not word.required_after]
    return [
        _cheapest(f, [(w, w.heavy_atoms) for w in fillers]) if f.required else Cost(0, 0) for f in fragments
    ]


def keeps_one_hetero(fragment: Fragment) -> bool:
    """Return whether the required atom is an sp3 carbon, of whose partners only one may be a heteroatom."""
    sp3 = RULES[fragment.rules].sp3_carbon
    return any(c and e in sp3 for c, e in zip(fragment.countable, fragment.environments, strict=True))


def keep_completable(fragments: tuple[Fragment, ...]) -> tuple[Fragment, ...]:
    """Return the fragments whose requirements single fragments can meet, at no higher cost than two.

    The environment's masks rely on this: completing a molecule then takes a known number of fragments and
    atoms.
    """
    while True:
        costs = completion_costs(fragments)
        chains = [
            (w, w.heavy_atoms + w.required_after * costs[w.fragment].least) for w in attach_actions(fragments)
        ]
        longer = [(word, cost) for word, cost in chains if word.required_after]
        fillers = [(word, cost) for word, cost in chains if word.site >= 0 and not word.required_after]
        kept = tuple(
            f
            for f, cost in zip(fragments, costs, strict=True)
            if _is_met(f, cost, _cheapest(f, longer), has_one_cost=_has_one_cost(f, cost, fillers))
        )
        if len(kept) == len(fragments):
            return kept
        fragments = kept


def _is_met(fragment: Fragment, cost: Cost, by_two: Cost, *, has_one_cost: bool) -> bool:
    if not fragment.required:
        return True
    if fragment.required > 1 and keeps_one_hetero(fragment) and cost.other >= IMPOSSIBLE:
        return False
    if fragment.rules != "brics" and not has_one_cost:
        return False
    return cost.least < IMPOSSIBLE and cost.hetero <= by_two.hetero and cost.other <= by_two.other


def _has_one_cost(fragment: Fragment, cost: Cost, fillers: Sequence[tuple[AttachAction, int]]) -> bool:
    """Return whether the cost of a required use depends neither on its site nor on the other uses.

    The masks count one cost per fragment, which several different sites must share.
    """
    if fragment.required < 2:  # noqa: PLR2004 - one use
        return True
    kinds = {kind for kind, counts in zip(site_classes(fragment), fragment.countable, strict=True) if counts}
    each = {_cheapest_for({kind}, fillers, RULES[fragment.rules]).least for kind in kinds}
    return len(each) == 1 and (not keeps_one_hetero(fragment) or cost.other <= cost.hetero)


def _cheapest(fragment: Fragment, offers: Sequence[tuple[AttachAction, int]]) -> Cost:
    own = {kind for kind, counts in zip(site_classes(fragment), fragment.countable, strict=True) if counts}
    return _cheapest_for(own, offers, RULES[fragment.rules])


def _cheapest_for(own: set[int], offers: Sequence[tuple[AttachAction, int]], rules: Rules) -> Cost:
    fitting = [
        (word.is_hetero, cost)
        for word, cost in offers
        if any(is_compatible(kind, word.site_class, rules) for kind in own)
    ]
    hetero, other = (
        min((cost for is_hetero, cost in fitting if is_hetero == kind), default=IMPOSSIBLE)
        for kind in (True, False)
    )
    return Cost(hetero, other)
