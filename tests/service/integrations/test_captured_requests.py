"""A preview's transport: questions go out, writes are held back, and no secret is in what is shown."""

from collections.abc import Iterator

import httpx
import pytest

from service.integrations.captured_requests import (
    HIDDEN,
    CapturedRequest,
    CapturingTransport,
    WriteHeldBack,
    secret_texts,
)

TOKEN = "a-token-of-this-session"  # noqa: S105 - of a fake


class Inner(httpx.BaseTransport):
    """A system that answers a sign-in with a token, and everything else with nothing."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        body = f'{{"user": "jo", "result": "{TOKEN}"}}'.encode() if request.url.path == "/login" else b"{}"
        return httpx.Response(200, stream=httpx.ByteStream(body))


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def transport(inner: Inner) -> Iterator[CapturingTransport]:
    secrets = secret_texts('{"user": "jo", "password": "p&ss w\\"rd"}')
    made = CapturingTransport(lambda method, path, _: method == "GET" or path == "/login", secrets, inner)
    yield made
    made.close()


def held(transport: CapturingTransport, request: httpx.Request) -> CapturedRequest:
    with pytest.raises(WriteHeldBack) as caught:
        transport.handle_request(request)
    return caught.value.request


def test_a_write_never_leaves_and_questions_do(transport: CapturingTransport, inner: Inner) -> None:
    base = "https://lims.example.org"
    transport.handle_request(httpx.Request("POST", f"{base}/login", json={"password": 'p&ss w"rd'}))
    transport.is_armed = True
    transport.handle_request(httpx.Request("GET", f"{base}/fields"))
    found = held(transport, httpx.Request("POST", f"{base}/records?x=1", json={"key": "AF-1"}))
    assert (found.method, found.path, found.content) == ("POST", "/records?x=1", b'{"key":"AF-1"}')
    assert found.media_type == "application/json"
    assert inner.seen == [("POST", "/login"), ("GET", "/fields")]


def test_no_secret_is_shown_however_it_is_spelled(transport: CapturingTransport) -> None:
    base = "https://lims.example.org"
    reply = transport.handle_request(httpx.Request("POST", f"{base}/login", json={"password": 'p&ss w"rd'}))
    assert TOKEN.encode() in b"".join(reply.iter_raw()), "the kind reads it as it came"
    transport.is_armed = True
    body = {"session": TOKEN, "again": 'p&ss w"rd', "name": "AF-1"}
    found = held(transport, httpx.Request("POST", f"{base}/records?token={TOKEN}", json=body))
    assert found.path == f"/records?token={HIDDEN}"
    assert found.content.decode() == f'{{"session":"{HIDDEN}","again":"{HIDDEN}","name":"AF-1"}}'
    form = held(transport, httpx.Request("POST", f"{base}/records", data={"again": 'p&ss w"rd'}))
    assert form.content.decode() == f"again={HIDDEN}"


def test_a_body_that_is_no_text_is_measured_and_not_shown() -> None:
    request = CapturedRequest("POST", "/files", "application/zip", b"\xff\xfe\x00")
    assert request.as_json(["AF-1"]) == {
        "keys": ["AF-1"],
        "method": "POST",
        "path": "/files",
        "media_type": "application/zip",
        "body": None,
        "size": 3,
    }
