"""A queued upload says once what became of its rows, also when all of it is refused."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from service.campaigns.uploads import Owner, ResultsFile, enqueue_upload
from service.store.session import Sessions
from service.store.tables import Event
from workers.context import WorkerContext
from workers.jobs import do_job

ROWS = [
    {"switches": "000011", "type": "glow", "value": 1.5},
    {"switches": "000111", "type": "glow", "value": "nonsense"},
]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "atomic"}, {"results.rejected": 1}),
        ({"mode": "atomic", "dry_run": True}, {}),
        ({"mode": "partial"}, {"results.rejected": 1, "results.stored": 1}),
        ({"mode": "partial", "dry_run": True}, {}),
    ],
)
def test_a_queued_upload_tells_of_its_rows(
    make_lab: Callable[..., Any],
    hooked: WorkerContext,
    sessions: Sessions,
    changes: dict[str, Any],
    expected: dict[str, int],
) -> None:
    lab = make_lab()

    def events() -> list[Event]:
        query = select(Event).where(Event.workspace_id == lab.workspace_id).order_by(Event.sequence)
        with sessions() as session:
            return list(session.scalars(query))

    before = len(events())
    file = ResultsFile(content=json.dumps(ROWS).encode(), media_type="application/json", **changes)
    with sessions.begin() as session:
        job = enqueue_upload(session, Owner(lab.workspace_id, None), lab.campaign_id, file).id
    do_job(hooked, job)
    new = events()[before:]
    counts = {row.type: row.data.get("n_rejected") or row.data["n_stored"] for row in new}
    assert counts == expected
    assert len(new) == len(expected)
    assert all(UUID(row.data["upload_id"]) == job for row in new)
