"""A route in words and numbers: what a chemist reads with a candidate. Torch-free."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rdkit import Chem

from models.domains.molecules.chemistry.molecules import molecule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.reactions.route import Route
    from models.domains.molecules.reactions.steps import RouteSpace

RACEMATE = "makes a stereocentre without control: a mixture of both configurations there"


def describe(reactions: RouteSpace, route: Route, n_routes: int) -> Mapping[str, Any]:
    """Return the JSON of a route that can be executed; `n_routes` make its molecule."""
    blocks = [reactions.stock.blocks[block] for block in route.blocks]
    currency = next((block.currency for block in blocks if block.currency), None)
    return {
        "steps": _steps(reactions, route),
        "blocks": [
            {
                "smiles": block.smiles,
                "catalogue_number": block.catalogue_number,
                "supplier": block.supplier,
                "price": block.price,
                "amount": block.amount,
            }
            for block in blocks
        ],
        "cost": cost(reactions, route),
        "currency": currency,
        "expected_yield": expected_yield(reactions, route),
        "n_routes": n_routes,
    }


def best(reactions: RouteSpace, routes: Sequence[Route]) -> Route:
    """Return the route with the fewest steps; among those the cheapest, then the one of the best yield."""

    def key(route: Route) -> tuple[int, float, float]:
        price, share = cost(reactions, route), expected_yield(reactions, route)
        return len(route.steps), math.inf if price is None else price, -(share or 0.0)

    return min(routes, key=key)


def expected_yield(reactions: RouteSpace, route: Route) -> float | None:
    """Return the product of the steps' expected yields, 0-1; None where a template states none."""
    shares = _yields(reactions, route)
    return None if any(share is None for share in shares) else math.prod(share or 0.0 for share in shares)


def cost(reactions: RouteSpace, route: Route) -> float | None:
    """Return what the blocks of one gram of product cost, in the currency of the stock.

    One equivalent of each block, divided by the expected yields of the steps that it goes through. None where
    a price or a yield is not stated.
    """
    blocks = [reactions.stock.blocks[block] for block in route.blocks]
    shares = _yields(reactions, route)
    product = reactions.execute(route)
    prices = [block.price for block in blocks if block.price is not None]
    if product is None or len(prices) < len(blocks) or any(share is None for share in shares):
        return None
    entered = [0, *(place for place, (_, partner) in enumerate(route.steps) if partner is not None)]
    total = sum(
        price * _weight(block.smiles) / math.prod(share or 0.0 for share in shares[place:])
        for price, block, place in zip(prices, blocks, entered, strict=True)
    )
    return total / _weight(product)


def _steps(reactions: RouteSpace, route: Route) -> list[dict[str, Any]]:
    smiles = reactions.stock.blocks[route.first].smiles
    steps = []
    for step, partner in route.steps:
        kind = reactions.steps[step]
        template = reactions.templates[kind.template]
        reactants = [smiles]
        if partner is not None:
            reactants.insert(1 - kind.role, reactions.stock.blocks[partner].smiles)
        product = reactions.apply(smiles, step, partner)
        assert product is not None, "the route can be executed"
        steps.append(
            {
                "template": template.name,
                "conditions": template.conditions,
                "expected_yield": template.expected_yield,
                "reactants": reactants,
                "product": product,
                "stereochemistry": RACEMATE if makes_a_centre(reactants, product) else None,
            }
        )
        smiles = product
    return steps


def makes_a_centre(reactants: Sequence[str], product: str) -> bool:
    """Return whether a product has more centres and double bonds without configuration than its reactants."""
    return _undefined(product) > sum(map(_undefined, reactants))


def _undefined(smiles: str) -> int:
    found = Chem.FindPotentialStereo(molecule(smiles))
    return sum(info.specified == Chem.StereoSpecified.Unspecified for info in found)


def _yields(reactions: RouteSpace, route: Route) -> list[float | None]:
    return [reactions.templates[reactions.steps[step].template].expected_yield for step, _ in route.steps]


def _weight(smiles: str) -> float:
    from rdkit.Chem import rdMolDescriptors

    return float(rdMolDescriptors._CalcMolWt(molecule(smiles)))  # noqa: SLF001 - the public name wraps this in a slow module
