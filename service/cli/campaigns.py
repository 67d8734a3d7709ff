"""`assayflow campaigns`: create, list, change and archive campaigns over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import Campaign, Shell, over_http, read_json
from service.terminal.lists import details, list_table, moment

commands = typer.Typer(help="Create, list, change and archive campaigns.", no_args_is_help=True)

SpecFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The specification, as JSON.", metavar="FILE")
]


@over_http(commands, "create")
def create_campaign(shell: Shell, spec: SpecFile) -> None:
    """Create a campaign from its specification, and print its id."""
    made = shell.client.campaigns.create(read_json(spec, "a campaign"))
    shell.show(made, made["id"])


@over_http(commands, "list")
def list_campaigns(shell: Shell) -> None:
    """List the campaigns of the workspace."""
    items = shell.client.campaigns.list().all()
    cells = ("id", "name", "domain_kind", "state", "rounds", "results", moment("created_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "show")
def show_campaign(shell: Shell, campaign: Campaign) -> None:
    """Show a campaign and what it wants; --json has the whole specification."""
    found = shell.client.campaigns.get(campaign)
    wanted = list_table(found["spec"]["objectives"], "name", "direction", "type", "computed", "units")
    shell.show(found, details(found), "objectives", wanted)


@over_http(commands, "update")
def update_campaign(
    shell: Shell,
    campaign: Campaign,
    changes: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="The members that are otherwise, as JSON.", metavar="FILE"
        ),
    ],
) -> None:
    """Change members of the specification (JSON Merge Patch)."""
    changed = shell.client.campaigns.update(campaign, read_json(changes, "changes"))
    shell.show(changed, f"campaign {changed['name']} is changed")


@over_http(commands, "archive")
def archive_campaign(shell: Shell, campaign: Campaign) -> None:
    """Close a campaign for good; it stays readable."""
    closed = shell.client.campaigns.archive(campaign)
    shell.show(closed, f"campaign {closed['name']} is archived")
