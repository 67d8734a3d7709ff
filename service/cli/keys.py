"""Commands for API keys of the default workspace, run on the machine of the database."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from service.client.terminal import console, say
from service.settings import Settings

commands = typer.Typer(
    help="Create, list and revoke API keys of the default workspace.", no_args_is_help=True
)


@commands.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, admin or results; may be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never when absent.")] = None,
    campaign: Annotated[
        UUID | None, typer.Option(help="The only campaign that it may use; results needs one.")
    ] = None,
) -> None:
    """Create a key and show it once."""
    from service.local.keys import make_key

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    say(console(), make_key(Settings(), name, scope or ["read", "write"], expires, campaign))


@commands.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    from service.local.keys import all_keys

    table = Table("id", "name", "scopes", "campaign", "created", "expires", "revoked", box=None)
    for row in all_keys(Settings()):
        moments = (
            f"{moment:%Y-%m-%d %H:%M}" if moment else ""
            for moment in (row.created_at, row.expires_at, row.revoked_at)
        )
        table.add_row(row.id, row.name, " ".join(row.scopes), str(row.campaign_id or ""), *moments)
    console().print(table)


@commands.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The id, as `keys list` shows it.")]) -> None:
    """Revoke a key permanently."""
    from service.local.keys import revoke_key as revoke

    revoke(Settings(), key_id)
    say(console(), f"{key_id} is revoked.")
