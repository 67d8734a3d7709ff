"""Commands that use a trained campaign over HTTP: more samples, predictions of your own objects, insights.

These commands use the public API only, so the service may run anywhere.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assayflow import AssayflowError, Client
from assayflow.client.client import HERE
from assayflow.client.frames import media_type_of
from service.cli.connection import Campaign, Key, Url, connected
from service.cli.sample_options import SampleOptions, numbers
from service.terminal.tables import console, predictions_table, progress, report_lines, samples_table, say

commands = typer.Typer()

Texts = list[str] | None
_MOST_ROWS = 20
_MOST_REASONS = 10


@commands.command()
def samples(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    campaign: Campaign,
    n: Annotated[int, typer.Option("--n", min=1, help="Samples in all.")] = 24,
    beta: Annotated[
        Texts, typer.Option(help="Inverse temperature, or colder or bolder; may be repeated.")
    ] = None,
    boldness: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="In place of --beta: 0 is most careful, 1 boldest; may be repeated."),
    ] = None,
    preference: Annotated[
        Texts, typer.Option(help="Weights of objectives, such as solubility=0.7,size=0.3; may be repeated.")
    ] = None,
    like: Annotated[
        Texts,
        typer.Option(help="An object to stay near, such as smiles=CCO; repeated for each of its columns."),
    ] = None,
    similarity: Annotated[float | None, typer.Option(help="Minimum similarity to that object, 0-1.")] = None,
    require: Annotated[
        Texts, typer.Option(help="A pattern that each sample must contain; may be repeated.")
    ] = None,
    avoid: Annotated[
        Texts, typer.Option(help="A pattern that no sample may contain; may be repeated.")
    ] = None,
    avoid_group: Annotated[
        Texts,
        typer.Option(help="Exclude an object's group, such as scaffold:smiles=c1ccccc1; may be repeated."),
    ] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="The round whose policy samples; default the latest.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Random seed, to repeat the same samples; default a new one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the samples here: .json, .csv, .sdf, .fasta ...")
    ] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Sample more candidates from a trained policy, at any temperature and trade-off, without training."""
    options = SampleOptions(
        n, beta or (), boldness or (), preference or (), like or (), similarity,
        require or (), avoid or (), avoid_group or (), round_number, seed,
    )  # fmt: skip
    with connected(url, key) as client:
        _draw(client, campaign, options, out)


@commands.command()
def predict(
    campaign: Campaign,
    table: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="A table of objects: CSV, XLSX, SDF or JSON.", metavar="FILE"
        ),
    ],
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; default the first.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write every prediction here: .csv or .json.")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Predict your own objects and show whether the campaign could propose them."""
    name = _format_of(out)
    _check_format(name, ["csv", "json"])
    _check_table(table)
    with connected(url, key) as client:
        objectives = client.campaigns.get(campaign)["spec"]["objectives"]
        with progress(console(is_error=True), "predictions") as show:
            job = client.predictions.run(campaign, table, mode="partial", sheet=sheet, progress=show)
        rows, report = job["rows"] or [], job["report"]
        assert report is not None, "finished predictions have a report"
        console().print(predictions_table(rows[:_MOST_ROWS], objectives))
        if len(rows) > _MOST_ROWS:
            say(console(), f"and {len(rows) - _MOST_ROWS} more rows; --out FILE.csv keeps all of them")
        first, *reasons = report_lines(report, most=_MOST_REASONS)
        say(console(), f"rows of {table.name}: {first}")
        for line in reasons:
            say(console(), line)
        _write(out, name, job, lambda: client.predictions.file(campaign, job["id"], str(name)))


@commands.command()
def insights(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    campaign: Campaign,
    figures: Annotated[Path | None, typer.Option(help="Save every figure into this folder.")] = None,
    figure_format: Annotated[
        Literal["svg", "png"], typer.Option("--format", help="Format of the figures.")
    ] = "svg",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every number here.")] = None,
    threshold: Annotated[
        Texts,
        typer.Option(help="Threshold of a hit, such as solubility=-2; may be repeated, and all must hold."),
    ] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Summarise the campaign's results so far, as sentences and figures."""
    thresholds = numbers("threshold", threshold or ())
    with connected(url, key) as client:
        data = client.insights.get(campaign, thresholds)
        for statement in data["statements"]:
            say(console(), statement)
        if json_file:
            json_file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if figures:
            figures.mkdir(parents=True, exist_ok=True)
            for figure in data["figures"]:
                path = figures / f"{figure['name']}.{figure_format}"
                path.write_bytes(client.insights.figure(campaign, figure["name"], figure_format, thresholds))
                say(console(), f"{path}: {figure['title']}")


def _draw(client: Client, campaign: str, options: SampleOptions, out: Path | None) -> None:
    body, name = options.request(), _format_of(out)
    spec = client.campaigns.get(campaign)["spec"]
    _check_format(name, client.domains.formats(spec["domain"]["kind"]))
    with progress(console(is_error=True), "samples") as show:
        job = client.samples.run(campaign, body, progress=show)
    data, request = job["samples"] or [], job["request"]
    console().print(samples_table(data, spec["objectives"]))
    say(console(), f"{len(data)} of {request['n']} samples; round {request['round']}, seed {request['seed']}")
    if data:
        say(console(), f"Why the first one: {data[0]['reason']}")
    for statement in (job["summary"] or {}).get("statements", []):
        say(console(), statement)
    _write(out, name, job, lambda: client.samples.file(campaign, job["id"], str(name)))


def _format_of(out: Path | None) -> str | None:
    return out.suffix.removeprefix(".").lower() if out else None


def _check_format(name: str | None, known: Sequence[str]) -> None:
    """Refuse an unknown output format before anything is computed."""
    if name is not None and name not in known:
        raise typer.BadParameter(
            f"the file's name must end in {', '.join('.' + item for item in known)}", param_hint="--out"
        )


def _write(out: Path | None, name: str | None, answer: Any, file: Callable[[], bytes]) -> None:
    if out is None or name is None:
        return
    if name == "json":
        out.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        out.write_bytes(file())
    say(console(), f"written to {out}")


def _check_table(path: Path) -> None:
    """Refuse a file of no table before any request."""
    try:
        media_type_of(path)
    except AssayflowError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error
