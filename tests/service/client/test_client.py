"""The client of the HTTP API, against a scripted service."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from service.client.client import Client, ClientError, Event, Job, RefusedError, UnreachableError

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer) -> Client:
    client = Client("http://service", "af_key")
    headers = client._http.headers
    client._http = httpx.Client(base_url="http://service/v1", headers=headers, transport=httpx.MockTransport(answer))
    return client


def event(number: int, state: str) -> str:
    data = json.dumps({"state": state, "progress": number / 4, "message": f"step {number}", "at": "now"})
    return f"id: {number}\r\nevent: progress\r\ndata: {data}\r\n\r\n"


def test_a_broken_stream_is_taken_up_after_its_last_event():
    requested: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer af_key"
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"state": "training" if len(requested) < 2 else "awaiting_results"})
        requested.append(request.headers.get("Last-Event-ID"))
        steps = {1: ": ping\r\n\r\n" + event(1, "fitting") + event(2, "training"), 2: event(3, "awaiting_results")}
        return httpx.Response(200, text=steps[len(requested)], headers={"Content-Type": "text/event-stream"})

    checks: list[None] = []
    with client_of(answer) as client:
        events = list(client.follow("c", 1, lambda: checks.append(None)))
    assert events == [
        Event("1", "fitting", 0.25, "step 1"),
        Event("2", "training", 0.5, "step 2"),
        Event("3", "awaiting_results", 0.75, "step 3"),
    ]
    assert requested == [None, "2"]
    assert len(checks) == 3  # before each stream, and at a keep-alive of the service


def test_all_pages_of_results_are_read():
    def answer(request: httpx.Request) -> httpx.Response:
        is_second = request.url.params.get("cursor") == "next"
        return httpx.Response(
            200, json={"items": [2] if is_second else [1], "next_cursor": None if is_second else "next"}
        )

    with client_of(answer) as client:
        assert client.results("c") == [1, 2]


def test_a_problem_is_reported_with_its_own_message(tmp_path: Path):
    with (
        client_of(
            lambda _: httpx.Response(409, json={"title": "Conflict", "detail": "another round is being computed"})
        ) as client,
        pytest.raises(RefusedError, match=r"^Conflict: another round is being computed$"),
    ):
        client.start_round("c")
    assert list(tmp_path.iterdir()) == []


def test_who_does_not_answer_is_named_and_never_the_key():
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client_of(silent) as client, pytest.raises(UnreachableError, match=r"http://service \(refused\)") as reported:
        client.campaign("c")
    assert "af_key" not in str(reported.value)


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[1])])
def test_another_service_is_detected(answer: httpx.Response):
    with client_of(lambda _: answer) as client, pytest.raises(ClientError, match="not as Assayflow does"):
        client.campaign("c")


@pytest.mark.parametrize(
    ("url", "key"), [("nowhere", "af_x"), ("ftp://x", "af_x"), ("http://x", "af_x\n"), ("http://x", "é")]
)
def test_a_wrong_address_or_key_is_refused_without_showing_the_key(url: str, key: str):
    with pytest.raises(ClientError) as reported:
        Client(url, key)
    assert key not in str(reported.value)


def test_ctrl_c_while_asking_cancels_what_was_accepted():
    sent: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, request.headers.get("Idempotency-Key")))
        if len(sent) == 1:
            raise KeyboardInterrupt
        return httpx.Response(202, json={"id": "j", "state": "queued"})

    with client_of(answer) as client, pytest.raises(KeyboardInterrupt):
        client.request_samples("c", {"n": 1})
    (first, once), (again, same), (last, _) = sent
    assert (first, again, last) == ("/v1/campaigns/c/samples",) * 2 + ("/v1/campaigns/c/samples/j/cancel",)
    assert once == same is not None


def job(state: str, progress: float = 0.0) -> Job:
    return Job("/campaigns/c/samples/j", {"id": "j", "state": state, "progress": progress, "message": f"it is {state}"})


def followed(client: Client) -> tuple[list[tuple[str, float]], Job]:
    """Return the reported states and progress of a queued job, and the job at its end."""
    ends: list[Job] = []

    def follow() -> Iterator[Event]:
        ends.append((yield from client.follow_job(job("queued"))))

    return [(seen.state, seen.progress) for seen in follow()], ends[0]


class Service:
    """A service with a scripted job to poll and to stream; an error in place of a stream is raised."""

    def __init__(self, states: Iterable[Job], streams: Iterable[str | httpx.Response | Exception]) -> None:
        self._states, self._streams = iter(states), iter(streams)
        self.requests: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json=next(self._states).data)
        self.requests.append(request.headers.get("Last-Event-ID"))
        stream = next(self._streams)
        if isinstance(stream, Exception):
            raise stream
        return stream if isinstance(stream, httpx.Response) else httpx.Response(200, text=stream)


def test_a_job_is_followed_by_its_events_across_a_dropped_connection(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.client.client._POLL_SECONDS", 0.0)
    streams = [event(1, "queued") + event(2, "running"), httpx.ReadError("dropped"), event(3, "succeeded")]
    service = Service([job("queued"), job("running", 0.5), job("running", 0.6), job("succeeded", 1.0)], streams)
    with client_of(service) as client:
        events, ended = followed(client)
    assert service.requests == [None, "2", "2"]
    assert events == [
        ("queued", 0.0),
        ("queued", 0.25),
        ("running", 0.5),
        ("running", 0.5),  # the stream had ended: this was polled
        ("succeeded", 0.75),
        ("succeeded", 1.0),
    ]
    assert ended == job("succeeded", 1.0)


@pytest.mark.parametrize("refusal", [404, 501])
def test_a_job_without_events_is_polled(refusal: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.client.client._POLL_SECONDS", 0.0)
    states = [job("queued"), job("running", 0.5), job("failed", 0.5)]
    service = Service(states, [httpx.Response(refusal, text="no such page")])
    with client_of(service) as client:
        events, ended = followed(client)
    assert service.requests == [None]
    assert events == [("queued", 0.0), ("queued", 0.0), ("running", 0.5), ("failed", 0.5)]
    assert ended == states[-1]


def test_a_finished_job_is_not_polled():
    with client_of(lambda _: pytest.fail("nothing is left to ask")) as client:
        done = job("succeeded", 1.0)
        assert list(client.follow_job(done)) == [done.event]


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_a_long_upload_is_followed_to_its_report(state: str, tmp_path: Path):
    table = tmp_path / "plates.csv"
    table.write_text("smiles,glow\nCCO,1\n")
    requested: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requested.append(f"{request.method} {request.url.path}")
        job = {"id": "7", "state": "queued", "progress": 0.0, "message": "waiting", "failure": None}
        if request.method == "POST":
            assert request.headers["Idempotency-Key"]
            return httpx.Response(202, json=job, headers={"Location": "/v1/campaigns/c/uploads/7"})
        if request.url.path.endswith("/events"):
            return httpx.Response(200, text=event(1, state), headers={"Content-Type": "text/event-stream"})
        over = {"state": state, "report": {"accepted": 1}} if len(requested) > 3 else {}
        failure = (
            {"title": "The payload is not valid", "detail": "no column", "errors": []} if state == "failed" else None
        )
        return httpx.Response(200, json={**job, **over, "failure": failure})

    with client_of(answer) as client:
        if state == "succeeded":
            assert client.upload("c", table) == {"accepted": 1}
        else:
            with pytest.raises(RefusedError, match="no column"):
                client.upload("c", table)
    assert requested[:3] == [
        "POST /v1/campaigns/c/results",
        "GET /v1/campaigns/c/uploads/7",
        "GET /v1/campaigns/c/uploads/7/events",
    ]


def test_amendments_are_sent_once_with_their_reason():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=b"a,b\n")
        assert request.headers["Idempotency-Key"]
        body = json.loads(request.content)
        assert body["reason"] == "typo"
        path = request.url.path
        return httpx.Response(201, json={"path": path, "row": body.get("row"), "withdrawn": 3})

    with client_of(answer) as client:
        corrected = client.correct_result("c", "r", {"value": 3}, "typo")
        assert corrected["path"].endswith("/campaigns/c/results/r/correction")
        assert corrected["row"] == {"value": 3}
        assert client.withdraw_result("c", "r", "typo")["path"].endswith("/campaigns/c/results/r/withdrawal")
        assert client.withdraw_upload("c", "u", "typo") == 3
        assert client.sent_file("c", "u") == b"a,b\n"


def test_a_decision_is_sent_with_the_version_that_was_read():
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"id": "k", "status": "rejected"}, headers={"ETag": '"3"'})

    with client_of(answer) as client:
        told = client.decide("k", "rejected", "toxic", analogues=True, similarity=0.6)
        assert client.replace("k")["id"] == "k"
    assert told["status"] == "rejected"
    read, decided, replaced = sent
    assert (read.method, decided.method, decided.headers["If-Match"]) == ("GET", "PATCH", '"3"')
    decision = {"status": "rejected", "reason": "toxic", "analogues": True, "similarity": 0.6}
    assert json.loads(decided.content) == decision
    assert (replaced.method, replaced.url.path) == ("POST", "/v1/candidates/k/replace")
    assert replaced.headers["Idempotency-Key"]


def test_a_release_is_answered_with_the_hash_of_the_batch():
    with client_of(lambda _: httpx.Response(200, json={"batch_sha256": "ab12"})) as client:
        assert client.release("c", 1) == "ab12"


@pytest.mark.parametrize(
    ("name", "sent", "expected"), [("order", "csv", "batch.order.csv"), ("csv", "csv", "batch.csv")]
)
def test_a_file_has_the_extension_that_programs_know(tmp_path: Path, name: str, sent: str, expected: str):
    headers = {"Content-Disposition": f'attachment; filename="films-round-1.{sent}"'}
    with client_of(lambda _: httpx.Response(200, content=b"a,b", headers=headers)) as client:
        path = client.download("c", 1, name, tmp_path / f"batch.{name}")
    assert path == tmp_path / expected
    assert path.read_bytes() == b"a,b"
