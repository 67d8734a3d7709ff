"""Tasks are sent with the commit, once, or not at all; an unavailable broker loses no round."""

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlalchemy import text

from service.dispatch import JOB_TASK, ROUND_TASK, CelerySender, deliver, send_after_commit
from service.settings import Settings
from service.store.session import Sessions, opened

Sent = list[tuple[str, UUID, str]]


@pytest.fixture
def recorded(settings: Settings) -> Iterator[tuple[Sessions, Sent]]:
    sent: Sent = []
    with opened(settings.required_database_url()) as sessions:
        deliver(sessions, lambda *reported: sent.append(reported))
        yield sessions, sent


def test_a_task_leaves_after_the_commit_and_once(recorded: tuple[Sessions, Sent]):
    sessions, sent = recorded
    item = uuid4()
    with sessions.begin() as session:
        send_after_commit(session, ROUND_TASK, item, "celery")
        send_after_commit(session, ROUND_TASK, item, "celery")
        session.execute(text("SELECT 1"))
        assert sent == []
    assert sent == [(ROUND_TASK, item, "celery")]
    with sessions.begin() as session:
        session.execute(text("SELECT 1"))
    assert sent == [(ROUND_TASK, item, "celery")]


def test_a_rollback_sends_nothing(recorded: tuple[Sessions, Sent]):
    sessions, sent = recorded
    with sessions() as session:
        session.execute(text("SELECT 1"))
        send_after_commit(session, ROUND_TASK, uuid4(), "celery")
        session.rollback()
        session.execute(text("SELECT 1"))
        session.commit()
    assert sent == []


def test_a_savepoint_is_no_commit(recorded: tuple[Sessions, Sent]):
    sessions, sent = recorded
    item = uuid4()
    with sessions.begin() as session:
        with session.begin_nested():
            send_after_commit(session, ROUND_TASK, item, "celery")
        assert sent == []
    assert sent == [(ROUND_TASK, item, "celery")]


def test_celery_gets_the_task_by_name(settings: Settings):
    sender, item = CelerySender(settings.required_redis_url()), uuid4()
    sender(ROUND_TASK, item, "celery")
    sender(JOB_TASK, item, "fast")
    sender.close()
    with Redis.from_url(settings.required_redis_url()) as redis:
        messages = [str(redis.lpop(queue)) for queue in ("celery", "fast")]
    assert all(str(item) in message for message in messages)
    assert ROUND_TASK in messages[0]
    assert JOB_TASK in messages[1]


def test_a_broker_that_is_away_raises_nothing_and_holds_nobody_up():
    sender = CelerySender("redis://127.0.0.1:1/0")
    started = time.monotonic()
    sender(ROUND_TASK, uuid4(), "celery")
    assert time.monotonic() - started < 10
    sender.close()


def test_foreign_content_in_redis_raises_nothing_and_takes_no_task(settings: Settings):
    sender, item = CelerySender(settings.required_redis_url()), uuid4()
    with Redis.from_url(settings.required_redis_url()) as redis:
        redis.sadd("_kombu.binding.celery", "garbage")
        sender(ROUND_TASK, item, "celery")
        assert str(item) in str(redis.lpop("celery"))
        redis.set("fast", "no list")
        sender(JOB_TASK, item, "fast")
        assert redis.get("fast") == b"no list"
        redis.flushdb()
    sender.close()
