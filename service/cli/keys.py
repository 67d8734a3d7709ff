"""`assayflow keys`: over HTTP with a key of the scope `admin`, or else in the database of this machine."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast
from uuid import UUID

import typer

from assayflow import AssayflowError
from assayflow.client.client import HERE, KEY_VARIABLES, URL_VARIABLE
from assayflow.client.resources.keys import Scope
from service.cli.connection import (
    Json,
    Key,
    Shell,
    Url,
    connected,
    over_http,
    print_json,
    secret_line,
)
from service.settings import Settings
from service.terminal.lists import details, list_table, moment
from service.terminal.tables import console, say

commands = typer.Typer(
    help="Create, list and revoke API keys: with --key over HTTP, or else in the database of this folder.",
    no_args_is_help=True,
)
Local = Annotated[
    bool, typer.Option("--local", help="The database of this machine, whether a key is set or not.")
]
_DEFAULT = ["read", "write"]
_SHOWN = ("id", "name", "scopes", "campaign_id", "created_at", "expires_at")


@commands.command("create")
def create_key(  # noqa: PLR0913, PLR0917 - each argument is one option of the command
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, admin or results; may be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never when absent.")] = None,
    campaign: Annotated[
        UUID | None, typer.Option(help="The only campaign that it may use; results needs one.")
    ] = None,
    is_local: Local = False,
    url: Url = HERE,
    key: Key = "",
    is_json: Json = False,
) -> None:
    """Create a key and show it once."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    if key.strip() and not is_local:
        with connected(url, key) as client:
            made = client.keys.create(
                name, cast("list[Scope]", scope or _DEFAULT), expires, str(campaign) if campaign else None
            )
        secret = secret_line(made["secret"], f"revoke the key {made['id']} and create another one")
        print_json(made) if is_json else say(console(), secret)
        return
    from service.local.keys import make_key

    with _explained(url):
        text = make_key(Settings(), name, scope or _DEFAULT, expires, campaign)
    print_json({"name": name, "secret": text}) if is_json else say(console(), text)


@commands.command("list")
def list_keys(is_local: Local = False, url: Url = HERE, key: Key = "", is_json: Json = False) -> None:
    """List the keys, without their secrets."""
    items = _of_service(url, key) if key.strip() and not is_local else _of_this_machine(url)
    times = (moment(f"{name}_at") for name in ("created", "expires", "revoked"))
    cells = ("id", "name", "scopes", "campaign_id", *times)
    print_json(items) if is_json else console().print(list_table(items, *cells))


@over_http(commands, "current")
def show_current(shell: Shell) -> None:
    """Show the address and the key that commands use, and what the key may do."""
    found = shell.client.keys.current()
    shell.show(found, details({"url": shell.client.transport.url, **found}, "url", *_SHOWN))


@commands.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The id, as `keys list` shows it.")],
    is_local: Local = False,
    url: Url = HERE,
    key: Key = "",
    is_json: Json = False,
) -> None:
    """Revoke a key permanently."""
    if key.strip() and not is_local:
        with connected(url, key) as client:
            client.keys.revoke(key_id)
    else:
        from service.local.keys import revoke_key as revoke

        with _explained(url):
            revoke(Settings(), key_id)
    print_json({"revoked": key_id}) if is_json else say(console(), f"{key_id} is revoked.")


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Say where keys were sought, and how else to reach them.

    Raises:
        AssayflowError: if this machine has no database.
    """
    from service.local.servers import EmbeddedError

    try:
        yield
    except EmbeddedError as error:
        raise AssayflowError(
            f"no API key is set, so the keys were sought in a database of this machine, but {error}. "
            f"To manage the keys of the service at {url} ({URL_VARIABLE}, --url) in place of that, set "
            f"{KEY_VARIABLES[0]} (or --key) to a key of the scope admin; `assayflow serve` prints one at its "
            "first start"
        ) from error


def _of_service(url: str, key: str) -> list[Mapping[str, Any]]:
    with connected(url, key) as client:
        return [*cast("Iterable[Mapping[str, Any]]", client.keys.list())]


def _of_this_machine(url: str) -> list[Mapping[str, Any]]:
    from service.local.keys import all_keys

    moments = ("created_at", "expires_at", "revoked_at")
    with _explained(url):
        rows = all_keys(Settings())
    return [
        {
            "id": row.id,
            "name": row.name,
            "scopes": row.scopes,
            "campaign_id": str(row.campaign_id or "") or None,
        }
        | {name: at.isoformat() if (at := getattr(row, name)) else None for name in moments}
        for row in rows
    ]
