"""CSV as spreadsheets and instruments write it: comma, semicolon or tab; UTF-8, UTF-16 or Latin-1.

Knows nothing of what the columns mean.
"""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING, Any

from service.exchange.spreadsheet import cell_text, unprotected
from service.exchange.tables import RawRow, Table, TableError, TableFormat, is_storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DELIMITERS = (",", ";", "\t")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Codecs that are no alphabets (zlib, punycode) would let a small file ask for much work.
_CHARSETS = ("utf-", "ascii", "iso8859", "cp", "mac", "shift", "euc", "gb", "big5", "koi8")


def read(content: bytes, charset: str | None) -> Table:
    """Read delimited text under a header row.

    Raises:
        TableError: if there is no header, two columns share a name, or a quote never ends.
    """
    text, warnings = _decode(content, charset)
    delimiter, text, first_row = _delimiter(text)
    records = _records(text, delimiter, first_row)
    if not records:
        raise TableError("the file is empty; its first row must name the columns")
    (_, header), *body = records
    columns = _columns(header)
    rows = tuple(_row(number, cells, columns) for number, cells in body)
    return Table(_named(columns), rows, tuple(warnings), decimal_comma=delimiter == ";")


def write(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as comma-separated UTF-8, protected against formula injection."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if rows:
        writer.writerow([cell_text(column) for column in rows[0]])
    writer.writerows([cell_text(value) for value in row.values()] for row in rows)
    return out.getvalue().encode()


def _decode(content: bytes, charset: str | None) -> tuple[str, list[str]]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], encoding), []
    if charset is not None:
        return _strict(content, charset), []
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        warning = "the file is not UTF-8; it was read as Latin-1: check letters outside ASCII, such as µ"
        return content.decode("latin-1"), [warning]


def _strict(content: bytes, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise TableError(f"unknown charset {encoding[:40]!r}") from error
    if not name.startswith(_CHARSETS):
        raise TableError(f"unknown charset {encoding[:40]!r}")
    try:
        return content.decode(name)
    except ValueError as error:
        raise TableError(f"the file is not valid {encoding}") from error


def _delimiter(text: str) -> tuple[str, str, int]:
    """Return the delimiter, the text to parse and the spreadsheet row at which it starts."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and first.strip()[4:] in ("", *DELIMITERS):
        return first.strip()[4:] or "\t", rest, 2
    outside, quoted = [], False
    for letter in text.lstrip("\r\n"):
        quoted ^= letter == '"'
        if letter in "\r\n" and not quoted:
            break
        if not quoted:
            outside.append(letter)
    return max(DELIMITERS, key=outside.count), text, 1


def _records(text: str, delimiter: str, first_row: int) -> list[tuple[int, list[str]]]:
    if not is_storable(text):
        raise TableError("the file holds NUL characters: it is no CSV text, or UTF-16 without a byte order mark")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    number = first_row - 1
    try:
        for number, raw in enumerate(reader, first_row):
            cells = [unprotected(cell.strip()) for cell in raw]
            if any(cells):
                records.append((number, cells))
    except csv.Error as error:
        raise TableError(f"row {number + 1} is not valid CSV: {error}", row=number + 1) from error
    return records


def _columns(header: list[str]) -> list[str]:
    """Return one name per cell; blank ones stay blank."""
    seen: set[str] = set()
    for name in header:
        key = name.casefold()
        if key and key in seen:
            raise TableError(f"two columns are named {name!r}", row=1, column=name)
        seen.add(key)
    return header


def _named(columns: list[str]) -> tuple[str, ...]:
    return tuple(name for name in columns if name)


def _row(number: int, cells: list[str], columns: list[str]) -> RawRow:
    named = {name: text for name, text in zip(columns, cells, strict=False) if name}
    extra = [text for text in cells[len(columns) :] if text]
    unnamed = [text for name, text in zip(columns, cells, strict=False) if text and not name]
    if extra or len(cells) < len(columns):
        return RawRow(number, named, f"the row has {len(cells)} cells, the header {len(columns)}")
    if unnamed:
        return RawRow(number, named, f"{unnamed[0]!r} stands under a column without a name")
    return RawRow(number, named)


FORMAT = TableFormat("csv", ("text/csv", "application/csv", "text/tab-separated-values"), read, write)
