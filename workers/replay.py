"""`assayflow backtest`: a campaign replayed on a measured table, from files to files. It knows no queue and no database."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from models.campaign import CampaignSpec
from models.domains import open_domain
from models.records import Measurement
from service.exchange import CampaignView, read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.domains.contract import Domain
    from service.exchange import Report

MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}
_SHARED = tuple(item.name for item in fields(Measurement) if item.name != "round")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    spec: Path
    table: Path
    rounds: int
    batch_size: int
    initial: int
    seeds: int
    methods: tuple[str, ...]
    json: Path | None = None
    plot: Path | None = None


class TableRefusedError(ValueError):
    """The table holds nothing that can be replayed; the message says which rows and why."""


def read_table(content: bytes, media_type: str, spec: CampaignSpec, domain: Domain) -> tuple[Sequence[Measurement], Report]:
    """Return the good rows of a table as results, and the report of all rows.

    Raises:
        TableRefusedError: if there is no good row.
    """
    report = read_results(content, media_type, CampaignView(spec, domain))
    results = [row.result for row in report.rows if row.result is not None]
    if not results:
        reasons = [f"row {row.row}: {row.reason}" for row in report.rows if row.reason][:5]
        raise TableRefusedError("no row of the table is a result of this campaign" + "".join(f"; {r}" for r in reasons))
    return [Measurement(**{name: getattr(result, name) for name in _SHARED}) for result in results], report


def replay(request: Request, tell: Callable[[float, str], None]) -> dict[str, Any]:
    """Run the backtest and return its answer; write the files that were asked for.

    Raises:
        OSError: if a file cannot be read or written.
        ValueError: if the specification, the table or a number is wrong.
    """
    from models.backtest import Plan, backtest, summarise
    from models.backtests.table import TableDomain, TableLab

    spec = CampaignSpec.model_validate_json(request.spec.read_bytes())
    domain = open_domain(spec.domain)
    plan = Plan(spec, request.rounds, request.batch_size, request.initial, tuple(range(request.seeds)), request.methods)
    media_type = MEDIA_TYPES.get(request.table.suffix.lower(), "text/csv")
    results, report = read_table(request.table.read_bytes(), media_type, spec, domain)
    lab = TableLab(spec, domain, results)
    assert lab.objects is not None
    rows = backtest(plan, lab, TableDomain(domain, lab.objects), tell)
    answer = {
        "objects": len(lab.objects),
        "rows_rejected": report.count("rejected"),
        "curves": summarise(rows),
        "rows": rows,
    }
    if request.json is not None:
        request.json.write_text(json.dumps(answer, indent=1, allow_nan=False, default=str), encoding="utf-8")
    if request.plot is not None:
        from models.backtests.picture import draw_curves

        draw_curves(answer["curves"], request.plot)
    return answer


def main() -> int:
    """Read a request as JSON from the command line, run it and print its table."""
    from rich.console import Console
    from rich.progress import Progress

    from models.backtests.picture import table_of

    request = TypeAdapter(Request).validate_json(sys.argv[1])
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("backtest", total=1.0)
        answer = replay(request, lambda share, message: progress.update(bar, completed=share, description=message))
    if answer["rows_rejected"]:
        console.print(f"{answer['rows_rejected']} rows of the table were no results and were left out")
    Console().print(table_of(answer["curves"], title=f"{request.table.name}: {answer['objects']} objects"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
