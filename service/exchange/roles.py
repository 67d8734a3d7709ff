"""Units that stand elsewhere than in a header or the column units: under any name, in a row, above or below the table.

Units that are not read make a value wrong by a thousand, so whatever looks like them is read or refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from models.specs.columns import key
from service.exchange.columns import unread
from service.exchange.tables import TableError
from service.exchange.units import are_convertible, is_certain_unit, is_unit_beside_a_number, same_units
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.headers import ResultColumn
    from service.exchange.tables import RawRow, Table

MAX_TITLE = 2_000
"""How much of a line above the header is looked at, in characters."""
_UNIT_WORDS = frozenset(("", "unit", "units", "einheit", "einheiten"))
_DIGITS = frozenset("0123456789")


def check_unread_units(table: Table, mapped: Mapped, spec: CampaignSpec) -> None:
    """Check that no column holds the units of the values while none is read.

    Raises:
        TableError: if one does.
    """
    if (
        "units" in mapped.fields
        or mapped.units
        or any(column.units or "units" in column.own for column in mapped.results)
    ):
        return
    if any(_speaks_of_units(line) for line in table.title):
        raise TableError("what stands above the header speaks of units: write them into the header or a column units")
    wanted = [quantity.units for quantity in spec.quantities().values() if quantity.units]
    for header in unread(table, mapped):
        found = _only_units(row.cells.get(header, "") for row in table.rows)
        fitting = {text for text in found if any(are_convertible(text, units) for units in wanted)}
        if fitting and fitting == found and not all(same_units(text, units) for text in found for units in wanted):
            detail = f"column {header!r} holds units ({', '.join(sorted(found)[:3])}) and no column is named units"
            raise TableError(f"{detail}: name it units if they are those of the values, or say theirs", column=header)


def _speaks_of_units(line: str) -> bool:
    words = re.split(r"[\s;,:=()\[\]|]+", line[:MAX_TITLE])
    return any(word and is_certain_unit(word) for word in words) or any(
        word in line.casefold() for word in ("unit", "einheit")
    )


def _only_units(cells: Iterable[str]) -> set[str]:
    """Return the different texts of cells that are all units of more than one letter; nothing if one is not."""
    found: set[str] = set()
    for cell in cells:
        if not cell or cell in found or is_missing(cell):
            continue
        if len(cell) < 2 or len(found) > 8 or not is_unit_beside_a_number(cell):  # noqa: PLR2004 - more are no units
            return set()
        found.add(cell)
    return found


def without_units_row(table: Table, mapped: Mapped) -> tuple[Table, Mapped, int | None]:
    """Take the row of units under the header out, if there is one, and return its number.

    Raises:
        TableError: if it contradicts a header, or a row without an object says something else than a number there.
    """
    row = table.rows[0] if table.rows else None
    units = _below_header(row, mapped) if row else {}
    if row is None or not units:
        return table, mapped, None
    for header, text in units.items():
        if not is_unit_beside_a_number(text):
            detail = (
                f"row {row.number} names no object and says {shortened(text)} under {header!r}, which is no unit known"
            )
            raise TableError(f"{detail}: take the row out", row=row.number, column=header)
    results = tuple(_in_units(column, units.get(column.header), row.number) for column in mapped.results)
    value = units.get(mapped.fields.get("value", ""))
    if value and mapped.units and not same_units(value, mapped.units):
        _contradict(mapped.fields["value"], mapped.units, value, row.number)
    rest = replace(table, rows=table.rows[1:])
    return rest, replace(mapped, results=results, units=value or mapped.units), row.number


def _below_header(row: RawRow, mapped: Mapped) -> dict[str, str]:
    """Return the texts without digits that a row without an object has in the columns of values."""
    identity = {*mapped.objects.values(), mapped.fields.get("candidate_id", "")}
    if any(key(row.cells.get(header, "")) not in _UNIT_WORDS for header in identity):
        return {}
    values = {column.header for column in mapped.results} | {mapped.fields.get("value", "")}
    told = {header: row.cells.get(header, "").strip("()[] ") for header in values}
    return {header: text for header, text in told.items() if text and not is_missing(text) and text[-1:] not in _DIGITS}


def _in_units(column: ResultColumn, units: str | None, row: int) -> ResultColumn:
    if units and column.units and not same_units(units, column.units):
        _contradict(column.header, column.units, units, row)
    return replace(column, units=column.units or units)


def _contradict(header: str, stated: str, below: str, row: int) -> None:
    raise TableError(f"the header {header!r} says {stated!r}, the row of units {below!r}", row=row, column=header)
