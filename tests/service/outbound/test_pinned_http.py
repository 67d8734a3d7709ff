"""Requests to addresses that users name: pinned, bounded in time and size, and with nothing smuggled in."""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from address_table import LIST, METADATA, PUBLIC_V4, REFUSED_URLS, REFUSED_WITH_A_LIST, SPECIAL, url_of
from fakes.server import Answered, LoopbackServer, Sent
from raw_servers import raw_server, read_head, self_signed

from service.address_rules import RefusedAddressError, Rules, read_rules
from service.outbound import pinned_http
from service.outbound.pinned_http import (
    ConnectionFailedError,
    Exchange,
    Http,
    HttpEnvironment,
    UntrustedCertificateError,
)
from service.outbound.request_checks import RefusedRequestError
from service.settings import Settings

SECRET = {"Authorization": "Bearer hush"}
LOCAL = read_rules("127.0.0.1")
RULES: Mapping[str, Callable[[Settings], Rules]] = {
    "scorer_hosts": lambda settings: settings.scorer_rules,
    "connector_hosts": lambda settings: settings.connector_rules,
    "webhook_hosts": lambda settings: settings.webhook_rules,
}
"""What calls addresses of users, by its setting."""


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    made = LoopbackServer()
    yield made
    made.close()


def unsent(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.url} was called")


def environment_of(setting: str, entries: str = "", **changes: Any) -> HttpEnvironment:
    rules = RULES[setting](Settings.model_validate({setting: entries}))
    return HttpEnvironment(rules, **{"transport": httpx.MockTransport(unsent), **changes})


def recorded(seen: list[httpx.Request], *replies: httpx.Response) -> httpx.MockTransport:
    """Return a transport that records requests and gives these replies, the last one repeatedly."""

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        reply = replies[min(len(seen), len(replies)) - 1] if replies else httpx.Response(200)
        return httpx.Response(
            reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content)
        )

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("setting", RULES)
@pytest.mark.parametrize(("url", "why"), REFUSED_URLS)
def test_a_refused_address_is_never_called(setting: str, url: str, why: str):
    environment = environment_of(setting)
    with pytest.raises(RefusedAddressError, match=why):
        Http(url, environment)
    with pytest.raises(RefusedAddressError, match=why):
        Http("https://lab.example.org", environment).fetch_elsewhere(url)


@pytest.mark.parametrize("setting", RULES)
@pytest.mark.parametrize("network", [*SPECIAL, *METADATA], ids=str)
def test_no_name_leads_to_a_special_address(setting: str, network: Any):
    addresses = [network] if isinstance(network, str) else [str(network[0]), str(network[-1])]
    for address in addresses:
        environment = environment_of(setting, resolve=lambda _host, _port, actual=address: [actual])
        http = Http("https://lab.example.org", environment)
        with pytest.raises(RefusedAddressError, match="not a public one"):
            http.request("GET", "/")
        for url in ("https://files.example.org/x", url_of(address, "https")):
            with pytest.raises(RefusedAddressError, match="not a public one"):
                http.fetch_elsewhere(url)
        with pytest.raises(RefusedAddressError, match="not a public one"):
            Http(url_of(address), environment)


@pytest.mark.parametrize("setting", RULES)
def test_with_a_list_nothing_else_is_called(setting: str):
    environment = environment_of(setting, LIST)
    for url in REFUSED_WITH_A_LIST:
        with pytest.raises(RefusedAddressError):
            Http(url, environment)
        with pytest.raises(RefusedAddressError):
            Http("https://dock.example.org:8443/", environment).fetch_elsewhere(url)


