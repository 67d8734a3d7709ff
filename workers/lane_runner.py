"""Drain a lane under its lease: steps until nothing is due, its time is used, or this worker shuts down.

Knows neither webhooks nor connectors. A lane that is not empty by then is queued again, so that no lane holds
a worker for long.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from service.campaigns.leases import Lease
from service.integrations import lane_steps
from service.integrations.lane_steps import LeaseLostError
from workers.context import WorkerContext
from workers.progress import Progress
from workers.pulse import Stage

BUDGET_SECONDS = 60.0
"""A lane gives way to others after this."""
_BUG_SECONDS = 60.0
_log = structlog.get_logger(__name__)


def drain_lane(
    context: WorkerContext,
    lease: Lease[Any],
    step: Callable[[], bool],
    also_due: Callable[[Session], datetime | None] = lambda _: None,
) -> None:
    """Drain a lane if it is queued; ignore outdated messages about others.

    Args:
        context: the worker's context.
        lease: the lane's, to be claimed.
        step: does one thing that is due; False if there is none.
        also_due: says when something else than an item of the outbox is due.
    """
    with context.sessions.begin() as session:
        if not lane_steps.claim(session, lease):
            return
    log = _log.bind(work=lease.work.noun, id=str(lease.item_id), owner=lease.owner)
    progress = Progress(context.sessions, lease, context.settings, context.is_stopping, context.pulse.beat)
    deadline = time.monotonic() + BUDGET_SECONDS
    try:
        with context.pulse.at(Stage.HOLDING, then=Stage.CLAIMING), progress:
            while progress.stop is None and time.monotonic() < deadline and step():
                pass
    except LeaseLostError:
        log.warning("lane lost")
        return
    except Exception:  # a lane never fails: it waits, so that an error is not repeated at once
        log.exception("lane interrupted")
        with suppress(LeaseLostError), context.sessions.begin() as session:
            lane_steps.keep_quiet(session, lease, _BUG_SECONDS)
    with context.sessions.begin() as session:
        lane_steps.end(session, lease, also_due)
