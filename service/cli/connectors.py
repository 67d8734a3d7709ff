"""`assayflow connectors`: accounts in other systems, what they send and what they receive, over HTTP."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from service.cli.connection import Reason, Shell, over_http, read_json
from service.terminal.lists import details, list_table, moment, report_table, short
from service.terminal.tables import progress

commands = typer.Typer(help="Connect other systems, and look at what they send.", no_args_is_help=True)

ConnectorId = Annotated[str, typer.Argument(help="The connector's id.", metavar="CONNECTOR")]
MessageId = Annotated[str, typer.Argument(help="The message's id, as `outbox` prints it.", metavar="MESSAGE")]
ReceiptId = Annotated[str, typer.Argument(help="The receipt's id.", metavar="RECEIPT")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="JSON.")]
Credentials = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A JSON file of credentials; they are sealed at once."),
]
Timeout = Annotated[float | None, typer.Option(min=0, help="Seconds to wait at most. Exit code 4.")]
_ATTENTION = 1


@over_http(commands, "kinds")
def list_kinds(shell: Shell) -> None:
    """List the kinds of systems; --json has the settings and credentials that each takes."""
    items = shell.client.connectors.kinds().all()
    credentials = ("credentials", lambda item: ", ".join(item["credentials_schema"].get("properties", {})))
    settings = ("settings", lambda item: ", ".join(item["settings_schema"].get("properties", {})))
    shell.show(items, list_table(items, "kind", "title", settings, credentials))


@over_http(commands, "create")
def create_connector(shell: Shell, request: File, credentials: Credentials = None) -> None:
    """Make a connector from a JSON file (name, kind, base_url, settings), and print its id."""
    body = read_json(request, "a connector") | _credentials(credentials)
    made = shell.client.connectors.create(body)
    shell.show(made, made["id"])


@over_http(commands, "list")
def list_connectors(shell: Shell) -> None:
    """List the connectors of the workspace."""
    items = shell.client.connectors.list().all()
    cells = ("id", "name", "kind", "base_url", "status", "waiting", "needs_attention")
    shell.show(items, list_table(items, *cells))


@over_http(commands, "show")
def show_connector(shell: Shell, connector: ConnectorId) -> None:
    """Show a connector, what the last check found, and what is wrong with it."""
    found = shell.client.connectors.get(connector)
    parts = [details(part) for part in (found["standing"], found["problem"]) if part]
    shell.show(found, details(found), *parts)


@over_http(commands, "update")
def update_connector(
    shell: Shell, connector: ConnectorId, changes: File, credentials: Credentials = None
) -> None:
    """Change a connector (JSON Merge Patch); a broken one goes on with what is new."""
    body = read_json(changes, "changes") | _credentials(credentials)
    changed = shell.client.connectors.update(connector, body)
    shell.show(changed, f"connector {changed['name']} is changed and {changed['status']}")


@over_http(commands, "delete")
def delete_connector(
    shell: Shell,
    connector: ConnectorId,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without a question.")] = False,
) -> None:
    """Delete a connector with its links, waiting messages, receipts and credentials."""
    if not yes:
        typer.confirm("Delete the connector with its links, waiting messages and receipts?", abort=True)
    shell.client.connectors.delete(connector)
    shell.show({"deleted": connector}, f"connector {connector} is deleted")


@over_http(commands, "check")
def check_connector(shell: Shell, connector: ConnectorId, timeout: Timeout = None) -> None:
    """Sign in to the other system and read its fields; exit code 1 if that does not work."""
    with progress(shell.progress_console, "check") as show:
        found = shell.client.connectors.check(connector, progress=show, timeout=timeout)
    standing = found["standing"]
    shell.show(found, *([details(standing)] if standing else []), f"{found['n_fields'] or 0} fields")
    if standing is None or standing["outcome"] != "working":
        raise typer.Exit(_ATTENTION)


@over_http(commands, "fields")
def list_fields(shell: Shell, connector: ConnectorId) -> None:
    """List the fields that a mapping may name, as the last check found them."""
    found = shell.client.connectors.fields(connector)
    shell.show(found, list_table(found["fields"], "schema", "name", "label", "type", "is_required"))


@over_http(commands, "pause")
def pause_connector(shell: Shell, connector: ConnectorId) -> None:
    """Let a connector send and read nothing more; what is to be sent waits."""
    found = shell.client.connectors.pause(connector)
    shell.show(found, f"connector {found['name']} is {found['status']}")


@over_http(commands, "resume")
def resume_connector(shell: Shell, connector: ConnectorId) -> None:
    """Let a paused or broken connector go on."""
    found = shell.client.connectors.resume(connector)
    shell.show(found, f"connector {found['name']} is {found['status']}")


@over_http(commands, "run")
def run_connector(shell: Shell, connector: ConnectorId) -> None:
    """Send what waits and look for changes now."""
    found = shell.client.connectors.run(connector)
    shell.show(found, f"connector {found['name']} is {found['state']}: {found['waiting']} messages wait")


@over_http(commands, "outbox")
def list_outbox(
    shell: Shell,
    connector: ConnectorId,
    state: Annotated[
        Literal["waiting", "done", "refused", "dead", "skipped"] | None,
        typer.Option(help="Only these."),
    ] = None,
) -> None:
    """List what the connector has to send, newest first."""
    items = shell.client.connectors.outbox(connector, state).all()
    why = ("problem", lambda item: (item["problem"] or {}).get("detail"))
    shell.show(items, list_table(items, "id", "verb", "event", "state", "tries", moment("created_at"), why))


@over_http(commands, "retry")
def retry_message(shell: Shell, connector: ConnectorId, message: MessageId) -> None:
    """Send a message again now."""
    found = shell.client.connectors.retry(connector, message)
    shell.show(found, f"message {message} is {found['state']}")


@over_http(commands, "skip")
def skip_message(shell: Shell, connector: ConnectorId, message: MessageId, reason: Reason) -> None:
    """Give a message up; those that waited for it go on."""
    found = shell.client.connectors.skip(connector, message, reason)
    shell.show(found, f"message {message} is {found['state']}")


@over_http(commands, "exchanges")
def list_exchanges(
    shell: Shell,
    connector: ConnectorId,
    message: Annotated[str | None, typer.Option(help="Only those of this message.")] = None,
) -> None:
    """List the requests to the other system in the last 30 days, newest first."""
    items = shell.client.connectors.exchanges(connector, message).all()
    shell.show(items, list_table(items, moment("at"), "method", "path", "status", "seconds", "problem"))


@over_http(commands, "receipts")
def list_receipts(
    shell: Shell,
    connector: ConnectorId,
    state: Annotated[
        Literal["stored", "applied", "needs_attention", "ignored"] | None,
        typer.Option(help="Only these."),
    ] = None,
) -> None:
    """List what came in, newest first."""
    items = shell.client.connectors.receipts(connector, state).all()
    cells = ("id", "state", short("filename"), "campaign_id", moment("received_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "receipt")
def show_receipt(
    shell: Shell,
    connector: ConnectorId,
    receipt: ReceiptId,
    out: Annotated[Path | None, typer.Option(help="Also write it here, byte for byte as it came in.")] = None,
) -> None:
    """Show a receipt and what became of its rows."""
    found = shell.client.connectors.receipt(connector, receipt)
    if out is not None:
        out.write_bytes(shell.client.connectors.receipt_content(connector, receipt))
        shell.say(f"written to {out}")
    shell.show(found, details(found), *_rows(found["report"]))


@over_http(commands, "replay")
def replay_receipt(shell: Shell, connector: ConnectorId, receipt: ReceiptId) -> None:
    """Read a receipt again with the link's present mapping."""
    found = shell.client.connectors.replay(connector, receipt)
    shell.show(found, f"receipt {receipt} is {found['state']}", *_rows(found["report"]))


def _rows(report: Any) -> list[Any]:
    if not report:
        return []
    rows = (report["upload"] or {}).get("rows", [])
    refused = [row for row in rows if row["status"] == "rejected"]
    problem = [report["problem"]] if report["problem"] else []
    return [*problem, *report["notes"], *([report_table(refused)] if refused else [])]


def _credentials(path: Path | None) -> dict[str, Any]:
    return {} if path is None else {"credentials": read_json(path, "credentials")}
