"""Charge neutrality: oxidation states per element, and whether compositions balance. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.materials.charge_balance.elements import element_table, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def allowed_states(
    elements: Iterable[str], choice: str, custom: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Return each element's oxidation states, elements ascending in formal electronegativity.

    Args:
        elements: symbols.
        choice: `common`, `known`, `custom`, or `off`, with which every element has the one state 0 and all
            balances.
        custom: the states of each element for `custom`.

    Raises:
        ValueError: if an element has no state in the chosen list.
    """
    states = {symbol: _states_of(symbol, choice, custom) for symbol in in_order(elements)}
    for symbol, values in states.items():
        if not values:
            message = f"{symbol} has no {choice} oxidation state: leave it out or give custom states"
            raise ValueError(message)
    return states


def _states_of(symbol: str, choice: str, custom: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    row = element_table()[symbol]
    choices = {
        "common": row.common_states,
        "known": row.known_states,
        "custom": custom.get(symbol, ()),
        "off": (0,),
    }
    return tuple(sorted(set(choices[choice])))


def is_neutral(amounts: Mapping[str, int], states: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether one state per element can be chosen so that the charges sum to zero."""
    charges = {0}
    for symbol, amount in amounts.items():
        charges = {charge + amount * state for charge in charges for state in states[symbol]}
    return 0 in charges
