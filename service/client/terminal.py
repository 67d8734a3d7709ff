"""Print progress, samples, predictions and reports on a terminal, or as plain lines elsewhere.

This module reads responses of the HTTP API but sends no requests.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.client.client import Event

_STEPS = 10
"""Without a terminal, progress is printed about this often in a round."""
_WIDEST_OBJECT = 48
_PIPE_WIDTH = 160
"""Width of tables in a pipe, which has no width; tables should not be cut."""


def console(*, is_error: bool = False) -> Console:
    """Return a console for this process's output."""
    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=is_error, width=width, highlight=False, emoji=False)


def say(out: Console, text: str) -> None:
    """Print one line without markup: a SMILES contains brackets."""
    out.print(Text(text), soft_wrap=True)


def progress(out: Console, events: Iterable[Event], title: str) -> Event | None:
    """Show progress until the last event, and return that event."""
    return _bar(out, events, title) if out.is_terminal else _lines(out, events, title)


def samples_table(samples: Sequence[Mapping[str, Any]], objectives: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of samples: predictions, sampling condition and log-probability under the policy.

    Weights are percentages in the order of the objectives' columns.
    """
    table = _objects_table(objectives, "rank")
    for name in ("β", "weights", "log P_F", "nearest measured"):
        table.add_column(name, justify="right", no_wrap=True)
    names = [objective["name"] for objective in objectives]
    for item in samples:
        near = item["nearest_measured"]
        cells = [
            *_condition(item["condition"], names),
            "" if item["log_pf"] is None else f"{item['log_pf']:.1f}",
            f"{near['similarity']:.2f}" if near else "",
        ]
        table.add_row(str(item["rank"]), *_object_cells(item, objectives), *map(Text, cells))
    return table


def predictions_table(rows: Sequence[Mapping[str, Any]], objectives: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of predictions, with the reasons why an object could not be proposed."""
    table = _objects_table(objectives, "row")
    table.add_column("feasible", justify="right", no_wrap=True)
    table.add_column("nearest measured", no_wrap=True, overflow="ellipsis")
    table.add_column("could be proposed", overflow="fold")
    for item in rows:
        nearest = item["nearest_measured"]
        near = f"{nearest['similarity']:.2f} {shortened(nearest['object'])}" if nearest else ""
        refused = f"no: {'; '.join(item['refused'])}" if item["refused"] else "yes"
        cells = [f"{item['feasibility']:.0%}", near, refused]
        table.add_row(str(item["row"]), *_object_cells(item, objectives), *map(Text, cells))
    return table


def report_lines(report: Mapping[str, Any], *, most: int = 3) -> list[str]:
    """Return the number of accepted rows of a table, and the reasons of the first refused rows."""
    counts = [f"{report[name]} {name}" for name in ("accepted", "rejected", "skipped") if report.get(name)]
    refused = [row for row in report["rows"] if row["status"] == "rejected"]
    lines = [", ".join(counts) or "no rows"]
    lines += [f"  row {row['row']}: {row['reason']}" for row in refused[:most]]
    if len(refused) > most:
        lines.append(f"  and {len(refused) - most} more")
    return lines


def value(item: Mapping[str, Any], objective: Mapping[str, Any]) -> str:
    """Return an object's value: a prediction with its standard deviation, or a computed property."""
    prediction = item["predictions"].get(objective["name"])
    if prediction is not None and objective.get("computed") is None:
        return f"{prediction['mean']:.2f} ± {prediction['sd']:.2f}"
    computed = item["computed"].get(objective.get("computed"))
    return "" if computed is None else f"{computed:.2f}"


def shortened(text: str, width: int = _WIDEST_OBJECT) -> str:
    """Shorten a text to fit into a column."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def display_text(item: Mapping[str, Any]) -> str:
    """Return the shorter of an object's two texts: `LWLW` instead of its HELM."""
    return shortened(min(item["object"], item["display"], key=len))


def _objects_table(objectives: Sequence[Mapping[str, Any]], number: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(number, justify="right")
    table.add_column("object", overflow="fold")
    for objective in objectives:
        table.add_column(Text(objective["name"]), justify="right", no_wrap=True)
    return table


def _object_cells(item: Mapping[str, Any], objectives: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [Text(display_text(item)), *(Text(value(item, objective)) for objective in objectives)]


def _condition(condition: Mapping[str, Any] | None, names: Sequence[str]) -> tuple[str, str]:
    if condition is None:
        return "", ""
    weights = "/".join(f"{100 * condition['preference'].get(name, 0.0):.0f}" for name in names)
    return f"{condition['beta']:.3g}", weights


def _bar(out: Console, events: Iterable[Event], title: str) -> Event | None:
    last = None
    columns = (TextColumn("{task.fields[title]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.description}"), console=out) as bar:
        task = bar.add_task("waiting for a worker", total=1.0, title=title)
        for event in events:
            last = event
            bar.update(task, completed=event.progress, description=escape(f"{event.state}: {event.message}"))
    return last


def _lines(out: Console, events: Iterable[Event], title: str) -> Event | None:
    last, last_step, began = None, -1, time.monotonic()
    for event in events:
        if last is None or event.state != last.state or int(event.progress * _STEPS) > last_step:
            last_step = int(event.progress * _STEPS)
            seconds = time.monotonic() - began
            say(out, f"{title}  {event.progress:4.0%}  {seconds:4.0f} s  {event.state}: {event.message}")
        last = event
    return last
