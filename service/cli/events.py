"""`assayflow events`: what happened in the last 90 days, over HTTP."""

import json
from typing import Annotated

import typer

from service.cli.connection import Shell, over_http
from service.terminal.lists import details, list_table, moment

commands = typer.Typer(help="Look at what happened in the last 90 days.", no_args_is_help=True)


@over_http(commands, "list")
def list_events(
    shell: Shell,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only events of this type; may be repeated.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="The id of the last event that is known already.")] = None,
) -> None:
    """List events in the order in which they were committed."""
    items = shell.client.events.list(types or (), after).all()
    data = ("data", lambda item: json.dumps(item["data"]))
    shell.show(items, list_table(items, "id", "type", moment("created_at"), data))


@over_http(commands, "show")
def show_event(shell: Shell, event: Annotated[str, typer.Argument(help="Its id.", metavar="EVENT")]) -> None:
    """Show an event."""
    found = shell.client.events.get(event)
    shell.show(found, details(found), details(found["data"]))
