"""Scorers over HTTP on a real server: requests, accepted values, retries, and what is never shown."""

import gzip
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from scorer_servers import Reply, scorer_server, values

from models.records import Cancelled
from models.scorers.contract import ScorerError
from models.scorers.domain import unheard
from models.specs.scorers import ScorerSpec
from service.address_rules import check_url, read_rules
from workers.http_scorer import ATTEMPTS, MOST_BYTES, HttpScorer, HttpScorerEnvironment

ROWS = ({"smiles": "CCO", "object": "CCO"}, {"smiles": "C", "object": "C"})
JSON = {"Content-Type": "application/json"}
PRIVATE = "the body of an answer"


class Clock:
    """Sleeps instantly, and records the requested durations."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self, seconds: float) -> None:
        self.slept += seconds


def scorer_at(
    url: str, outside: HttpScorerEnvironment | None = None, check_cancelled: Callable[[], None] = unheard, **fields: Any
) -> HttpScorer:
    outside = outside or HttpScorerEnvironment(read_rules("127.0.0.1"), sleep=Clock())
    spec = ScorerSpec.model_validate({"name": "docking", "url": url, **fields})
    return HttpScorer(spec, check_url(url, outside.rules), outside, check_cancelled)


@contextmanager
def scorer_with_replies(*replies: Reply, outside: HttpScorerEnvironment | None = None, **fields: Any):
    """Yield a scorer with these replies, the last one repeatedly, and its server."""
    with scorer_server(lambda _body, number: replies[min(number, len(replies) - 1)]) as server:
        scorer = scorer_at(server.url, outside, **fields)
        yield scorer, server
        scorer._client.close()


def failure(*replies: Reply, **fields: Any) -> str:
    """Return why a scorer with these replies fails."""
    with (
        scorer_with_replies(*replies, **fields) as (scorer, _),
        pytest.raises(ScorerError, match="scorer 'docking': ") as caught,
    ):
        scorer(ROWS)
    assert PRIVATE not in str(caught.value)
    return caught.value.reason


def test_objects_are_sent_with_their_columns_and_values_come_back():
    outside = HttpScorerEnvironment(read_rules("127.0.0.1"), "Bearer hush")
    assert "hush" not in repr(outside)
    with scorer_with_replies(values(1.5, None), values(2, -3), outside=outside) as (scorer, server):
        assert list(scorer(ROWS)) == [1.5, None]
        assert list(scorer(ROWS)) == [2.0, -3.0]
    headers, body = server.requests[0]
    assert body == {"property": "docking", "objects": [dict(row) for row in ROWS]}
    assert headers["Authorization"] == "Bearer hush"
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"values": [1.0]}', "it answered 1 values for 2 objects"),
        (b'{"values": [1.0, 2.0, 3.0]}', "it answered 3 values for 2 objects"),
        (b'{"values": [1.0, NaN]}', "wrong at values/1"),
        (b'{"values": [1.0, 1e999]}', "wrong at values/1"),
        (b'{"values": [Infinity, 1.0]}', "wrong at values/0"),
        (b'{"values": [true, 1.0]}', "wrong at values/0"),
        (b'{"values": ["the body of an answer", 1.0]}', "wrong at values/0"),
        (b'{"values": {"the body of an answer": 1}}', "wrong at values"),
        (b'{"the body of an answer": 1}', "wrong at values"),
        (b'["the body of an answer"]', "number or null"),
        (b"the body of an answer", "number or null"),
        (b"\xff\xfe", "number or null"),
        (b"", "number or null"),
        (b"[" * 100_000, "number or null"),
        (b'{"values": [' + b"9" * 400 + b", 1]}", "wrong at values/0"),
        (b'{"values": [' + b"9" * 5000 + b", 1]}", "number or null"),
        (b'{"values": [1, 2], "comment": "' + b"x" * MOST_BYTES + b'"}', "longer than"),
    ],
)
def test_an_answer_that_is_none_fails_at_once(content: bytes, why: str):
    assert why in failure(Reply(content))


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(PRIVATE.encode(), 404), "it answered 404"),
        (Reply(PRIVATE.encode(), 401), "it answered 401"),
        (Reply(b"", 201), "it answered 201"),
        (Reply(b'{"values": [1, 2]}', 200, {"Content-Type": "text/html"}), "no plain application/json"),
        (Reply(b'{"values": [1, 2]}', 200, {}), "no plain application/json"),
        (Reply(gzip.compress(b"{}"), 200, JSON | {"Content-Encoding": "gzip"}), "no plain application/json"),
        (Reply(b"", 302, {"Location": "http://169.254.169.254/"}), "redirect (302), which is not followed"),
        (Reply(b"", 307, {"Location": "/score"}), "redirect (307), which is not followed"),
    ],
)
def test_a_refused_request_is_not_retried(reply: Reply, why: str):
    with scorer_with_replies(reply) as (scorer, server):
        with pytest.raises(ScorerError) as caught:
            scorer(ROWS)
        assert len(server.requests) == 1
    assert why in caught.value.reason
    assert PRIVATE not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_stumble_is_forgiven_a_few_times(status: int):
    clock = Clock()
    outside = HttpScorerEnvironment(read_rules("127.0.0.1"), sleep=clock)
    stumble = Reply(PRIVATE.encode(), status)
    with scorer_with_replies(*[stumble] * (ATTEMPTS - 1), values(1.0, 2.0), outside=outside) as (scorer, server):
        assert list(scorer(ROWS)) == [1.0, 2.0]
        assert len(server.requests) == ATTEMPTS
    assert clock.slept == 0.5 + 1 + 2 + 4 + 8 + 16 + 30
    assert failure(stumble) == f"it answered {status}, {ATTEMPTS} times in a row"


def test_the_retry_after_header_is_respected():
    in_a_while = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    for text, least, most in (("7", 7, 7), (in_a_while, 17, 21), ("0", 0, 0), ("soon", 0.5, 0.5), ("-5", 0.5, 0.5)):
        clock = Clock()
        outside = HttpScorerEnvironment(read_rules("127.0.0.1"), sleep=clock)
        busy = Reply(b"", 429, {"Retry-After": text})
        with scorer_with_replies(busy, values(1.0, 2.0), outside=outside) as (scorer, _):
            scorer(ROWS)
        assert least <= clock.slept <= most
    assert "asks to wait 3600 seconds" in failure(Reply(b"", 503, {"Retry-After": "3600"}))


def test_a_slow_answer_is_given_up():
    def slow(_body: Any, _number: int) -> Reply:
        time.sleep(0.3)
        return values(1.0, 2.0)

    with scorer_server(slow) as server:
        scorer = scorer_at(server.url, timeout_seconds=0.05)
        with pytest.raises(ScorerError, match=f"no answer within 0.05 seconds, {ATTEMPTS} times"):
            scorer(ROWS)
        scorer._client.close()


class Dripping(httpx.SyncByteStream):
    """A body that arrives byte by byte, each one in time."""

    def __iter__(self) -> Iterator[bytes]:
        for byte in b'{"values": [1.0, 2.0]}':
            time.sleep(0.02)
            yield bytes([byte])


def test_an_answer_that_drips_is_given_up_as_well():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=JSON, stream=Dripping()))
    outside = HttpScorerEnvironment(read_rules("127.0.0.1"), transport=transport, sleep=Clock())
    with pytest.raises(ScorerError, match=r"no whole answer within 0.1 seconds"):
        scorer_at("http://127.0.0.1:8000/", outside, timeout_seconds=0.1)(ROWS)


def test_a_refused_connection_is_reported():
    with scorer_server(lambda _body, _number: values()) as server:
        url = server.url
    with pytest.raises(ScorerError, match="the connection failed"):
        scorer_at(url)(ROWS)


def test_an_untrusted_certificate_is_not_retried():
    resolved_hosts: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        resolved_hosts.append(request.url.host)
        try:
            raise ssl.SSLCertVerificationError("Hostname mismatch")
        except ssl.SSLError as error:
            raise httpx.ConnectError("no") from error

    outside = HttpScorerEnvironment(read_rules(""), transport=httpx.MockTransport(refuse), sleep=Clock())
    with pytest.raises(ScorerError, match=r"certificate is not a trusted one of 93.184.216.34"):
        scorer_at("https://93.184.216.34/", outside)(ROWS)
    assert len(resolved_hosts) == 1


def test_the_work_can_be_stopped_while_a_scorer_is_waited_for():
    def stopped() -> None:
        raise Cancelled

    with scorer_server(lambda _body, _number: Reply(b"", 503)) as server:
        scorer = scorer_at(server.url, check_cancelled=stopped)
        with pytest.raises(Cancelled):
            scorer(ROWS)
        scorer._client.close()
        assert len(server.requests) == 1


def good() -> httpx.Response:
    return httpx.Response(200, headers=JSON, stream=httpx.ByteStream(b'{"values": [1.0, 2.0]}'))


def name_server(*answers: Sequence[str]) -> tuple[Callable[[str, int], list[str]], list[str]]:
    """Return a resolver with these responses, one after the other, and the list of its queries."""
    resolved_hosts: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        resolved_hosts.append(host)
        return list(answers[min(len(resolved_hosts), len(answers)) - 1])

    return resolve, resolved_hosts


def test_requests_go_to_the_address_that_was_judged_under_the_name_that_was_given():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return good()

    resolve, resolved_hosts = name_server(["93.184.216.34"], ["127.0.0.1"])
    outside = HttpScorerEnvironment(read_rules(""), resolve=resolve, transport=httpx.MockTransport(answer))
    scorer = scorer_at("https://dock.example.org/v1/score?model=3", outside)
    for _ in range(3):
        scorer(ROWS)
    assert resolved_hosts == ["dock.example.org"]  # a second look-up could lead elsewhere
    for request in seen:
        assert str(request.url) == "https://93.184.216.34/v1/score?model=3"
        assert request.headers["Host"] == "dock.example.org"
        assert request.extensions["sni_hostname"] == "dock.example.org"


def test_a_local_server_receives_the_requested_host_name():
    rules = read_rules("dock.test")
    resolve, resolved_hosts = name_server(["127.0.0.1"], ["93.184.216.34"])
    with scorer_server(lambda _body, _number: values(1.0, 2.0)) as server:
        scorer = scorer_at(f"http://dock.test:{server.port}/score", HttpScorerEnvironment(rules, resolve=resolve))
        assert list(scorer(ROWS)) == [1.0, 2.0]
        assert list(scorer(ROWS)) == [1.0, 2.0]
        scorer._client.close()
    assert [headers["Host"] for headers, _ in server.requests] == [f"dock.test:{server.port}"] * 2
    assert resolved_hosts == ["dock.test"]


def test_a_name_that_turns_inward_after_a_failure_is_refused():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        raise httpx.ConnectError("gone")

    resolve, _ = name_server(["93.184.216.34"], ["10.0.0.1"])
    outside = HttpScorerEnvironment(
        read_rules(""), resolve=resolve, transport=httpx.MockTransport(answer), sleep=Clock()
    )
    with pytest.raises(ScorerError, match="its address is not a public one"):
        scorer_at("https://dock.example.org/", outside)(ROWS)
    assert seen == ["93.184.216.34"]


def test_another_address_is_tried_after_a_failure():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "93.184.216.34":
            raise httpx.ConnectError("gone")
        return good()

    resolve, _ = name_server(["93.184.216.34", "2606:2800:220::1"])
    outside = HttpScorerEnvironment(
        read_rules(""), resolve=resolve, transport=httpx.MockTransport(answer), sleep=Clock()
    )
    assert list(scorer_at("https://dock.example.org/", outside)(ROWS)) == [1.0, 2.0]


def test_a_name_without_an_address_is_looked_up_again():
    def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    outside = replace(HttpScorerEnvironment(read_rules("")), resolve=resolve, sleep=Clock())
    with pytest.raises(ScorerError, match=f"dock.example.org cannot be resolved, {ATTEMPTS} times"):
        scorer_at("https://dock.example.org/", outside)(ROWS)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with scorer_with_replies(values(1.0, 2.0)) as (scorer, _):
        assert list(scorer(ROWS)) == [1.0, 2.0]
