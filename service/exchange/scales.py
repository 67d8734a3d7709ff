"""What a row says of one value, in the campaign's units or on its scale: pIC50 as IC50, and the reverse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.exchange.logarithms import is_of_logarithms, warning_if_far
from service.exchange.problems import RowProblem
from service.exchange.units import UnitsError, convert
from service.exchange.values import shortened

if TYPE_CHECKING:
    from models.records import Relation
    from service.exchange.assays import Assay

_TURNED: dict[Relation, Relation] = {"=": "=", "~": "~", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_MOST_MOLAR = 2
"""Decadic logarithm of more mol/L than there can be of anything: pure water has 55."""


@dataclass(frozen=True, slots=True)
class RowValues:
    """What a row says, in its own units."""

    value: float
    relation: Relation
    units: str | None
    upper: float | None
    error: float | None


def converted(value: float, given: str | None, wanted: str | None, field: str) -> float:
    """Return a value in the wanted units; as it is, where either are not stated.

    Raises:
        RowProblem: if it cannot be converted.
    """
    if given is None or wanted is None:
        return value
    try:
        found = convert(value, given, wanted)
    except UnitsError as error:
        raise RowProblem("units", str(error)) from error
    if not math.isfinite(found):
        raise RowProblem(field, f"{value:g} {given} is too large in {wanted}")
    return found


def on_the_other_scale(values: RowValues, assay: Assay, warnings: list[str]) -> RowValues:
    """Return pIC50 as IC50 in mol/L, or IC50 as pIC50.

    The order turns round, and with it relation and range.
    """
    if assay.given == "logarithm":
        if values.units and not is_of_logarithms(values.units):
            raise RowProblem("units", f"a logarithm has no units, but the row says {shortened(values.units)}")
        warnings += warning_if_far(values.value, f"p{assay.type}")
        ends = sorted(_power(-end) for end in (values.value, values.upper) if end is not None)
    else:
        if not values.units:
            raise RowProblem("units", f"give units: without them the value cannot be told as {assay.type}")
        molar = [
            converted(end, values.units, "mol/L", "value")
            for end in (values.value, values.upper)
            if end is not None
        ]
        if min(molar) <= 0:
            raise RowProblem("value", "only a positive concentration has a logarithm")
        ends = sorted(-math.log10(end) for end in molar)
    if values.error is not None:
        warnings.append("the standard error is of the other scale and was left out")
    upper = ends[1] if len(ends) > 1 else None
    units = "mol/L" if assay.given == "logarithm" else None
    value, upper = (None if end is None else float(f"{end:.14g}") for end in (ends[0], upper))
    assert value is not None
    return RowValues(value, _TURNED[values.relation], units, upper, None)


def _power(exponent: float) -> float:
    if exponent > _MOST_MOLAR:
        hint = (
            "a negative logarithm of a concentration is rarely below 0, so turn its sign if it is a plain one"
        )
        raise RowProblem("value", f"10^{exponent:g} mol/L is no concentration: {hint}")
    return math.pow(10.0, exponent)
