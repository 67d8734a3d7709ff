"""The installed formats of tables, and one file read by that of its media type.

Knows nothing of what columns mean.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.specs.columns import IDENTITIES, OBJECT_SYNONYMS, key
from service.exchange.media import unwrapped
from service.exchange.options import DELIMITERS, ReadingOptions
from service.exchange.tables import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_NAME,
    MAX_ROWS,
    Layout,
    SheetError,
    Table,
    TableError,
    TableFormat,
    UnknownFormatError,
    is_storable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_OF_CURL = "application/x-www-form-urlencoded"


@cache
def formats() -> tuple[TableFormat, ...]:
    """Return every format in `formats/`."""
    package = import_module("service.exchange.formats")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(import_module(f"{package.__name__}.{name}").FORMAT for name in names)


def media_types() -> tuple[str, ...]:
    """Return the media types that name a format which `read_table` understands.

    Those of `media.GENERIC` name none.
    """
    return tuple(media for item in formats() if item.read for media in item.media_types)


def written_formats() -> dict[str, tuple[str, Callable[[Sequence[Mapping[str, Any]]], bytes]]]:
    """Return extension -> media type and writer of every format that tables can be written in."""
    return {item.extension: (item.media_types[0], item.write) for item in formats() if item.write is not None}


def read_table(
    content: bytes,
    media_type: str,
    object_columns: Collection[str] | None = None,
    sheet: str | None = None,
    options: ReadingOptions | None = None,
) -> Table:
    """Read a file as a table.

    Args:
        content: the file.
        media_type: its media type, with or without a `charset` parameter.
        object_columns: the columns that describe an object; any, when they are not given.
        sheet: the sheet of a workbook to read; the first that may hold results, when it is not given.
        options: what else is said of the file; nothing, when it is not given.

    Raises:
        UnknownFormatError: if no format of such objects has this media type; it names those that there are.
        SheetError: if there is no such sheet, or the format has none.
        TableError: if the file is no table of this format, or too large.
    """
    content, media_type = unwrapped(content, media_type)
    essence, _, parameters = media_type.partition(";")
    wanted = essence.strip().lower()
    known = [item for item in formats() if _describes(item, object_columns)]
    for item in known:
        if item.read is not None and wanted in item.media_types:
            layout = _layout(item, options or ReadingOptions(), object_columns, _charset(parameters), sheet)
            return _checked(item.read(content, layout))
    names = ", ".join(media for item in known if item.read for media in item.media_types)
    hint = (
        " (curl sends this unless -H 'Content-Type: ...' says what the file is)" if wanted == _OF_CURL else ""
    )
    raise UnknownFormatError(f"{wanted or 'no media type'} is not a table format{hint}; send one of {names}")


def most_rows(content: bytes, media_type: str) -> int:
    """Return how many rows a file has at most, counted without reading it; 0 if no format has the media type.

    Raises:
        TableError: if it has more than are read, or cannot even be counted.
    """
    content, media_type = unwrapped(content, media_type)
    wanted = media_type.partition(";")[0].strip().lower()
    found = next((item for item in formats() if item.read and wanted in item.media_types), None)
    return found.count_rows(content) if found else 0


def _layout(
    item: TableFormat,
    options: ReadingOptions,
    object_columns: Collection[str] | None,
    charset: str | None,
    sheet: str | None,
) -> Layout:
    """Return what is said of a file, as far as its format has such things.

    Raises:
        SheetError: if a sheet is named and the format has none.
        TableError: if a header row is named and the format has none.
    """
    sheet = sheet or options.sheet
    if sheet is not None and not item.has_sheets:
        names = ", ".join(known.extension for known in formats() if known.has_sheets)
        raise SheetError(f"{item.extension} has no sheets to choose from, {names} have: leave sheet out")
    if options.header_row is not None and not item.has_header_row:
        raise TableError(f"{item.extension} has no header row: leave header_row out")
    own = {key(name) for name in object_columns or ()}
    others = {name for name, column in OBJECT_SYNONYMS.items() if key(column) in own}
    return Layout(
        options.encoding or charset,
        sheet,
        options.header_row,
        None if options.delimiter is None else DELIMITERS[options.delimiter],
        IDENTITIES | own | others,
    )


def _describes(item: TableFormat, object_columns: Collection[str] | None) -> bool:
    return item.object_column is None or object_columns is None or item.object_column in object_columns


def media_type_named(filename: str) -> str | None:
    """Return the media type that a file's name speaks of.

    None if it is none that `read_table` understands.
    """
    return media_types_by_extension().get(filename.rpartition(".")[2].lower())


def media_types_by_extension() -> dict[str, str]:
    """Return extension -> media type of every file that `read_table` understands."""
    known = [item for item in formats() if item.read]
    return {name: item.media_types[0] for item in known for name in (item.extension, *item.aliases)}


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
        raise TableError(
            f"the name of a column is longer than {MAX_NAME} characters", column=f"{long[:40]}..."
        )
    for row in table.rows:
        for column, text in row.cells.items():
            if len(text) > MAX_CELL:
                raise TableError(
                    f"a cell is longer than {MAX_CELL} characters", row=row.number, column=column
                )
            if not is_storable(text):
                raise TableError("a cell holds characters that are no text", row=row.number, column=column)
    return table
