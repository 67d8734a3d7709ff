"""Values that were written over a downloaded batch's predictions, where nobody reads them. Knows no SQL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from models.specs.columns import PREDICTED
from service.exchange.values import is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from service.exchange.cells import NumberFormat
    from service.exchange.tables import Table

MEAN = PREDICTED[0]
_MOST_ROWS = 10_000
"""Rows of a file that may be a batch: the largest has some thousands."""
_SHOWN = 5
_PRECISION = 1e-4
"""Predictions are written with eight digits, and programs may show fewer."""


class StatedPrediction(NamedTuple):
    """What a row of a downloaded batch says was predicted of a candidate's objective."""

    row: int
    candidate_id: str
    objective: str
    text: str


def stated_predictions(table: Table, id_column: str, spec: CampaignSpec) -> tuple[StatedPrediction, ...]:
    """Return the predicted means that a downloaded batch states."""
    columns = {item.name: f"{item.name}_{MEAN}" for item in spec.objectives if item.assay_type is not None}
    rows = table.rows if len(table.rows) <= _MOST_ROWS else ()
    return tuple(
        StatedPrediction(row.number, row.cells.get(id_column, "").strip().lower(), name, text)
        for row in rows
        for name, column in columns.items()
        if (text := row.cells.get(column, ""))
    )


def overwritten_warning(
    stated: Sequence[StatedPrediction], predicted: Mapping[str, Mapping[str, float]], numbers: NumberFormat
) -> tuple[str, ...]:
    """Return a warning if predictions are others than the batch's: results were written in their place.

    Args:
        stated: what a file says was predicted.
        predicted: candidate id -> objective -> mean, as the round predicted it.
        numbers: how the texts of the file write numbers.
    """
    changed = []
    for item in stated:
        mean = predicted.get(item.candidate_id, {}).get(item.objective)
        if mean is not None and not is_missing(item.text) and not _is_near(item.text, mean, numbers):
            changed.append(item)
    if not changed:
        return ()
    rows = list(dict.fromkeys(str(item.row) for item in changed))
    shown = ", ".join(rows[:_SHOWN]) + (", ..." if rows[_SHOWN:] else "")
    names = list(dict.fromkeys(item.objective for item in changed))
    columns = " and ".join(f"{name}_{MEAN}" for name in names)
    warning = f"{columns} of rows {shown} differ from what was predicted, and predictions are not read"
    return (f"{warning}: results belong under {' and '.join(names)}",)


def _is_near(text: str, mean: float, numbers: NumberFormat) -> bool:
    try:
        return math.isclose(numbers.read_number(text), mean, rel_tol=_PRECISION, abs_tol=1e-12)
    except ValueError:
        return False
