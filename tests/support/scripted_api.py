"""A scripted service for tests of the client, played by both clients."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
import httpx

from assayflow import AsyncClient, Client, Patience

Answer = Callable[[httpx.Request], httpx.Response]
Kind = Literal["sync", "async"]
AT_ONCE = Patience(retries=4, first_seconds=0.0)
CLIENT = {"url": "http://service", "key": "af_key"}


def client_of(answer: Answer, patience: Patience = AT_ONCE) -> Client:
    """Return a synchronous client of the scripted service."""
    return Client(**CLIENT, patience=patience, transport=httpx.MockTransport(_fresh(answer)))


def async_client_of(answer: Answer, patience: Patience = AT_ONCE) -> AsyncClient:
    """Return an asynchronous client of the scripted service."""
    return AsyncClient(**CLIENT, patience=patience, transport=httpx.MockTransport(_fresh(answer)))


def _fresh(answer: Answer) -> Answer:
    """Return the same answers as new objects: a response is read by one client only."""

    def answered(request: httpx.Request) -> httpx.Response:
        given = answer(request)
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)

    return answered


def play(kind: Kind, answer: Answer, use: Callable[[Any], Any], patience: Patience = AT_ONCE) -> Any:
    """Make a call with one of the clients and return its result, or the list of what it yields."""
    if kind == "sync":
        with client_of(answer, patience) as client:
            result = use(client)
            return list(result) if hasattr(result, "__next__") else result

    async def main() -> Any:
        async with async_client_of(answer, patience) as client:
            result = use(client)
            if isinstance(result, Awaitable):
                return await result
            return [item async for item in result]

    return anyio.run(main)


def event(number: int, state: str) -> str:
    """Return the text of one server-sent event."""
    data = json.dumps({"state": state, "progress": number / 4, "message": f"step {number}", "at": "now"})
    return f"id: {number}\r\nevent: progress\r\ndata: {data}\r\n\r\n"
