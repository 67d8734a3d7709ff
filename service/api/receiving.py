"""Receiving a request's body: whole, within a size, and within a time. It knows no route."""

import time
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from service.errors import RequestTimeoutError, TooLargeError


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be, how long nothing of it may come, and how long all of it may take."""

    max_bytes: int
    idle_seconds: float
    seconds: float


def announced(scope: Scope, limits: BodyLimits) -> int:
    """Return the most bytes that the body of a request may have by its headers, 0 without a body.

    Raises:
        TooLargeError: if it is announced to be over the limit.
    """
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return limits.max_bytes
    declared = headers.get("content-length", "")
    length = int(declared) if declared.isdecimal() else 0
    if length > limits.max_bytes:
        raise _too_large(limits)
    return length


async def read_body(receive: Receive, limits: BodyLimits) -> bytes | None:
    """Return the whole body, or None when the client went away before its end: half a table is no table.

    Raises:
        TooLargeError: as soon as it is over the limit.
        RequestTimeoutError: if nothing of it comes for too long, or its end.
    """
    content = bytearray()
    deadline = time.monotonic() + limits.seconds
    more = True
    while more:
        seconds = min(limits.idle_seconds, deadline - time.monotonic())
        try:
            with anyio.fail_after(seconds):
                message = await receive()
        except TimeoutError as error:
            raise RequestTimeoutError("the body did not come in time; send it again") from error
        if message["type"] == "http.disconnect":
            return None
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > limits.max_bytes:
            raise _too_large(limits)
    return bytes(content)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a channel that brings this body in one piece, and then what still comes."""
    is_sent = False

    async def replayed() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _too_large(limits: BodyLimits) -> TooLargeError:
    return TooLargeError(f"at most {limits.max_bytes} bytes are read; send the table in parts")
