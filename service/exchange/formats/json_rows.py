"""A JSON array of rows: one object of texts, numbers, booleans and nulls per result.

Numbers keep the digits they were sent with. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from service.exchange.cells import WITH_POINT, Digits
from service.exchange.tables import RawRow, Table, TableError, TableFormat, check_size


@dataclass(frozen=True, slots=True)
class _Number:
    """A number's own digits."""

    digits: str


def read(content: bytes, charset: str | None) -> Table:
    """Read an array of flat objects.

    Raises:
        TableError: if the content is no JSON array.
    """
    del charset  # JSON says by itself which Unicode encoding it is in
    count_rows(content)
    try:
        rows = json.loads(
            content, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=tuple
        )
    except (ValueError, RecursionError) as error:
        raise TableError(f"not valid JSON: {error}") from error
    if not isinstance(rows, list):
        raise TableError("send a JSON array of rows")
    check_size(len(rows), 0)
    parsed = tuple(_row(number, pairs) for number, pairs in enumerate(rows, 1))
    columns = dict.fromkeys(column for row in parsed for column in row.cells)
    return Table(tuple(columns), parsed, number_format=WITH_POINT)


def count_rows(content: bytes) -> int:
    """Return at least how many rows there can be, before anything is made of them: each is an object.

    Raises:
        TableError: if there are more rows or cells than are read; what stands between two commas is one value at most.
    """
    rows = content.count(b"{") + 1
    check_size(rows - 1, content.count(b","))
    return rows


def _row(number: int, pairs: Any) -> RawRow:
    if not isinstance(pairs, tuple):
        return RawRow(number, {}, "a row must be an object with one entry per column")
    cells: dict[str, str] = {}
    problem: str | None = None
    nested: list[str] = []
    for column, value in pairs:
        name, text = column.strip(), _text(value)
        if name in cells:
            return RawRow(number, cells, f"{column!r} is given twice")
        if text is None:
            problem = problem or f"{column!r} must be a text, a number, true, false or null"
            nested.append(name)
        cells.setdefault(name, text or "")
    return RawRow(number, cells, problem, tuple(nested))


def _text(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, _Number):
        return Digits(value.digits)
    return value.strip() if isinstance(value, str) else None


FORMAT = TableFormat("json", ("application/json",), read, count_rows=count_rows)
