"""Tables of the API's lists: campaigns, rounds, results, keys and others. Sends no requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from service.terminal.tables import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Cell = str | tuple[str, "Callable[[Mapping[str, Any]], Any]"]
"""A member of the items, or a heading and what is shown below it."""
_MINUTES = 16
"""Characters of a time, to the minute."""


def list_table(items: Iterable[Mapping[str, Any]], *cells: Cell) -> Table:
    """Return a table with a line for each item."""
    columns = [(cell, _member(cell)) if isinstance(cell, str) else cell for cell in cells]
    table = Table(box=None, pad_edge=False)
    for name, _ in columns:
        table.add_column(Text(name.replace("_", " ")), overflow="fold", no_wrap=name == "id")
    for item in items:
        table.add_row(*(Text(text_of(value(item))) for _, value in columns))
    return table


def details(item: Mapping[str, Any], *names: str) -> Table:
    """Return one item as a table of its members; all that are no lists or objects, unless some are named."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    plain = [name for name, value in item.items() if not isinstance(value, dict | list)]
    for name in names or plain:
        table.add_row(Text(name.replace("_", " ")), Text(text_of(item.get(name))))
    return table


def moment(name: str) -> Cell:
    """Return a column of times, to the minute."""
    return name.removesuffix("_at"), lambda item: (item[name] or "")[:_MINUTES].replace("T", " ")


def percent(name: str) -> Cell:
    """Return a column of shares."""
    return name, lambda item: f"{item[name]:.0%}"


def short(name: str) -> Cell:
    """Return a column of long texts, shortened."""
    return name, lambda item: shortened(str(item[name] or ""))


def text_of(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)


def report_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return the rows of an upload's report that need attention."""
    return list_table(
        rows,
        "row",
        ("status", lambda row: row.get("status", "rejected")),
        ("column", lambda row: row.get("column")),
        ("reason", lambda row: row.get("reason") or row.get("detail") or "; ".join(row.get("warnings", ()))),
    )


def _member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda item: item.get(name)
