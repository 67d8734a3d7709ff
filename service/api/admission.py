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

from service.api.dependencies import Caller, key_of
from service.api.gate import Gate, Share
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
class Gates:
    """What is shared out: places of requests with a key and of the other ones, and bytes of bodies in memory.

    Those who sent a body may have half of the places: checking it can take long, and readers shall not wait for that.
    """

    requests: Gate
    senders: Gate
    operators: Gate
    bodies: Gate


def open_gates(settings: Settings) -> Gates:
    """Return the gates of an application: each place has a connection of its own, so that none waits for one."""
    requests = settings.database_connections - n_for_followers(settings) - N_FOR_OPERATORS
    return Gates(
        requests=Gate(requests, settings.wait_seconds),
        senders=Gate(requests // 2, settings.wait_seconds),
        operators=Gate(N_FOR_OPERATORS, settings.wait_seconds),
        bodies=Gate(N_BODIES * settings.max_upload_bytes, settings.wait_seconds),
    )


def n_for_followers(settings: Settings) -> int:
    """Return the number of connections that event streams and waiting requests share."""
    return settings.database_connections // 5


@final
class Admission:
    """Lets requests in.

    Args:
        app: the next application.
        identify: returns whose key a text is; raises `UnauthorizedError`. It is called in a thread.
        gates: where requests and bodies wait.
        limits: of bodies.
    """

    def __init__(self, app: ASGIApp, identify: Callable[[str], Caller], gates: Gates, limits: BodyLimits) -> None:
        self.app = app
        self.identify = identify
        self.gates = gates
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in FREE:
            await self.app(scope, receive, send)
            return
        place = Share(self.gates.requests if _is_guarded(scope) else self.gates.operators)
        sender, memory = Share(self.gates.senders), Share(self.gates.bodies)
        scope.setdefault("state", {})["places"] = (sender, place)
        try:
            whole = await self._admitted(scope, receive, place, memory)
            if whole is not None:
                await self.app(scope, whole, _giving_back(scope, send))
        except AssayflowError as error:
            give_place_back(scope)
            await problem_response(error, scope["path"])(scope, receive, send)
        finally:
            give_place_back(scope)
            memory.give()

    async def _admitted(self, scope: Scope, receive: Receive, place: Share, memory: Share) -> Receive | None:
        """Return a channel that brings the whole body, or None when the client went away before its end."""
        state = scope["state"]
        size = announced(scope, self.limits)
        if not _is_guarded(scope):
            await place.take()
            return receive
        key = key_of(Headers(scope=scope).get("authorization", ""))
        await place.take()
        caller = state["caller"] = await self._caller(key, scope["path"])
        if size == 0:
            return receive
        place.give()
        if caller.scopes <= {"read"}:
            raise ForbiddenError("a body needs the scope write (API keys: admin); the key may only read")
        await memory.take(size)
        body = await read_body(receive, self.limits)
        if body is None:
            return None
        for share in state["places"]:
            await share.take()
        return replay(body, receive)

    async def _caller(self, key: str, path: str) -> Caller:
        try:
            return await run_sync(self.identify, key)
        except (OperationalError, PoolTimeoutError) as error:
            raise unavailable(error, path) from error


def give_place_back(scope: Scope) -> None:
    """Give the place of a request back before its answer begins, because the answer will wait for something."""
    shares: tuple[Share, ...] = scope["state"]["places"]
    for share in shares:
        share.give()


def _is_guarded(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == GUARDED or path.startswith(f"{GUARDED}/")


def _giving_back(scope: Scope, send: Send) -> Send:
    async def send_and_give(message: Message) -> None:
        if message["type"] == "http.response.start":
            give_place_back(scope)
        await send(message)

    return send_and_give
