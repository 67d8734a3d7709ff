"""Define the `assayflow` command: combine the subcommands and report user errors in one line."""

import signal
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.text import Text

from assayflow import __version__
from service.cli import inference, keys, local, planning, plates, results, secret_keys
from service.client.client import ClientError
from service.client.terminal import console

commands = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (local, planning, inference, results):
    commands.add_typer(group.commands)
commands.add_typer(keys.commands, name="keys")
commands.add_typer(plates.commands, name="plates")
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
        raise SystemExit(130) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise _stopped(f"{error.title}: {wrong}") from error
    except (AssayflowError, ClientError, EmbeddedError, LocalStackError, LookupError, OSError) as error:
        raise _stopped(str(error)) from error
    except DBAPIError as error:
        reason = str(error.orig).strip().split("\n", maxsplit=1)[0]
        raise _stopped(f"the database does not answer as it should: {reason}") from error


def _stopped(reason: str) -> SystemExit:
    console(is_error=True).print(Text(f"assayflow: {reason}", style="red"), soft_wrap=True)
    return SystemExit(1)


if __name__ == "__main__":
    app()
