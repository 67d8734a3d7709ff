"""Exact reachability of valid compositions from partial ones, by dynamic programming. Torch-free.

Elements are decided in a fixed order, each with an amount or not at all. The state of a prefix is its
*context* (atoms used, elements used, greatest common divisor of the amounts) and the set of charges it may
carry, one oxidation state per element. For every position and context, `need` is the set of prefix charges
from which some completion is neutral, within the limits and has divisor 1. Sets of charges are integers read
as bits: bit `q + bound` is charge q.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Context = tuple[int, int, int]
"""Atoms used, elements used, greatest common divisor (0 at the start)."""
START: Context = (0, 0, 0)
States = tuple[tuple[int, ...], ...]
Prefix = tuple[Context, int]
"""A context with the set of charges that its elements may carry."""
MOST_STEPS = 3_000_000
"""Prefixes beyond which compositions are not counted; so many take a few seconds."""
Need = dict[Context, int]
"""For every context the set of prefix charges that can still be completed."""


@dataclass(frozen=True, slots=True)
class Reachability:
    """The table of one campaign's limits.

    `allowed[c][j][n - 1]` is the set of prefix charges from which taking n atoms of element j in context c
    can be completed; `contexts` lists the contexts that occur. `bound` is the largest charge a useful prefix
    carries.
    """

    bound: int
    contexts: tuple[Context, ...]
    allowed: tuple[tuple[tuple[int, ...], ...], ...]


def charge_bound(states: States, max_atoms: int) -> int:
    """Return the largest charge that a prefix can carry and still be cancelled by the atoms left.

    n atoms of at most +p leave N - n atoms of at most -m to cancel them, so |q| <= N p m / (p + m).
    """
    highest = max(0, *(max(values) for values in states))
    lowest = max(0, *(-min(values) for values in states))
    return max_atoms * highest * lowest // (highest + lowest) if highest and lowest else 0


@lru_cache(maxsize=256)
def has_valid_composition(states: States, max_atoms: int, max_elements: int) -> bool:
    """Return whether any composition balances within the limits; keeps no table.

    One neutral atom or two elements that cancel decide most cases. The remaining cases are small, because
    pairs that do not balance within `max_atoms` have states that sum to more than that.
    """
    if any(0 in values for values in states) or (max_elements > 1 and _has_balanced_pair(states, max_atoms)):
        return True
    bound = charge_bound(states, max_atoms)
    n_elements = min(max_elements, len(states))
    need = _needed_at_the_end(max_atoms, n_elements, bound)
    for values, count in Counter(states).items():
        for _ in range(min(count, n_elements)):  # elements with equal states are interchangeable
            need = _needed_before(need, _taken(need, values, max_atoms, bound))
    return bool(need[START] >> bound & 1)


def _has_balanced_pair(states: States, max_atoms: int) -> bool:
    """Return whether m atoms of one element at +p and p of another at -m balance, both reduced."""
    holders: dict[int, set[int]] = defaultdict(set)
    for element, values in enumerate(states):
        for value in values:
            holders[value].add(element)
    return any(
        len(holders[plus] | holders[minus]) > 1 and (plus - minus) // gcd(plus, minus) <= max_atoms
        for plus in list(holders)
        for minus in list(holders)
        if plus > 0 > minus
    )


def reachability(states: States, max_atoms: int, max_elements: int) -> Reachability:
    """Return the table for elements with these oxidation states, in order of decision."""
    bound = charge_bound(states, max_atoms)
    need = _needed_at_the_end(max_atoms, min(max_elements, len(states)), bound)
    columns = []
    for values in reversed(states):
        columns.append(_taken(need, values, max_atoms, bound))
        need = _needed_before(need, columns[-1])
    return Reachability(bound=bound, contexts=tuple(need), allowed=tuple(zip(*reversed(columns), strict=True)))


def count_compositions(states: States, max_atoms: int, max_elements: int) -> dict[int, int] | None:
    """Return atoms -> number of distinct valid compositions; None where counting takes too long.

    Prefixes with the same context and the same completable charges are counted together. A composition that
    balances in several ways counts once.
    """
    bound = charge_bound(states, max_atoms)
    needs = [_needed_at_the_end(max_atoms, min(max_elements, len(states)), bound)]
    for values in reversed(states):
        needs.append(_needed_before(needs[-1], _taken(needs[-1], values, max_atoms, bound)))
    counted = {(START, 1 << bound): 1}
    n_steps = 0
    for values, need in zip(states, needs[-2::-1], strict=True):
        n_steps += len(counted) * max_atoms
        if n_steps > MOST_STEPS:
            return None
        counted = _counted_after(counted, values, need, bound)
    result: Counter[int] = Counter()
    for (context, _), count in counted.items():
        result[context[0]] += count
    return dict(sorted(result.items()))


def _counted_after(counted: Mapping[Prefix, int], values: Sequence[int], need: Need, bound: int) -> dict[Prefix, int]:
    """Return the counts of completable prefixes after one more element is decided."""
    following: Counter[Prefix] = Counter()
    for (context, charges), count in counted.items():
        following[context, charges & need[context]] += count
        amount = 1
        while (after := _after(context, amount)) in need:
            shifted = _shifted_union(charges, (-amount * value for value in values), bound)
            following[after, shifted & need[after]] += count
            amount += 1
    return {prefix: count for prefix, count in following.items() if prefix[1]}


def _needed_at_the_end(max_atoms: int, max_elements: int, bound: int) -> Need:
    """Return the required charges when no element is left: charge 0, if the divisor is 1."""
    contexts = _contexts(max_atoms, max_elements)
    return {context: 1 << bound if context[2] == 1 else 0 for context in contexts}


def _needed_before(need: Need, taken: Sequence[Sequence[int]]) -> Need:
    """Return the required charges one element earlier, where that element is skipped or taken n times."""
    return {context: _union((charges, *sets)) for (context, charges), sets in zip(need.items(), taken, strict=True)}


def _taken(need: Need, values: Sequence[int], max_atoms: int, bound: int) -> list[tuple[int, ...]]:
    """Return for every context and amount of one element the charges from which the rest can be completed."""
    return [
        tuple(
            _shifted_union(need[after], (amount * value for value in values), bound)
            for amount in range(1, max_atoms + 1)
            if (after := _after(context, amount)) in need
        )
        for context in need
    ]


def _contexts(max_atoms: int, max_elements: int) -> tuple[Context, ...]:
    """Return every context within the limits: `used` is a multiple of the divisor, >= 1 per element."""
    result = [START]
    for used in range(1, max_atoms + 1):
        for divisor in (d for d in range(1, used + 1) if used % d == 0):
            result += [(used, count, divisor) for count in range(1, min(max_elements, used // divisor) + 1)]
    return tuple(result)


def _after(context: Context, amount: int) -> Context:
    used, count, divisor = context
    return used + amount, count + 1, gcd(divisor, amount)


def _union(sets: Iterable[int]) -> int:
    whole = 0
    for part in sets:
        whole |= part
    return whole


def _shifted_union(charges: int, shifts: Iterable[int], bound: int) -> int:
    """Return all q with q + shift in `charges` for some shift, within the bound."""
    full = (1 << (2 * bound + 1)) - 1
    return _union((charges >> shift if shift >= 0 else charges << -shift) for shift in shifts) & full
