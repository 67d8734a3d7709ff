"""Who may come in, in this order: a valid key that may send something, the body, a place among those being answered.

Plain ASGI. A place stands for a thread and a connection of the database; it is given back when the answer begins, by
when the request's transaction is over, so that neither a slow sender nor a slow reader holds one.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
"""Below this address everything needs a key, also what is not there."""
FREE = frozenset({"/health/live", "/health/ready"})
"""What needs no place: coroutines that take neither a thread nor a connection of requests."""

N_FOR_OPERATORS = 1
"""Connections for metrics, and for whatever else needs no key; readiness has its own."""
N_BODIES = 4
"""The largest bodies that may be in memory at once; many more small ones."""


@dataclass(frozen=True, slots=True)
class CapacityLimiters:
    """What is shared out: places of requests with a key and of the other ones, and bytes of bodies in memory.

    Those who sent a body may have half of the places: checking it can take long, and readers shall not wait for that.
    """

    requests: CapacityLimiter
    senders: CapacityLimiter
    operators: CapacityLimiter
    bodies: CapacityLimiter


def open_limiters(settings: Settings) -> CapacityLimiters:
    """Return the gates of an application: each place has a connection of its own, so that none waits for one."""
    requests = settings.database_connections - n_follower_connections(settings) - N_FOR_OPERATORS
    return CapacityLimiters(
        requests=CapacityLimiter(requests, settings.wait_seconds),
        senders=CapacityLimiter(requests // 2, settings.wait_seconds),
        operators=CapacityLimiter(N_FOR_OPERATORS, settings.wait_seconds),
        bodies=CapacityLimiter(N_BODIES * settings.max_upload_bytes, settings.wait_seconds),
    )


def n_follower_connections(settings: Settings) -> int:
    """Return the number of connections that event streams and waiting requests share."""
    return settings.database_connections // 5


@final
class Admission:
    """Lets requests in.

    Args:
        app: the next application.
        identify: returns whose key a text is; raises `UnauthorizedError`. It is called in a thread.
        limiters: where requests and bodies wait.
        limits: of bodies.
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
        slot = CapacityShare(self.limiters.requests if _is_guarded(scope) else self.limiters.operators)
        sender, memory = CapacityShare(self.limiters.senders), CapacityShare(self.limiters.bodies)
        scope.setdefault("state", {})["places"] = (sender, slot)
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
        """Return a channel that brings the whole body, or None when the client went away before its end."""
        state = scope["state"]
        size = announced(scope, self.limits)
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
        await memory.acquire(size)
        body = await read_body(receive, self.limits)
        if body is None:
            return None
        for share in state["places"]:
            await share.acquire()
        return replay(body, receive)

    async def _caller(self, key: str, path: str) -> Caller:
        try:
            return await run_sync(self.identify, key)
        except (OperationalError, PoolTimeoutError) as error:
            raise unavailable(error, path) from error


def release_slots(scope: Scope) -> None:
    """Give the place of a request back before its answer begins, because the answer will wait for something."""
    shares: tuple[CapacityShare, ...] = scope["state"]["places"]
    for share in shares:
        share.release()


def _is_guarded(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == GUARDED or path.startswith(f"{GUARDED}/")


def _releasing(scope: Scope, send: Send) -> Send:
    async def send_and_give(message: Message) -> None:
        if message["type"] == "http.response.start":
            release_slots(scope)
        await send(message)

    return send_and_give
