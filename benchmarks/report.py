"""What every benchmark prints and writes: a table, its claims with their bars, and a JSON file when asked.

Imported as `benchmarks.report`; knows nothing of what is measured.
"""

import argparse
import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from rich.console import Console
from rich.table import Table

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Measured tables; a benchmark that needs one says so and skips when the folder is absent."""

_HOLDS = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure and the bar it must reach."""

    name: str
    value: float
    relation: Literal[">=", "<="]
    bar: float

    @property
    def holds(self) -> bool:
        """Tell whether the value reaches the bar."""
        return bool(_HOLDS[self.relation](self.value, self.bar))


@dataclass
class Report:
    """Rows as they come and the claims drawn from them."""

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, **cells: Any) -> None:
        """Keep one row and print it at once, so that a long run shows where it is."""
        self.rows.append(cells)
        Console(soft_wrap=True, markup=False).print(
            "  ".join(f"{name}={_text(value)}" for name, value in cells.items())
        )

    def claim(self, name: str, value: float, relation: Literal[">=", "<="], bar: float) -> None:
        """Keep one claim."""
        self.claims.append(Claim(name, float(value), relation, bar))

    def show(self) -> None:
        """Print the rows as a table for each set of columns, then every claim and whether it holds."""
        console = Console(width=160, markup=False)
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in self.rows:
            groups.setdefault(tuple(row), []).append(row)
        for columns, rows in groups.items():
            table = Table(*columns, title=self.title)
            for row in rows:
                table.add_row(*(_text(value) for value in row.values()))
            console.print(table)
        claims = Table("claim", "value", "bar", "holds", title="claims")
        for claim in self.claims:
            claims.add_row(claim.name, _text(claim.value), f"{claim.relation} {claim.bar:g}", str(claim.holds))
        console.print(claims)
        for note in self.notes:
            console.print(note)

    def write(self, path: Path) -> None:
        """Write `{"claims": [{name, value, bar, holds}], "rows": [...]}`."""
        claims = [{**asdict(claim), "holds": claim.holds} for claim in self.claims]
        content = {"title": self.title, "claims": claims, "rows": self.rows, "notes": self.notes}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def json_file(text: str) -> Path:
    """Return the path of a file to be written, before anything is measured for it.

    Raises:
        argparse.ArgumentTypeError: if its folder does not exist.
    """
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def run(
    title: str,
    measure: Callable[..., None],
    arguments: Sequence[str] | None = None,
    parts: Sequence[str] = (),
    **numbers: float,
) -> Report:
    """Parse `--json FILE` and `--quick`, measure on two threads, print and write.

    `measure` gets the report and whether the run is quick. Where `parts` are named, `--part NAME` may be given again
    and again, and `measure` gets the chosen ones (all of them by default) as `parts`. Each of `numbers` is a further
    option with its default, passed on by keyword.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", type=json_file, help="write claims and rows to this file")
    parser.add_argument("--quick", action="store_true", help="a smoke run; its figures prove nothing")
    if parts:
        parser.add_argument("--part", action="append", choices=parts, help="measure only this part (may be repeated)")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=default, help=f"default: {default:g}")
    options = parser.parse_args(arguments)
    torch.set_num_threads(2)
    report = Report(title + (" (quick: figures prove nothing)" if options.quick else ""))
    chosen = {"parts": tuple(options.part or parts)} if parts else {}
    measure(report, options.quick, **chosen, **{name: getattr(options, name) for name in numbers})
    report.show()
    if options.json is not None:
        report.write(options.json)
    return report


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
