"""Commands that use a trained campaign over HTTP: more samples, predictions of your own objects, insights.

These commands use the public API only, so the service may run anywhere.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.sample_options import SampleOptions, numbers
from service.client.client import Client, ClientError, Job
from service.client.terminal import console, predictions_table, progress, report_lines, samples_table, say
from service.client.waiting import wait_for

commands = typer.Typer()

Campaign = Annotated[str, typer.Argument(help="The campaign's id.", metavar="CAMPAIGN")]
Url = Annotated[str, typer.Option("--url", envvar="ASSAYFLOW_URL", help="Address of the service.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar="ASSAYFLOW_KEY",
        help="The API key; prefer the environment, because process lists show options.",
    ),
]
Texts = list[str] | None
HERE = "http://127.0.0.1:8000"
_MOST_ROWS = 20
_MOST_REASONS = 10


@commands.command()
def samples(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    campaign: Campaign,
    n: Annotated[int, typer.Option("--n", min=1, help="Samples in all.")] = 24,
    beta: Annotated[Texts, typer.Option(help="Inverse temperature, or colder or bolder; may be repeated.")] = None,
    preference: Annotated[
        Texts, typer.Option(help="Weights of objectives, such as solubility=0.7,size=0.3; may be repeated.")
    ] = None,
    like: Annotated[
        Texts, typer.Option(help="An object to stay near, such as smiles=CCO; repeated for each of its columns.")
    ] = None,
    similarity: Annotated[float | None, typer.Option(help="Minimum similarity to that object, 0-1.")] = None,
    require: Annotated[Texts, typer.Option(help="A pattern that each sample must contain; may be repeated.")] = None,
    avoid: Annotated[Texts, typer.Option(help="A pattern that no sample may contain; may be repeated.")] = None,
    avoid_group: Annotated[
        Texts, typer.Option(help="Exclude an object's group, such as scaffold:smiles=c1ccccc1; may be repeated.")
    ] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="The round whose policy samples; default the latest.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Random seed, to repeat the same samples; default a new one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the samples here: .json, .csv, .sdf, .fasta ...")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Sample more candidates from a trained policy, at any temperature and trade-off, without training."""
    options = SampleOptions(
        n, beta or (), preference or (), like or (), similarity,
        require or (), avoid or (), avoid_group or (), round_number, seed,
    )  # fmt: skip
    with connected(url, key) as client:
        _draw(client, campaign, options, out)


@commands.command()
def predict(
    campaign: Campaign,
    table: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="A table of objects: CSV, XLSX, SDF or JSON.", metavar="FILE"),
    ],
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; default the first.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write every prediction here: .csv or .json.")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Predict your own objects and show whether the campaign could propose them."""
    name = _format_of(out)
    _check_format(name, ["csv", "json"])
    content, media_type = _table(table)
    with connected(url, key) as client:
        objectives = client.campaign(campaign)["spec"]["objectives"]
        job = _wait(client, client.request_predictions(campaign, content, media_type, table.name, sheet), "predictions")
        rows = job.data["rows"]
        console().print(predictions_table(rows[:_MOST_ROWS], objectives))
        if len(rows) > _MOST_ROWS:
            say(console(), f"and {len(rows) - _MOST_ROWS} more rows; --out FILE.csv keeps all of them")
        first, *reasons = report_lines(job.data["report"], most=_MOST_REASONS)
        say(console(), f"rows of {table.name}: {first}")
        for line in reasons:
            say(console(), line)
        _write(client, job, out, name)


@commands.command()
def insights(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    campaign: Campaign,
    figures: Annotated[Path | None, typer.Option(help="Save every figure into this folder.")] = None,
    figure_format: Annotated[str, typer.Option("--format", help="Format of the figures: svg or png.")] = "svg",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every number here.")] = None,
    threshold: Annotated[
        Texts, typer.Option(help="Threshold of a hit, such as solubility=-2; may be repeated, and all must hold.")
    ] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Summarise the campaign's results so far, as sentences and figures."""
    if figure_format not in ("svg", "png"):
        raise typer.BadParameter("svg or png", param_hint="--format")
    thresholds = numbers("threshold", threshold or ())
    with connected(url, key) as client:
        data = client.insights(campaign, thresholds)
        for statement in data["statements"]:
            say(console(), statement)
        if json_file:
            json_file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if figures:
            figures.mkdir(parents=True, exist_ok=True)
            for figure in data["figures"]:
                path = figures / f"{figure['name']}.{figure_format}"
                path.write_bytes(client.figure(campaign, figure["name"], figure_format, thresholds))
                say(console(), f"{path}: {figure['title']}")


def _draw(client: Client, campaign: str, options: SampleOptions, out: Path | None) -> None:
    body, name = options.request(), _format_of(out)
    spec = client.campaign(campaign)["spec"]
    _check_format(name, client.formats(spec["domain"]["kind"]))
    job = _wait(client, client.request_samples(campaign, body), "samples")
    data, request = job.data["samples"], job.data["request"]
    console().print(samples_table(data, spec["objectives"]))
    say(console(), f"{len(data)} of {request['n']} samples; round {request['round']}, seed {request['seed']}")
    if data:
        say(console(), f"Why the first one: {data[0]['reason']}")
    for statement in job.data["summary"].get("statements", []):
        say(console(), statement)
    _write(client, job, out, name)


def _wait(client: Client, job: Job, title: str) -> Job:
    screen = console(is_error=True)
    return wait_for(client, job, lambda events: progress(screen, events, title))


def connected(url: str, key: str) -> Client:
    """Return a client of the service, with the key that was given or is in the environment.

    Raises:
        ClientError: if there is no key, or this is no address.
    """
    if not key.strip():
        raise ClientError("an API key is needed: set ASSAYFLOW_KEY, or give --key")
    return Client(url, key.strip())


def _format_of(out: Path | None) -> str | None:
    return out.suffix.removeprefix(".").lower() if out else None


def _check_format(name: str | None, known: list[str]) -> None:
    """Refuse an unknown output format before anything is computed."""
    if name is not None and name not in known:
        raise typer.BadParameter(
            f"the file's name must end in {', '.join('.' + item for item in known)}", param_hint="--out"
        )


def _write(client: Client, job: Job, out: Path | None, name: str | None) -> None:
    if out is None or name is None:
        return
    if name == "json":
        out.write_text(json.dumps(job.data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        out.write_bytes(client.answer(job, name))
    say(console(), f"written to {out}")


def _table(path: Path) -> tuple[bytes, str]:
    """Return a file as the API expects it: tables unchanged, JSON rows as the member `objects`."""
    from service.exchange import media_type_named, media_types_by_extension

    media_type = media_type_named(path.name)
    if media_type is None:
        endings = ", ".join(f".{name}" for name in media_types_by_extension())
        raise typer.BadParameter(f"a table ends in {endings}", param_hint="FILE")
    content = path.read_bytes()
    if media_type != "application/json":
        return content, media_type
    try:
        body: Any = json.loads(content)
    except ValueError as error:
        raise typer.BadParameter(f"{path.name} is no JSON: {error}", param_hint="FILE") from error
    return json.dumps({"objects": body} if isinstance(body, list) else body).encode(), media_type