def test_requests_are_pinned_and_carry_the_name(server: LoopbackServer):
    server.route("GET", "/api/samples/7", lambda _: Answered(body={"id": 7}))
    hosts: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        hosts.append(host)
        return ["127.0.0.1"] if len(hosts) == 1 else ["10.0.0.1"]

    base = server.address.replace("127.0.0.1", "lab.test") + "/api/"
    http = Http(base, HttpEnvironment(read_rules("lab.test"), headers=SECRET, resolve=resolve))
    replies = [http.request("GET", "/samples/7", params={"page": 2}) for _ in range(2)]
    http.close()
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].where == "GET /api/samples/7"
    assert hosts == ["lab.test"]
    assert server.requests[0].headers["host"] == base.split("/")[2]
    assert server.requests[0].headers["authorization"] == "Bearer hush"
    assert server.requests[0].query == {"page": ["2"]}


@pytest.mark.parametrize("name", ["lims.test", "evil.test"])
def test_the_certificate_is_checked_for_the_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    public, context = self_signed(tmp_path, "lims.test")
    names: list[str | None] = []
    context.sni_callback = lambda _socket, asked, _context: names.append(asked)
    trusted = ssl.create_default_context(cafile=str(public))
    monkeypatch.setattr(pinned_http, "trusted_context", lambda: trusted)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_head(secured)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(talk) as port:
        rules = read_rules(name)
        http = Http(
            f"https://{name}:{port}", HttpEnvironment(rules, resolve=lambda _host, _port: ["127.0.0.1"])
        )
        calls = (
            lambda: http.request("GET", "/"),
            lambda: http.fetch_elsewhere(f"https://{name}:{port}/file?signature=hush"),
        )
        for call in calls:
            if name == "lims.test":
                assert call().content == b"ok"
            else:
                with pytest.raises(UntrustedCertificateError, match=r"evil\.test"):
                    call()
    assert names == [name, name]


def test_a_connection_is_not_shared_with_another_host_at_the_same_address(server: LoopbackServer):
    server.route("GET", "/", lambda _: Answered())
    port = server.address.rpartition(":")[2]
    http = Http(
        f"http://lab.test:{port}",
        HttpEnvironment(read_rules("lab.test files.test"), resolve=lambda _host, _port: ["127.0.0.1"]),
    )
    http.request("GET", "/", headers=SECRET)
    http.fetch_elsewhere(f"http://files.test:{port}/?signature=a%2Bb+c")
    http.close()
    assert "authorization" not in server.requests[1].headers
    assert server.requests[1].headers["host"] == f"files.test:{port}"
    assert server.requests[1].query == {"signature": ["a+b c"]}


def test_a_credential_never_goes_elsewhere():
    seen: list[httpx.Request] = []
    environment = HttpEnvironment(
        Rules(),
        headers={**SECRET, "X-Key": "hush"},
        resolve=lambda _host, _port: [PUBLIC_V4],
        transport=recorded(seen, httpx.Response(200, headers={"Set-Cookie": "session=hush"})),
    )
    http = Http("https://lab.example.org", environment)
    http.request("GET", "/", headers={"Cookie": "token=hush"})
    http.fetch_elsewhere("https://lab.example.org/file?signature=1")
    http.fetch_elsewhere("https://files.example.org/file?signature=1")
    assert "hush" in str(seen[0].headers.raw)
    for request in seen[1:]:
        assert "hush" not in str(request.headers.raw)
    assert "hush" not in repr(environment)


def test_redirects_are_returned_and_not_followed():
    seen: list[httpx.Request] = []
    away = httpx.Response(307, headers={"Location": "http://169.254.169.254/"})
    http = Http(f"https://{PUBLIC_V4}", HttpEnvironment(Rules(), transport=recorded(seen, away)))
    assert http.request("POST", "/", json={}).status == 307
    assert http.fetch_elsewhere(f"https://{PUBLIC_V4}/x").status == 307
    assert len(seen) == 2


def test_cookies_are_kept_for_nobody():
    seen: list[httpx.Request] = []
    reply = httpx.Response(200, headers={"Set-Cookie": "session=1; Path=/"})
    http = Http(f"https://{PUBLIC_V4}", HttpEnvironment(Rules(), transport=recorded(seen, reply)))
    assert http.request("GET", "/").headers["set-cookie"].startswith("session=1")
    http.request("GET", "/")
    http.request("GET", "/", headers={"Cookie": "own=2"})
    assert [request.headers.get("cookie") for request in seen] == [None, None, "own=2"]


