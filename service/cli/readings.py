"""`assayflow readings`: keep how a laboratory's files are read, over HTTP."""

from typing import Annotated

import typer

from service.cli.connection import Campaign, Shell, over_http
from service.cli.reading_options import FileChoices
from service.terminal.lists import details, list_table, moment

commands = typer.Typer(help="Keep how a laboratory's files are read.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The reading's name; uploads use `default`.", metavar="NAME")]


@over_http(commands, "list")
def list_readings(shell: Shell, campaign: Campaign) -> None:
    """List the readings that a campaign keeps."""
    items = shell.client.readings.list(campaign).all()
    shell.show(items, list_table(items, "name", moment("created_at"), moment("updated_at")))


@over_http(commands, "show")
def show_reading(shell: Shell, campaign: Campaign, name: Name) -> None:
    """Show a kept reading."""
    found = shell.client.readings.get(campaign, name)
    options = {key: value for key, value in found["options"].items() if value not in (None, {})}
    shell.show(found, details(options, *options))


@over_http(commands, "save")
def save_reading(shell: Shell, campaign: Campaign, name: Name, choices: FileChoices) -> None:
    """Keep a reading under a name, in place of what it was."""
    kept = shell.client.readings.save(campaign, name, **choices.options())
    shell.show(kept, f"reading {name} is kept")


@over_http(commands, "delete")
def delete_reading(shell: Shell, campaign: Campaign, name: Name) -> None:
    """Forget a kept reading."""
    shell.client.readings.delete(campaign, name)
    shell.show({"deleted": name}, f"reading {name} is forgotten")
