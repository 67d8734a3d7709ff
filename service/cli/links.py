"""`assayflow links`: campaigns that use a connector, and how records translate, over HTTP."""

from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.connection import Shell, over_http, read_json
from service.cli.connectors import ConnectorId, File, Timeout
from service.terminal.lists import details, list_table, moment, report_table
from service.terminal.tables import progress

commands = typer.Typer(help="Link campaigns to a connector, and try mappings.", no_args_is_help=True)

LinkId = Annotated[str, typer.Argument(help="The link's id.", metavar="LINK")]


@over_http(commands, "create")
def create_link(shell: Shell, connector: ConnectorId, request: File) -> None:
    """Link a campaign by a JSON file (campaign_id, mapping, push, pull), and print the link's id."""
    made = shell.client.links.create(connector, read_json(request, "a link"))
    shell.show(made, made["id"])


@over_http(commands, "list")
def list_links(shell: Shell, connector: ConnectorId) -> None:
    """List the links of a connector."""
    items = shell.client.links.list(connector).all()
    cells = ("id", "campaign_id", "push", "pull", "every_seconds", moment("last_pull_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "show")
def show_link(shell: Shell, connector: ConnectorId, link: LinkId) -> None:
    """Show a link; --json has its mapping."""
    found = shell.client.links.get(connector, link)
    shell.show(found, details(found))


@over_http(commands, "update")
def update_link(shell: Shell, connector: ConnectorId, link: LinkId, changes: File) -> None:
    """Change a link (JSON Merge Patch); preview a mapping first."""
    changed = shell.client.links.update(connector, link, read_json(changes, "changes"))
    shell.show(changed, f"link {link} has mapping version {changed['mapping_version']}")


@over_http(commands, "delete")
def delete_link(shell: Shell, connector: ConnectorId, link: LinkId) -> None:
    """Delete a link with its receipts and waiting messages; results stay."""
    shell.client.links.delete(connector, link)
    shell.show({"deleted": link}, f"link {link} is deleted")


@over_http(commands, "preview")
def preview_link(
    shell: Shell,
    connector: ConnectorId,
    link: LinkId,
    mapping: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A mapping to try, as JSON; default the link's."),
    ] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", min=1, help="Whose batch; the newest that has one when absent.")
    ] = None,
    timeout: Timeout = None,
) -> None:
    """Show what would be sent, and what a mapping makes of the last measurements there."""
    tried = read_json(mapping, "a mapping") if mapping else None
    with progress(shell.progress_console, "preview") as show:
        found = shell.client.links.preview(
            connector, link, tried, round_number, progress=show, timeout=timeout
        )
    sent = [*(found["materials"] or []), *(found["order"] or [])]
    shell.show(
        found,
        list_table(sent, "method", "path", "body"),
        *(found["notes"] or []),
        list_table(found["measurements"] or [], "id", "source", "standing", "fields"),
        *_rows(found["report"]),
    )


@over_http(commands, "push")
def push_round(
    shell: Shell,
    connector: ConnectorId,
    link: LinkId,
    number: Annotated[int, typer.Argument(min=1, help="The released round.", metavar="ROUND")],
) -> None:
    """Send a released round to the other system."""
    pushed = shell.client.links.push(connector, link, number)
    shell.show(pushed, f"round {pushed['round']}: {pushed['new_messages']} new messages")


@over_http(commands, "pull")
def pull_link(shell: Shell, connector: ConnectorId, link: LinkId) -> None:
    """Look for changes of this campaign's results now."""
    found = shell.client.links.pull(connector, link)
    shell.show(found, f"link {link} looks for changes")


@over_http(commands, "records")
def list_records(shell: Shell, connector: ConnectorId, link: LinkId) -> None:
    """List what the campaign's candidates and batches are in the other system."""
    items = shell.client.links.records(connector, link).all()
    shell.show(items, list_table(items, "entity", "entity_id", "type", "external_id", "state", "url"))


def _rows(report: Any) -> list[Any]:
    rows = ((report or {}).get("upload") or {}).get("rows", [])
    return [report_table(rows)] if rows else []
