"""A table of text cells, and what a format that is read as one has to offer.

Knows nothing of campaigns or of what the columns mean: that is `columns`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
_FEWEST_WELLS = 6
"""Columns of the smallest plate whose picture is known as one."""
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
    """A table can be read in two ways.

    The parameter of the request says in which, with one of the choices.
    """

    def __init__(
        self, parameter: str, choices: Sequence[str], detail: str, *, row: int | None = None
    ) -> None:
        super().__init__(detail, row=row)
        self.parameter = parameter
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file.

    `number` counts as a spreadsheet does (the header of a CSV is row 1) or, in JSON and SDF, records from 1.
    A row with a `problem` could not be split into cells, or only the columns that it `lacks` could not be
    read.
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
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table stands in a file, as far as somebody says it.

    `charset` is that of a text, `sheet` a name, `header_row` counted as a spreadsheet counts; `identities`
    are the keys of columns that say what was measured, by which the header is found.
    """

    charset: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    delimiter: str | None = None
    identities: frozenset[str] = IDENTITIES


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One file format; a module of `formats/` exports it as `FORMAT`.

    `read` gets the bytes and what is known of their layout; `write` gets flat rows that share their keys and
    their order. Either may be missing. A format of structures fills `object_column` by itself, and is read
    only where objects are described by this column. Only a format that `has_sheets` may be given the name of
    one.
    """

    extension: str
    media_types: tuple[str, ...]
    read: Callable[[bytes, Layout], Table] | None = None
    write: Callable[[Sequence[Mapping[str, Any]]], bytes] | None = None
    object_column: str | None = None
    aliases: tuple[str, ...] = ()
    """Other extensions of files that are read like this."""
    has_sheets: bool = False
    has_header_row: bool = False
    count_rows: Callable[[bytes], int] = len
    """Returns at least how many rows there can be, without reading them; raises TableError when that are too
    many."""


def header_index(rows: Sequence[tuple[int, Sequence[str]]], layout: Layout) -> int:
    """Return which of the first rows of a file names the columns.

    The first, unless only a later one says of what.
    Programs write titles, dates and comments above their tables. Rows come with their numbers.

    Raises:
        TableError: if the row that is said to be the header is blank or not there.
    """
    if layout.header_row is not None:
        numbers = [number for number, _ in rows]
        if layout.header_row not in numbers:
            detail = f"row {layout.header_row} is said to name the columns, but it is blank or too far down"
            raise TableError(detail, row=layout.header_row)
        return numbers.index(layout.header_row)
    return next(
        (index for index, (_, cells) in enumerate(rows[:MAX_TITLE_ROWS]) if names_columns(cells, layout)), 0
    )


def check_is_no_plate(rows: Sequence[Sequence[str]]) -> None:
    """Check that the first rows are no picture of a plate: columns counted from 1, rows called A, B, C.

    Raises:
        TableError: if they are one.
    """
    for above, cells, below in zip(rows, rows[1:], rows[2:MAX_TITLE_ROWS], strict=False):
        numbers = [cell for cell in above if cell]
        counted = [str(number) for number in range(1, len(numbers) + 1)]
        are_named = (list(cells[:1]), list(below[:1])) == (["A"], ["B"])
        if are_named and len(numbers) >= _FEWEST_WELLS and numbers == counted:
            raise TableError(
                "this is a plate of wells (rows A, B, ..., columns 1, 2, ...), and not a table of results: "
                "send one "
                "row for each compound, or the file to the plates of its round"
            )


def names_columns(cells: Sequence[str], layout: Layout) -> bool:
    """Return whether a row is a header by what it names: an object and something else."""
    named = {key(cell) for cell in cells if len(cell) <= MAX_HEADER}
    return bool(named & layout.identities) and len(named - {""}) > 1


def title_warning(rows: Sequence[str], header_row: int) -> tuple[str, ...]:
    """Return the warning of rows above the header, with what they say."""
    if not rows:
        return ()
    shown = "; ".join(text[:80] for text in rows[:3])
    return (f"row {header_row} was read as the header, and not what stands above it: {shown}",)


def distinct_names(header: Sequence[str]) -> list[str]:
    """Return the names of a header, with blanks behind one that stood before.

    Whether it is read shows later.
    """
    seen: dict[str, int] = {}
    names = []
    for name in header:
        names.append(name + " " * seen.get(name, 0) if name else name)
        seen[name] = seen.get(name, 0) + 1
    return names


def column_letter(index: int) -> str:
    """Return a spreadsheet's name of a column that is counted from 0."""
    letters = ""
    while index >= 0:
        letters, index = chr(ord("A") + index % 26) + letters, index // 26 - 1
    return letters


def only_counts(cells: Sequence[str]) -> bool:
    """Return whether cells count rows, from 0 or 1."""
    first = cells[0] if cells else ""
    return first in ("0", "1") and all(cell == str(index) for index, cell in enumerate(cells, int(first)))


def with_remarks_named(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a header in which columns without a name are called remarks, where they hold words alone.

    People write remarks beside a table. A number there may be a value whose column lost its name.
    """
    names = list(header)
    unnamed = [index for index, name in enumerate(names) if not name]
    held: dict[int, bool] = {}
    for cells in rows if unnamed else ():
        for index in unnamed:
            if index < len(cells) and cells[index]:
                held[index] = held.get(index, True) and not any(letter.isdigit() for letter in cells[index])
    for index in unnamed:
        if held.get(index):
            names[index] = f"remarks in {column_letter(index)}"
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


def is_storable(text: str) -> bool:
    """Return whether a database can keep the text: no NUL and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None
