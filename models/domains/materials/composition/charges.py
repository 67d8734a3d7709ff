"""Charge neutrality: which oxidation states an element may take, and whether a composition can balance. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains.materials.composition.elements import element_table, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.materials.spec import CompositionSpec


def allowed_states(spec: CompositionSpec) -> dict[str, tuple[int, ...]]:
    """Return each element's oxidation states, elements ascending in formal electronegativity.

    With oxidation states off every element has the one state 0, so that everything balances.

    Raises:
        ValueError: if an element has no state in the chosen list.
    """
    states = {symbol: _states_of(spec, symbol) for symbol in in_order(spec.elements)}
    for symbol, values in states.items():
        if not values:
            message = f"{symbol} has no {spec.oxidation_states} oxidation state: leave it out or give custom states"
            raise ValueError(message)
    return states


def _states_of(spec: CompositionSpec, symbol: str) -> tuple[int, ...]:
    row = element_table()[symbol]
    choices = {
        "common": row.common_states,
        "known": row.known_states,
        "custom": spec.custom_oxidation_states.get(symbol, ()),
        "off": (0,),
    }
    return tuple(sorted(set(choices[spec.oxidation_states])))


def is_neutral(amounts: Mapping[str, int], states: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether one state per element can be chosen so that the charges sum to zero."""
    charges = {0}
    for symbol, amount in amounts.items():
        charges = {charge + amount * state for charge in charges for state in states[symbol]}
    return 0 in charges
