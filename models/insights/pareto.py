"""The front of what was measured: objects that no other one beats in every objective. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.data.tables import to_units
from models.metrics.sets import non_dominated

if TYPE_CHECKING:
    from models.domains.contract import Domain
    from models.insights.measured_table import MeasuredObjects

MOST_TOLD = 400
"""Members of the front that are told, the best of all objectives together first; of the others as many,
evenly."""


def pareto(everything: MeasuredObjects, domain: Domain) -> dict[str, Any]:
    """Return the front and the objects behind it, as plain JSON.

    `unplaced` objects lack a value of some objective; `forbidden` ones break a constraint or a guardrail.
    """
    placed = everything.at(everything.counts)
    on_front = non_dominated(placed.utilities)
    front, behind = placed.at(on_front), placed.at(~on_front)
    is_known = np.isfinite(everything.utilities).all(axis=1)
    return {
        "front": _points(front, _best_first(front)[:MOST_TOLD], domain),
        "front_size": len(front.objects),
        "dominated": len(behind.objects),
        "others": _points(behind, _evenly(_best_first(behind)), domain),
        "unplaced": int((~is_known & everything.is_allowed).sum()),
        "forbidden": int((~everything.is_allowed).sum()),
    }


def _best_first(some: MeasuredObjects) -> list[int]:
    """Return the rows of objects, those of the highest overall utility first."""
    order: list[int] = np.argsort(-some.utility, kind="stable").tolist()
    return order


def _evenly(rows: list[int]) -> list[int]:
    """Return at most `MOST_TOLD` rows, so that a picture of them keeps its shape."""
    return rows[:: -(-len(rows) // MOST_TOLD) or 1]


def _points(some: MeasuredObjects, rows: list[int], domain: Domain) -> list[dict[str, Any]]:
    return [_point(some, row, domain) for row in rows]


def _point(some: MeasuredObjects, row: int, domain: Domain) -> dict[str, Any]:
    """Return one object with its values in the campaign's units."""
    text = some.objects[row]
    named = [(scale.objective.name, m, scale) for m, scale in enumerate(some.scales)]
    return {
        "object": text,
        "display": domain.display(text),
        "round": int(some.rounds[row]),
        "values": {name: to_units(float(some.values[row, m]), scale.transform) for name, m, scale in named},
        "bounds": [name for name, m, _ in named if some.is_bound[row, m]],
        "utility": float(some.utility[row]),
    }
