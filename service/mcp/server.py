"""Build the server: the tools that the key and the person who starts it allow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from assayflow import AsyncClient, __version__
from service.mcp.access import Access
from service.mcp.changing import ChangingTools, FinalTools
from service.mcp.reading import InferenceTools, ReadingTools

_HOSTS = ("127.0.0.1", "localhost")
_INSTRUCTIONS = (
    "Assayflow runs design campaigns: a campaign learns from measured results and proposes a batch of "
    "candidates in each round. Usual order: get_campaign, check_results, upload_results, start_round, "
    "follow_round, get_batch, decide_candidate. Call check_results before upload_results, and mend the rows "
    "that it names; never invent a value. "
)
_HUMAN = "Releasing a batch, withdrawing results and archiving a campaign are left to a person here."
_ALLOWED = "A release cannot be undone: do it only when the user has named the batch and wants it made."


def build_server(client: AsyncClient, access: Access) -> MCPServer[Any]:
    """Return a server of the tools that are allowed.

    Args:
        client: calls the API with the caller's key; it is closed when the server ends.
        access: what the key and the person allow.
    """

    @asynccontextmanager
    async def lifespan(_server: MCPServer[Any]) -> AsyncIterator[None]:
        async with client:
            yield

    rule = _ALLOWED if access.may_release else _HUMAN
    server: MCPServer[Any] = MCPServer(
        "assayflow", version=__version__, instructions=_INSTRUCTIONS + rule, lifespan=lifespan
    )
    allowed = (
        (ReadingTools, access.may_read),
        (InferenceTools, access.may_write),
        (ChangingTools, access.may_write),
        (FinalTools, access.may_release),
    )
    for family, is_allowed in allowed:
        if is_allowed:
            family(client).add_to(server)
    return server


def serve_http(server: MCPServer[Any], port: int) -> None:
    """Serve streamable HTTP on this machine only: whoever reaches the port uses the key."""
    hosts = [f"{host}:{port}" for host in _HOSTS]
    security = TransportSecuritySettings(
        allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts]
    )
    server.run("streamable-http", host=_HOSTS[0], port=port, transport_security=security)
