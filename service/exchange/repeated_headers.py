"""A second header among the rows: the pages of one table, or another table below the first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.specs.columns import key
from service.exchange.tables import TableError
from service.exchange.values import shortened

if TYPE_CHECKING:
    from service.exchange.columns import Mapped
    from service.exchange.tables import RawRow, Table


def with_repeated_headers(table: Table, mapped: Mapped) -> Table:
    """Return the table with a problem in each row that repeats its header.

    Raises:
        TableError: if one names a column that is read otherwise, such as in other units: what stands below it
            would be read wrong.
    """
    identity = [
        *mapped.objects.values(),
        *(mapped.fields[name] for name in ("candidate_id",) if name in mapped.fields),
    ]
    values = [column.header for column in mapped.results] or [mapped.fields.get("value", "")]
    again = [row for row in table.rows if _names_again(row, identity, values)]
    if not again:
        return table
    told = mapped.read().difference(identity)
    for row in again:
        for header in (each for each in table.columns if each in told):
            cell = row.cells.get(header, "")
            if " ".join(cell.split()) != " ".join(header.split()):
                detail = (
                    f"row {row.number} names the columns again, and {shortened(cell)} where the header "
                    f"has {header!r}"
                )
                raise TableError(f"{detail}: send each table for itself", row=row.number, column=header)
    problem = "the row repeats the header: take it out"
    numbers = {row.number for row in again}
    rows = (
        replace(row, problem=row.problem or problem) if row.number in numbers else row for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def _names_again(row: RawRow, identity: list[str], values: list[str]) -> bool:
    """Return whether a row has the name of a column in place of an object, and of a value.

    SEQ is a peptide as well.
    """
    names_object = any(key(header) == key(row.cells[header]) for header in identity if row.cells.get(header))
    return names_object and any(row.cells.get(header, "")[:1].isalpha() for header in values)
