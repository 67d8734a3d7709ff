"""The server closes connections of clients that keep it waiting, and no others.

Over sockets of this machine.
"""

import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import pytest
from api_actors import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from service.settings import Settings

SOON = 1.0
"""The time-outs of these tests, in seconds."""
LONG = 20.0
"""How long a test waits for the server to hang up before it fails."""
HEAD = b"GET /quick HTTP/1.1\r\nHost: x\r\n"


async def quick(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def late(_request: Request) -> PlainTextResponse:
    await anyio.sleep(2 * SOON)
    return PlainTextResponse("done")


async def endless(request: Request) -> StreamingResponse:
    """Respond with more data than any client reads, and record the end."""

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 2**20
            await anyio.lowlevel.checkpoint()
        request.app.state.was_read = True

    return StreamingResponse(blocks())


@pytest.fixture(scope="module")
def app() -> Starlette:
    made = Starlette(
        routes=[Route("/quick", quick, methods=["GET", "POST"]), Route("/late", late), Route("/endless", endless)]
    )
    made.state.settings = Settings(head_seconds=SOON, stalled_seconds=SOON)
    made.state.was_read = False
    return made


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[tuple[str, int]]:
    with serving(app) as url:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


@pytest.fixture
def connection(address: tuple[str, int]) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=LONG)) as opened:
        yield opened


def is_hung_up(connection: socket.socket) -> bool:
    """Read to the end of the server's output."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def drip(connection: socket.socket, data: bytes) -> bool:
    """Send byte by byte; return whether the server closed the connection before the end."""
    connection.settimeout(SOON / 10)
    deadline = time.monotonic() + LONG
    for byte in data:
        assert time.monotonic() < deadline, "the server listens for ever"
        try:
            connection.sendall(bytes([byte]))
            if not connection.recv(65536):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def answer_on(connection: socket.socket) -> bytes:
    """Return a response whose body is `done`."""
    content = b""
    while not content.endswith(b"done"):
        part = connection.recv(65536)
        assert part, content
        content += part
    return content


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, HEAD + b"X-Long: " + b"a" * 1000], ids=["nothing", "a", "b", "c"])
def test_a_head_that_does_not_end_is_not_waited_for(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    assert is_hung_up(connection)


def test_a_head_that_drips_is_not_waited_for_either(connection: socket.socket) -> None:
    assert drip(connection, HEAD + b"X-Long: " + b"a" * 1000)


def test_the_second_head_on_a_connection_has_its_time_too(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    assert answer_on(connection).startswith(b"HTTP/1.1 200")
    connection.sendall(HEAD)
    assert is_hung_up(connection)


def test_a_connection_may_rest_between_requests_for_longer(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(HEAD + b"\r\n")
        assert answer_on(connection).startswith(b"HTTP/1.1 200")
        time.sleep(1.2 * SOON)


def test_an_answer_may_take_longer_than_a_head(connection: socket.socket) -> None:
    connection.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer_on(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_still_comes_after_the_answer_has_the_time_of_a_head(connection: socket.socket) -> None:
    connection.sendall(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
    assert answer_on(connection).startswith(b"HTTP/1.1 200")
    assert drip(connection, b"x" * 1000)


def test_who_does_not_read_is_hung_up_on(connection: socket.socket, app: Starlette) -> None:
    connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(3 * SOON)
    assert is_hung_up(connection)
    assert not app.state.was_read


def test_heads_have_a_size(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"X-Long: " + b"a" * 100_000)
    assert connection.recv(65536).startswith(b"HTTP/1.1 400")
