"""A table of text cells and the formats that can be read as one.

Knows nothing of campaigns or of what the columns mean: that is `columns`.
"""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.specs.columns import IDENTITIES, key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from service.exchange.cells import NumberFormat

MAX_ROWS = 250_000
MAX_COLUMNS = 2_000
MAX_TITLE_ROWS = 60
"""How far down the row that names the columns is looked for."""
MAX_HEADER = 200
MAX_CELL = 100_000
"""Longest cell, in characters."""
MAX_CELLS = 3_000_000
"""Most cells of a table, blank ones among them."""
MAX_NAME = 300
"""Longest name of a column, in characters."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class TableError(ValueError):
    """The table as a whole cannot be read; `row` and `column` say where, when that is known."""

    def __init__(self, detail: str, *, row: int | None = None, column: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.row = row
        self.column = column


class SheetError(TableError):
    """The sheet that was asked for is not there."""


class UnknownFormatError(ValueError):
    """No installed format has this media type or this extension."""


class QuestionError(TableError):
    """A table can be read in two ways; the parameter of the request says in which, with one of the choices."""

    def __init__(self, parameter: str, choices: Sequence[str], detail: str, *, row: int | None = None) -> None:
        super().__init__(detail, row=row)
        self.parameter = parameter
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file.

    `number` counts as a spreadsheet does (the header of a CSV is row 1) or, in JSON and SDF, records from 1. A row with
    a `problem` could not be split into cells, or only the columns that it `lacks` could not be read.
    """

    number: int
    cells: Mapping[str, str]
    problem: str | None = None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; `warnings` tell what was guessed while reading.

    `title` is what stands above the header, and the name of a sheet. `delimiter` is that of a text file.
    `number_format` is how texts write numbers, where the format itself says it.
    """

    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    warnings: tuple[str, ...] = ()
    delimiter: str = ""
    number_format: NumberFormat | None = None
    title: tuple[str, ...] = ()
    header_row: int | None = None


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One file format; a module of `formats/` exports it as `FORMAT`.

    `read` gets the bytes and the charset that the sender declared, if any; `write` gets flat rows that share their
    keys and their order. Either may be missing. A format of structures fills `object_column` by itself, and is read
    only where objects are described by this column. A format of several sheets has `read_sheet`, which gets the bytes
    and the name of one.
    """

    extension: str
    media_types: tuple[str, ...]
    read: Callable[[bytes, str | None], Table] | None = None
    write: Callable[[Sequence[Mapping[str, Any]]], bytes] | None = None
    object_column: str | None = None
    aliases: tuple[str, ...] = ()
    """Other extensions of files that are read like this."""
    read_sheet: Callable[[bytes, str], Table] | None = None
    count_rows: Callable[[bytes], int] = len
    """Returns at least how many rows there can be, without reading them; raises TableError when that are too many."""


@cache
def formats() -> tuple[TableFormat, ...]:
    """Return every format in `formats/`."""
    package = import_module("service.exchange.formats")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(import_module(f"{package.__name__}.{name}").FORMAT for name in names)


def media_types() -> tuple[str, ...]:
    """Return the media types that `read_table` understands."""
    return tuple(media for item in formats() if item.read for media in item.media_types)


def written_formats() -> dict[str, tuple[str, Callable[[Sequence[Mapping[str, Any]]], bytes]]]:
    """Return extension -> media type and writer of every format that tables can be written in."""
    return {item.extension: (item.media_types[0], item.write) for item in formats() if item.write is not None}


def read_table(
    content: bytes, media_type: str, object_columns: Collection[str] | None = None, sheet: str | None = None
) -> Table:
    """Read a file as a table.

    Args:
        content: the file.
        media_type: its media type, with or without a `charset` parameter.
        object_columns: the columns that describe an object; any, when they are not given.
        sheet: the sheet of a workbook to read; the first, when it is not given.

    Raises:
        UnknownFormatError: if no format of such objects has this media type; it names those that there are.
        SheetError: if there is no such sheet, or the format has none.
        TableError: if the file is no table of this format, or too large.
    """
    essence, _, parameters = media_type.partition(";")
    wanted = essence.strip().lower()
    known = [item for item in formats() if _describes(item, object_columns)]
    for item in known:
        if item.read is not None and wanted in item.media_types:
            return _checked(
                item.read(content, _charset(parameters)) if sheet is None else _read_sheet(item, content, sheet)
            )
    names = ", ".join(media for item in known if item.read for media in item.media_types)
    raise UnknownFormatError(f"{wanted or 'no media type'} is not a table format; send one of {names}")


