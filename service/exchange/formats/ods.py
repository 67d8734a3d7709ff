"""OpenDocument spreadsheets (.ods), by calamine. Reads only."""

from __future__ import annotations

import io
import re
import zipfile

from service.exchange.calamine_sheets import read_workbook
from service.exchange.tables import Layout, Table, TableError, TableFormat, check_size
from service.exchange.workbook_safety import check_archive

_ROW = re.compile(rb"<table:table-row[\s/>]")
_VALUE = re.compile(rb"office:value-type=|<text:p[\s>]")
_NUMBER_STYLE = re.compile(
    r"<number:(?:number|percentage)-style.*?</number:(?:number|percentage)-style>", re.DOTALL
)
_STYLE_TEXT = re.compile(r"<number:text>(.*?)</number:text>", re.DOTALL)
_ADDS_RELATION = re.compile(r"&lt;|&gt;|[<>~\u2264\u2265]|[^\W\d_]")
"""Signs of relations, and letters, which may be units."""


def read(content: bytes, layout: Layout) -> Table:
    """Read one sheet under a header row; raises as `read_workbook`."""
    check_archive(content, "ODS")
    _check_styles(content)
    return read_workbook(content, layout)


def count_rows(content: bytes) -> int:
    """Return at least how many rows with a value there can be; raises as `check_archive`."""
    check_archive(content, "ODS")
    text = _part(content, "content.xml")
    rows = min(len(_ROW.findall(text)), len(_VALUE.findall(text)))
    check_size(rows, 0)
    return rows


def _check_styles(content: bytes) -> None:
    """Check that no number is shown with a relation or units that its value alone does not have.

    Raises:
        TableError: if one may be.
    """
    for part in ("content.xml", "styles.xml"):
        for style in _NUMBER_STYLE.findall(_part(content, part).decode("utf-8", "replace")):
            for text in _STYLE_TEXT.findall(style):
                if _ADDS_RELATION.search(text):
                    detail = (
                        f"a number format of the workbook shows {text[:40]!r} beside numbers, which is "
                        f"not seen here"
                    )
                    raise TableError(f"{detail}: save it as XLSX")


def _part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name) if name in archive.namelist() else b""


FORMAT = TableFormat(
    "ods",
    ("application/vnd.oasis.opendocument.spreadsheet",),
    read,
    has_sheets=True,
    has_header_row=True,
    count_rows=count_rows,
)
