"""Workbooks of Excel before 2007 (.xls, BIFF8), by calamine. Reads only.

BIFF as in [MS-XLS]: 2.4.126 for the records of number formats. Their media type is what Windows takes CSV for
as well, so that it is told by the bytes (`media`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from service.exchange.calamine_sheets import read_workbook
from service.exchange.number_formats import shown
from service.exchange.tables import MAX_ROWS, Layout, Table, TableError, TableFormat
from service.exchange.workbook_safety import ENCRYPTED, OLE, PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIA_TYPE = "application/x-xls"
_FORMAT = re.compile(rb"\x1e\x04(?P<size>..)(?P<id>..)(?P<letters>..)(?P<wide>[\x00\x01])", re.DOTALL)
_HEAD = 5
_FIRST_OWN = 164
"""Number formats below are those of every workbook."""
_LONGEST = 255
_SMALLEST_ROW = 20
"""Bytes of a row: its record alone has these."""
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_OF_DATES = re.compile(r"[ymdhs]", re.IGNORECASE)
_ADDS_RELATION = re.compile(r"[<>~\u2264\u2265]|[^\W\d_]")


def read(content: bytes, layout: Layout) -> Table:
    """Read one sheet under a header row; raises as `read_workbook`."""
    if not content.startswith(OLE):
        raise TableError("this is no workbook of Excel before 2007 (.xls): send it as what it is")
    if ENCRYPTED in content:
        raise TableError(PROTECTED)
    for text in _number_formats(content):
        if _OF_DATES.search(_LITERALS.sub("", text)):
            continue
        found = shown(5, text)
        if found.exact is None and _ADDS_RELATION.search(found.text):
            detail = (
                f"the workbook shows a number 5 as {found.text[:40]!r} by a number format, which is not "
                f"seen here"
            )
            raise TableError(f"{detail}: save it as XLSX")
    return read_workbook(content, layout)


def count_rows(content: bytes) -> int:
    """Return at least how many rows there can be, by the size of the file."""
    return min(len(content) // _SMALLEST_ROW, MAX_ROWS)


def _number_formats(content: bytes) -> Iterator[str]:
    for found in _FORMAT.finditer(content):
        size, number, letters = (int.from_bytes(found[name], "little") for name in ("size", "id", "letters"))
        is_wide = found["wide"] == b"\x01"
        n_bytes = letters * (1 + is_wide)
        if number >= _FIRST_OWN and 0 < letters <= _LONGEST and size == n_bytes + _HEAD:
            text = content[found.end() : found.end() + n_bytes]
            yield text.decode("utf-16-le" if is_wide else "latin-1", "replace")


FORMAT = TableFormat(
    "xls",
    (MEDIA_TYPE, "application/vnd.ms-excel.xls"),
    read,
    has_sheets=True,
    has_header_row=True,
    count_rows=count_rows,
)
