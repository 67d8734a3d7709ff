"""Commands that run parts of the service on this machine. Heavy modules are imported when needed."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from service.settings import Settings
from service.terminal.tables import console, say

commands = typer.Typer()

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 selects a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded servers and artefacts.")]


@commands.command()
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run API and workers on this machine, with embedded PostgreSQL and Redis where no URL is set."""
    from service.local.stack import start_local_stack
    from service.logs import configure_logs

    settings = _settings(host=host, port=port, data_dir=data_dir)
    configure_logs(settings.log_format, settings.log_level)
    with start_local_stack(settings) as running:
        say(
            console(),
            f"Assayflow is at {running.url} (OpenAPI: {running.url}/openapi.json); Ctrl-C stops it.",
        )
        if running.new_key is not None:
            say(console(), f"API key, shown this once: {running.new_key}")
        running.wait()


@commands.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run the HTTP API alone."""
    from service.app import create_app
    from service.local.servers import services
    from service.logs import configure_logs
    from service.server import serve as serve_http

    settings = _settings(host=host, port=port)
    configure_logs(settings.log_format, settings.log_level)
    with services(settings) as live:
        serve_http(create_app(live), live)


@commands.command()
def worker() -> None:
    """Run a worker alone: it computes rounds and jobs, and requeues lost ones."""
    from service.local.servers import services
    from service.local.stack import WORKER, run

    settings = Settings()
    if settings.database_url is not None and settings.redis_url is not None:
        os.execve(WORKER[0], WORKER, {**os.environ, **settings.environment()})  # noqa: S606 - our own command
    with services(settings) as live:
        raise SystemExit(run("worker", WORKER, live))


@commands.command()
def migrate() -> None:
    """Upgrade the database to the newest tables."""
    from service.local.servers import database
    from service.store import migrations

    with database(Settings()) as live:
        migrations.migrate(live.required_database_url())
    say(console(), "The database is up to date.")


@commands.command()
def demo(
    domain: Annotated[
        str, typer.Option(help="What to design: molecules, peptides or materials.")
    ] = "molecules",
    output: Annotated[Path, typer.Option(help="Folder for the output files.")] = Path("demo-output"),
) -> None:
    """Run a whole campaign on this machine, with real measured input and a simulated lab."""
    from service.demo.run import run_demo

    run_demo(domain, output)


def _settings(**given: Any) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})
