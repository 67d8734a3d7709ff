"""How a candidate can be made, as flat columns: its steps, what is bought for it, and what that costs.

Reads the JSON of a route as `Domain.route` writes it, with whatever it leaves out. Knows no chemistry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.specs.columns import ROUTE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping


def route_columns(route: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the columns of a route, blank for a candidate without one."""
    if route is None:
        return dict.fromkeys(ROUTE_FIELDS)
    steps, blocks = route.get("steps", ()), route.get("blocks", ())
    reactions = [f"{number}. {_reaction(step)}" for number, step in enumerate(steps, 1)]
    values = (
        len(steps),
        "; ".join(reactions),
        "; ".join(map(_block, blocks)),
        route.get("cost"),
        route.get("expected_yield"),
        route.get("n_routes"),
    )
    return dict(zip(ROUTE_FIELDS, values, strict=True))


def _reaction(step: Mapping[str, Any]) -> str:
    """Return a step as a person reads it: `amide: A + B >> P (HATU, DIPEA, DMF)`."""
    reactants = " + ".join(step.get("reactants", ()))
    said = f"{step.get('template', 'step')}: {reactants} >> {step.get('product', '')}"
    return f"{said} ({step['conditions']})" if step.get("conditions") else said


def _block(block: Mapping[str, Any]) -> str:
    """Return a building block with where it is bought: `Nc1ccccc1 (ACME A-1)`."""
    source = " ".join(str(block[name]) for name in ("supplier", "catalogue_number") if block.get(name))
    return f"{block['smiles']} ({source})" if source else str(block["smiles"])
