"""Carry out the steps of an operation over HTTP: in this thread, or as a coroutine.

These two classes are all that differs between the two clients.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar, final

import anyio
import httpx

from assayflow.client.calls import Call, Emit, Exchange, Heard, Listen, Pause
from assayflow.client.errors import AssayflowError
from assayflow.client.events import Event, EventLines, is_keep_alive
from assayflow.client.patience import Patience, persistently

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from assayflow.client.calls import Operation

T = TypeVar("T")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECONDS = 120.0
_CONNECT_SECONDS = 10.0


class Transport:
    """What both transports have: an address, a key and patience.

    Args:
        url: the address of the service, without `/v1`.
        key: sent with every request and never shown.
        patience: how long a failed request is repeated.

    Raises:
        AssayflowError: if this is no valid address, or the key has invalid characters.
    """

    def __init__(self, url: str, key: str, patience: Patience) -> None:
        if not (key and key.isascii() and key.isprintable() and " " not in key):
            raise AssayflowError("the API key is empty, or has characters that no key has")
        try:
            address = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise AssayflowError(f"{url}: {error}") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise AssayflowError(f"{url}: no address of a service, which looks like http://127.0.0.1:8000")
        self.url = str(address)
        self.patience = patience
        # proxies of the environment are not used for this machine
        self._options: dict[str, Any] = {
            "base_url": f"{address}/v1",
            "headers": {"Authorization": f"Bearer {key}"},
            "timeout": _SECONDS,
            "trust_env": address.host not in _LOOPBACK,
        }


@final
class SyncTransport(Transport):
    """Carries out steps in this thread."""

    def __init__(
        self, url: str, key: str, patience: Patience, transport: httpx.BaseTransport | None = None
    ) -> None:
        super().__init__(url, key, patience)
        self._http = httpx.Client(**self._options, transport=transport)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, operation: Operation[T]) -> T:
        """Carry out an operation and return its result; whoever wants its events iterates."""
        events = self.iterate(operation)
        while True:
            try:
                next(events)
            except StopIteration as end:
                result: T = end.value
                return result

    def iterate(self, operation: Operation[T]) -> Generator[Event, None, T]:
        """Yield the events of an operation, and return its result."""
        steps = iter(operation)
        resume: Callable[[Any], Any] = steps.send
        value: Any = None
        while True:
            try:
                step = resume(value)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                if isinstance(step, Emit):
                    yield step.event
                    answer = None
                elif isinstance(step, Listen):
                    answer = yield from self._listen(step)
                else:
                    answer = self._do(step)
            except BaseException as error:  # noqa: BLE001 - the operation decides what an error means
                resume, value = steps.throw, error
            else:
                resume, value = steps.send, answer

    def _do(self, step: Any) -> Any:
        if isinstance(step, Call):
            return self.run(persistently(step, self.patience))
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        assert isinstance(step, Exchange), step
        return self._http.request(**_sent(step.call))

    def _listen(self, step: Listen) -> Generator[Event, None, Heard]:
        lines, heard = EventLines(step.last), Heard()
        try:
            with self._http.stream(**_stream(step)) as answer:
                heard.is_refused = answer.is_error
                for line in answer.iter_lines() if answer.is_success else ():
                    if (event := lines.read(line)) is not None:
                        step.hear(event)
                        heard.event = event
                        yield event
                    elif is_keep_alive(line):
                        step.check()
        except httpx.TransportError:
            pass  # a silent or broken stream is resumed after its last event
        return heard


@final
class AsyncTransport(Transport):
    """Carries out steps as a coroutine, under asyncio or trio."""

    def __init__(
        self, url: str, key: str, patience: Patience, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(url, key, patience)
        self._http = httpx.AsyncClient(**self._options, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, operation: Operation[T]) -> T:
        """Carry out an operation and return its result; whoever wants its events iterates."""
        ended: list[T] = []
        async for _ in self.iterate(operation, ended):
            pass
        return ended[0]

    async def iterate(self, operation: Operation[T], ended: list[T] | None = None) -> AsyncGenerator[Event]:
        """Yield the events of an operation, and append its result to `ended`."""
        steps = iter(operation)
        resume: Callable[[Any], Any] = steps.send
        value: Any = None
        while True:
            try:
                step = resume(value)
            except StopIteration as end:
                (ended if ended is not None else []).append(end.value)
                return
            try:
                answer = None
                if isinstance(step, Emit):
                    yield step.event
                elif isinstance(step, Listen):
                    answer = Heard()
                    async for event in self._listen(step, answer):
                        yield event
                else:
                    answer = await self._do(step)
            except BaseException as error:  # noqa: BLE001 - the operation decides what an error means
                resume, value = steps.throw, error
            else:
                resume, value = steps.send, answer

    async def _do(self, step: Any) -> Any:
        if isinstance(step, Call):
            return await self.run(persistently(step, self.patience))
        if isinstance(step, Pause):
            return await anyio.sleep(step.seconds)
        assert isinstance(step, Exchange), step
        return await self._http.request(**_sent(step.call))

    async def _listen(self, step: Listen, heard: Heard) -> AsyncGenerator[Event]:
        lines = EventLines(step.last)
        try:
            async with self._http.stream(**_stream(step)) as answer:
                heard.is_refused = answer.is_error
                if answer.is_error:
                    return
                async for line in answer.aiter_lines():
                    if (event := lines.read(line)) is not None:
                        step.hear(event)
                        heard.event = event
                        yield event
                    elif is_keep_alive(line):
                        step.check()
        except httpx.TransportError:
            pass  # a silent or broken stream is resumed after its last event


def _sent(call: Call[Any]) -> dict[str, Any]:
    body = {"content": call.content} if call.json is None else {"json": call.json}
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "headers": dict(call.headers),
        **body,
    }


def _stream(step: Listen) -> dict[str, Any]:
    return {
        "method": "GET",
        "url": step.path,
        "headers": {"Last-Event-ID": step.last} if step.last else {},
        "timeout": httpx.Timeout(_CONNECT_SECONDS, read=step.seconds),
    }
