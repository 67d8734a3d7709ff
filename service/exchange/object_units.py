"""Columns of amounts and settings whose header states units: `Ni (%)`, `T (K)`.

Read as the campaign's own column.
Knows which columns of a domain are numbers and in what units, not what they mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from models.domains.cells import plain_number
from models.domains.contract import FRACTION
from models.specs.columns import key
from service.exchange.cells import Digits
from service.exchange.tables import TableError, check_names
from service.exchange.units import UnitsError, convert, same_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.domains.contract import Domain
    from service.exchange.cells import NumberFormat
    from service.exchange.tables import RawRow, Table

Change = Callable[[str], str]
"""Turns a cell into the domain's units."""
_PERCENT = ("%", "percent", "pct")
_HEADER = re.compile(
    r"(?P<name>.+?)\s*(?:[(\[]\s*(?P<units>[^()\[\]]+?)\s*[)\]]"
    r"|/\s*(?P<quotient>[^/]+)"
    r"|[\s_](?P<bare>°[CF]|(?:[a-z]+[.\s_-]*)?(?:%|percent|pct)))",
    re.IGNORECASE,
)
"""`T (K)`, `T / K` as IUPAC writes it, `Ni wt%`."""


def under_domain_names(table: Table, domain: Domain) -> tuple[Table, Mapping[str, Change]]:
    """Return the table with such columns under the domain's names, warnings, and the cells' conversions.

    Raises:
        TableError: if a header states units that cannot be those of its column, or two share its name.
    """
    renamed: dict[str, str] = {}
    changes: dict[str, Change] = {}
    warnings: list[str] = []
    for header, name, units in _with_units(table.columns, domain):
        changes[name], note = _read_as(header, name, units, domain.quantity_columns[name])
        renamed[header] = name
        warnings.append(f"{header!r} was read as {name}{note}")
    if not renamed:
        return table, changes
    check_names(table, renamed)
    columns = tuple(renamed.get(column, column) for column in table.columns)
    rows = tuple(
        replace(row, cells={renamed.get(column, column): text for column, text in row.cells.items()})
        for row in table.rows
    )
    return replace(table, columns=columns, rows=rows, warnings=(*table.warnings, *warnings)), changes


def in_domain_units(table: Table, changes: Mapping[str, Change], numbers: NumberFormat) -> Table:
    """Return the table with such columns in the domain's units, once the decimal sign is decided."""
    if not changes:
        return table
    return replace(
        table, rows=tuple(replace(row, cells=_changed(row, changes, numbers)) for row in table.rows)
    )


def with_points(fields: Mapping[str, str], domain: Domain, numbers: NumberFormat) -> dict[str, str]:
    """Return an object's cells with decimal points in those that are numbers.

    Typed cells have them already.
    """
    return {
        name: numbers.with_point(text) if name in domain.quantity_columns else text
        for name, text in fields.items()
    }


def warn_of_absent_columns(table: Table, domain: Domain) -> Table:
    """Return the table with a warning of the columns that the domain needs and nobody gave."""
    named = {key(column) for column in table.columns}
    missing = [name for name in domain.object_columns if key(name) not in named]
    if not domain.needs_all_columns or not missing or len(missing) == len(domain.object_columns):
        return table
    shown = ", ".join(missing[:8]) + (", ..." if missing[8:] else "")
    return replace(table, warnings=(*table.warnings, f"no column {shown}: taken as absent from every row"))


def _with_units(columns: Iterable[str], domain: Domain) -> list[tuple[str, str, str]]:
    """Return the headers that name a column of numbers with units behind it: header, column, units."""
    own = {name.casefold() for name in domain.object_columns}
    exact = {header for header in columns if header.strip().casefold() in own}
    wanted = {key(name): name for name in domain.quantity_columns}
    for header in exact:
        wanted.pop(key(header), None)
    found = []
    for header in columns:
        match = None if header in exact else _HEADER.fullmatch(header.strip())
        name = wanted.pop(key(match["name"]), None) if match else None
        if match is not None and name is not None:
            found.append((header, name, str(match["units"] or match["quotient"] or match["bare"]).strip()))
    return found


def _read_as(header: str, name: str, units: str, wanted: str | None) -> tuple[Change, str]:
    """Return what cells under the header are in the domain's units, and what to tell of it.

    Raises:
        TableError: if the units cannot be converted.
    """
    if wanted is None:
        return _unchanged, ": the campaign states no units for it, so its numbers are taken as they are"
    if wanted == FRACTION:
        if units.casefold() not in _PERCENT:
            raise TableError(
                f"column {header!r} looks like {name}, but the campaign does not say whether its fractions "
                f"are of "
                f"atoms, moles, mass or volume: give fractions as the campaign means them under {name}, or "
                f"percent of "
                f"the same under '{name} (%)'",
                column=header,
            )
        return _percent, ", in percent"
    if same_units(units, wanted):
        return _unchanged, ""
    try:
        convert(1.0, units, wanted)
    except UnitsError as error:
        raise TableError(f"column {header!r} looks like {name}: {error}", column=header) from error
    return lambda text: _converted(text, units, wanted), f", converted to {wanted}"


def _unchanged(text: str) -> str:
    return text


def _percent(text: str) -> str:
    return text if not text or text.endswith("%") else f"{text}%"


def _converted(text: str, units: str, wanted: str) -> str:
    """Return a number in other units; what is no number is left for the domain to refuse."""
    try:
        number = plain_number(text)
    except ValueError:
        return text
    return f"{convert(number, units, wanted):.12g}" if math.isfinite(number) else text


def _changed(row: RawRow, changes: Mapping[str, Change], numbers: NumberFormat) -> Mapping[str, str]:
    cells = dict(row.cells)
    for name in changes.keys() & cells.keys():
        text = cells[name]
        cells[name] = Digits(changes[name](numbers.with_point(text)))
    return cells
