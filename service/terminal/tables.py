"""Print progress, samples, predictions and reports on a terminal, or as plain lines elsewhere.

This module reads responses of the HTTP API but sends no requests.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assayflow.client.events import Event

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


@contextmanager
def progress(out: Console, title: str) -> Iterator[Callable[[Event], None]]:
    """Show progress within the block: what is yielded is called with each event."""
    if out.is_terminal:
        with _bar(out, title) as show:
            yield show
    else:
        yield _Lines(out, title)


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


def batch_table(
    candidates: Sequence[Mapping[str, Any]], objectives: Sequence[Mapping[str, Any]], *extra: str
) -> Table:
    """Return a batch by rank; `extra` are further members of the candidates."""
    table = _objects_table(objectives, "rank")
    for name in ("nearest measured", *extra):
        table.add_column(name, justify="right" if name not in extra else "left", no_wrap=True)
    for item in candidates:
        near = item["nearest_measured"]
        cells = [f"{near['similarity']:.2f}" if near else "", *(str(item[name]) for name in extra)]
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


@contextmanager
def _bar(out: Console, title: str) -> Iterator[Callable[[Event], None]]:
    columns = (TextColumn("{task.fields[title]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.description}"), console=out) as bar:
        task = bar.add_task("waiting for a worker", total=1.0, title=title)

        def show(event: Event) -> None:
            bar.update(task, completed=event.progress, description=escape(f"{event.state}: {event.message}"))

        yield show


@final
class _Lines:
    """Prints a line at each new state, and about ten in all."""

    def __init__(self, out: Console, title: str) -> None:
        self._out = out
        self._title = title
        self._began = time.monotonic()
        self._last: tuple[str, int] | None = None

    def __call__(self, event: Event) -> None:
        step = int(event.progress * _STEPS)
        if self._last is None or self._last[0] != event.state or step > self._last[1]:
            self._last = (event.state, step)
            seconds = time.monotonic() - self._began
            stage = event.state if event.message in ("", event.state) else f"{event.state}: {event.message}"
            say(self._out, f"{self._title}  {event.progress:4.0%}  {seconds:4.0f} s  {stage}")
