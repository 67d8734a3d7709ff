"""`assayflow mcp`: the campaigns as tools of the Model Context Protocol."""

from typing import Annotated

import typer

from assayflow import AssayflowError, AsyncClient
from assayflow.client.client import HERE
from service.cli.connection import Key, Url, connected

commands = typer.Typer()


@commands.command("mcp")
def serve_tools(
    allow_release: Annotated[
        bool,
        typer.Option(
            "--allow-release", help="Offer tools that cannot be undone: release, withdraw and archive."
        ),
    ] = False,
    http_port: Annotated[
        int | None,
        typer.Option(
            "--http", min=1, max=65535, help="Serve HTTP on this port of this machine; default stdio."
        ),
    ] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Serve campaigns as tools for agents (Model Context Protocol), with the scopes of the key."""
    with connected(url, key) as client:
        scopes = frozenset(client.keys.current()["scopes"])
    try:
        from service.mcp.access import Access
        from service.mcp.server import build_server, serve_http
    except ModuleNotFoundError as error:
        raise AssayflowError(f"{error}: install the extra, pip install 'assayflow[mcp]'") from error
    access = Access(scopes, allow_release)
    if not access.may_read:
        raise AssayflowError(f"the key has no scope that tools need, only {', '.join(sorted(scopes))}")
    server = build_server(AsyncClient(url, key), access)
    if http_port is None:
        server.run("stdio")
    else:
        serve_http(server, http_port)
