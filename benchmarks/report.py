"""Print and write a benchmark's report: a table, its claims with their bars, and optionally a JSON file.

Imported as `benchmarks.report`; depends on no benchmark.
"""

import argparse
import math
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import results
from benchmarks.results import Claim, Result

QUICK = " (quick: figures prove nothing)"
_UNWRITTEN = ("--json", "--resume", "--minutes")
"""Options for output paths and for the pieces of a run, which the recorded command leaves out."""


@dataclass
class Report:
    """Rows of a benchmark, and the claims that they support.

    `name` is the benchmark's module; `commit` is that of the code at the start of the run.
    """

    title: str
    name: str
    arguments: Sequence[str] = ()
    commit: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seeds: set[int] = field(default_factory=set)

    def row(self, **cells: Any) -> None:
        """Add one row and print it at once, to show the progress of a long run."""
        self.rows.append(cells)
        if isinstance(seed := cells.get("seed"), int):
            self.seeds.add(seed)
        Console(soft_wrap=True, markup=False).print(
            "  ".join(f"{name}={_text(value)}" for name, value in cells.items())
        )

    def claim(
        self, name: str, value: float, relation: Literal[">=", "<="], bar: float, half: float | None = None
    ) -> None:
        """Add one claim, or a note without a figure; `half` is half the width of its 95 % interval."""
        if not (math.isfinite(value) and math.isfinite(bar)):
            self.notes.append(f"{name}: this run has no figure for it")
            return
        half = None if half is None or math.isnan(half) else half
        self.claims.append(Claim(name=name, value=float(value), relation=relation, bar=bar, half=half))

    def show(self) -> None:
        """Print the rows as one table per set of columns, then every claim and whether it holds."""
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
            claims.add_row(
                claim.name, _text(claim.value), f"{claim.relation} {claim.bar:g}", str(claim.holds)
            )
        console.print(claims)
        for note in self.notes:
            console.print(note)

    def result(self) -> Result:
        """Return the report in the schema of published results, with commit, date, versions and machine."""
        return Result(
            name=self.name,
            title=self.title,
            source="run",
            commit=self.commit,
            date=results.today(),
            command=_command(self.name, self.arguments),
            machine=results.machine(torch.get_num_threads()),
            versions=results.versions(),
            seeds=sorted(self.seeds),
            rows=[{name: _cell(value) for name, value in row.items()} for row in self.rows],
            claims=self.claims,
            notes=self.notes,
        )

    def write(self, path: Path) -> None:
        """Write `result()` as JSON."""
        self.result().write(path)


def json_file(text: str) -> Path:
    """Return the path of an output file, checked before anything is measured.

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

    `measure` gets the report and whether the run is quick. With `parts`, `--part NAME` may be repeated, and
    `measure` gets the chosen ones (all of them by default) as `parts`. Each of `numbers` is a further option
    with its default, passed by keyword.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", type=json_file, help="write claims and rows to this file")
    parser.add_argument("--quick", action="store_true", help="a smoke run; its figures prove nothing")
    if parts:
        parser.add_argument(
            "--part", action="append", choices=parts, help="measure only this part (may be repeated)"
        )
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=default, help=f"default: {default:g}")
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    torch.set_num_threads(2)
    report = Report(title + (QUICK if options.quick else ""), _module(measure), arguments)
    if options.json is not None:
        report.commit = results.commit()
    chosen = {"parts": tuple(options.part or parts)} if parts else {}
    measure(report, options.quick, **chosen, **{name: getattr(options, name) for name in numbers})
    report.show()
    if options.json is not None:
        report.write(options.json)
    return report


def _module(measure: Callable[..., None]) -> str:
    """Return the benchmark's module below `benchmarks`: what was started, else the file of `measure`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    package, _, name = ("" if spec is None else spec.name).partition(".")
    if package == "benchmarks" and name:
        return str(name.removesuffix(".__main__"))
    return Path(measure.__code__.co_filename).stem


def _command(name: str, arguments: Sequence[str]) -> str:
    """Return the command that repeats the measurement, without output paths."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _UNWRITTEN:
            next(words, None)
        elif not word.startswith(tuple(f"{option}=" for option in _UNWRITTEN)):
            kept.append(word)
    return shlex.join(["python", "-m", f"benchmarks.{name}", *kept])


def _cell(value: Any) -> results.Cell:
    """Return a cell as JSON; NaN and infinity become empty."""
    if isinstance(value, float):
        return None if not math.isfinite(value) else value
    return value if isinstance(value, bool | int | str | None) else str(value)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
