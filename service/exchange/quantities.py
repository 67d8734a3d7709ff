"""The measured part of a row: relation, value, units, spread and outcome.

Standard values are in the campaign's units and not yet transformed: the proxies take logarithms.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from service.exchange.cells import Meant
from service.exchange.logarithms import check_sign, is_logarithm, is_of_logarithms, warning_if_far
from service.exchange.problems import RowProblem
from service.exchange.scales import RowValues, converted, on_the_other_scale
from service.exchange.units import (
    UnitsError,
    check_known,
    is_certain_unit,
    is_unit_beside_a_number,
    same_units,
)
from service.exchange.values import (
    ReadValue,
    ValueTextError,
    activity_call,
    is_missing,
    is_outcome,
    outcome_word,
    read_outcome,
    read_relation,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.records import Outcome, Relation
    from service.exchange.assays import Assay
    from service.exchange.cells import NumberFormat
    from service.exchange.entries import Entry


_LIMIT_SIGNS = ("<", ">", "\u2264", "\u2265")
_PERCENT = 100


class Quantity(TypedDict, total=False):
    """The measured fields of `StandardResult`."""

    relation: Relation
    value: float | None
    units: str | None
    upper_value: float | None
    standard_error: float | None
    outcome: Outcome


def read_quantity(
    entry: Entry, assay: Assay, numbers: NumberFormat
) -> tuple[Quantity, str | None, list[str]]:
    """Return the measured fields in the campaign's units, the units that the row states, and warnings.

    Raises:
        RowProblem: if a cell does not hold what its column asks for.
    """
    fields = entry.fields
    warnings: list[str] = []
    if (failure := _failure(fields, warnings)) is not None:
        return Quantity(outcome=failure, units=assay.quantity.units), None, warnings
    if is_missing(fields.get("value", "")):
        raise RowProblem("value", "outcome ok needs a value")
    for field, detail in entry.refused.items():
        raise RowProblem(field, detail)
    read = _cell("value", fields["value"], numbers)
    warnings += _told_by_cell(read, fields)
    values = _row_values(entry, read, numbers, assay.quantity.units)
    warnings += _unused_deviation(values, fields)
    _check_sign(values, assay)
    stated = (
        None if values.units and not assay.quantity.units and is_of_logarithms(values.units) else values.units
    )
    if assay.given is not None:
        values = on_the_other_scale(values, assay, warnings)
    return _standard(values, assay, warnings), stated, warnings


def _failure(fields: Mapping[str, str], warnings: list[str]) -> Outcome | None:
    """Return the outcome of a row that has no value to store, if it says one other than ok."""
    outcome, value = _outcome(fields), fields.get("value", "")
    if call := activity_call(fields.get("outcome", "")):
        _check_call(call, fields)
    if outcome != "ok":
        warnings += [] if is_missing(value) else [f"the value is not used, because the outcome is {outcome}"]
        return outcome
    word = outcome_word(value)
    warnings += [] if word is None else [f"the value was read as the outcome {word}"]
    return word


def _check_call(call: str, fields: Mapping[str, str]) -> None:
    """Check that a screen's verdict does not leave open what its value means.

    Raises:
        RowProblem: if an inactive or doubtful compound has an exact value, or none.
    """
    value = fields.get("value", "")
    is_limit = value.lstrip(" '")[:1] in _LIMIT_SIGNS or not is_missing(fields.get("relation", ""))
    if call in ("active", "hit") or (is_limit and not is_missing(value)):
        return
    detail = "has no value" if is_missing(value) else "has an exact value"
    raise RowProblem(
        "outcome",
        f"{shortened(fields['outcome'])} {detail}: write the value with its relation, such as > 10, or say "
        f"with words "
        "what it means (missing or an outcome)",
    )


def _told_by_cell(read: ReadValue, fields: Mapping[str, str]) -> list[str]:
    """Return a warning of what stands in the cell of a value beside it."""
    warnings = ["what follows ± was read as the standard error"] if read.error is not None else []
    warnings += [f"{shortened(fields['value'])} was read as a range"] if read.upper is not None else []
    if read.n is not None and is_missing(fields.get("standard_deviation", "")):
        warnings.append(f"n = {read.n} readings stands in the cell and is not stored")
    return warnings


def _row_values(entry: Entry, read: ReadValue, numbers: NumberFormat, wanted: str | None) -> RowValues:
    fields = entry.fields
    upper = _number(fields, "upper_value", numbers)
    error = _number(fields, "standard_error", numbers)
    if error is None:
        error = _error_of_mean(fields, numbers, read)
    if error is not None and error < 0:
        raise RowProblem("standard_error", "standard_error must not be negative")
    values = RowValues(
        value=read.number,
        relation=_relation(fields, read),
        units=_units(entry, read, wanted),
        upper=_agreed("upper_value", upper, read.upper),
        error=_agreed("standard_error", error, read.error),
    )
    if values.upper is not None and values.upper <= values.value:
        raise RowProblem("upper_value", f"upper_value {values.upper:g} must exceed the value")
    if values.upper is not None and values.relation not in ("=", "~"):
        raise RowProblem(
            "upper_value", f"a range has no relation {values.relation}: leave it or upper_value out"
        )
    return values


def _unused_deviation(values: RowValues, fields: Mapping[str, str]) -> list[str]:
    """Return the warning of a standard deviation that makes no standard error."""
    names = [name for name in ("standard_deviation", "cv") if not is_missing(fields.get(name, ""))]
    if values.error is not None or not names:
        return []
    what = "the standard deviation" if names[0] == "standard_deviation" else "the coefficient of variation"
    return [f"{what} was not stored, because n, the number of readings, is missing"]


def _error_of_mean(fields: Mapping[str, str], numbers: NumberFormat, read: ReadValue) -> float | None:
    """Return the standard error from a standard deviation and a number of readings, if both are given."""
    deviation = _number(fields, "standard_deviation", numbers)
    n_readings = _agreed("n", _number(fields, "n", numbers), read.n)
    if deviation is None and (variation := _variation(fields, numbers)) is not None:
        deviation = variation * abs(read.number)
    if deviation is None or n_readings is None:
        return None
    if n_readings < 1:
        raise RowProblem("n", f"a mean of {n_readings:g} readings has no standard error")
    return deviation / float(math.sqrt(n_readings))


def _variation(fields: Mapping[str, str], numbers: NumberFormat) -> float | None:
    """Return a coefficient of variation as a share of its mean: percent, as the header or the cell says."""
    text = fields.get("cv", "")
    if is_missing(text):
        return None
    try:
        variation = numbers.read_number(text.strip().removesuffix("%").strip())
    except ValueTextError as error:
        raise RowProblem("cv", str(error)) from error
    if variation < 0:
        raise RowProblem("cv", "a coefficient of variation must not be negative")
    return variation / _PERCENT


def _agreed(field: str, stated: float | None, in_cell: float | None) -> float | None:
    if stated is not None and in_cell is not None and stated != in_cell:
        raise RowProblem(field, f"{field} is {stated:g}, but the value says {in_cell:g}")
    return in_cell if stated is None else stated


def _standard(values: RowValues, assay: Assay, warnings: list[str]) -> Quantity:
    wanted = assay.quantity
    if values.units and not wanted.units:
        values = _without_wanted_units(values, assay, warnings)
    value = converted(values.value, values.units, wanted.units, "value")
    if wanted.transform == "log10" and value <= 0:
        raise RowProblem(
            "value", f"{assay.type} is modelled on a log10 scale, so its values must be positive"
        )
    if not wanted.units or is_of_logarithms(wanted.units):
        warnings += warning_if_far(value, assay.type)
    upper = error = None
    if values.upper is not None:
        upper = converted(values.upper, values.units, wanted.units, "upper_value")
    if values.error is not None:
        # A difference, not a value: degrees Celsius are shifted against kelvins, their errors are not.
        zero = converted(0.0, values.units, wanted.units, "standard_error")
        error = converted(values.error, values.units, wanted.units, "standard_error") - zero
    units = wanted.units or values.units
    return Quantity(
        relation=values.relation,
        value=value,
        units=units,
        upper_value=upper,
        standard_error=error,
        outcome="ok",
    )


def _check_sign(values: RowValues, assay: Assay) -> None:
    """Check that a logarithm's units do not contradict the sign that its name has.

    Raises:
        RowProblem: if they do.
    """
    if values.units is None or values.units == assay.quantity.units:
        return
    try:
        check_sign(f"p{assay.type}" if assay.given == "logarithm" else assay.type, values.units)
    except UnitsError as error:
        raise RowProblem("units", str(error)) from error


def _without_wanted_units(values: RowValues, assay: Assay, warnings: list[str]) -> RowValues:
    """Return what a row says of a quantity for which the campaign states no units.

    Raises:
        RowProblem: if its units are none, or it is a logarithm and has none by its nature.
    """
    assert values.units is not None
    if is_of_logarithms(values.units):
        return replace(values, units=None)
    if assay.is_read and is_logarithm(assay.type):
        raise RowProblem(
            "units", f"{assay.type} is a logarithm without units, but the row says {shortened(values.units)}"
        )
    try:
        check_known(values.units)
    except UnitsError as error:
        raise RowProblem("units", str(error)) from error
    if assay.is_read:
        warnings.append(f"the campaign states no units for {assay.type}: the value is kept in {values.units}")
    return values


def _cell(field: str, text: str, numbers: NumberFormat) -> ReadValue:
    try:
        return numbers.read_value(text)
    except ValueTextError as error:
        raise RowProblem(field, str(error)) from error


def _number(fields: Mapping[str, str], field: str, numbers: NumberFormat) -> float | None:
    text = fields.get(field, "")
    if is_missing(text):
        return None
    try:
        return numbers.read_number(text)
    except ValueTextError as error:
        raise RowProblem(field, str(error)) from error


def _outcome(fields: Mapping[str, str]) -> Outcome:
    text = fields.get("outcome", "")
    try:
        return read_outcome(text) if is_outcome(text) and not activity_call(text) else "ok"
    except ValueTextError as error:
        raise RowProblem("outcome", str(error)) from error


def _relation(fields: Mapping[str, str], read: ReadValue) -> Relation:
    text = fields.get("relation", "")
    try:
        stated = None if is_missing(text) else read_relation(text)
    except ValueTextError as error:
        raise RowProblem("relation", str(error)) from error
    if stated and read.relation and stated != read.relation:
        raise RowProblem("relation", f"the relation is {stated}, but the value says {read.relation}")
    return stated or read.relation or "="


def _units(entry: Entry, read: ReadValue, wanted: str | None) -> str | None:
    """Return the units on which header, column and cell agree.

    Raises:
        RowProblem: if they do not, or the text behind the number is no units.
    """
    if isinstance(entry.fields["value"], Meant) and read.rest:
        return read.rest  # a meaning has units of its own, whatever those of the column are
    is_stated = wanted or entry.units or not is_missing(entry.fields.get("units", ""))
    if read.rest and not (is_unit_beside_a_number if is_stated else is_certain_unit)(read.rest):
        detail = (
            f"{shortened(read.rest)} after the number is not known as units: leave it out or move it to "
            f"comment"
        )
        raise RowProblem("value", f"{shortened(entry.fields['value'])} is not a number: {detail}")
    stated = entry.fields.get("units", "")
    column = None if is_missing(stated) else stated
    if column and entry.units and not same_units(column, entry.units):
        raise RowProblem(
            "units", f"the header says {shortened(entry.units)}, the units are {shortened(column)}"
        )
    stated_units = column or entry.units
    if stated_units and read.rest and not same_units(stated_units, read.rest):
        raise RowProblem(
            "units", f"the units are {shortened(stated_units)}, but the value says {shortened(read.rest)}"
        )
    return stated_units or read.rest
