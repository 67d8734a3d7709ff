"""Workbooks that openpyxl does not read (.xls, .ods), by calamine.

Values alone, without what their formats show. A format that adds a relation or units to a number (`">"0`)
would be lost, so a workbook that has one is refused.
"""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from service.exchange.cells import Digits
from service.exchange.formula_injection import unprotected
from service.exchange.sheet_tables import MAX_CELLS, Line, Sheet, choose_sheet, table_of_lines
from service.exchange.tables import TableError
from service.exchange.workbook_safety import DAMAGED, PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.exchange.tables import Layout, Table

_NOT_SEEN = (
    "hidden rows, notes and struck-through cells of such a file are not seen: look through its warnings "
    "in XLSX"
)


def read_workbook(content: bytes, layout: Layout) -> Table:
    """Read one sheet under a header row.

    Raises:
        SheetError: if the sheet that is named is not there.
        QuestionError: if several sheets may hold the table.
        TableError: if the file is no workbook, protected, broken or too large.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return _table(book, layout)
    except TableError:
        raise
    except python_calamine.PasswordError as error:
        raise TableError(PROTECTED) from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise TableError(DAMAGED) from error


def _table(book: Any, layout: Layout) -> Table:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    known = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    sheets = [
        Sheet(each.name, each.visible == SheetVisibleEnum.Visible, partial(_texts, book, each.name))
        for each in known
    ]
    index, warnings = choose_sheet(sheets, layout)
    lines = (Line(number, texts) for number, texts in enumerate(_texts(book, known[index].name), 1))
    return table_of_lines(known[index].name, lines, layout, [*warnings, _NOT_SEEN], lambda _: [])


def _texts(book: Any, name: str) -> Iterator[list[str]]:
    sheet = book.get_sheet_by_name(name)
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise TableError(f"the sheet has more than {MAX_CELLS} cells: split it or send CSV")
    for row in sheet.iter_rows():
        yield [_text(value) for value in row]


def _text(value: Any) -> str:
    """Return a cell as text; numbers and dates as XLSX has them."""
    if isinstance(value, str):
        return unprotected(value.strip())
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return Digits(f"{value:.15g}")
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else ""
