"""Small workbooks for tests of reading."""

import io
from typing import Any

from openpyxl import Workbook


def saved(book: Workbook) -> bytes:
    """Return a workbook as a file."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sheet_of(*rows: list[Any]) -> Workbook:
    """Return a workbook of one sheet with these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book


def file_of(*rows: list[Any]) -> bytes:
    """Return a workbook of one sheet as a file."""
    return saved(sheet_of(*rows))