def most_rows(content: bytes, media_type: str) -> int:
    """Return how many rows a file has at most, counted without reading it; 0 if no format has the media type.

    Raises:
        TableError: if it has more than are read, or cannot even be counted.
    """
    wanted = media_type.partition(";")[0].strip().lower()
    found = next((item for item in formats() if item.read and wanted in item.media_types), None)
    return found.count_rows(content) if found else 0


def _read_sheet(item: TableFormat, content: bytes, sheet: str) -> Table:
    if item.read_sheet is None:
        names = ", ".join(known.extension for known in formats() if known.read_sheet)
        raise SheetError(f"{item.extension} has no sheets to choose from, {names} has: leave sheet out")
    return item.read_sheet(content, sheet)


def _describes(item: TableFormat, object_columns: Collection[str] | None) -> bool:
    return item.object_column is None or object_columns is None or item.object_column in object_columns


def media_type_named(filename: str) -> str | None:
    """Return the media type that a file's name speaks of; None if it is none that `read_table` understands."""
    return media_types_by_extension().get(filename.rpartition(".")[2].lower())


def media_types_by_extension() -> dict[str, str]:
    """Return extension -> media type of every file that `read_table` understands."""
    known = [item for item in formats() if item.read]
    return {name: item.media_types[0] for item in known for name in (item.extension, *item.aliases)}


def header_index(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows of a file names the columns: the first, unless only a later one says of what.

    Programs write titles, dates and comments above their tables.
    """
    for index, cells in enumerate(rows[:MAX_TITLE_ROWS]):
        named = {key(cell) for cell in cells if len(cell) <= MAX_HEADER}
        if named & IDENTITIES and len(named - {""}) > 1:
            return index
    return 0


def title_warning(rows: Sequence[str], header_row: int) -> tuple[str, ...]:
    """Return the warning of rows above the header, with what they say."""
    if not rows:
        return ()
    shown = "; ".join(text[:80] for text in rows[:3])
    return (f"row {header_row} was read as the header, and not what stands above it: {shown}",)


def distinct_names(header: Sequence[str]) -> list[str]:
    """Return the names of a header, with blanks behind one that stood before: whether it is read shows later."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        names.append(name + " " * seen.get(name, 0) if name else name)
        seen[name] = seen.get(name, 0) + 1
    return names


def check_names(table: Table, read: Collection[str], others: Collection[str] = ()) -> None:
    """Check that the columns that are read can be told apart from all others, whatever their capitals.

    Args:
        table: the table.
        read: the headers that are read.
        others: headers that in exactly this spelling are known as something else.

    Raises:
        TableError: if one shares its name.
    """
    alike: dict[str, list[str]] = {}
    for name in table.columns:
        alike.setdefault(name.strip().casefold(), []).append(name)
    for name in table.columns:
        for other in alike[name.strip().casefold()] if name in read else ():
            if other != name and (other not in others or other == name.strip()):
                shown = table.columns[max(table.columns.index(name), table.columns.index(other))].strip()
                hint = f": {other!r} is a batch's name for a prediction" if other in others else ""
                raise TableError(f"two columns are named {shown!r}{hint}", row=table.header_row, column=shown)


def check_size(n_rows: int, n_cells: int, row: int | None = None) -> None:
    """Check how large a table is, while it is read or before.

    Raises:
        TableError: if it has more rows or cells than are read.
    """
    if n_rows > MAX_ROWS:
        raise TableError(f"the table has more than {MAX_ROWS} rows: split it", row=row)
    if n_cells > MAX_CELLS:
        raise TableError(f"the table has more than {MAX_CELLS} cells: split it", row=row)


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"') or None
    return None


def _checked(table: Table) -> Table:
    if len(table.rows) > MAX_ROWS:
        raise TableError(f"the table has {len(table.rows)} rows; at most {MAX_ROWS} are read at once")
    if len(table.columns) > MAX_COLUMNS:
        raise TableError(f"the table has {len(table.columns)} columns; at most {MAX_COLUMNS} are read")
    if long := next((name for name in table.columns if len(name) > MAX_NAME), None):
        raise TableError(f"the name of a column is longer than {MAX_NAME} characters", column=f"{long[:40]}...")
    for row in table.rows:
        for column, text in row.cells.items():
            if len(text) > MAX_CELL:
                raise TableError(f"a cell is longer than {MAX_CELL} characters", row=row.number, column=column)
            if not is_storable(text):
                raise TableError("a cell holds characters that are no text", row=row.number, column=column)
    return table


def is_storable(text: str) -> bool:
    """Return whether a database can keep the text: no NUL and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None
