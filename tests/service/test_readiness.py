"""Readiness reports the state of tables, broker and every queue within seconds, whatever hangs."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from api_actors import serving
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import text

from service import presence, readiness
from service.app import create_app
from service.presence import ROLES
from service.readiness import Readiness, Report
from service.settings import Settings
from service.store.migrations import difference
from service.store.session import open_engine


@pytest.fixture
def client(settings: Settings) -> Iterator[Redis]:
    with presence.opened(settings.required_redis_url()) as made:
        presence.forget(made)
        yield made


def appear(client: Redis) -> None:
    for role in ROLES:
        presence.appear(client, role, "here:1")


def report_of(settings: Settings) -> Report:
    return asyncio.run(Readiness(settings).report())


def test_all_is_well_when_everybody_is_there(settings: Settings, client: Redis):
    appear(client)
    report = report_of(settings)
    assert report.missing == {}
    assert list(report.checks) == ["database", "migrations", "broker", "rounds", "fast", "io", "upkeep"]
    assert {seen.consumers for seen in report.queues.values()} == {1}


@pytest.mark.parametrize("role", ROLES)
def test_a_queue_without_a_consumer_is_named_with_what_to_start(settings: Settings, client: Redis, role: Any):
    appear(client)
    presence.leave(client, role, "here:1")
    assert list(report_of(settings).missing) == [role]
    reason = report_of(settings).missing[role]
    assert "nobody is there (none is known)" in reason
    assert "start `python -m workers --" in reason


def test_a_consumer_that_fell_silent_counts_no_more_and_the_age_of_its_sign_is_told(
    settings: Settings, client: Redis
):
    appear(client)
    client.zadd("assayflow.consumers.fast", {"here:1": time.time() - 3000})
    report = report_of(settings)
    assert list(report.missing) == ["fast"]
    assert "the last sign of one is 300" in report.missing["fast"]
    assert report.queues["fast"].consumers == 0
    assert report.queues["fast"].seconds == pytest.approx(3000, abs=60)


def test_foreign_content_under_a_key_is_no_consumer(settings: Settings, client: Redis):
    appear(client)
    client.set("assayflow.consumers.rounds", "garbage")
    assert set(report_of(settings).missing) == {"broker", *ROLES}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TABLE alembic_version", "the database is empty, this release needs"),
        ("UPDATE alembic_version SET version_num = '0001'", "the database is at 0001, this release needs"),
        ("UPDATE alembic_version SET version_num = '9999'", "at 9999, which this release does not know"),
        ("DROP TABLE round_events", "the database lacks round_events"),
    ],
)
def test_a_database_without_the_tables_of_this_release_is_told(
    settings: Settings, statement: str, reason: str
):
    engine = open_engine(settings.required_database_url())
    with engine.connect() as connection:
        assert difference(connection) is None
        connection.execute(text(statement))
        assert reason in str(difference(connection))
        connection.rollback()
    engine.dispose()


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that accepts connections and sends nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def test_what_hangs_is_answered_in_time_and_however_many_ask_share_one_check(
    settings: Settings, deaf: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", 1.0)
    url = SecretStr(f"postgresql+psycopg://nobody@127.0.0.1:{deaf}/none")
    checks: list[int] = []
    one = Readiness(settings.model_copy(update={"database_url": url}))
    monkeypatch.setattr(one, "_check_queues", lambda _: checks.append(1))

    async def ask_often() -> list[Report]:
        return list(await asyncio.gather(*(one.report() for _ in range(100))))

    started = time.monotonic()
    reports = asyncio.run(ask_often())
    assert time.monotonic() - started < 5
    assert all("the checks take longer" in reason for reason in reports[0].missing.values())
    assert len(checks) <= 1


def test_a_redis_that_hangs_is_named_alone(settings: Settings, deaf: int):
    hung = settings.model_copy(update={"redis_url": SecretStr(f"redis://127.0.0.1:{deaf}/0")})
    started = time.monotonic()
    assert set(report_of(hung).missing) == {"broker", *ROLES}
    assert time.monotonic() - started < readiness.ANSWER_SECONDS


@pytest.mark.slow
def test_a_frozen_database_is_told_in_time_and_forgotten_when_it_goes_on(settings: Settings, client: Redis):
    appear(client)
    engine = open_engine(settings.required_database_url())
    with serving(create_app(settings)) as url, httpx.Client(base_url=url, timeout=20) as http:
        assert http.get("/health/ready").status_code == 200
        with engine.connect() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        server = psutil.Process(psutil.Process(backend).ppid())
        engine.dispose()
        server.send_signal(signal.SIGSTOP)
        try:
            time.sleep(1.1)
            started = time.monotonic()
            answers = [http.get("/health/ready") for _ in range(2)]
            assert time.monotonic() - started < 2 * readiness.ANSWER_SECONDS + 2
        finally:
            server.send_signal(signal.SIGCONT)
        assert {answer.status_code for answer in answers} == {503}
        assert answers[0].json()["checks"]["database"] == "failed"
        deadline = time.monotonic() + 20
        while http.get("/health/ready").status_code != 200:
            assert time.monotonic() < deadline
            appear(client)
            time.sleep(0.2)


def test_the_answer_is_a_problem_that_says_what_to_do(settings: Settings, client: Redis):
    presence.appear(client, "rounds", f"here:{os.getpid()}")
    with serving(create_app(settings)) as url, httpx.Client(base_url=url) as http:
        reason = http.get("/health/ready")
        assert reason.status_code == 503
        assert reason.headers["Content-Type"] == "application/problem+json"
        body = reason.json()
        assert body["checks"] == {
            "database": "ok", "migrations": "ok", "broker": "ok",
            "rounds": "ok", "fast": "failed", "io": "failed", "upkeep": "failed",
        }  # fmt: skip
        assert [item["check"] for item in body["failures"]] == ["fast", "io", "upkeep"]
        assert "python -m workers --beat" in body["detail"]
        assert body["queues"]["rounds"]["consumers"] == 1
        assert body["queues"]["fast"] == {"consumers": 0, "last_seen_seconds": None}
