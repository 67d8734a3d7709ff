"""XLSX.

A sheet under a header row, the first or a named one, and flat rows as a sheet whose header stays in view.
Knows nothing of what the columns mean.
"""

from __future__ import annotations

import io
from datetime import datetime, time
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from service.exchange.cells import Digits
from service.exchange.formula_injection import unprotected
from service.exchange.number_formats import shown
from service.exchange.sheet_tables import LAST_ROW, MAX_CELLS, Line, Sheet, choose_sheet, table_of_lines
from service.exchange.sheets import WrittenSheet, write_sheets
from service.exchange.tables import TableError, TableFormat
from service.exchange.workbook_rows import StruckCells, is_partly_struck, notes_below, sheet_rows, text_of
from service.exchange.workbook_safety import check_archive, count_rows, damage_as_table_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from service.exchange.tables import Layout, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TOLD_NOTES = 5


def read(content: bytes, layout: Layout) -> Table:
    """Read one sheet under a header row; formulas count as the values last calculated.

    Raises:
        SheetError: if the sheet that is named is not there; it names those that are.
        QuestionError: if several sheets may hold the table.
        TableError: if the file is no workbook, protected, broken or too large, or its header does not name
            a column.
    """
    has_formulas = check_archive(content)
    with damage_as_table_error():
        return _table(content, layout, has_formulas=has_formulas)


def write(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as a workbook of one sheet, in which no text is run as a formula."""
    return write_sheets([WrittenSheet("Table", rows)])


def _table(content: bytes, layout: Layout, *, has_formulas: bool) -> Table:
    book = _opened(content)
    sheets = [
        Sheet(each.title, each.sheet_state == "visible", partial(_first_rows, each))
        for each in book.worksheets
    ]
    index, warnings = choose_sheet(sheets, layout)
    sheet = book.worksheets[index]
    raw = _opened(content, data_only=False).worksheets[index] if has_formulas else None
    return table_of_lines(sheet.title, _lines(sheet, raw), layout, warnings, partial(_note_warnings, sheet))


def _opened(content: bytes, *, data_only: bool = True) -> Any:
    from openpyxl import load_workbook

    book = load_workbook(
        io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False, rich_text=True
    )
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what a file declares of its size may be wrong, or a trap
    return book


def _first_rows(sheet: Any) -> Iterator[list[str]]:
    return ([_text(cell) for cell in row.cells] for row in sheet_rows(sheet))


def _note_warnings(sheet: Any, header_row: int) -> list[str]:
    notes = notes_below(sheet, header_row)
    shown = ", ".join(f"{where}: {text[:40]!r}" for where, text in notes[:_TOLD_NOTES])
    more = ", ..." if notes[_TOLD_NOTES:] else ""
    return [f"notes at cells were not read ({shown}{more}): delete what does not count"] if notes else []


def _lines(sheet: Any, raw: Any | None) -> Iterator[Line]:
    n_cells = 0
    formulas: Iterable[Any] = repeat(()) if raw is None else raw.iter_rows()
    struck = StruckCells()
    for number, (row, unread) in enumerate(zip(sheet_rows(sheet), formulas, strict=False), 1):
        n_cells += len(row.cells)
        if number > LAST_ROW or n_cells > MAX_CELLS:
            raise TableError(f"the sheet has more than {MAX_CELLS} cells: split it or send CSV", row=number)
        uncalculated = {
            index: item.coordinate
            for index, (item, cell) in enumerate(zip(unread, row.cells, strict=False))
            # A formula whose value is an empty text says so in its type.
            if item.data_type == "f" and cell.value is None and cell.data_type != "str"
        }
        partly = {
            index: cell.coordinate for index, cell in enumerate(row.cells) if is_partly_struck(cell.value)
        }
        crossed = [cell.coordinate for cell in row.cells if cell in struck]
        yield Line(number, [_text(cell) for cell in row.cells], uncalculated, partly, crossed, row.is_hidden)


def _text(cell: Any) -> str:
    """Return what a person sees in a cell, without rounding."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str | list):
        return unprotected(text_of(value).strip())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _digits(value, cell.number_format)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _digits(value: float, number_format: str | None) -> str:
    found = shown(value, number_format)
    if found.exact is not None:
        return Digits(found.exact, found.padded)
    return Digits(found.text) if any(letter.isdigit() for letter in found.text) else found.text


FORMAT = TableFormat(
    "xlsx",
    (MEDIA_TYPE, "application/vnd.ms-excel.sheet.macroenabled.12"),
    read,
    write,
    aliases=("xlsm",),
    has_sheets=True,
    has_header_row=True,
    count_rows=count_rows,
)
