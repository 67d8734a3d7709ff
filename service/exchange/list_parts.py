"""A long file of objects, cut into parts that are tables of their own, so that no part needs much memory.

Only delimited text and SDF can be cut; other formats are one part. Knows nothing of what columns mean.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from service.exchange.formats import delimited, sdf
from service.exchange.media import unwrapped
from service.exchange.options import DELIMITERS, ReadingOptions
from service.exchange.registry import most_rows, read_table
from service.exchange.tables import TableError
from service.exchange.texts import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from service.exchange.tables import Table

MAX_LIST_ROWS = 1_000_000
"""Most rows of one list."""
PART_LINES = 20_000
PART_RECORDS = 2_000
"""Lines and SDF records of one part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file: a table whose rows are counted from `offset`, and how it is read.

    `share` of the whole file is done with this part.
    """

    content: bytes
    media_type: str
    offset: int = 0
    options: ReadingOptions | None = None
    share: float = 1.0

    def read(self, object_columns: Collection[str], sheet: str | None = None) -> Table:
        """Return the part as a table; errors name the row of the whole file.

        Raises:
            UnknownFormatError: if the media type is none of ours.
            TableError: if it cannot be read.
        """
        try:
            return read_table(self.content, self.media_type, object_columns, sheet, self.options)
        except TableError as error:
            if error.row is not None:
                error.row += self.offset
            raise


def most_list_rows(content: bytes, media_type: str) -> int:
    """Return how many rows a list has at most, counted without reading it.

    Raises:
        TableError: if it has more than are read, or cannot be counted.
    """
    content, media_type = unwrapped(content, media_type)
    if _is(media_type, sdf.FORMAT.media_types):
        n_rows = content.count(b"$$$$")
    elif _is(media_type, delimited.FORMAT.media_types):
        n_rows = max(content.count(b"\n"), content.count(b"\r"), 1) - 1
    else:
        return most_rows(content, media_type)
    if n_rows > MAX_LIST_ROWS + 1:
        raise TableError(f"the list has more than {MAX_LIST_ROWS} rows: split it into several collections")
    return n_rows


def list_parts(content: bytes, media_type: str, object_columns: Collection[str]) -> Iterator[Part]:
    """Yield the parts of a file in order.

    Raises:
        TableError: if it has more rows than are read, or is no text where it should be.
    """
    most_list_rows(content, media_type)
    content, media_type = unwrapped(content, media_type)
    if _is(media_type, sdf.FORMAT.media_types):
        yield from _records(content, media_type)
    elif _is(media_type, delimited.FORMAT.media_types) and content.count(b"\n") > PART_LINES:
        yield from _lines(content, media_type, object_columns)
    else:
        yield Part(content, media_type)


def _is(media_type: str, known: tuple[str, ...]) -> bool:
    return media_type.partition(";")[0].strip().lower() in known


def _records(content: bytes, media_type: str) -> Iterator[Part]:
    """Yield the records of an SDF, some at a time."""
    lines: list[bytes] = []
    n_done, n_here, n_bytes = 0, 0, 0
    for line in content.splitlines(keepends=True):
        lines.append(line)
        n_bytes += len(line)
        n_here += line.rstrip() == b"$$$$"
        if n_here == PART_RECORDS:
            yield Part(b"".join(lines), media_type, n_done, share=n_bytes / len(content))
            n_done, n_here, lines = n_done + n_here, 0, []
    if b"".join(lines).strip() or not n_done:
        yield Part(b"".join(lines), media_type, n_done)


def _lines(content: bytes, media_type: str, object_columns: Collection[str]) -> Iterator[Part]:
    """Yield the rows of a delimited text, some at a time, each part under the header of the file."""
    charset = media_type.partition("charset=")[2].strip().strip('"') or None
    text, _, _ = decode(content, charset)
    plain = "text/csv; charset=utf-8"
    pieces = _pieces(text)
    first, n_records = next(pieces)
    part = Part(first.encode(), plain, share=len(first) / len(text))
    yield part
    table = part.read(object_columns)
    name = next((name for name, sign in DELIMITERS.items() if sign == table.delimiter), "comma")
    header = _header(first, table.header_row or 1)
    options = ReadingOptions(header_row=1, delimiter=name)
    done = len(first)
    for piece, n_more in pieces:
        done += len(piece)
        # the header above each piece is its row 1, so that row 2 is the first one after those before
        yield Part((header + piece).encode(), plain, n_records - 1, options, done / len(text))
        n_records += n_more


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield pieces of at least `PART_LINES` lines, each with the number of its records."""
    records: list[str] = []
    n_lines = 0
    for record in _whole_records(text):
        records.append(record)
        n_lines += max(1, record.count("\n"))
        if n_lines >= PART_LINES:
            yield "".join(records), len(records)
            records, n_lines = [], 0
    if records:
        yield "".join(records), len(records)


def _whole_records(text: str) -> Iterator[str]:
    """Yield the records of a delimited text: a quoted cell may hold line ends."""
    lines: list[str] = []
    is_open = False
    for line in io.StringIO(text, newline=""):
        lines.append(line)
        is_open ^= bool(line.count('"') % 2)
        if not is_open:
            yield "".join(lines)
            lines = []
    if lines:
        yield "".join(lines)


def _header(text: str, row: int) -> str:
    """Return the record of this number, counted from 1, with its line ending."""
    return next(islice(_whole_records(text), row - 1, None))
