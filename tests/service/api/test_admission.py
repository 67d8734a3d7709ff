"""Admission: the key is checked before the body, the body's limits apply, and slots are held briefly.

The application behind is a recorder, the client a script: every byte that is read is counted.
"""

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import uuid4

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.admission import Admission, CapacityLimiters, release_slots
from service.api.capacity import CapacityLimiter
from service.api.dependencies import Caller
from service.api.receiving import BodyLimits
from service.errors import UnauthorizedError

KEY = f"af_{'a' * 12}_{'b' * 64}"
UNKNOWN = f"af_{'0' * 12}_{'b' * 64}"
LIMITS = BodyLimits(max_bytes=1000, idle_seconds=0.05, seconds=0.3)


class Client:
    """Sends a body in parts and counts the reads; after the last part it is silent or disconnects."""

    def __init__(
        self, parts: Iterable[bytes], *, more: bool = False, pause: float = 0.0, leaves: bool = False
    ) -> None:
        self._parts, self._more, self._pause, self._leaves = list(parts), more, pause, leaves
        self.n_reads = 0
        self.answers: list[Message] = []

    async def receive(self) -> Message:
        self.n_reads += 1
        await anyio.sleep(self._pause)
        if self._parts:
            part = self._parts.pop(0)
            return {
                "type": "http.request",
                "body": part,
                "more_body": bool(self._parts) or self._more or self._leaves,
            }
        if self._leaves:
            return {"type": "http.disconnect"}
        await anyio.sleep(60)
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    @property
    def status(self) -> int | None:
        return self.answers[0]["status"] if self.answers else None

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.answers[0]["headers"]}

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.answers[1]["body"])
        assert found["status"] == self.status
        return found


class Door:
    """An admission in front of an application that records requests."""

    def __init__(self, slots: int = 1, wait_seconds: float = 5.0, memory: int = 4000) -> None:
        sizes = {"requests": slots, "senders": max(1, slots // 2), "operators": 1, "bodies": memory}
        self.limiters = CapacityLimiters(
            **{name: CapacityLimiter(size, wait_seconds) for name, size in sizes.items()}
        )
        self.admission = Admission(self.app, self.identify, self.limiters, LIMITS)
        self.scopes = frozenset({"read", "write"})
        self.seen: list[tuple[str, bytes]] = []
        self.n_key_lookups = 0
        self.goes_on = anyio.Event()
        self.goes_on.set()
        self.waits_outside = False

    def identify(self, key: str) -> Caller:
        self.n_key_lookups += 1
        if key != KEY:
            raise UnauthorizedError("the API key is not valid")
        return Caller("a" * 12, uuid4(), self.scopes)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"] if scope["method"] != "GET" else b""
        self.seen.append((scope["path"], body))
        if self.waits_outside:
            release_slots(scope)
        await self.goes_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def call(
        self,
        client: Client,
        path: str = "/v1/x",
        *,
        key: str | None = KEY,
        method: str = "POST",
        size: str = "10",
    ) -> Client:
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        if method == "POST":
            chunked = (b"transfer-encoding", b"chunked")
            headers.append(chunked if size == "chunked" else (b"content-length", size.encode()))
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        await self.admission(scope, client.receive, client.send)
        return client

    @property
    def is_empty(self) -> bool:
        limiters = (
            self.limiters.requests,
            self.limiters.senders,
            self.limiters.operators,
            self.limiters.bodies,
        )
        return all(limiter.free == limiter.capacity for limiter in limiters)


async def until(is_so: Callable[[], bool]) -> None:
    """Let other tasks run until a condition holds."""
    for _ in range(2000):
        if is_so():
            return
        await anyio.sleep(0.001)
    pytest.fail("it never came")


@pytest.mark.parametrize("path", ["/v1/campaigns", "/v1", "/v1/no-such-thing", "/v1/campaigns/x/results"])
@pytest.mark.parametrize("key", [None, "nonsense", "af_short_key", UNKNOWN])
@pytest.mark.parametrize("size", ["10", "1000", "chunked", "0"])
def test_without_a_valid_key_no_byte_of_a_body_is_read(path: str, key: str | None, size: str) -> None:
    async def test() -> None:
        door, client = Door(), Client([b"x" * 10])
        await door.call(client, path, key=key, size=size)
        assert (client.status, client.n_reads, door.seen) == (401, 0, [])
        assert client.problem["instance"] == path
        assert client.headers["www-authenticate"] == "Bearer"
        # a text without the form of a key is not looked up
        assert door.n_key_lookups == (1 if key == UNKNOWN else 0)
        assert door.is_empty

    anyio.run(test)


def test_a_hook_needs_no_key_and_is_received_before_it_takes_a_slot() -> None:
    async def test() -> None:
        door = Door()
        hook = await door.call(Client([b"x" * 10]), "/v1/hooks/1", key=None)
        assert (hook.status, door.seen, door.n_key_lookups) == (200, [("/v1/hooks/1", b"x" * 10)], 0)
        too_long = await door.call(Client([b"x"]), "/v1/hooks/1", key=None, size="1001")
        assert (too_long.status, too_long.n_reads) == (413, 0)
        assert (await door.call(Client([b"x"]), "/v1/hooks", key=None)).status == 401
        assert door.is_empty

    anyio.run(test)


def test_a_key_that_may_only_read_sends_no_body() -> None:
    async def test() -> None:
        door, client = Door(), Client([b"x" * 10])
        door.scopes = frozenset({"read"})
        await door.call(client)
        assert (client.status, client.n_reads, door.seen) == (403, 0, [])
        assert (await door.call(Client([b""]), size="0")).status == 200  # the route decides
        assert door.is_empty

    anyio.run(test)


def test_a_body_announced_as_too_large_is_refused_unread_for_any_key() -> None:
    async def test() -> None:
        for key in (KEY, None):
            door, client = Door(), Client([b"x"])
            await door.call(client, key=key, size="1001")
            assert (client.status, client.n_reads, door.n_key_lookups) == (413, 0, 0)

    anyio.run(test)


def test_a_body_that_grows_over_the_limit_is_read_no_further() -> None:
    async def test() -> None:
        door, client = Door(), Client([b"x" * 400] * 10)
        await door.call(client, size="chunked")
        assert (client.status, client.n_reads, door.seen) == (413, 3, [])
        assert door.is_empty

    anyio.run(test)


def test_a_body_reaches_the_application_whole() -> None:
    async def test() -> None:
        door = Door()
        await door.call(Client([b"one ", b"two ", b"three"]), size="13")
        assert door.seen == [("/v1/x", b"one two three")]
        assert door.is_empty

    anyio.run(test)


@pytest.mark.parametrize(("pause", "n_parts"), [(0.0, 2), (0.02, 1000)], ids=["silent", "dripping"])
def test_a_body_that_does_not_come_in_time_is_given_up(pause: float, n_parts: int) -> None:
    async def test() -> None:
        door, client = Door(), Client([b"x"] * n_parts, more=True, pause=pause)
        await door.call(client, size="1000")
        assert (client.status, door.seen) == (408, [])
        assert client.headers["connection"] == "close"
        assert client.problem["type"].endswith("request-timeout")
        assert client.n_reads <= 16
        assert door.is_empty

    anyio.run(test)


def test_half_a_body_is_no_body() -> None:
    async def test() -> None:
        door, client = Door(), Client([b"half"], leaves=True)
        await door.call(client)
        assert (client.answers, door.seen) == ([], [])
        assert door.is_empty

    anyio.run(test)


def test_a_slow_sender_holds_no_slot() -> None:
    async def test() -> None:
        door = Door(slots=1)
        slow, quick = Client([b"x"], pause=0.04), Client([])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.call, slow)
            await until(lambda: slow.n_reads > 0)
            await door.call(quick, "/v1/quick", method="GET")
            assert (quick.status, slow.status) == (200, None)
        assert [path for path, _ in door.seen] == ["/v1/quick", "/v1/x"]

    anyio.run(test)


def test_a_request_that_waits_too_long_for_a_slot_gets_retry_after() -> None:
    async def test() -> None:
        door = Door(slots=1, wait_seconds=0.02)
        door.goes_on = anyio.Event()
        first, second, live = Client([]), Client([]), Client([])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(door.call, first, method="GET"))
            await until(lambda: len(door.seen) == 1)
            door.goes_on, before = anyio.Event(), door.goes_on
            await door.call(second, method="GET")
            assert second.status == 503
            assert second.headers["retry-after"].isdecimal()
            assert second.problem["type"].endswith("unavailable")
            assert len(door.seen) == 1
            door.goes_on.set()
            await door.call(live, "/health/live", key=None, method="GET")
            assert live.status == 200
            before.set()
        assert first.status == 200
        assert door.is_empty

    anyio.run(test)


