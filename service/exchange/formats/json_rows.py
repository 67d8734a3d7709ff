"""A JSON array of rows: one object of texts, numbers, booleans and nulls per result.

Numbers keep the digits they were sent with. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.exchange.cells import WITH_POINT, Digits
from service.exchange.tables import Layout, RawRow, Table, TableError, TableFormat, check_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WRAPPERS = ("results", "rows", "data", "items", "records")
"""Members of an object in which an array of rows is sent."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Number:
    """A number's own digits."""

    digits: str


def read(content: bytes, layout: Layout) -> Table:
    """Read an array of flat objects.

    Raises:
        TableError: if the content is no JSON array.
    """
    del layout  # JSON says by itself which Unicode encoding it is in
    count_rows(content)
    try:
        rows = json.loads(
            content, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=tuple
        )
    except (ValueError, RecursionError) as error:
        raise TableError(f"not valid JSON: {error}") from error
    warnings: tuple[str, ...] = ()
    if isinstance(rows, tuple):
        rows, warnings = _unwrapped(dict(rows))
    if not isinstance(rows, list):
        raise TableError("send a JSON array of rows, one object each (of pandas: orient='records')")
    check_size(len(rows), 0)
    return table_of(rows, warnings)


def table_of(rows: Sequence[Any], warnings: tuple[str, ...] = ()) -> Table:
    """Return parsed rows, in which objects are tuples of pairs, as a table."""
    parsed = tuple(_row(number, pairs) for number, pairs in enumerate(rows, 1))
    columns = dict.fromkeys(column for row in parsed for column in row.cells)
    return Table(tuple(columns), parsed, warnings, number_format=WITH_POINT)


def _unwrapped(members: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Return the only array of rows in an object, and a warning of what else the object says."""
    arrays = [name for name in _WRAPPERS if isinstance(members.get(name), list)]
    if len(arrays) != 1:
        return members, ()
    others = [repr(name[:40]) for name in members if name != arrays[0]]
    warnings = (f"not read: {', '.join(others[:_SHOWN])} beside {arrays[0]!r}",) if others else ()
    return members[arrays[0]], warnings


def count_rows(content: bytes) -> int:
    """Return at least how many rows there can be, before anything is made of them: each is an object.

    Raises:
        TableError: if there are more rows or cells than are read; what stands between two commas is one value
            at most.
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
    if isinstance(value, Number):
        return Digits(value.digits)
    return value.strip() if isinstance(value, str) else None


FORMAT = TableFormat("json", ("application/json",), read, count_rows=count_rows)
