"""CSV as spreadsheets and instruments write it: comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252.

Knows nothing of what the columns mean.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, final

from models.specs.columns import key
from service.exchange.formula_injection import cell_text, unprotected
from service.exchange.tables import (
    MAX_TITLE_ROWS,
    Layout,
    RawRow,
    Table,
    TableError,
    TableFormat,
    check_is_no_plate,
    check_size,
    distinct_names,
    header_index,
    only_counts,
    title_warning,
    with_remarks_named,
)
from service.exchange.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DELIMITERS = (",", ";", "\t", "|")
MAX_RECORD = 1_000_000
"""Longest row, in characters."""
MAX_LINES = 2**20
"""Most lines, blank ones among them: as many as a spreadsheet has rows."""
MAX_LINE = 100_000
"""How much of a line is looked at for the delimiter, in characters."""

_SMALL_WORDS = r"are|and|as|at|by|for|from|in|is|not|of|on|the|to|was|were|with"
_SENTENCE = re.compile(
    r"(?:[#*†‡§]+|//+)\s*[^\W\d_].*|[^\W\d_][\w ]{0,30}:\s.*|"
    rf"[^\W\d_]{{2,}}\s+(?:\S+\s+)*(?:{_SMALL_WORDS})\s+\S.*",
    re.IGNORECASE | re.DOTALL,
)
"""A line that programs write below a table: `Page 1 of 1`, `Note: means of three`. No name of an object is
one."""
_FOOTER = re.compile(
    r"end(\s+of\s+(file|report|data|table|results))?|eof|totals?|confidential|draft|generated|printed|average|mean|median|"
    r"sd|sem|min|max|cv|sum|count|n|qc|nc|pc|controls?|notes?|[-=*_~#.\s]{3,}",
    re.IGNORECASE,
)
"""What programs write alone in the last rows."""
_MAX_SENTENCE = 500


def read(content: bytes, layout: Layout) -> Table:
    """Read delimited text under a header row.

    Raises:
        TableError: if there is no header, a quote never ends, or there is too much of it.
    """
    text, warnings, encoding = decode(content, layout.charset)
    delimiter, text, first_row = _delimiter(text, layout)
    records = _records(text, delimiter, first_row)
    if not records:
        raise TableError("the file is empty; its first row must name the columns")
    check_is_no_plate([cells for _, cells in records[:MAX_TITLE_ROWS]])
    index = header_index(records if layout.header_row else records[:MAX_TITLE_ROWS], layout)
    title = tuple(" ".join(filter(None, cells)) for _, cells in records[:index])
    (number, header), *body = _without_index(records[index:])
    warnings += title_warning(title, number)
    header = with_remarks_named(distinct_names(header), [cells for _, cells in body])
    rows = tuple(_row(number, cells, header) for number, cells in body)
    return Table(
        _named(header),
        rows,
        tuple(warnings),
        delimiter=delimiter,
        title=title,
        header_row=number,
        encoding=encoding,
    )


def write(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as comma-separated UTF-8, protected against formula injection."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if rows:
        writer.writerow([cell_text(column) for column in rows[0]])
    writer.writerows([cell_text(value) for value in row.values()] for row in rows)
    return out.getvalue().encode()


def count_rows(content: bytes) -> int:
    """Return at least how many rows there can be.

    Raises:
        TableError: if there are more lines than are read.
    """
    lines = max(content.count(b"\n"), content.count(b"\r")) + 1
    if lines > MAX_LINES + 1:
        raise TableError(f"the file has more than {MAX_LINES} lines: split it")
    return lines


def _delimiter(text: str, layout: Layout) -> tuple[str, str, int]:
    """Return the delimiter, the text to parse and the spreadsheet row at which it starts."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and first.strip()[4:] in ("", *DELIMITERS):
        return first.strip()[4:] or "\t", rest, 2
    if layout.delimiter is not None:
        return layout.delimiter, text, 1
    return _delimiter_of_header(text, layout) or _most_frequent(text), text, 1


