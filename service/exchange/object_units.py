"""Columns of amounts and settings whose header states units: `Ni (%)`, `T (°C)`. Read as the campaign's own column.

Knows which columns of a domain are numbers and in what units, not what they mean.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from models.domains.contract import FRACTION
from service.exchange.columns import key
from service.exchange.tables import TableError
from service.exchange.units import UnitsError, convert, same_units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.domains.contract import Domain
    from service.exchange.tables import RawRow, Table

_PERCENT = ("%", "percent", "pct")
_HEADER = re.compile(
    r"(?P<name>.+?)\s*(?:[(\[]\s*(?P<units>[^()\[\]]+?)\s*[)\]]"
    r"|/\s*(?P<quotient>[^/]+)"
    r"|[\s_](?P<bare>°[CF]|(?:[a-z]+[.\s_-]*)?(?:%|percent|pct)))",
    re.IGNORECASE,
)
"""`T (K)`, `T / K` as IUPAC writes it, `Ni wt%`."""


def in_domain_units(table: Table, domain: Domain) -> Table:
    """Return the table with such columns under the domain's names and in its units; a warning tells of each.

    Raises:
        TableError: if a header states units that cannot be those of its column.
    """
    own = {name.casefold() for name in domain.object_columns}
    exact = {header for header in table.columns if header.strip().casefold() in own}
    wanted = {key(name): name for name in domain.quantity_columns}
    for header in exact:
        wanted.pop(key(header), None)
    for header in table.columns:
        match = None if header in exact else _HEADER.fullmatch(header.strip())
        name = wanted.pop(key(match["name"]), None) if match else None
        if match is not None and name is not None:
            table = _converted(
                table, header, name, str(match["units"] or match["quotient"] or match["bare"]).strip(), domain
            )
    return table


def with_absent_told(table: Table, domain: Domain) -> Table:
    """Return the table with a warning of the columns that the domain needs and nobody gave."""
    named = {key(column) for column in table.columns}
    missing = [name for name in domain.object_columns if key(name) not in named]
    if not domain.needs_all_columns or not missing or len(missing) == len(domain.object_columns):
        return table
    shown = ", ".join(missing[:8]) + (", ..." if missing[8:] else "")
    return replace(table, warnings=(*table.warnings, f"no column {shown}: taken as absent from every row"))


def _converted(table: Table, header: str, name: str, units: str, domain: Domain) -> Table:
    wanted = domain.quantity_columns[name]
    if wanted is None:
        change: Callable[[Decimal], str] = str
        told = (
            f"{header!r} was read as {name}: the campaign states no units for it, so its numbers are taken as they are"
        )
    else:
        change = _change(header, name, units, wanted)
        told = f"{header!r} was read as {name}" + (f", in {wanted}" if units != wanted else "")
    rows = tuple(replace(row, cells=_renamed(row, header, name, change)) for row in table.rows)
    columns = tuple(name if column == header else column for column in table.columns)
    return replace(table, columns=columns, rows=rows, warnings=(*table.warnings, told))


def _change(header: str, name: str, units: str, wanted: str) -> Callable[[Decimal], str]:
    """Return what a number under the header is in the domain's units, as a text.

    Raises:
        TableError: if units cannot be converted.
    """
    if wanted == FRACTION:
        if units.casefold() not in _PERCENT:
            raise TableError(
                f"column {header!r} looks like {name}, but the campaign does not say whether its fractions are of "
                f"atoms, moles, mass or volume: give fractions as the campaign means them under {name}, or percent of "
                f"the same under '{name} (%)'",
                column=header,
            )
        return lambda number: f"{(number / 100).normalize():f}"
    if same_units(units, wanted):
        return str
    try:
        convert(1.0, units, wanted)
    except UnitsError as error:
        raise TableError(f"column {header!r} looks like {name}: {error}", column=header) from error
    return lambda number: f"{convert(float(number), units, wanted):.12g}"


def _renamed(row: RawRow, header: str, name: str, change: Callable[[Decimal], str]) -> Mapping[str, str]:
    cells = {name if column == header else column: text for column, text in row.cells.items()}
    text = cells.get(name, "").strip()
    try:
        # What is no plain number is left for the domain to refuse, or to read with its own units.
        number = Decimal(text.replace(",", ".", 1) if "." not in text else text)
    except InvalidOperation:
        return cells
    return {**cells, name: change(number)}
