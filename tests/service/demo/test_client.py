"""The demonstration's client, against a scripted service."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.demo.client import Client, Event, RefusedError

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
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer af_key"
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"state": "training" if len(asked) < 2 else "awaiting_results"})
        asked.append(request.headers["Last-Event-ID"])
        steps = {1: ": ping\r\n\r\n" + event(1, "fitting") + event(2, "training"), 2: event(3, "awaiting_results")}
        return httpx.Response(200, text=steps[len(asked)], headers={"Content-Type": "text/event-stream"})

    checks: list[None] = []
    with client_of(answer) as client:
        events = list(client.follow("c", 1, lambda: checks.append(None)))
    assert events == [
        Event("1", "fitting", 0.25, "step 1"),
        Event("2", "training", 0.5, "step 2"),
        Event("3", "awaiting_results", 0.75, "step 3"),
    ]
    assert asked == ["0", "2"]
    assert len(checks) == 2


def test_all_pages_of_results_are_read():
    def answer(request: httpx.Request) -> httpx.Response:
        is_second = request.url.params.get("cursor") == "next"
        return httpx.Response(
            200, json={"items": [2] if is_second else [1], "next_cursor": None if is_second else "next"}
        )

    with client_of(answer) as client:
        assert client.results("c") == [1, 2]


def test_a_problem_is_told_with_its_own_words(tmp_path: Path):
    with (
        client_of(lambda _: httpx.Response(409, json={"detail": "another round is being computed"})) as client,
        pytest.raises(RefusedError, match=r"POST /v1/campaigns/c/rounds: 409 .*another round"),
    ):
        client.start_round("c")
    assert list(tmp_path.iterdir()) == []
