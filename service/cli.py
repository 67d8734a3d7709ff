"""The `assayflow` command. Thin: it parses, calls one function and prints; heavy parts load when they are needed."""

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from service.settings import Settings

commands = typer.Typer(
    help="Active learning for scientific discovery: campaigns over HTTP, with a lab in the loop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
key_commands = typer.Typer(help="Make, list and revoke API keys of the default workspace.", no_args_is_help=True)
commands.add_typer(key_commands, name="keys")
out = Console(highlight=False, soft_wrap=True)

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the embedded servers and artefacts live.")]


def app() -> None:
    """Run the command; a mistake of the caller is one line, not a traceback."""
    from service.embedded import EmbeddedError
    from service.errors import AssayflowError
    from service.machine import MachineError

    # A shell starts background jobs deaf to Ctrl-C; a service that holds servers must be stoppable by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        commands()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise _stopped(f"{error.title}: {wrong}") from error
    except (AssayflowError, EmbeddedError, MachineError, LookupError, FileNotFoundError) as error:
        raise _stopped(str(error)) from error


def _stopped(reason: str) -> SystemExit:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"assayflow: {reason}", style="red", markup=False)
    return SystemExit(1)


def _settings(**given: Any) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})


@commands.command()
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run API and worker on this machine, with embedded PostgreSQL and Redis where no URL is set."""
    from service.machine import machine

    with machine(_settings(host=host, port=port, data_dir=data_dir)) as running:
        out.print(f"Assayflow is at {running.url} (OpenAPI: {running.url}/openapi.json); Ctrl-C stops it.")
        if running.new_key is not None:
            out.print(f"API key, shown this once: {running.new_key}")
        running.wait()


@commands.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run the HTTP API alone."""
    import uvicorn

    from service.app import create_app
    from service.embedded import services
    from service.logs import configure_logs

    settings = _settings(host=host, port=port)
    configure_logs(settings.log_format, settings.log_level)
    with services(settings) as live:
        uvicorn.run(create_app(live), host=live.host, port=live.port, log_config=None, timeout_graceful_shutdown=3)


@commands.command()
def worker() -> None:
    """Run a worker alone: it computes rounds and looks after lost ones."""
    from service.embedded import services
    from service.machine import WORKER, run

    settings = Settings()
    if settings.database_url is not None and settings.redis_url is not None:
        os.execve(WORKER[0], WORKER, {**os.environ, **settings.environment()})  # noqa: S606 - our own command
    with services(settings) as live:
        raise SystemExit(run("worker", WORKER, live))


@commands.command()
def migrate() -> None:
    """Bring the database to the newest tables."""
    from service.embedded import database
    from service.store import migrations

    with database(Settings()) as live:
        migrations.migrate(live.required_database_url())
    out.print("The database is up to date.")


@commands.command()
def demo(
    domain: Annotated[str, typer.Option(help="What to design: molecules, peptides or materials.")] = "molecules",
    output: Annotated[Path, typer.Option(help="Where the files go.")] = Path("demo-output"),
) -> None:
    """Run a whole campaign on this machine, with real measured input and a simulated lab."""
    from service.demo.story import tell

    tell(domain, output)


@commands.command()
def domains() -> None:
    """List what can be designed."""
    from models.domains import installed, open_domain

    table = Table("kind", "what it is", "computed properties", "batch formats", box=None)
    for kind, plugin in installed().items():
        spec = plugin.spec.model_validate(plugin.examples[0][0])
        domain = open_domain(spec)
        table.add_row(kind, plugin.summary, ", ".join(domain.computed), ", ".join(("json", "csv", *domain.formats)))
    out.print(table)


@commands.command()
def backtest(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    spec: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The campaign, as JSON.")],
    table: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Measured objects: anything an upload takes.")
    ],
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    batch_size: Annotated[int, typer.Option(min=1)] = 24,
    initial: Annotated[int, typer.Option(min=1, help="Objects measured at random before round 1.")] = 24,
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    methods: Annotated[str, typer.Option(help="Separated by commas.")] = "assayflow,random,genetic,greedy,bayesian",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the curves here: .svg, .png or .pdf.")] = None,
) -> None:
    """Replay a campaign on a measured table against baselines."""
    request = {
        "spec": str(spec), "table": str(table), "rounds": rounds, "batch_size": batch_size, "initial": initial,
        "seeds": seeds, "methods": [name.strip() for name in methods.split(",") if name.strip()],
        "json": str(json_file) if json_file else None, "plot": str(plot) if plot else None,
    }  # fmt: skip
    # the science runs in a process of its own: this one never loads torch
    os.execv(sys.executable, (sys.executable, "-m", "workers.replay", json.dumps(request)))  # noqa: S606 - our own command


@key_commands.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, write or admin; may be repeated.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never when absent.")] = None,
) -> None:
    """Make a key and show it once."""
    from service.local_keys import make_key

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    out.print(make_key(Settings(), name, scope or ["read", "write"], expires))


@key_commands.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    from service.local_keys import all_keys

    table = Table("id", "name", "scopes", "created", "expires", "revoked", box=None)
    for row in all_keys(Settings()):
        moments = (
            f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in (row.created_at, row.expires_at, row.revoked_at)
        )
        table.add_row(row.id, row.name, " ".join(row.scopes), *moments)
    out.print(table)


@key_commands.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id, as `keys list` shows it.")]) -> None:
    """Make a key useless for ever."""
    from service.local_keys import revoke_key as revoke

    revoke(Settings(), key_id)
    out.print(f"{key_id} is revoked.")


if __name__ == "__main__":
    app()
