"""`assayflow webhooks`: endpoints that receive signed messages about events, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

import typer

from service.cli.connection import Reason, Shell, over_http, secret_line
from service.terminal.lists import details, list_table, moment

commands = typer.Typer(help="Register endpoints that receive events, and replay them.", no_args_is_help=True)

WebhookId = Annotated[str, typer.Argument(help="The webhook's id.", metavar="WEBHOOK")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="An event that it receives, such as batch.released; all when absent."),
]
Description = Annotated[str | None, typer.Option(help="Whose it is, or what for.")]


@over_http(commands, "create")
def create_webhook(
    shell: Shell,
    address: Annotated[str, typer.Argument(help="Where messages are posted.", metavar="ADDRESS")],
    types: Types = None,
    description: Description = None,
) -> None:
    """Register an endpoint, and show the secret that signs its messages once."""
    made = shell.client.webhooks.create(address, types or (), description)
    secret = secret_line(made["secret"], f"run `assayflow webhooks rotate {made['id']} --revoke`")
    shell.show(made, f"webhook {made['id']}", f"secret, shown this once: {secret}")


@over_http(commands, "list")
def list_webhooks(shell: Shell) -> None:
    """List the webhooks of the workspace."""
    items = shell.client.webhooks.list().all()
    shell.show(items, list_table(items, "id", "url", "types", "status", "waiting"))


@over_http(commands, "show")
def show_webhook(shell: Shell, webhook: WebhookId) -> None:
    """Show a webhook and what is wrong with its deliveries."""
    found = shell.client.webhooks.get(webhook)
    shell.show(found, details(found), *([details(found["problem"])] if found["problem"] else []))


@over_http(commands, "update")
def update_webhook(
    shell: Shell,
    webhook: WebhookId,
    address: Annotated[str | None, typer.Option(help="Where messages are posted from now on.")] = None,
    types: Types = None,
    description: Description = None,
) -> None:
    """Change address, types or description."""
    given = {"url": address, "types": types, "description": description}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("give --address, --type or --description")
    changed = shell.client.webhooks.update(webhook, changes)
    shell.show(changed, f"webhook {webhook} is changed")


@over_http(commands, "delete")
def delete_webhook(shell: Shell, webhook: WebhookId) -> None:
    """Delete a webhook with its secret and its deliveries; events stay in the archive."""
    shell.client.webhooks.delete(webhook)
    shell.show({"deleted": webhook}, f"webhook {webhook} is deleted")


@over_http(commands, "pause")
def pause_webhook(shell: Shell, webhook: WebhookId) -> None:
    """Send nothing for now; messages wait."""
    found = shell.client.webhooks.pause(webhook)
    shell.show(found, f"webhook {webhook} is {found['status']}")


@over_http(commands, "resume")
def resume_webhook(shell: Shell, webhook: WebhookId) -> None:
    """Send what waits; this also takes a disabled webhook into use again."""
    found = shell.client.webhooks.resume(webhook)
    shell.show(found, f"webhook {webhook} is {found['status']}")


@over_http(commands, "rotate")
def rotate_secret(
    shell: Shell,
    webhook: WebhookId,
    revoke: Annotated[bool, typer.Option("--revoke", help="The old secret signs no more at once.")] = False,
) -> None:
    """Make a new secret; the old one signs too for 24 hours."""
    made = shell.client.webhooks.rotate(webhook, revoke=revoke)
    secret = secret_line(made["secret"], "rotate it once more")
    shell.show(made, f"secret, shown this once: {secret}")


@over_http(commands, "test")
def test_webhook(shell: Shell, webhook: WebhookId) -> None:
    """Send a test message now; `deliveries` says how it went."""
    sent = shell.client.webhooks.test(webhook)
    shell.show(sent, f"delivery {sent['id']} is {sent['state']}")


@over_http(commands, "replay")
def replay_events(
    shell: Shell,
    webhook: WebhookId,
    since: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help="A day, or a time with a zone."),
    ],
    which: Annotated[
        Literal["all", "undelivered"], typer.Option(help="All, or those that it did not take.")
    ] = "all",
) -> None:
    """Send again what happened since a time."""
    moment_ = since if since.tzinfo else since.astimezone()
    found = shell.client.webhooks.replay(webhook, moment_, which)
    shell.show(found, f"{found['replayed']} messages are sent again")


@over_http(commands, "deliveries")
def list_deliveries(
    shell: Shell,
    webhook: WebhookId,
    state: Annotated[
        Literal["waiting", "done", "refused", "dead", "skipped"] | None,
        typer.Option(help="Only these."),
    ] = None,
) -> None:
    """List what was or is to be sent, newest first."""
    items = shell.client.webhooks.deliveries(webhook, state).all()
    why = ("problem", lambda item: (item["problem"] or {}).get("detail"))
    shell.show(items, list_table(items, "id", "type", "state", "tries", moment("created_at"), why))


@over_http(commands, "redeliver")
def redeliver(
    shell: Shell,
    webhook: WebhookId,
    delivery: Annotated[str, typer.Argument(help="The delivery's id.", metavar="DELIVERY")],
) -> None:
    """Send one message again."""
    sent = shell.client.webhooks.redeliver(webhook, delivery)
    shell.show(sent, f"delivery {sent['id']} is {sent['state']}")


@over_http(commands, "skip")
def skip_delivery(
    shell: Shell,
    webhook: WebhookId,
    delivery: Annotated[str, typer.Argument(help="The delivery's id.", metavar="DELIVERY")],
    reason: Reason,
) -> None:
    """Give one message up, so that those behind it go on."""
    sent = shell.client.webhooks.skip(webhook, delivery, reason)
    shell.show(sent, f"delivery {sent['id']} is {sent['state']}")