@pytest.mark.parametrize(
    "path",
    [
        "samples",
        "//evil.example.org/x",
        "/../admin",
        "/samples/..",
        "/samples/%2e%2E/admin",
        "/samples/%252e%252e/admin",
        "/samples/..%2fadmin",
        "/samples\\..\\admin",
        "/samples/..;x=1/admin",
        "/./x",
        "/x#part",
        "/x\r\nHost: evil",
        "/x\x00",
        "/" + "x" * 70_000,
    ],
)
def test_a_path_stays_below_the_base_path(path: str):
    http = Http(f"https://{PUBLIC_V4}/api", HttpEnvironment(Rules(), transport=httpx.MockTransport(unsent)))
    with pytest.raises(RefusedRequestError):
        http.request("GET", path)


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("/api", "/samples/a..b/...", b"/api/samples/a..b/..."),
        ("/api/", "/Lab Notebook/ü", b"/api/Lab%20Notebook/%C3%BC"),
        ("/api", "/a%2Fb/100%25", b"/api/a%2Fb/100%25"),
        ("/score/?model=3", "", b"/score/?model=3"),
        ("/api?model=3", "/x", b"/api/x"),
        ("", "/", b"/"),
        ("", "", b"/"),
    ],
)
def test_a_path_is_sent_below_the_base_path_as_it_is(base: str, path: str, target: bytes):
    seen: list[httpx.Request] = []
    http = Http(f"https://{PUBLIC_V4}{base}", HttpEnvironment(Rules(), transport=recorded(seen)))
    http.request("GET", path)
    assert seen[0].url.raw_path == target


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"X-Note": "a\r\nHost: evil"}, "X-Note"),
        ({"X-Note": "a\nb"}, "X-Note"),
        ({"Authorization": "hush\x00"}, "Authorization"),
        ({"Authorization": "hüsh"}, "Authorization"),
        ({"X Note": "a"}, "token"),
        ({"X-Note\r\nHost": "evil"}, "token"),
        ({"": "a"}, "token"),
        ({"host": "evil.example.org"}, "host"),
        ({"Content-Length": "0"}, "Content-Length"),
        ({"transfer-encoding": "chunked"}, "transfer-encoding"),
        ({"Accept-Encoding": "gzip"}, "Accept-Encoding"),
    ],
)
def test_headers_cannot_be_injected(headers: dict[str, str], named: str):
    transport = httpx.MockTransport(unsent)
    for environment, given in (
        (HttpEnvironment(Rules(), headers=headers, transport=transport), None),
        (HttpEnvironment(Rules(), transport=transport), headers),
    ):
        with pytest.raises(RefusedRequestError, match=named) as refused:
            Http(f"https://{PUBLIC_V4}", environment).request("GET", "/", headers=given)
        assert "hush" not in str(refused.value)


def test_the_type_of_a_file_cannot_carry_headers():
    http = Http(f"https://{PUBLIC_V4}", HttpEnvironment(Rules(), transport=httpx.MockTransport(unsent)))
    file = ("a.csv", b"1", "text/csv\r\nX-Other: 1")
    for files in ({"file": file}, [("file", file)]):
        with pytest.raises(RefusedRequestError, match="media type"):
            http.request("POST", "/", files=files)


