"""Define the `assayflow` command: combine the subcommands and report user errors in one line."""

import signal
from typing import Annotated

import typer
from pydantic import ValidationError

from assayflow import AssayflowError as ClientError
from assayflow import __version__
from service.cli import (
    agents,
    batch,
    campaigns,
    candidates,
    collections,
    connectors,
    events,
    inference,
    keys,
    links,
    local,
    planning,
    plates,
    readings,
    results,
    rounds,
    secret_keys,
    webhooks,
)
from service.cli.failures import EXIT_INTERRUPTED, exit_code, explain

commands = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for top in (local.commands, planning.commands, inference.commands, results.amendments, agents.commands):
    commands.add_typer(top)
campaign_groups = (campaigns, results, readings, rounds, batch, candidates, plates)
for group in (*campaign_groups, collections, connectors, links, webhooks, events, keys):
    commands.add_typer(group.commands, name=group.__name__.rpartition(".")[2])
commands.add_typer(secret_keys.commands, name="secrets")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"assayflow {__version__}")
        raise typer.Exit


@commands.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Active learning for scientific discovery: campaigns over HTTP, with a lab in the loop."""


def app() -> None:
    """Run the command; a user error is one line, not a traceback."""
    from sqlalchemy.exc import DBAPIError

    from service.errors import AssayflowError
    from service.local.servers import EmbeddedError
    from service.local.stack import LocalStackError

    # A shell starts background jobs with SIGINT ignored; a service with embedded servers must end on it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        commands()
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise _stopped(error, f"{error.title}: {wrong}") from error
    except (AssayflowError, ClientError, EmbeddedError, LocalStackError, LookupError, OSError) as error:
        raise _stopped(error, str(error)) from error
    except DBAPIError as error:
        reason = str(error.orig).strip().split("\n", maxsplit=1)[0]
        raise _stopped(error, f"the database does not answer as it should: {reason}") from error


def _stopped(error: Exception, reason: str) -> SystemExit:
    explain(error, reason)
    return SystemExit(exit_code(error))


if __name__ == "__main__":
    app()
