"""The measured part of a row: type, relation, value, units, spread and outcome.

Standard values are in the campaign's units and not yet transformed: the proxies take logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from models.specs import MeasuredQuantity
from service.exchange.units import UnitsError, convert, same_units
from service.exchange.values import (
    ReadValue,
    ValueTextError,
    is_missing,
    read_number,
    read_outcome,
    read_relation,
    read_value,
    shortened,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.campaign import CampaignSpec
    from models.records import Outcome, Relation

MAX_TYPE = 200


class RowProblem(Exception):  # noqa: N818 - a row's problem is an answer, not a failure
    """Why a row is rejected, and the field that is wrong."""

    def __init__(self, column: str | None, detail: str) -> None:
        super().__init__(detail)
        self.column = column
        self.detail = detail


class Quantity(TypedDict, total=False):
    """The measured fields of `StandardResult`."""

    relation: Relation
    value: float | None
    units: str | None
    upper_value: float | None
    standard_error: float | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Scale:
    """From the units of a row to those of the campaign."""

    given: str | None
    wanted: str | None

    def __call__(self, value: float, field: str) -> float:
        if self.given is None or self.wanted is None:
            return value
        try:
            converted = convert(value, self.given, self.wanted)
        except UnitsError as error:
            raise RowProblem("units", str(error)) from error
        if not math.isfinite(converted):
            raise RowProblem(field, f"{value:g} {self.given} is too large in {self.wanted}")
        return converted

    @property
    def units(self) -> str | None:
        return self.wanted or self.given


def read_type(text: str, spec: CampaignSpec) -> tuple[str, MeasuredQuantity, list[str]]:
    """Return the assay type as the campaign spells it, how its values are read, and warnings.

    A type that the campaign does not read is kept: a later version of the campaign may read it.

    Raises:
        RowProblem: if there is none.
    """
    known = spec.quantities()
    if not text:
        raise RowProblem("type", f"say what was measured; this campaign reads {', '.join(known) or 'nothing'}")
    if len(text) > MAX_TYPE:
        raise RowProblem("type", f"a type has at most {MAX_TYPE} characters")
    names = {name.casefold(): name for name in known}
    names = {o.name.casefold(): o.assay_type for o in spec.objectives if o.assay_type} | names
    kind = text if text in known else names.get(text.casefold(), text)
    if kind in known:
        return kind, known[kind], []
    warning = f"the campaign does not read {shortened(kind)} (it reads {', '.join(known) or 'nothing'}); kept for later"
    return kind, MeasuredQuantity(), [warning]


def read_quantity(
    fields: Mapping[str, str], kind: str, wanted: MeasuredQuantity, *, decimal_comma: bool
) -> tuple[Quantity, list[str]]:
    """Return the measured fields in the campaign's units, and warnings.

    Raises:
        RowProblem: if a cell does not hold what its column asks for.
    """
    warnings: list[str] = []
    outcome = _outcome(fields)
    if outcome != "ok":
        if not is_missing(fields.get("value", "")):
            warnings.append(f"the value is not used, because the outcome is {outcome}")
        return Quantity(outcome=outcome, units=wanted.units), warnings
    if is_missing(fields.get("value", "")):
        raise RowProblem("value", "outcome ok needs a value")
    read = _cell("value", fields["value"], decimal_comma=decimal_comma)
    scale = _Scale(_units(fields, read), wanted.units)
    if scale.given and not scale.wanted:
        warnings.append(f"the campaign states no units for {kind}: the value is kept in {scale.given}")
    value = scale(read.number, "value")
    if wanted.transform == "log10" and value <= 0:
        raise RowProblem("value", f"{kind} is modelled on a log10 scale, so its values must be positive")
    upper = _upper(fields, value, scale, decimal_comma=decimal_comma)
    error = _standard_error(fields, read.number, value, scale, decimal_comma=decimal_comma)
    relation = _relation(fields, read)
    return Quantity(
        relation=relation, value=value, units=scale.units, upper_value=upper, standard_error=error, outcome="ok"
    ), warnings


def _cell(field: str, text: str, *, decimal_comma: bool) -> ReadValue:
    try:
        return read_value(text, decimal_comma=decimal_comma)
    except ValueTextError as error:
        raise RowProblem(field, str(error)) from error


def _number(fields: Mapping[str, str], field: str, *, decimal_comma: bool) -> float | None:
    text = fields.get(field, "")
    if is_missing(text):
        return None
    try:
        return read_number(text, decimal_comma=decimal_comma)
    except ValueTextError as error:
        raise RowProblem(field, str(error)) from error


def _outcome(fields: Mapping[str, str]) -> Outcome:
    try:
        return read_outcome(fields["outcome"]) if fields.get("outcome") else "ok"
    except ValueTextError as error:
        raise RowProblem("outcome", str(error)) from error


def _relation(fields: Mapping[str, str], read: ReadValue) -> Relation:
    stated = None
    try:
        stated = read_relation(fields["relation"]) if fields.get("relation") else None
    except ValueTextError as error:
        raise RowProblem("relation", str(error)) from error
    if stated and read.relation and stated != read.relation:
        raise RowProblem("relation", f"the relation is {stated}, but the value says {read.relation}")
    return stated or read.relation or "="


def _units(fields: Mapping[str, str], read: ReadValue) -> str | None:
    stated = fields.get("units") or None
    if stated and read.units and not same_units(stated, read.units):
        raise RowProblem("units", f"the units are {shortened(stated)}, but the value says {shortened(read.units)}")
    return stated or read.units


def _upper(fields: Mapping[str, str], value: float, scale: _Scale, *, decimal_comma: bool) -> float | None:
    number = _number(fields, "upper_value", decimal_comma=decimal_comma)
    if number is None:
        return None
    upper = scale(number, "upper_value")
    if upper <= value:
        raise RowProblem("upper_value", f"upper_value {number:g} must exceed the value")
    return upper


def _standard_error(
    fields: Mapping[str, str], number: float, value: float, scale: _Scale, *, decimal_comma: bool
) -> float | None:
    error = _number(fields, "standard_error", decimal_comma=decimal_comma)
    if error is None:
        return None
    if error < 0:
        raise RowProblem("standard_error", "standard_error must not be negative")
    # A difference, not a value: degrees Celsius are shifted against kelvins, their errors are not.
    return abs(scale(number + error, "standard_error") - value)