def _delimiter_of_header(text: str, layout: Layout) -> str | None:
    """Return what separates the first line that names what was measured."""
    for line in text.splitlines()[:MAX_TITLE_ROWS]:
        for delimiter in DELIMITERS:
            cells = [cell.strip().strip('"') for cell in line[:MAX_LINE].split(delimiter)]
            if len(cells) > 1 and any(key(cell) in layout.identities for cell in cells):
                return delimiter
    return None


def _most_frequent(text: str) -> str:
    """Return the delimiter that stands most often in the first line, outside of quotes."""
    outside, quoted = [], False
    for letter in islice(text.lstrip("\r\n"), MAX_RECORD):
        quoted ^= letter == '"'
        if letter in "\r\n" and not quoted:
            break
        if not quoted:
            outside.append(letter)
    return max(DELIMITERS, key=outside.count)


def _records(text: str, delimiter: str, first_row: int) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with its number.

    Raises:
        TableError: as soon as there are too many rows or cells, a row is too long, or the text is no CSV.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    records = []
    number, n_cells = first_row - 1, 0
    try:
        for number, raw in enumerate(reader, first_row):
            lines.start_record()
            cells = [unprotected(cell.strip()) for cell in raw]
            if any(cells):
                records.append((number, cells))
                n_cells += len(cells)
                check_size(len(records) - 1, n_cells, number)
    except csv.Error as error:
        raise TableError(f"row {number + 1} is not valid CSV: {error}", row=number + 1) from error
    return records


@final
class _Lines:
    """The lines of a text, which end the reading when there are too many, or too long ones in one row."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(io.StringIO(text, newline=""), 1)
        self._n_letters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        self._n_letters += len(line)
        if self._n_letters > MAX_RECORD:
            raise TableError(f"a row is longer than {MAX_RECORD} characters: is a quote missing?", row=number)
        if number > MAX_LINES:
            raise TableError(f"the file has more than {MAX_LINES} lines: split it", row=number)
        return line

    def start_record(self) -> None:
        """Count the letters of the next row from here."""
        self._n_letters = 0


def _without_index(records: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Return the table without a first column that has no name and only counts, as pandas and R write one."""
    (number, header), *body = records
    if header[0] or not only_counts([cells[0] for _, cells in body]):
        return records
    return [(number, header[1:]), *((row, cells[1:]) for row, cells in body)]


def _named(columns: list[str]) -> tuple[str, ...]:
    return tuple(name for name in columns if name)


def _is_sentence(text: str) -> bool:
    return len(text) <= _MAX_SENTENCE and (_SENTENCE.fullmatch(text) or _FOOTER.fullmatch(text)) is not None


def _row(number: int, cells: list[str], columns: list[str]) -> RawRow:
    if len(cells) == 1 and _is_sentence(cells[0]):
        # What a spreadsheet fills up with blank cells says no more than the bare line does.
        cells = cells + [""] * (len(columns) - 1)
    named = {name: text for name, text in zip(columns, cells, strict=False) if name}
    extra = [text for text in cells[len(columns) :] if text]
    unnamed = [text for name, text in zip(columns, cells, strict=False) if text and not name]
    if extra or len(cells) < len(columns):
        detail = f"the row has {len(cells)} cells, the header {len(columns)}"
        lacks = () if extra else tuple(name for name in columns[len(cells) :] if name)
        return RawRow(number, named, detail, lacks)
    if unnamed:
        return RawRow(number, named, f"{unnamed[0]!r} stands under a column without a name")
    return RawRow(number, named)


FORMAT = TableFormat(
    "csv",
    ("text/csv", "application/csv", "text/tab-separated-values"),
    read,
    write,
    aliases=("tsv", "txt"),
    count_rows=count_rows,
    has_header_row=True,
)
