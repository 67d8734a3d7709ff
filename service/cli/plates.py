"""Commands for the plates of a round over HTTP: lay out, fill, read, draw. They use the public API only."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from assayflow import AssayflowError
from assayflow.client.resources.plates import Mode, PlateFile, WellsChoices
from service.cli.connection import Campaign, Shell, over_http, read_json
from service.cli.rounds import latest
from service.terminal.plates import (
    findings_table,
    plates_table,
    transfers_lines,
    value_units,
    wells_lines,
)

commands = typer.Typer(help="Measure a batch in plates: lay out, fill, read and draw.", no_args_is_help=True)

Plate = Annotated[str, typer.Argument(help="The plate's name, barcode or id.", metavar="PLATE")]
Round = Annotated[
    int | None,
    typer.Option("--round", min=1, help="The round that the plate is of; all are searched when absent."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report only, store nothing.")]
TakenAs = Annotated[Mode, typer.Option(help="atomic: all results or none; partial: the good ones.")]
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
}
_OWN = "application/octet-stream"
_DRY = ("Dry run: nothing was stored.",)


@over_http(commands, "lay-out")
def lay_out(
    shell: Shell,
    campaign: Campaign,
    layout: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="The plate's specification, as JSON.", metavar="FILE"
        ),
    ],
    round_number: Annotated[
        int | None,
        typer.Option("--round", min=1, help="The round whose batch it holds; the latest when absent."),
    ] = None,
) -> None:
    """Lay out a plate for the batch of a round, and print its id."""
    spec = read_json(layout, "a plate")
    number = latest(shell, campaign, round_number)
    made = shell.client.plates.lay_out(campaign, number, spec)
    wells = made["layout"]["wells"]
    used = {well["candidate_id"] for well in wells} - {None}
    shell.show(
        made,
        f"{made['name']} of round {number} is laid out: {made['id']}",
        f"{len(wells)} wells, {len(used)} candidates, seed {made['layout']['seed']}",
    )


@over_http(commands, "list")
def list_plates(shell: Shell, campaign: Campaign, round_number: Round = None) -> None:
    """List the plates of a campaign, or of one round."""
    last = shell.client.campaigns.get(campaign)["rounds"]
    numbers = range(1, last + 1) if round_number is None else (round_number,)
    found = [(number, item) for number in numbers for item in shell.client.plates.list(campaign, number)]
    shell.show([{"round": number, **item} for number, item in found], plates_table(found))


@over_http(commands, "delete")
def delete_plate(shell: Shell, campaign: Campaign, plate: Plate, round_number: Round = None) -> None:
    """Delete a plate that was only laid out; its name is free again."""
    at = shell.client.plates.find(campaign, plate, round_number)
    shell.client.plates.delete(at)
    shell.show({"deleted": at.plate}, f"{plate} is deleted.")


@over_http(commands, "map")
def save_map(
    shell: Shell,
    campaign: Campaign,
    plate: Plate,
    out: Annotated[Path, typer.Option(help="Write the map here: .csv or .xlsx.")],
    round_number: Round = None,
) -> None:
    """Write the contents of the wells as a table, one row per well."""
    file_format = out.suffix.removeprefix(".").lower()
    if file_format not in ("csv", "xlsx"):
        raise typer.BadParameter("the file's name must end in .csv or .xlsx", param_hint="--out")
    at = shell.client.plates.find(campaign, plate, round_number)
    shell.save(out, shell.client.plates.plate_map(at, file_format))


@over_http(commands, "pick-list")
def save_pick_list(
    shell: Shell,
    campaign: Campaign,
    plate: Plate,
    out: Annotated[Path, typer.Option(help="Write the pick list here, as CSV.")],
    robot: Annotated[
        Literal["echo", "biomek"] | None,
        typer.Option(help="Who reads it; the robot of the stocks when absent."),
    ] = None,
    round_number: Round = None,
) -> None:
    """Write the robot's pick list of the plate: nL for the Echo, uL for the Biomek."""
    at = shell.client.plates.find(campaign, plate, round_number)
    shell.save(out, shell.client.plates.pick_list(at, robot))


@over_http(commands, "transfers")
def send_transfers(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    shell: Shell,
    campaign: Campaign,
    plate: Plate,
    report: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The Echo's report, as CSV.", metavar="FILE")
    ],
    dry_run: DryRun = False,
    mode: TakenAs = "atomic",
    round_number: Round = None,
) -> None:
    """Upload the robot's report, and print the wells that it did not fill."""
    file = PlateFile(report.read_bytes(), "text/csv", report.name, dry_run, mode)
    at = shell.client.plates.find(campaign, plate, round_number)
    answer = shell.client.plates.upload_transfers(at, file)
    shell.show(answer, *transfers_lines(answer), *_DRY[:dry_run])


@over_http(commands, "wells", has_json=False)
def send_wells(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    shell: Shell,
    campaign: Campaign,
    plate: Plate,
    readings: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="The reader's export: CSV, TSV, TXT, XLSX or JSON.",
            metavar="FILE",
        ),
    ],
    dry_run: DryRun = False,
    mode: TakenAs = "atomic",
    block: Annotated[
        str | None, typer.Option(help="Which reading of a file of several, by number or name.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; its first.")] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="The decimal sign; found in the file when absent."),
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(help="The instrument whose own file this is, such as BMG_MARS.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole answer here.")] = None,
    round_number: Round = None,
) -> None:
    """Upload the readings of a plate, and print the result of each candidate."""
    file = PlateFile(readings.read_bytes(), _media_type(readings, vendor), readings.name, dry_run, mode)
    at = shell.client.plates.find(campaign, plate, round_number)
    answer = shell.client.plates.upload_wells(at, file, WellsChoices(block, sheet, decimal, vendor))
    units = value_units(shell.client.plates.get(at)["spec"])
    shell.show(answer, findings_table(answer["findings"], units), *wells_lines(answer), *_DRY[:dry_run])
    if json_file:
        shell.save(json_file, (json.dumps(answer, indent=2, ensure_ascii=False) + "\n").encode())


@over_http(commands, "curves")
def save_curves(
    shell: Shell,
    campaign: Campaign,
    plate: Plate,
    folder: Annotated[Path, typer.Option(help="Save the picture of each candidate into this folder.")],
    picture_format: Annotated[
        Literal["svg", "png"], typer.Option("--format", help="Of the pictures.")
    ] = "svg",
    round_number: Round = None,
) -> None:
    """Save a figure of each candidate's wells and the fitted curve."""
    at = shell.client.plates.find(campaign, plate, round_number)
    analysis = shell.client.plates.get(at)["analysis"]
    if analysis is None:
        raise AssayflowError(f"{plate} was not read yet: send its readings by `assayflow plates wells` first")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for item in analysis["findings"]:
        candidate = item["candidate_id"]
        paths.append(folder / f"{candidate}.{picture_format}")
        paths[-1].write_bytes(shell.client.plates.curve(at, candidate, picture_format))
    shell.show({"paths": [str(path) for path in paths]}, *(f"written to {path}" for path in paths))


def _media_type(path: Path, vendor: str | None) -> str:
    """Return the media type by the file's name; an instrument's own file may have any name."""
    if vendor is not None:
        return _OWN
    found = _MEDIA_TYPES.get(path.suffix.lower())
    if found is None:
        endings = ", ".join(_MEDIA_TYPES)
        raise typer.BadParameter(f"readings end in {endings}; others need --vendor", param_hint="FILE")
    return found
