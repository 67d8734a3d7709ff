"""Many callers at once: few connections serve them all, no caller blocks another, and no read counts rows.

Nothing here is measured in seconds: responses, connections and statements are counted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from inspect import iscoroutinefunction
from threading import Barrier, Lock
from typing import Any

import anyio
import httpx
import pytest
from api_actors import Api, Worker, serving
from fastapi import FastAPI
from sqlalchemy import event

from service.api.metrics import Metrics
from service.api.polling import LOOKS_PER_SECOND, Poller
from service.api.routes import operators
from service.app import create_app
from service.errors import UnavailableError
from service.settings import Settings

CONNECTIONS = 8


@pytest.fixture(scope="module")
def small(settings: Settings) -> FastAPI:
    """An application with as few connections as are allowed."""
    changes = {"database_connections": CONNECTIONS, "wait_seconds": 120.0, "max_streams": 30}
    return create_app(settings.model_copy(update=changes))


@pytest.fixture(scope="module")
def small_url(small: FastAPI) -> Iterator[str]:
    with serving(small) as url:
        yield url


def test_a_crowd_of_readers_is_served_by_few_connections(api: Api, small: FastAPI, small_url: str) -> None:
    campaign = api.campaign()["id"]
    api.round(campaign)
    headers = {"Authorization": api.client.headers["Authorization"]}
    paths = ("/v1/campaigns", f"/v1/campaigns/{campaign}", f"/v1/campaigns/{campaign}/rounds/1")
    pool = small.state.sessions.kw["bind"].pool
    seen: list[int] = []

    def read(number: int) -> tuple[str, int]:
        address = "/health/ready" if number % 10 == 0 else "/health/live" if number % 10 == 1 else paths[number % 3]
        answer = httpx.get(f"{small_url}{address}", headers=headers, timeout=150, trust_env=False)
        seen.append(pool.checkedout())
        if address == "/health/ready":  # no worker is running, and readiness has already been computed
            assert answer.json()["checks"]["database"] == "ok"
            return address, 200
        return address, answer.status_code

    with ExitStack() as stack:
        listener = stack.enter_context(httpx.Client(headers=headers, timeout=150, trust_env=False))
        for _ in range(20):
            stream = stack.enter_context(listener.stream("GET", f"{small_url}/v1/campaigns/{campaign}/rounds/1/events"))
            assert stream.status_code == 200
        with ThreadPoolExecutor(60) as callers:
            answers = Counter(callers.map(read, range(240)))
    assert {status for _, status in answers} == {200}
    assert answers.total() == 240
    assert max(seen) <= pool.size() == CONNECTIONS
    assert pool._max_overflow == 0


def test_liveness_and_readiness_take_no_thread() -> None:
    assert iscoroutinefunction(operators.live)
    assert iscoroutinefunction(operators.ready)


def test_one_stream_too_many_is_refused_with_retry_after(api: Api, small_url: str) -> None:
    campaign = api.campaign()["id"]
    api.round(campaign)
    address = f"{small_url}/v1/campaigns/{campaign}/rounds/1/events"
    headers = {"Authorization": api.client.headers["Authorization"]}
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(headers=headers, timeout=60, trust_env=False))
        streams = [stack.enter_context(client.stream("GET", address)).iter_text() for _ in range(30)]
        assert all(next(stream) for stream in streams)  # a stream counts from its first poll
        refused = stack.enter_context(client.stream("GET", address))
        assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"].isdecimal()


def test_followers_look_less_often_the_more_they_are() -> None:
    poller = Poller(connections=1, most=2 * int(LOOKS_PER_SECOND))
    with ExitStack() as stack:
        rates = []
        for _ in range(2 * int(LOOKS_PER_SECOND)):
            stack.enter_context(poller.following())
            rates.append(len(rates) + 1)
            assert rates[-1] / poller.interval(0.5) <= LOOKS_PER_SECOND
        with pytest.raises(UnavailableError):
            poller.check()
    poller.check()
    assert poller.interval(0.5) == 0.5


def test_no_more_followers_look_at_once_than_there_are_connections() -> None:
    lock, pair, inside, most = Lock(), Barrier(2), 0, 0

    def look() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        pair.wait(30)
        with lock:
            inside -= 1

    async def test() -> None:
        poller = Poller(connections=2, most=100)
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(poller.look, look)

    anyio.run(test)
    assert (inside, most) == (0, 2)


Statements = Callable[[str], list[str]]


@pytest.fixture
def statements(api: Api, app: FastAPI) -> Statements:
    """Return the SQL that one GET runs, once the key was seen lately."""

    @contextmanager
    def recorded() -> Iterator[list[str]]:
        found: list[str] = []

        def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            found.append(statement)

        engine = app.state.sessions.kw["bind"]
        event.listen(engine, "before_cursor_execute", record)
        try:
            yield found
        finally:
            event.remove(engine, "before_cursor_execute", record)

    def run(address: str) -> list[str]:
        api.client.get(address)
        with recorded() as found:
            assert api.client.get(address).status_code == 200
        return found

    return run


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/v1/domains", 1),
        ("/v1/campaigns", 2),
        ("/v1/campaigns/{id}", 2),
        ("/v1/campaigns/{id}/rounds", 4),
        ("/v1/campaigns/{id}/rounds/1", 3),
        ("/v1/campaigns/{id}/rounds/1/batch", 7),
        ("/v1/campaigns/{id}/rounds/1/events", 5),
        ("/v1/campaigns/{id}/results", 5),
        ("/v1/campaigns/{id}/samples", 3),
        ("/v1/campaigns/{id}/predictions", 3),
        ("/v1/candidates/{candidate}", 4),
        ("/v1/backtests", 2),
        ("/v1/api-keys", 2),
    ],
)
def test_a_read_runs_few_statements_and_counts_nothing(
    api: Api, worker: Worker, statements: Statements, address: str, most: int
) -> None:
    campaign = f"/v1/campaigns/{api.campaign()['id']}"
    for number in range(3):
        started = api.client.post(f"{campaign}/rounds").json()
        worker.finish(started, (f"{number:04b}", f"{number + 8:04b}"))
    batch = api.client.get(f"{campaign}/rounds/1/batch").json()
    ids = {"id": campaign.rsplit("/", 1)[1], "candidate": batch["candidates"][0]["id"]}
    run = statements(address.format(**ids))
    assert 1 <= len(run) <= most, run
    assert not [text for text in run if "count(" in text.lower()]


def test_a_list_of_campaigns_and_a_look_at_a_round_read_no_specification(api: Api, statements: Statements) -> None:
    campaign = api.campaign()["id"]
    api.round(campaign)
    api.client.post(f"/v1/campaigns/{campaign}/rounds/1/cancel")
    for address in ("/v1/campaigns", f"/v1/campaigns/{campaign}/rounds/1", f"/v1/campaigns/{campaign}/rounds"):
        assert not [text for text in statements(address) if ".spec" in text or ".snapshot" in text]


def test_frequent_scrapes_do_not_count_rows_each_time() -> None:
    counted: list[str] = []

    def count() -> dict[tuple[str, ...], int]:
        counted.append("rounds")
        return {("queued",): len(counted)}

    metrics = Metrics(count, dict)
    counts = [metrics.registry.get_sample_value("assayflow_rounds", {"state": "queued"}) for _ in range(20)]
    assert counts == [1.0] * 20
    assert len(counted) == 1
