"""One measurement on two scales in one row.

IC50 beside pIC50 shows whether the units of the first are right.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from service.exchange.units import UnitsError, convert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.exchange.report import ParsedRow
    from service.records import StandardResult

_MOST_APART = 1.0
"""Decades between a mean of logarithms and the logarithm of a mean at most; slips of units make three."""


def without_contradictions(rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
    """Return the rows; those whose IC50 and pIC50 (or the like) disagree are rejected."""
    logarithms: dict[tuple[int, str], list[StandardResult]] = defaultdict(list)
    for row in rows:
        if row.result is not None and row.result.type.startswith("p"):
            logarithms[row.row, row.result.type[1:]].append(row.result)
    if not logarithms:
        return rows
    beside = {(row.row, row.result.type): row.result for row in rows if row.result is not None}
    wrong: dict[tuple[int, str], str] = {}
    for place, found in logarithms.items():
        plain = beside.get(place)
        if plain is not None and len(found) == 1 and (reason := _contradiction(plain, found[0])):
            wrong[place] = wrong[place[0], found[0].type] = reason
    return [
        replace(row, status="rejected", reason=wrong[row.row, row.result.type], column="value", result=None)
        if row.result is not None and (row.row, row.result.type) in wrong
        else row
        for row in rows
    ]


def _contradiction(plain: StandardResult, logarithm: StandardResult) -> str | None:
    if plain.value is None or logarithm.value is None or plain.units is None or plain.value <= 0:
        return None
    try:
        molar = convert(plain.value, plain.units, "mol/L")
    except UnitsError:
        return None
    expected = -math.log10(molar)
    if abs(expected - logarithm.value) <= _MOST_APART:
        return None
    return (
        f"{plain.type} of {plain.value:g} {plain.units} makes {logarithm.type} {expected:.3g}, but the row "
        f"says "
        f"{logarithm.value:g}: give the right units, or leave one of the two out"
    )
