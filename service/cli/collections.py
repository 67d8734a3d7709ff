# ruff: noqa: A005 - a group of commands has the name of its module
"""`assayflow collections`: upload, list, show, export and delete lists of objects over HTTP."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assayflow.client.shapes.collections import CollectionAnswer
from service.cli.connection import Shell, over_http
from service.terminal.lists import details, list_table, moment, report_table, short
from service.terminal.tables import progress

commands = typer.Typer(help="Upload, list, show, export and delete lists of objects.", no_args_is_help=True)

CollectionId = Annotated[str, typer.Argument(help="The collection's id.", metavar="COLLECTION")]
_MOST_ROWS = 20


@over_http(commands, "upload")
def upload(
    shell: Shell,
    table: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="CSV, TSV, XLSX, ODS, SDF or JSON.", metavar="FILE"),
    ],
    name: Annotated[str | None, typer.Option(help="What it is called; the file's name if absent.")] = None,
    mode: Annotated[
        Literal["atomic", "partial"], typer.Option(help="atomic: all rows or none; partial: the good ones.")
    ] = "atomic",
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds to wait for a long list.")] = None,
) -> None:
    """Upload a list of objects, and show the sha256 by which a specification names it."""
    with progress(shell.progress_console, table.name) as show:
        made = shell.client.collections.upload(
            name or table.stem, table, mode=mode, sheet=sheet, progress=show, timeout=timeout
        )
    shell.show(made, *_shown(made))


@over_http(commands, "list")
def list_collections(shell: Shell) -> None:
    """List the collections that may be used."""
    items = shell.client.collections.list().all()
    shell.show(items, list_table(items, "id", short("name"), "rows", "sha256", moment("created_at")))


@over_http(commands, "show")
def show_collection(shell: Shell, collection: CollectionId) -> None:
    """Show a collection, the rows with a remark, and the campaigns that use it."""
    found = shell.client.collections.get(collection)
    shell.show(found, *_shown(found))


@over_http(commands, "export")
def export_collection(
    shell: Shell,
    collection: CollectionId,
    out: Annotated[Path, typer.Option(help="Where the CSV file goes.")],
) -> None:
    """Write all rows of a collection into a file."""
    shell.save(out, shell.client.collections.download(collection))


@over_http(commands, "delete")
def delete_collection(shell: Shell, collection: CollectionId) -> None:
    """Delete a collection that no campaign names."""
    shell.client.collections.delete(collection)
    shell.show({"deleted": collection}, f"collection {collection} is deleted")


def _shown(item: CollectionAnswer) -> list[Any]:
    """Return what is printed of a collection: itself, its users, and rows with a remark."""
    report = item["report"]
    lines: list[Any] = [details(item, "id", "name", "state", "rows", "columns", "sha256")]
    if item["campaigns"]:
        lines.append(list_table(item["campaigns"], "id", short("name")))
    if report is None:
        return lines
    lines += [f"{report['accepted']} rows kept, {report['rejected']} rejected", *report["warnings"]]
    if report["rows"]:
        lines.append(report_table(report["rows"][:_MOST_ROWS]))
    if report["remarked"] > _MOST_ROWS:
        lines.append(f"and {report['remarked'] - _MOST_ROWS} more rows with a remark")
    return lines
