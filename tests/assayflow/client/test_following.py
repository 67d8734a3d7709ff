"""Events, waits, time-outs and interrupts of rounds and jobs."""

from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from scripted_api import Kind, client_of, event, play

from assayflow import ComputationError, Event, WaitTimeoutError

FAILURE = {"title": "It broke", "detail": "the lamp went out"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assayflow.client.following.POLL_SECONDS", 0.0)


def resource(state: str, progress: float = 0.0, **more: Any) -> dict[str, Any]:
    told = {"id": "j", "number": 1, "state": state, "progress": progress, "message": f"it is {state}"}
    return {**told, "failure": FAILURE if state == "failed" else None, **more}


class Service:
    """A service with scripted states to poll and to stream; an error in place of a stream is raised."""

    def __init__(
        self, states: Iterable[dict[str, Any]], streams: Iterable[str | httpx.Response | Exception]
    ) -> None:
        self._states: Iterator[dict[str, Any]] = iter(states)
        self._streams = iter(streams)
        self.listened: list[str | None] = []
        self.posted: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer af_key"
        if request.method == "POST":
            self.posted.append(request)
            return httpx.Response(202, json=resource("queued"))
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json=next(self._states))
        self.listened.append(request.headers.get("Last-Event-ID"))
        stream = next(self._streams)
        if isinstance(stream, Exception):
            raise stream
        return stream if isinstance(stream, httpx.Response) else httpx.Response(200, text=stream)


def seen(events: Iterable[Event]) -> list[tuple[str, float]]:
    return [(each.state, each.progress) for each in events]


def test_a_broken_stream_is_taken_up_after_its_last_event(kind: Kind) -> None:
    streams = [": ping\r\n\r\n" + event(1, "fitting") + event(2, "training"), event(3, "awaiting_results")]
    states = [resource("training"), resource("training"), resource("awaiting_results", 1.0)]
    service, checks = Service(states, streams), list[None]()
    events = play(kind, service, lambda client: client.rounds.follow("c", 1, lambda: checks.append(None)))
    assert events == [
        Event("1", "fitting", 0.25, "step 1"),
        Event("2", "training", 0.5, "step 2"),
        Event("3", "awaiting_results", 0.75, "step 3"),
    ]
    assert service.listened == [None, "2"]
    assert len(checks) == 6  # before each stream, at each event, and at the keep-alive


def test_a_job_is_followed_across_a_dropped_connection(kind: Kind) -> None:
    streams = [event(1, "queued") + event(2, "running"), httpx.ReadError("dropped"), event(3, "running")]
    states = [
        resource("queued"),
        resource("running", 0.5),
        resource("running", 0.6),
        resource("succeeded", 1.0),
    ]
    service = Service(states, streams)
    events = play(kind, service, lambda client: client.samples.follow("c", "j"))
    assert service.listened == [None, "2", "2"]
    assert seen(events) == [
        ("queued", 0.25),
        ("running", 0.5),
        ("running", 0.5),  # the stream had broken: this was polled
        ("running", 0.75),
        ("succeeded", 1.0),
    ]


@pytest.mark.parametrize("refusal", [404, 501])
def test_what_has_no_events_is_polled(kind: Kind, refusal: int) -> None:
    states = [resource("queued"), resource("running", 0.5), resource("succeeded", 1.0)]
    service = Service(states, [httpx.Response(refusal, text="no such page")])
    events = play(kind, service, lambda client: client.samples.follow("c", "j"))
    assert service.listened == [None]
    assert seen(events) == [("queued", 0.0), ("running", 0.5), ("succeeded", 1.0)]


def test_a_wait_reports_progress_and_returns_the_round(kind: Kind) -> None:
    service = Service([resource("training"), resource("awaiting_results", 1.0)], [event(1, "training")])
    heard: list[Event] = []
    ended = play(kind, service, lambda client: client.rounds.wait("c", 1, progress=heard.append))
    assert ended["state"] == "awaiting_results"
    assert seen(heard) == [("training", 0.25), ("awaiting_results", 1.0)]


@pytest.mark.parametrize(
    ("state", "said"),
    [("failed", r"^round 1 failed: It broke: the lamp went out$"), ("cancelled", "it is cancelled")],
)
def test_a_failed_round_is_an_error_with_its_reason(kind: Kind, state: str, said: str) -> None:
    with pytest.raises(ComputationError, match=said) as raised:
        play(kind, Service([resource(state)], []), lambda client: client.rounds.wait("c", 1))
    assert raised.value.resource["state"] == state


def test_a_wait_ends_in_time_and_the_round_goes_on(kind: Kind) -> None:
    service = Service(
        iter(lambda: resource("training"), None), iter(lambda: httpx.ReadTimeout("silent"), None)
    )
    with pytest.raises(WaitTimeoutError, match=r"not finished after 0\.1 s; it goes on"):
        play(kind, service, lambda client: client.rounds.wait("c", 1, timeout=0.1))
    assert service.posted == []


def test_an_error_of_the_callback_ends_the_wait(kind: Kind) -> None:
    def broken(_: Event) -> None:
        raise LookupError("the display is gone")

    service = Service([resource("training")], [event(1, "training")])
    with pytest.raises(LookupError, match="the display is gone"):
        play(kind, service, lambda client: client.rounds.wait("c", 1, progress=broken))


def test_ctrl_c_while_waiting_cancels_the_job() -> None:
    def leave(_: Event) -> None:
        raise KeyboardInterrupt

    service = Service([resource("running")], [event(1, "running")])
    with client_of(service) as client, pytest.raises(KeyboardInterrupt):
        client.samples.run("c", {"n": 1}, progress=leave)
    assert [request.url.path for request in service.posted] == [
        "/v1/campaigns/c/samples",
        "/v1/campaigns/c/samples/j/cancel",
    ]


def test_ctrl_c_while_asking_cancels_what_was_accepted() -> None:
    sent: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, request.headers.get("Idempotency-Key")))
        if len(sent) == 1:
            raise KeyboardInterrupt
        return httpx.Response(202, json={"id": "j", "state": "queued"})

    with client_of(answer) as client, pytest.raises(KeyboardInterrupt):
        client.samples.start("c", {"n": 1})
    (first, once), (again, same), (last, _) = sent
    assert (first, again, last) == ("/v1/campaigns/c/samples",) * 2 + ("/v1/campaigns/c/samples/j/cancel",)
    assert once == same is not None


def test_who_stops_iterating_stops_nothing() -> None:
    service = Service([resource("training")], [event(1, "fitting") + event(2, "training")])
    with client_of(service) as client:
        events = client.rounds.follow("c", 1)
        assert next(events).state == "fitting"
        events.close()
    assert service.posted == []