def test_operators_have_places_of_their_own() -> None:
    async def test() -> None:
        door = Door(slots=1)
        await door.limiters.requests.acquire(1)
        assert (await door.call(Client([b"x"]), "/metrics", key=None)).status == 200
        await door.limiters.operators.acquire(1)
        assert (await door.call(Client([b"x"]), "/health/ready", key=None)).status == 200
        waiting = Client([])
        with anyio.move_on_after(0.05):
            await door.call(waiting, "/metrics", key=None, method="GET")
        assert waiting.status is None

    anyio.run(test)


def test_a_delayed_response_holds_no_slot() -> None:
    async def test() -> None:
        door = Door(slots=1)
        door.waits_outside, door.goes_on = True, anyio.Event()
        clients = [Client([]) for _ in range(5)]
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(partial(door.call, client, method="GET"))
            await until(lambda: len(door.seen) == 5)
            assert door.is_empty
            door.goes_on.set()
        assert {client.status for client in clients} == {200}

    anyio.run(test)


def test_senders_leave_places_to_readers() -> None:
    async def test() -> None:
        door = Door(slots=4)
        door.goes_on = anyio.Event()
        senders = [Client([b"x"]) for _ in range(6)]
        async with anyio.create_task_group() as tasks:
            for client in senders:
                tasks.start_soon(door.call, client)
            await until(lambda: len(door.seen) == 2)
            # all bodies have arrived and wait
            await until(lambda: sum(client.n_reads for client in senders) == 6)
            door.goes_on, before = anyio.Event(), door.goes_on
            door.goes_on.set()
            assert (await door.call(Client([]), "/v1/read", method="GET")).status == 200
            assert [path for path, _ in door.seen] == ["/v1/x", "/v1/x", "/v1/read"]
            before.set()
        assert {client.status for client in senders} == {200}
        assert door.is_empty

    anyio.run(test)


def test_bodies_share_a_bounded_memory() -> None:
    async def test() -> None:
        door = Door(slots=10, memory=1000)
        door.goes_on = anyio.Event()
        clients = [Client([b"x" * 400]) for _ in range(5)]
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(partial(door.call, client, size="400"))
            await until(lambda: len(door.seen) == 2)
            await anyio.sleep(0.02)
            assert sum(client.n_reads for client in clients) == 2
            door.goes_on.set()
        assert {client.status for client in clients} == {200}
        assert door.is_empty

    anyio.run(test)
