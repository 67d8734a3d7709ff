"""A whole exchange has one deadline and one size, whatever a server does."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from address_table import PUBLIC_V4
from fakes.server import Answered, LoopbackServer
from raw_servers import raw_server, read_head

from service.address_rules import Rules, read_rules
from service.outbound.pinned_http import (
    ConnectionFailedError,
    EncodedReplyError,
    Http,
    HttpEnvironment,
    ResponseTooLongError,
)

LOCAL = read_rules("127.0.0.1")


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    made = LoopbackServer()
    yield made
    made.close()


def drip_head(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Note: ")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_informational(connection: socket.socket) -> None:
    read_head(connection)
    for _ in range(100):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def read_nothing(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    time.sleep(5)


def read_slowly(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while connection.recv(65536):
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [drip_head, drip_informational, drip_body, read_nothing, read_slowly])
def test_a_whole_exchange_has_one_deadline(talk: Callable[[socket.socket], None]):
    with raw_server(talk) as port:
        http = Http(f"http://127.0.0.1:{port}", HttpEnvironment(LOCAL))
        began = time.monotonic()
        with pytest.raises(ConnectionFailedError, match=r"within 0.4 seconds"):
            http.request("POST", "/", content=b"x" * 50_000_000, seconds=0.4)
        assert time.monotonic() - began < 1.5
        http.close()


def test_a_handshake_is_part_of_the_exchange():
    with raw_server(lambda _connection: time.sleep(5)) as port:
        http = Http(f"https://127.0.0.1:{port}", HttpEnvironment(LOCAL))
        began = time.monotonic()
        with pytest.raises(ConnectionFailedError, match=r"no answer within 0.4 seconds"):
            http.request("GET", "/", seconds=0.4)
        assert time.monotonic() - began < 1.5
        http.close()


def test_looking_up_the_name_is_part_of_the_exchange():
    def resolve(_host: str, _port: int) -> list[str]:
        time.sleep(5)
        return [PUBLIC_V4]

    http = Http("https://lab.example.org", HttpEnvironment(Rules(), resolve=resolve))
    began = time.monotonic()
    with pytest.raises(ConnectionFailedError, match="cannot be resolved in time"):
        http.request("GET", "/", seconds=0.3)
    assert time.monotonic() - began < 1.5


def test_a_connection_that_is_kept_has_a_new_deadline(server: LoopbackServer):
    server.route("GET", "/", lambda _: Answered(body={}))
    http = Http(server.address, HttpEnvironment(LOCAL))
    for _ in range(3):
        http.request("GET", "/", seconds=0.4)
        time.sleep(0.25)
    http.close()


def endless(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def announced(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 5000)
    time.sleep(5)


@pytest.mark.parametrize("talk", [endless, announced])
def test_content_has_a_limit(talk: Callable[[socket.socket], None]):
    with raw_server(talk) as port:
        http = Http(f"http://127.0.0.1:{port}", HttpEnvironment(LOCAL))
        with pytest.raises(ResponseTooLongError, match="longer than 10000 bytes"):
            http.request("GET", "/", most_bytes=10_000, seconds=2)
        with pytest.raises(ResponseTooLongError, match="longer than 10000 bytes"):
            http.fetch_elsewhere(f"http://127.0.0.1:{port}/file", most_bytes=10_000, seconds=2)
        http.close()


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
def test_compressed_content_is_not_unpacked(encoding: str):
    bomb = httpx.Response(200, headers={"Content-Encoding": "identity"}, content=gzip.compress(bytes(10**6)))
    bomb.headers["Content-Encoding"] = encoding
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers=bomb.headers, stream=httpx.ByteStream(b"\x1f\x8b"))

    http = Http(f"https://{PUBLIC_V4}", HttpEnvironment(Rules(), transport=httpx.MockTransport(answer)))
    with pytest.raises(EncodedReplyError):
        http.request("GET", "/")
    assert seen[0].headers["accept-encoding"] == "identity"
