"""A file as rows of cells, before it is known where a table begins.

Delimited text, or a sheet of a workbook.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.exchange.cells import Digits
from service.exchange.formats.workbook import MEDIA_TYPE as XLSX
from service.exchange.tables import SheetError, TableError, UnknownFormatError
from service.exchange.texts import decode
from service.exchange.values import Decimal
from service.exchange.workbook_safety import check_archive, damage_as_table_error

TEXTS = ("text/csv", "text/tab-separated-values", "text/plain", "application/csv")
MEDIA_TYPES = (*TEXTS, XLSX)
MAX_ROWS, MAX_CELLS = 100_000, 1_000_000
_DELIMITERS = ("\t", ";", "|", ",")
"""Commas last: they may be decimal signs."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of cells; the row of a spreadsheet is the place plus one."""

    rows: Sequence[Sequence[str]]
    delimiter: str = ""
    decimal: Decimal | None = None
    warnings: tuple[str, ...] = ()


def read_sheets(content: bytes, media_type: str, sheet: str | None) -> Iterator[Sheet]:
    """Yield the cells of a file: of a text by each delimiter that it may have, the likeliest first.

    Raises:
        UnknownFormatError: if it is neither text nor a workbook.
        SheetError: if there is no such sheet.
        TableError: if it cannot be read, or is too large.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind == XLSX:
        yield _workbook(content, sheet)
        return
    if kind not in TEXTS:
        raise UnknownFormatError(
            f"{kind or 'no media type'} is no file of wells: send {', '.join(MEDIA_TYPES)}; for ASM "
            f"application/json"
        )
    if sheet is not None:
        raise SheetError("a text file has no sheets to choose from, xlsx has: leave sheet out")
    text, warnings, _ = decode(content, None)
    for delimiter in _delimiters(text):
        yield Sheet(_split(text, delimiter), delimiter, None, tuple(warnings))


def _split(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    n_cells = 0
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([cell.strip() for cell in cells])
            n_cells += len(cells)
            _check_size(len(rows), n_cells)
    except csv.Error as error:
        raise TableError(f"row {len(rows) + 1} is not valid CSV: {error}", row=len(rows) + 1) from error
    return rows


def _delimiters(text: str) -> list[str]:
    """Return signs by how many lines they part into three cells or more, or else into two.

    The first at least.
    """
    lines = text.splitlines()[:MAX_ROWS]
    counts = {sign: [line.count(sign) for line in lines] for sign in _DELIMITERS}
    scores = {
        sign: (sum(n > 1 for n in counts[sign]), sum(n > 0 for n in counts[sign])) for sign in _DELIMITERS
    }
    ordered = sorted(_DELIMITERS, key=lambda sign: scores[sign], reverse=True)
    return [sign for sign in ordered if any(scores[sign])] or ordered[:1]


def sheet_of_rows(rows: Sequence[object]) -> Sheet:
    """Return a JSON array of objects as rows of cells below their names.

    Raises:
        TableError: if an item is no object of plain values, or there are too many.
    """
    names: dict[str, None] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or any(isinstance(value, list | dict) for value in row.values()):
            raise TableError(
                "each item must be an object of plain values, such as well and signal", row=number
            )
        names |= dict.fromkeys(row)
    _check_size(len(rows), len(rows) * len(names))
    cells = [[_text(row.get(name)) for name in names] for row in rows if isinstance(row, dict)]
    return Sheet([list(names), *cells], "", "point")


def _workbook(content: bytes, name: str | None) -> Sheet:
    from openpyxl import load_workbook

    check_archive(content)
    with damage_as_table_error():
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        return _page(book, name)


def _page(book: Any, name: str | None) -> Sheet:
    titles = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    chosen = titles[0] if name is None and titles else name
    if chosen not in book.sheetnames:
        raise SheetError(f"the workbook has no sheet {chosen!r}; it has {', '.join(map(repr, titles[:50]))}")
    page = book[chosen]
    page.reset_dimensions()  # what a file declares of its size may be wrong, or a trap
    rows: list[list[str]] = []
    n_cells = 0
    for cells in page.iter_rows(values_only=True):
        rows.append([_text(cell) for cell in cells])
        n_cells += len(cells)
        _check_size(len(rows), n_cells)
    is_chosen = name is not None or len(titles) == 1
    warnings = (
        () if is_chosen else (f"only the sheet {chosen!r} was read; the parameter sheet chooses another",)
    )
    return Sheet(rows, "", "point", warnings)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Digits(repr(int(value)) if float(value).is_integer() else repr(value))
    return str(value).strip()


def _check_size(n_rows: int, n_cells: int) -> None:
    if n_rows > MAX_ROWS or n_cells > MAX_CELLS:
        raise TableError(
            f"a file of wells has at most {MAX_ROWS} rows and {MAX_CELLS} cells: split it", row=n_rows
        )
