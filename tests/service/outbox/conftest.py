"""A workspace with webhook endpoints, and sessions whose commits are seen instead of sent."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from service.dispatch import deliver
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions, opened
from service.store.tables import WebhookEndpoint

Sent = list[tuple[str, UUID, str]]


@pytest.fixture
def sent() -> Sent:
    return []


@pytest.fixture
def live(settings: Settings, sent: Sent) -> Iterator[Sessions]:
    """Sessions whose commits write down what they send."""
    with opened(settings.required_database_url()) as made:
        deliver(made, lambda task, item, queue: sent.append((task, item, queue)))
        yield made


@pytest.fixture
def workspace_id(live: Sessions) -> UUID:
    with live.begin() as session:
        return ensure_workspace(session, f"lab {uuid4()}").id


@pytest.fixture
def make_endpoint(live: Sessions, workspace_id: UUID) -> Callable[..., UUID]:
    def make(*types: str, **columns: Any) -> UUID:
        with live.begin() as session:
            fields = {
                "url": "https://lab.example.org/hook",
                "types": list(types),
                "secret_ids": [],
                **columns,
            }
            row = WebhookEndpoint(workspace_id=workspace_id, **fields)
            session.add(row)
            session.flush()
            return row.id

    return make
