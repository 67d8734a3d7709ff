"""What is repeated after a failure, with which key, and what is not."""

import email.utils
import time

import httpx
import pytest
from scripted_api import AT_ONCE, Kind, play

from assayflow import ConflictError, ServerError, UnreachableError
from assayflow.client.patience import Patience

OK = httpx.Response(200, json={"number": 1}, headers={"ETag": '"1"'})
DONE = httpx.Response(202, json={"number": 1})
IN_FLIGHT = {
    "title": "The state does not allow it",
    "detail": "a request with this Idempotency-Key is in flight",
}


class Failing:
    """Fails in these ways, and then answers."""

    def __init__(self, *steps: httpx.Response | Exception) -> None:
        self._steps = iter(steps)
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        step = next(self._steps)
        if isinstance(step, Exception):
            raise step
        return step


def busy(status: int = 503, after: str | None = None) -> httpx.Response:
    headers = {} if after is None else {"Retry-After": after}
    return httpx.Response(status, json={"title": "Busy"}, headers=headers)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.RemoteProtocolError("closed"),
        busy(503, "0"), busy(429, "0"), busy(502), busy(504),
    ],
    ids=str,
)  # fmt: skip
def test_a_post_is_repeated_under_the_same_key(kind: Kind, failure: httpx.Response | Exception) -> None:
    service = Failing(failure, DONE)
    assert play(kind, service, lambda client: client.rounds.start("c"))["number"] == 1
    first, second = service.sent
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_two_calls_have_two_keys() -> None:
    service = Failing(DONE, DONE)
    for _ in range(2):
        play("sync", service, lambda client: client.rounds.start("c"))
    assert service.sent[0].headers["Idempotency-Key"] != service.sent[1].headers["Idempotency-Key"]


def test_a_repeated_post_waits_for_the_first_one_in_flight(kind: Kind) -> None:
    service = Failing(httpx.ReadTimeout("slow"), httpx.Response(409, json=IN_FLIGHT), DONE)
    assert play(kind, service, lambda client: client.rounds.start("c"))["number"] == 1


def test_a_conflict_of_state_is_not_repeated(kind: Kind) -> None:
    service = Failing(httpx.Response(409, json={"title": "Conflict", "detail": "round 1 is being computed"}))
    with pytest.raises(ConflictError):
        play(kind, service, lambda client: client.rounds.start("c"))


def test_a_change_whose_answer_is_lost_is_not_repeated(kind: Kind) -> None:
    service = Failing(OK, httpx.ReadError("reset"))
    with pytest.raises(UnreachableError, match="it may have been done or not"):
        play(kind, service, lambda client: client.candidates.decide("k", "approved"))
    assert [request.method for request in service.sent] == ["GET", "PATCH"]


def test_a_change_that_was_not_processed_is_repeated(kind: Kind) -> None:
    service = Failing(OK, busy(503, "0"), OK)
    play(kind, service, lambda client: client.candidates.decide("k", "approved"))
    assert [request.headers.get("If-Match") for request in service.sent] == [None, '"1"', '"1"']


def test_patience_ends(kind: Kind) -> None:
    service = Failing(*[busy()] * 5)
    with pytest.raises(ServerError, match="Busy"):
        play(kind, service, lambda client: client.campaigns.get("c"))
    assert len(service.sent) == 1 + AT_ONCE.retries


def test_the_wait_doubles_and_obeys_the_service() -> None:
    patience = Patience(retries=4, first_seconds=0.5, longest_seconds=3)
    assert [patience.seconds(attempt, None) for attempt in range(5)] == [0.5, 1, 2, 3, None]
    assert patience.seconds(0, busy(429, "2")) == 2
    assert patience.seconds(0, busy(429, "600")) is None
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    assert patience.seconds(0, busy(429, date)) == pytest.approx(2, abs=1.1)
    assert patience.seconds(0, busy(429, "soon")) == 0.5
