"""A lane is woken by one rule: idle, active and not quiet is queued and sent; any other is due earlier."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from service.outbox.waking import send_due, wake
from service.store.session import Sessions
from service.store.tables import WebhookEndpoint

PAST = datetime.now(UTC) - timedelta(hours=1)
FUTURE = datetime.now(UTC) + timedelta(hours=1)


def lane(live: Sessions, lane_id: UUID) -> WebhookEndpoint:
    with live() as session:
        return session.get_one(WebhookEndpoint, lane_id)


@pytest.mark.parametrize(
    ("columns", "is_queued"),
    [
        ({}, True),
        ({"due_at": FUTURE}, True),
        ({"quiet_until": PAST}, True),
        ({"quiet_until": FUTURE}, False),
        ({"status": "paused"}, False),
        ({"status": "broken"}, False),
        ({"state": "running"}, False),
    ],
)
def test_who_is_queued(
    live: Sessions,
    make_endpoint: Callable[..., UUID],
    sent: list[object],
    columns: dict[str, Any],
    is_queued: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    lane_id = make_endpoint(**columns)
    with live.begin() as session:
        wake(session, WebhookEndpoint, lane_id)
    row = lane(live, lane_id)
    assert (row.state == "queued") is is_queued
    assert row.due_at is not None
    assert row.due_at <= datetime.now(UTC)
    assert sent == ([("assayflow.endpoint", lane_id, "io")] if is_queued else [])


def test_a_lane_woken_often_is_sent_once(
    live: Sessions, make_endpoint: Callable[..., UUID], sent: list[object]
) -> None:
    lane_id = make_endpoint()
    with live.begin() as session:
        wake(session, WebhookEndpoint, lane_id)
        wake(session, WebhookEndpoint, lane_id)
    with live.begin() as session:
        wake(session, WebhookEndpoint, lane_id)
    assert len(sent) == 1


def test_an_earlier_time_stays(live: Sessions, make_endpoint: Callable[..., UUID]) -> None:
    lane_id = make_endpoint(status="paused", due_at=PAST)
    with live.begin() as session:
        wake(session, WebhookEndpoint, lane_id)
    assert lane(live, lane_id).due_at == PAST


def test_the_timetable_queues_what_is_due_and_may_work(
    live: Sessions, make_endpoint: Callable[..., UUID], sent: list[Any]
) -> None:
    due = make_endpoint(due_at=PAST)
    others = [
        make_endpoint(),
        make_endpoint(due_at=FUTURE),
        make_endpoint(due_at=PAST, quiet_until=FUTURE),
        make_endpoint(due_at=PAST, status="paused"),
        make_endpoint(due_at=PAST, state="running"),
    ]
    with live.begin() as session:
        send_due(session, WebhookEndpoint)
    with live.begin() as session:
        send_due(session, WebhookEndpoint)
    assert [item for _, item, _ in sent if item in {due, *others}] == [due]
    assert lane(live, due).state == "queued"
