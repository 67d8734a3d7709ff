"""`assayflow results`: upload, list, correct, withdraw and export results over HTTP.

Nothing is changed or deleted: what is amended keeps its history and has a reason.
"""

import csv
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assayflow import AssayflowError
from assayflow.client.frames import flat
from assayflow.client.shapes.results import UploadReport
from service.cli.connection import Campaign, Reason, Shell, over_http
from service.cli.reading_options import FileChoices
from service.terminal.lists import details, list_table, moment, report_table, short
from service.terminal.tables import progress, report_lines

commands = typer.Typer(help="Upload, list, correct, withdraw and export results.", no_args_is_help=True)
amendments = typer.Typer()
"""The same two commands at the top, where they always were."""

ResultId = Annotated[str, typer.Argument(help="The result's id.", metavar="RESULT")]
StatusOption = Annotated[
    Literal["current", "corrected", "withdrawn"] | None, typer.Option(help="Only results of this status.")
]
_MOST_ROWS = 20


@over_http(commands, "upload")
def upload(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    shell: Shell,
    campaign: Campaign,
    table: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="CSV, TSV, XLSX, ODS, SDF, FASTA or JSON.", metavar="FILE"
        ),
    ],
    choices: FileChoices,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only, store nothing.")] = False,
    mode: Annotated[
        Literal["atomic", "partial"], typer.Option(help="atomic: all rows or none; partial: the good ones.")
    ] = "atomic",
    reading_name: Annotated[
        str | None, typer.Option("--reading", help="A reading that the campaign keeps; default 'default'.")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Of a file that was sent before, take the rows that are not stored."),
    ] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="A row with a known external_id corrects that result.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why results are corrected, for the record.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds to wait for a long file.")] = None,
) -> None:
    """Upload a file of results, and say what became of its rows."""
    with progress(shell.progress_console, table.name) as show:
        report = shell.client.results.upload(
            campaign, table, dry_run=dry_run, mode=mode, reading=reading_name, again=again, reason=reason,
            on_conflict="correct" if correct else "reject", progress=show, timeout=timeout,
            **choices.options(),
        )  # fmt: skip
    shell.show(report, *_report(report, is_dry=dry_run))


@over_http(commands, "list")
def list_results(shell: Shell, campaign: Campaign, status: StatusOption = None) -> None:
    """List the stored results."""
    items = shell.client.results.list(campaign, status).all()
    value = ("value", lambda item: f"{item['relation'] if item['relation'] != '=' else ''}{_number(item)}")
    cells = ("id", short("object"), "type", value, "units", "outcome", "status", moment("created_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "show")
def show_result(shell: Shell, campaign: Campaign, result: ResultId) -> None:
    """Show a result and the history of its amendments."""
    found = shell.client.results.get(campaign, result)
    history = list_table(found["history"], "kind", "result_id", "reason", moment("created_at"))
    shell.show(found, details(found), *([history] if found["history"] else []))


@over_http(amendments, "correct")
@over_http(commands, "correct")
def correct_result(
    shell: Shell,
    campaign: Campaign,
    result: ResultId,
    column: Annotated[
        list[str],
        typer.Option("--set", help="A column that is otherwise, such as value=80; may be repeated."),
    ],
    reason: Reason,
) -> None:
    """Put another result in the place of one; what no --set says stays as it is stored."""
    row = dict(_column(text) for text in column)
    made = shell.client.results.correct(campaign, result, row, reason)
    shell.show(made, f"result {made['id']} is in the place of {result}")


@over_http(amendments, "withdraw")
@over_http(commands, "withdraw")
def withdraw(
    shell: Shell,
    campaign: Campaign,
    reason: Reason,
    result: Annotated[str | None, typer.Option(help="A result's id.")] = None,
    upload: Annotated[str | None, typer.Option(help="Or an upload's id: all its results.")] = None,
) -> None:
    """Let a result, or all results of an upload, count no more."""
    if (result is None) == (upload is None):
        raise AssayflowError("give --result or --upload, and not both")
    if result is not None:
        shell.show(shell.client.results.withdraw(campaign, result, reason), f"result {result} counts no more")
    elif upload is not None:
        changed = shell.client.uploads.withdraw(campaign, upload, reason)
        shell.show(changed, f"{changed['withdrawn']} results count no more")


@over_http(commands, "files")
def list_files(shell: Shell, campaign: Campaign) -> None:
    """List the files that results came in, with their ids."""
    items = shell.client.uploads.files(campaign).all()
    cells = ("id", "filename", "media_type", "n_accepted", "n_rejected", "n_withdrawn", moment("created_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "file")
def save_file(
    shell: Shell,
    campaign: Campaign,
    upload: Annotated[str, typer.Argument(help="The upload's id.", metavar="UPLOAD")],
    out: Annotated[Path, typer.Option(help="Where the file goes.")],
) -> None:
    """Download a file of results as it was sent."""
    shell.save(out, shell.client.uploads.download(campaign, upload))


@over_http(commands, "export")
def export_results(
    shell: Shell,
    campaign: Campaign,
    out: Annotated[Path, typer.Option(help="Where the table goes: .csv or .json.")],
    status: StatusOption = None,
) -> None:
    """Write every stored result into a file."""
    if out.suffix.lower() not in (".csv", ".json"):
        raise typer.BadParameter("the file's name must end in .csv, .json", param_hint="--out")
    items = shell.client.results.list(campaign, status).all()
    if out.suffix.lower() == ".json":
        out.write_text(json.dumps(items, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        _write_csv(out, [flat(item) for item in items])
    shell.show({"path": str(out), "results": len(items)}, f"{len(items)} results written to {out}")


def _report(report: UploadReport, *, is_dry: bool) -> list[Any]:
    """Return what is printed of a report: counts, the columns as they were read, and rows with a remark."""
    counts, *_ = report_lines(report, most=0)
    again = f", {report['duplicates']} stored before" if report["duplicates"] else ""
    read = (report["reading"] or {}).get("columns", {})
    lines: list[Any] = [f"{counts}{again}", *report["warnings"]]
    if read:
        lines.append("read as: " + ", ".join(f"{header} → {what}" for header, what in read.items()))
    rows = [row for row in report["rows"] if row["status"] == "rejected" or row["warnings"]]
    if rows:
        lines.append(report_table(rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        lines.append(f"and {len(rows) - _MOST_ROWS} more; --json has every row")
    return [*lines, "Dry run: nothing was stored."] if is_dry else lines


def _number(item: Any) -> str:
    return "" if item["value"] is None else f"{item['value']:.6g}"


def _column(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise AssayflowError(f"--set {text}: give a column and what it is, such as value=80")
    return name.strip(), value.strip()


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
