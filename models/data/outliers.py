"""Outliers: results that disagree with replicates or with similar objects; reported, never dropped.

Both tests compare with a robust scale (the median absolute deviation), so outliers do not hide each other.
Knows no domain: an unusual object has a wide prediction and is not flagged.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from models.data.tables import classify_result, to_units, value_and_variance
from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from models.data.tables import MeasuredTable
    from models.records import Measurement
    from models.specs.objectives import MeasuredQuantity, Transform

    Floats = npt.NDArray[np.float64]

THRESHOLD = 4.5
"""Robust deviations from which a result is reported: 0.01 of 1,000 normal ones; at 3.5 it would be 0.5."""
ENOUGH = 10
"""Fewer values than this have no robust scale."""
MOST_TOLD = 20
NORMAL = 1.482602218505602
"""Ratio of a normal distribution's deviation to its median absolute deviation."""
CALM = 0.5
"""Least robust scale of standardised residuals, so that an underconfident model flags no small deviations."""


@final
@dataclass(frozen=True, slots=True)
class Outlier:
    """A result `z` robust deviations from its expectation, in the campaign's units; `by` names the test."""

    object: str
    type: str
    value: float
    expected: float
    z: float
    by: str

    def summary(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "object": self.object,
            "type": self.type,
            "value": self.value,
            "expected": self.expected,
            "z": round(self.z, 2),
            "by": self.by,
        }


def _robust_scale(residuals: Floats) -> float:
    """Return the robust deviation from the median absolute residual."""
    return float(NORMAL * np.median(np.abs(residuals)))


def disagreeing_replicates(
    results: Sequence[Measurement], transform: Transform, offsets: Sequence[float]
) -> list[Outlier]:
    """Return the exact results of one type that are far from the median of the others of their object.

    `offsets` [n] are subtracted on the modelled scale first. The scale is that of all such differences, and
    includes the error of a median of few values.
    """
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for result, offset in zip(results, offsets, strict=True):
        if classify_result(result, transform) == "results":
            groups[result.object].append((value_and_variance(result, transform)[0] - offset, offset))
    rows = []
    for name, group in groups.items():
        values = np.array([value for value, _ in group])
        for index, (value, offset) in enumerate(group if len(group) > 1 else []):
            rows.append((name, value, float(np.median(np.delete(values, index))), offset))
    differences = np.array([value - expected for _, value, expected, _ in rows])
    if len(rows) < ENOUGH or (scale := _robust_scale(differences)) == 0:
        return []
    kind = results[0].type
    return [
        Outlier(
            name, kind, to_units(value + offset, transform), to_units(expected + offset, transform), gap, "replicates"
        )
        for (name, value, expected, offset), gap in zip(rows, (differences / scale).tolist(), strict=True)
        if abs(gap) >= THRESHOLD
    ]


def unlike_predictions(
    table: MeasuredTable, column: int, predicted: Floats, deviation: Floats, transform: Transform
) -> list[Outlier]:
    """Return the pooled values of one type that disagree with their leave-one-out predictions.

    `predicted` and `deviation` [n] are leave-one-out predictions of the column's values in the table's order,
    noise included.
    """
    rows = np.flatnonzero(~np.isnan(table.values[:, column]))
    if len(rows) < ENOUGH:
        return []
    standard = (table.values[rows, column] - predicted) / np.maximum(deviation, 1e-12)
    gaps = standard / max(_robust_scale(standard), CALM)
    return [
        Outlier(
            table.objects[row],
            table.types[column],
            to_units(float(table.values[row, column]), transform),
            to_units(float(expected), transform),
            float(gap),
            "similar objects",
        )
        for row, expected, gap in zip(rows, predicted, gaps, strict=True)
        if abs(gap) >= THRESHOLD
    ]


def find_outliers(
    measurements: Sequence[Measurement],
    quantities: Mapping[str, MeasuredQuantity],
    offsets: Sequence[float],
    table: MeasuredTable,
    left_out: Mapping[str, tuple[Floats, Floats]],
) -> list[Outlier]:
    """Return the outliers of all types, the largest first, each object at most once per type.

    `offsets` [n] belong to the measurements; `left_out` has the leave-one-out predictions and deviations by
    type.
    """
    flagged: list[Outlier] = []
    for column, (kind, quantity) in enumerate(quantities.items()):
        mine = [(r, offset) for r, offset in zip(measurements, offsets, strict=True) if r.type == kind]
        flagged += disagreeing_replicates([r for r, _ in mine], quantity.transform, [offset for _, offset in mine])
        if kind in left_out:
            flagged += unlike_predictions(table, column, *left_out[kind], quantity.transform)
    flagged.sort(key=lambda outlier: -abs(outlier.z))
    return list({(outlier.object, outlier.type): outlier for outlier in reversed(flagged)}.values())[::-1]


def messages(outliers: Sequence[Outlier]) -> list[Message]:
    """Return a message for every type with outliers."""
    lines = []
    for kind in dict.fromkeys(outlier.type for outlier in outliers):
        mine = [outlier for outlier in outliers if outlier.type == kind]
        first, deviations = mine[0], abs(mine[0].z)
        lines.append(
            message(
                "outlier",
                type=kind,
                by=first.by,
                value=first.value,
                expected=first.expected,
                deviations=deviations,
            )
            if len(mine) == 1
            else message(
                "outliers",
                type=kind,
                count=len(mine),
                value=first.value,
                expected=first.expected,
                deviations=deviations,
            )
        )
    return lines
