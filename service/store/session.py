"""Engine and sessions. One request or task is one transaction, committed at the edge."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine, create_engine, literal, select
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]


def open_engine(database_url: str, **options: Any) -> Engine:
    """Return an engine for a PostgreSQL URL; times are UTC and NaN in JSON is refused."""
    return create_engine(
        database_url,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC", "application_name": "assayflow", "connect_timeout": 10},
        json_serializer=partial(json.dumps, allow_nan=False),
        **options,
    )


def make_sessions(engine: Engine) -> Sessions:
    """Return the maker of sessions; objects stay readable after a commit.

    Use `with sessions.begin() as session:` for a transaction. `dispatch.deliver(sessions, ...)` makes it send tasks.
    """
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def opened(database_url: str, **options: Any) -> Iterator[Sessions]:
    """Open an engine for as long as the block lasts and yield its sessions."""
    engine = open_engine(database_url, **options)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


def is_ready(session: Session) -> bool:
    """Tell whether the database answers; raises what the driver raises when it does not."""
    return session.scalars(select(literal(1))).one() == 1
