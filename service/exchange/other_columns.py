"""The cells of a table that nothing is read from: kept with the results of their row, for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.specs.columns import GUARDRAIL, OF_A_BATCH, PREFERENCE, key
from service.exchange.cells import Digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from service.exchange.report import ParsedRow
    from service.exchange.tables import Table

    OtherCells = Mapping[int, Mapping[str, str]]


def other_cells(table: Table, passed_over: set[str], names: Mapping[str, str]) -> OtherCells:
    """Return the cells under headers that are neither read nor a batch's own, by the number of their row.

    Args:
        table: the whole table.
        passed_over: headers that are read, or that a downloaded batch has for its predictions.
        names: header as it was read -> header as it was sent, where they differ.
    """
    headers = [header for header in table.columns if header not in passed_over and not _is_of_a_batch(header)]
    sent = {header: names.get(header, header) for header in headers}
    found = {}
    for row in table.rows if sent else ():
        cells = {name: _shown(row.cells[header]) for header, name in sent.items() if row.cells.get(header)}
        if cells:
            found[row.number] = cells
    return found


def with_other_columns(rows: Iterable[ParsedRow], cells: OtherCells) -> Iterable[ParsedRow]:
    """Return accepted rows with what stood beside them in columns that are not read."""
    if not cells:
        return rows
    return (
        replace(row, other_columns=cells.get(row.row)) if row.status == "accepted" else row for row in rows
    )


def _is_of_a_batch(header: str) -> bool:
    plain = key(header)
    return not plain or plain in OF_A_BATCH or plain.startswith((PREFERENCE, GUARDRAIL))


def _shown(text: str) -> str:
    return text.shown if isinstance(text, Digits) else text
