"""Receive a request's body: complete, within a size limit, and within a time limit. Depends on no route."""

import time
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from service.errors import RequestTimeoutError, TooLargeError


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Limits of a body: its size, its idle time, and its total time."""

    max_bytes: int
    idle_seconds: float
    seconds: float


def announced(scope: Scope, limits: BodyLimits) -> int:
    """Return the largest size that a request's body may have according to its headers, 0 without a body.

    Raises:
        TooLargeError: if the announced size exceeds the limit.
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
    """Return the complete body, or None if the client disconnected early: a partial table is not used.

    Raises:
        TooLargeError: as soon as it exceeds the limit.
        RequestTimeoutError: if the body is idle for too long or incomplete at its time limit.
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
    """Return a channel that delivers this body in one message, and later messages unchanged."""
    is_sent = False

    async def replayed() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _too_large(limits: BodyLimits) -> TooLargeError:
    return TooLargeError(f"at most {limits.max_bytes} bytes are read; send a table in parts")
