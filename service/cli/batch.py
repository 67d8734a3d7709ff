"""`assayflow batch`: show, download and release the candidates of a round over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import Campaign, Shell, over_http
from service.cli.rounds import Number, latest
from service.terminal.tables import batch_table

commands = typer.Typer(help="Show, download and release the candidates of a round.", no_args_is_help=True)


@over_http(commands, "show")
def show_batch(shell: Shell, campaign: Campaign, number: Number = None) -> None:
    """Show the candidates of a round with their predictions and ids."""
    batch = shell.client.batches.get(campaign, latest(shell, campaign, number))
    objectives = shell.client.campaigns.get(campaign)["spec"]["objectives"]
    table = batch_table(batch["candidates"], objectives, "status", "id")
    shell.show(batch, table, f"round {batch['round']}: {batch['state']}")


@over_http(commands, "download")
def download_batch(
    shell: Shell,
    campaign: Campaign,
    out: Annotated[Path, typer.Option(help="Where the file goes: .csv, .xlsx, .sdf, .fasta ...")],
    number: Number = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="The format; that of the file's name when absent.")
    ] = None,
) -> None:
    """Download a batch; its empty columns, filled in, are a valid upload."""
    name = file_format or out.suffix.removeprefix(".").lower()
    if not name:
        raise typer.BadParameter("give a name with an ending, or --format", param_hint="--out")
    path = shell.client.batches.download(campaign, latest(shell, campaign, number), name, out)
    shell.show({"path": str(path)}, f"written to {path}")


@over_http(commands, "release")
def release_batch(
    shell: Shell,
    campaign: Campaign,
    number: Number = None,
    yes: Annotated[bool, typer.Option("--yes", help="Release without a question.")] = False,
) -> None:
    """Release a batch to the laboratory; this freezes it."""
    found = latest(shell, campaign, number)
    if not yes:
        typer.confirm(f"Release the batch of round {found}? It cannot be changed afterwards", abort=True)
    released = shell.client.rounds.release(campaign, found)
    shell.show(released, f"round {found} is released: SHA-256 {released['batch_sha256']}")
