"""Run a claimed lane under its lease. A lane never fails: it ends idle, due again when something in it is."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from models.records import Cancelled
from service.campaigns.leases import Lease
from service.integrations import lane_steps
from service.integrations.lane_steps import AnyLane, LeaseLostError
from workers.context import WorkerContext
from workers.progress import Progress
from workers.pulse import Stage

RUN_SECONDS = 30.0
"""A lane that has more to do after this waits for its next turn, so that it delays no other."""
AFTER_A_BUG_SECONDS = 300.0
"""A lane whose run ended by an error of this product is left alone for so long."""
_log = structlog.get_logger(__name__)


def run_lane(
    context: WorkerContext,
    lease: Lease[AnyLane],
    work: Callable[[Progress], None],
    also_due: Callable[[Session], datetime | None] = lambda _: None,
) -> None:
    """Claim a lane, do its work and end it; a lane that is not queued (any more) is left as it is.

    Args:
        context: the worker's.
        lease: a new one.
        work: called while the lease is held; ends early when its progress says so.
        also_due: when something else than an item of the outbox is due.
    """
    with context.sessions.begin() as session:
        if not lane_steps.claim(session, lease):
            return
    log = _log.bind(lane=lease.work.noun, id=str(lease.item_id), owner=lease.owner)
    progress = Progress(context.sessions, lease, context.settings, context.is_stopping, context.pulse.beat)
    try:
        with context.pulse.at(Stage.HOLDING, then=Stage.CLAIMING), progress:
            work(progress)
        with context.sessions.begin() as session:
            lane_steps.forget_failed_run(session, lease)
    except (Cancelled, LeaseLostError) as error:
        log.info("stopped", why=type(error).__name__)
    except Exception:
        log.exception("lane failed")
        _leave_alone(context, lease)
    with context.sessions.begin() as session:
        lane_steps.end(session, lease, also_due)


def _leave_alone(context: WorkerContext, lease: Lease[AnyLane]) -> None:
    try:
        with context.sessions.begin() as session:
            lane_steps.leave_alone(session, lease, AFTER_A_BUG_SECONDS)
    except LeaseLostError:
        return
