"""Commands before a campaign: list the domains, and replay a campaign on a measured table."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from service.terminal.tables import console

commands = typer.Typer()


@commands.command()
def domains() -> None:
    """List what can be designed."""
    from models.domains import installed, open_domain
    from service.exchange import batch_formats

    table = Table("kind", "what it is", "computed properties", "batch formats", box=None)
    for kind, plugin in installed().items():
        spec = plugin.spec.model_validate(plugin.examples[0][0])
        domain = open_domain(spec)
        table.add_row(
            kind, plugin.summary, ", ".join(domain.computed), ", ".join(("json", *batch_formats(domain)))
        )
    console().print(table)


@commands.command()
def backtest(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    spec: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The campaign, as JSON.")],
    table: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, help="Measured objects, in any format that an upload accepts."
        ),
    ],
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    batch_size: Annotated[int, typer.Option(min=1)] = 24,
    initial: Annotated[int, typer.Option(min=1, help="Objects measured at random before round 1.")] = 24,
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    methods: Annotated[
        str, typer.Option(help="Comma-separated methods.")
    ] = "assayflow,random,genetic,greedy,bayesian",
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; default the first.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all metrics here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the curves here: .svg, .png or .pdf.")] = None,
) -> None:
    """Replay a campaign on a measured table against baselines."""
    request = {
        "spec": str(spec), "table": str(table), "rounds": rounds, "batch_size": batch_size,
        "initial": initial, "seeds": seeds,
        "methods": [name.strip() for name in methods.split(",") if name.strip()],
        "sheet": sheet, "json": str(json_file) if json_file else None,
        "plot": str(plot) if plot else None,
    }  # fmt: skip
    # the computation runs in its own program: this one never loads torch
    os.execv(sys.executable, (sys.executable, "-m", "workers.backtest_cli", json.dumps(request)))  # noqa: S606 - our own command
