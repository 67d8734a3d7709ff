"""Properties of a molecule's route: steps, yield and cost. Torch-free."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.domains.collections import CollectionReference
from models.domains.contract import ComputedProperty
from models.domains.molecules.reactions.description import cost, expected_yield

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.domains.contract import Floats
    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.reactions.route import Route
    from models.domains.molecules.reactions.spec import ReactionsSpec

ROUTE_PROPERTIES = {
    "route_steps": ComputedProperty("steps of the shortest route from building blocks"),
    "route_yield": ComputedProperty("expected yield of that route", range=(0.0, 1.0)),
    "route_cost": ComputedProperty(
        "what the blocks of one gram cost by that route, in the currency of the building blocks"
    ),
}


def known_properties(spec: ReactionsSpec | None) -> dict[str, ComputedProperty]:
    """Return the properties that the routes of a specification have: cost needs prices, yields theirs."""
    stock = None if spec is None else spec.stock
    has_prices = stock is not None and (
        isinstance(stock, CollectionReference) or all(row.price is not None for row in stock)
    )
    own = () if spec is None else spec.own_templates
    has_yields = all(template.expected_yield is not None for template in own)
    known = {"route_steps": True, "route_yield": has_yields, "route_cost": has_yields and has_prices}
    return {name: entry for name, entry in ROUTE_PROPERTIES.items() if known[name]}


def route_properties(reactions: Reactions, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
    """Return the named properties of each molecule's best route, each [N].

    Not a number where no route makes the molecule, or where a price or yield is not stated.
    """
    functions: dict[str, Callable[[Route], float | None]] = {
        "route_steps": lambda route: float(len(route.steps)),
        "route_yield": lambda route: expected_yield(reactions, route),
        "route_cost": lambda route: cost(reactions, route),
    }
    routes = [reactions.best_route(text) for text in texts]
    return {
        name: np.array([_number(functions[name], route) for route in routes], dtype=np.float64)
        for name in names
    }


def _number(function: Callable[[Route], float | None], route: Route | None) -> float:
    value = None if route is None else function(route)
    return math.nan if value is None else value
