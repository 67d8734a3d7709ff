"""Columns that the sender names: read under another name, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from service.exchange.tables import TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.exchange.options import ReadingOptions
    from service.exchange.tables import Table

IGNORED = "ignored"
_SHOWN = 8


def with_columns_named(table: Table, options: ReadingOptions) -> tuple[Table, Mapping[str, str]]:
    """Return the table with its columns as the sender names them, and header as read -> header as sent.

    Raises:
        TableError: if two columns would have one name.
    """
    if not options.columns:
        return table, {}
    wanted = {" ".join(header.split()): role.strip() for header, role in options.columns.items()}
    roles = {
        header: wanted[" ".join(header.split())]
        for header in table.columns
        if " ".join(header.split()) in wanted
    }
    names: dict[str, str] = {}
    for header in table.columns:
        role = roles.get(header, header)
        if role == IGNORED:
            continue
        if role in names:
            raise TableError(f"columns {names[role]!r} and {header!r} would both be {role!r}", column=header)
        names[role] = header
    absent = [
        repr(header[:40]) for header in wanted if header not in {" ".join(each.split()) for each in roles}
    ]
    warnings = (
        (f"columns names {', '.join(absent[:_SHOWN])}, which the table does not have",) if absent else ()
    )
    rows = tuple(
        replace(
            row,
            cells={role: row.cells[header] for role, header in names.items() if header in row.cells},
            lacks=tuple(roles.get(header, header) for header in row.lacks),
        )
        for row in table.rows
    )
    table = replace(table, columns=tuple(names), rows=rows, warnings=(*table.warnings, *warnings))
    return table, {role: header for role, header in names.items() if role != header}
