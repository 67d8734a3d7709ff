"""Run `assayflow backtest`: replay a campaign on a measured table, from files to files.

Uses neither the queue nor the database.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - pydantic reads the annotation of a request
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models.campaign.requests import BacktestRequest
from models.campaign.spec import CampaignSpec
from service.exchange import media_type_named
from service.settings import Settings
from workers.run_backtest import backtest_table, null_to_nan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PRINTED_METRICS = (
    "measured",
    "best_utility",
    "mean_of_top_10",
    "hypervolume",
    "hits",
    "enrichment",
    "regret",
    "n_scored",
    "seconds",
)
"""Metrics of the printed table, after the best value of each objective."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command line."""

    spec: Path
    table: Path
    rounds: int
    batch_size: int
    initial: int
    seeds: int
    methods: tuple[str, ...]
    json: Path | None = None
    plot: Path | None = None
    sheet: str | None = None


def run_backtest(request: Request, report_progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Run the backtest, write the requested files and return the result.

    Raises:
        OSError: if a file cannot be read or written.
        ValueError: if the specification, the table or a number is wrong.
    """
    backtest_request = BacktestRequest(
        spec=CampaignSpec.model_validate_json(request.spec.read_bytes()),
        rounds=request.rounds,
        batch_size=request.batch_size,
        initial=request.initial,
        seeds=request.seeds,
        methods=request.methods,
        sheet=request.sheet,
    )
    media_type = media_type_named(request.table.name) or "text/csv"
    answer = backtest_table(backtest_request, (request.table.read_bytes(), media_type), Settings(), report_progress)
    if request.json is not None:
        request.json.write_text(json.dumps(answer, indent=1, allow_nan=False), encoding="utf-8")
    if request.plot is not None:
        from models.backtests.plot import draw_curves

        draw_curves(null_to_nan(answer["curves"]), request.plot)
    return answer


def main() -> int:
    """Run the request that the command line gives as JSON and print its table; user errors are one line."""
    request = TypeAdapter(Request).validate_json(sys.argv[1])
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task("backtest", total=1.0)
            answer = run_backtest(
                request, lambda share, message: progress.update(bar, completed=share, description=message)
            )
    except KeyboardInterrupt:
        return 130
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return _mistake(console, f"{error.title}: {wrong}")
    except (ValueError, LookupError, OSError) as error:
        return _mistake(console, str(error))
    if answer["rows_rejected"]:
        console.print(f"{answer['rows_rejected']} rows of the table were no results and were left out")
    print_curves(null_to_nan(answer["curves"]), f"{request.table.name}: {answer['objects']} objects")
    return 0


def _mistake(console: Console, reason: str) -> int:
    console.print(f"assayflow: {reason}", style="red", markup=False)
    return 1


def print_curves(curves: Sequence[Mapping[str, Any]], title: str) -> None:
    """Print the last round of each method, with the half-width of the 95 % intervals over seeds."""
    last = {row["method"]: row for row in curves}
    own = [
        name
        for name in curves[0]
        if name.startswith("best_") and not name.endswith("_half") and name not in PRINTED_METRICS
    ]
    columns = [name for name in (*own, *PRINTED_METRICS) if any(name in row for row in last.values())]
    table = Table("", *last, title=title)
    for name in columns:
        table.add_row(name.replace("_", " "), *(_cell(row, name) for row in last.values()))
    Console().print(table)


def _cell(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        return ""
    half = row[f"{name}_half"]
    return f"{row[name]:.4g}" + (f" ± {half:.2g}" if math.isfinite(half) and half > 0 else "")


if __name__ == "__main__":
    sys.exit(main())