@pytest.mark.parametrize("headers", [SECRET, {"X-Api-Key": "hush"}, {"cookie": "hush"}, {"PRIVATE": "hush"}])
def test_a_credential_goes_over_https_or_to_a_listed_host(headers: dict[str, str]):
    environment = HttpEnvironment(Rules(), transport=httpx.MockTransport(unsent))
    http = Http(f"http://{PUBLIC_V4}", environment)
    with pytest.raises(RefusedAddressError, match="over https"):
        http.request("GET", "/", headers=headers)
    with pytest.raises(RefusedAddressError, match="over https"):
        http.fetch_elsewhere(f"http://{PUBLIC_V4}/file?signature=hush")
    with pytest.raises(RefusedAddressError, match="over https"):
        Http(f"http://{PUBLIC_V4}", HttpEnvironment(Rules(), is_confidential=True))
    seen: list[httpx.Request] = []
    listed = HttpEnvironment(read_rules(PUBLIC_V4), is_confidential=True, transport=recorded(seen))
    Http(f"http://{PUBLIC_V4}", listed).request("GET", "/", headers=headers)
    Http(f"http://{PUBLIC_V4}", HttpEnvironment(Rules(), transport=recorded(seen))).request(
        "POST", "/", json={}, headers={"Content-Type": "application/json"}
    )
    assert len(seen) == 2


def test_what_is_logged_has_no_query():
    logged: list[Exchange] = []
    seen: list[httpx.Request] = []
    environment = HttpEnvironment(Rules(), on_exchange=logged.append, transport=recorded(seen))
    http = Http(f"https://{PUBLIC_V4}/api?token=hush", environment)
    http.request("GET", "/x", params={"token": "hush"})
    http.request("GET", "/x?token=hush")
    http.request("POST", "", content=b"hush")
    reply = http.fetch_elsewhere(f"https://{PUBLIC_V4}/file?signature=hush")
    assert [exchange.path for exchange in logged] == ["/api/x", "/api/x", "/api", "/file"]
    assert [exchange.status for exchange in logged] == [200] * 4
    assert "hush" not in f"{logged} {reply.where}"
    assert b"token=hush" in seen[1].url.raw_path


def test_a_failure_is_logged_with_its_reason():
    logged: list[Exchange] = []

    def fail(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("hush")

    environment = HttpEnvironment(Rules(), on_exchange=logged.append, transport=httpx.MockTransport(fail))
    with pytest.raises(ConnectionFailedError):
        Http(f"https://{PUBLIC_V4}", environment).request("GET", "/")
    assert (logged[0].status, logged[0].problem) == (None, "the connection failed (ConnectError)")


def test_an_address_of_version_6_is_pinned_in_brackets():
    seen: list[httpx.Request] = []
    http = Http(
        "https://lab.example.org:8443/api",
        HttpEnvironment(Rules(), resolve=lambda _host, _port: ["2606:2800:220::1"], transport=recorded(seen)),
    )
    http.request("GET", "/x")
    assert str(seen[0].url) == "https://[2606:2800:220::1]:8443/api/x"
    assert seen[0].headers["host"] == "lab.example.org:8443"
    assert seen[0].extensions["sni_hostname"] == "lab.example.org"


def test_an_address_is_looked_up_again_after_a_failure_only():
    seen: list[httpx.Request] = []
    hosts: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        hosts.append(host)
        return [PUBLIC_V4, "93.184.216.35"]

    replies = [httpx.Response(status) for status in (200, 404, 503, 200)]
    http = Http(
        "https://lab.example.org",
        HttpEnvironment(Rules(), resolve=resolve, transport=recorded(seen, *replies)),
    )
    for _ in range(4):
        http.request("GET", "/")
    assert [request.url.host for request in seen] == [PUBLIC_V4, PUBLIC_V4, PUBLIC_V4, "93.184.216.35"]
    assert len(hosts) == 2


def test_a_form_with_files_arrives(server: LoopbackServer):
    arrived: list[Sent] = []

    def keep(sent: Sent) -> Answered:
        arrived.append(sent)
        return Answered(201)

    server.route("POST", "/files", keep)
    http = Http(server.address, HttpEnvironment(LOCAL))
    file = ('a"\r\nX: 1.csv', b"object,value\n", "text/csv")
    assert http.request("POST", "/files", data={"title": "batch"}, files={"file": file}).status == 201
    http.close()
    assert b"object,value" in arrived[0].body
    assert b"\nX: 1" not in arrived[0].body
