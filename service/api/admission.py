"""Admit requests: check the key and its scope, receive the body, then wait for a request slot.

Plain ASGI middleware. A slot stands for a thread and a database connection. It is released when the response
starts, after the request's transaction has ended, so that neither slow senders nor slow readers hold a slot.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from anyio.to_thread import run_sync
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.capacity import CapacityLimiter, CapacityShare
from service.api.dependencies import Caller, key_of
from service.api.problems import problem_response, unavailable
from service.api.receiving import BodyLimits, announced, read_body, replay
from service.errors import AssayflowError, ForbiddenError
from service.settings import Settings

GUARDED = "/v1"
"""Every path below this prefix needs a key, including unknown ones, except `HOOKS`."""
HOOKS = "/v1/hooks/"
"""Other systems have no key: what they send is verified by its bytes, which are few."""
MOST_HOOK_BYTES = 256 * 2**10
FREE = frozenset({"/health/live", "/health/ready"})
"""Paths that need no slot: their coroutines use neither a thread nor a connection of requests."""

N_FOR_OPERATORS = 1
"""Connections for metrics and all other requests without a key; readiness has its own."""
N_BODIES = 4
"""Bodies of the largest size that may be in memory at once, or many more small ones."""


@dataclass(frozen=True, slots=True)
class CapacityLimiters:
    """Limiters of request slots, with and without a key, and of the bytes of bodies in memory.

    Requests with a body may take half of the slots: checking them may take long, and reads should not wait
    for it.
    """

    requests: CapacityLimiter
    senders: CapacityLimiter
    operators: CapacityLimiter
    bodies: CapacityLimiter


def open_limiters(settings: Settings) -> CapacityLimiters:
    """Return an application's limiters: each slot has its own connection, so that none waits for one."""
    requests = settings.database_connections - n_follower_connections(settings) - N_FOR_OPERATORS
    return CapacityLimiters(
        requests=CapacityLimiter(requests, settings.wait_seconds),
        senders=CapacityLimiter(requests // 2, settings.wait_seconds),
        operators=CapacityLimiter(N_FOR_OPERATORS, settings.wait_seconds),
        bodies=CapacityLimiter(N_BODIES * settings.max_upload_bytes, settings.wait_seconds),
    )


def n_follower_connections(settings: Settings) -> int:
    """Return the number of connections that event streams and long polls share."""
    return settings.database_connections // 5


@final
class Admission:
    """Admit requests to the application.

    Args:
        app: the next application.
        identify: returns the caller of a key, or raises `UnauthorizedError`; called in a thread.
        limiters: of requests and bodies.
        limits: of a body's size and duration.
    """

    def __init__(
        self, app: ASGIApp, identify: Callable[[str], Caller], limiters: CapacityLimiters, limits: BodyLimits
    ) -> None:
        self.app = app
        self.identify = identify
        self.limiters = limiters
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in FREE:
            await self.app(scope, receive, send)
            return
        is_free = not (_is_guarded(scope) or _is_hook(scope))
        slot = CapacityShare(self.limiters.operators if is_free else self.limiters.requests)
        sender, memory = CapacityShare(self.limiters.senders), CapacityShare(self.limiters.bodies)
        scope.setdefault("state", {})["slots"] = (sender, slot)
        try:
            whole = await self._admitted(scope, receive, slot, memory)
            if whole is not None:
                await self.app(scope, whole, _releasing(scope, send))
        except AssayflowError as error:
            release_slots(scope)
            await problem_response(error, scope["path"])(scope, receive, send)
        finally:
            release_slots(scope)
            memory.release()

    async def _admitted(
        self, scope: Scope, receive: Receive, slot: CapacityShare, memory: CapacityShare
    ) -> Receive | None:
        """Return a channel with the complete body, or None if the client disconnected early."""
        state = scope["state"]
        limits = _hook_limits(self.limits) if _is_hook(scope) else self.limits
        size = announced(scope, limits)
        if _is_hook(scope):
            return await self._received(scope, receive, memory, limits)
        if not _is_guarded(scope):
            await slot.acquire()
            return receive
        key = key_of(Headers(scope=scope).get("authorization", ""))
        await slot.acquire()
        caller = state["caller"] = await self._caller(key, scope["path"])
        if size == 0:
            return receive
        slot.release()
        if caller.scopes <= {"read"}:
            raise ForbiddenError("a body needs the scope write (API keys: admin); the key may only read")
        return await self._received(scope, receive, memory, limits)

    @staticmethod
    async def _received(
        scope: Scope, receive: Receive, memory: CapacityShare, limits: BodyLimits
    ) -> Receive | None:
        """Receive a body without a slot, then wait for the slots of its request."""
        await memory.acquire(announced(scope, limits))
        body = await read_body(receive, limits)
        if body is None:
            return None
        for share in scope["state"]["slots"]:
            await share.acquire()
        return replay(body, receive)

    async def _caller(self, key: str, path: str) -> Caller:
        try:
            return await run_sync(self.identify, key)
        except (OperationalError, PoolTimeoutError) as error:
            raise unavailable(error, path) from error


def release_slots(scope: Scope) -> None:
    """Release the slots of a request before its response starts, because the response will wait."""
    shares: tuple[CapacityShare, ...] = scope["state"]["slots"]
    for share in shares:
        share.release()


def _is_guarded(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == GUARDED or (path.startswith(f"{GUARDED}/") and not _is_hook(scope))


def _is_hook(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith(HOOKS)


def _hook_limits(limits: BodyLimits) -> BodyLimits:
    return replace(limits, max_bytes=min(limits.max_bytes, MOST_HOOK_BYTES))


def _releasing(scope: Scope, send: Send) -> Send:
    async def send_and_give(message: Message) -> None:
        if message["type"] == "http.response.start":
            release_slots(scope)
        await send(message)

    return send_and_give
