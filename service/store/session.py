"""Create the engine and sessions. One request or task is one transaction, committed at its end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

Sessions = sessionmaker[Session]


def open_engine(database_url: str, **options: Any) -> Engine:
    """Return an engine for a PostgreSQL URL; times are UTC and NaN in JSON is refused."""
    return create_engine(
        database_url,
        pool_pre_ping=True,
        connect_args={
            "options": "-c timezone=UTC",
            "application_name": "assayflow",
            "connect_timeout": 10,
            # A server that disappears is noticed within a minute instead of hours.
            "tcp_user_timeout": 60_000,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
        json_serializer=partial(json.dumps, allow_nan=False),
        **options,
    )


def open_probe(database_url: str, seconds: int) -> Engine:
    """Return an engine without a pool, whose every step succeeds or fails within this many seconds."""
    limits = {
        "connect_timeout": max(seconds, 2),  # libpq's minimum
        "tcp_user_timeout": seconds * 1000,
        "keepalives_idle": seconds,
        "keepalives_interval": 1,
        "keepalives_count": seconds,
        "options": f"-c timezone=UTC -c statement_timeout={seconds * 1000} -c lock_timeout={seconds * 1000}",
        "application_name": "assayflow-readiness",
    }
    return create_engine(database_url, poolclass=NullPool, connect_args=limits)


def make_sessions(engine: Engine) -> Sessions:
    """Return a session factory; objects stay readable after a commit.

    Use `with sessions.begin() as session:` for a transaction. `dispatch.deliver(sessions, ...)` makes it send
    tasks.
    """
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def opened(database_url: str, **options: Any) -> Iterator[Sessions]:
    """Open an engine for the block and yield its session factory."""
    engine = open_engine(database_url, **options)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()
