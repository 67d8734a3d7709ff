"""Run claimed work under its lease: rounds and jobs end, fail, stop and are requeued in the same way.

This module does not depend on the kind of work.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import DBAPIError

from models.records import Cancelled
from service.campaigns import leases
from service.campaigns.leases import Item, Lease, WorkKind
from service.errors import AssayflowError
from service.store.tables import Json
from workers.context import WorkerContext, process_name
from workers.progress import Progress
from workers.pulse import Stage

STUBBORN_SECONDS = 8.0
"""Work that has not stopped this long after a shutdown began is requeued without its cooperation."""
_LOOK_SECONDS = 0.25
_LONGEST_DETAIL = 1000
_log = structlog.get_logger(__name__)


def lease_for(context: WorkerContext, work: WorkKind[Item], item_id: UUID) -> Lease[Item]:
    """Return the lease to claim; its owner is new for each delivery of a task."""
    return Lease(work, item_id, f"{process_name()}:{uuid4().hex[:8]}", context.settings.lease_seconds)


def run_under_lease(
    context: WorkerContext,
    lease: Lease[Any],
    work: Callable[[Progress], None],
    discard_checkpoint: Callable[[], None] = lambda: None,
) -> None:
    """Run claimed work, which stores its own result; end or requeue work that does not complete.

    Args:
        context: the worker's context.
        lease: the claimed lease.
        work: called with the progress callback, which raises `Cancelled` when the work must stop.
        discard_checkpoint: deletes the checkpoint; not called when the work is requeued or its lease is lost.
    """
    log = _log.bind(work=lease.work.noun, id=str(lease.item_id), owner=lease.owner)
    log.info("claimed")
    progress = Progress(context.sessions, lease, context.settings, context.is_stopping, context.pulse.beat)
    try:
        with context.pulse.at(Stage.HOLDING, then=Stage.CLAIMING), progress, _give_back_on_shutdown(context, lease):
            work(progress)
        log.info("finished")
    except Cancelled:
        _stop(context, lease, progress, discard_checkpoint)
        log.info("stopped", why=progress.stop)
    except Exception as error:
        log.exception("failed")
        discard_checkpoint()  # the checkpoint may be the cause: the next attempt starts from the beginning
        with context.sessions.begin() as session:
            leases.fail(session, lease, problem(error, lease.work.noun))


@contextmanager
def _give_back_on_shutdown(context: WorkerContext, lease: Lease[Any]) -> Iterator[None]:
    """Requeue the block's work on shutdown if it does not stop by itself, then end this process.

    Fitting a large Gaussian process or a library's own loop may report nothing for longer than a shutdown may
    take.
    """
    over = threading.Event()

    def watch() -> None:
        while not context.is_stopping():
            if over.wait(_LOOK_SECONDS):
                return
        if over.wait(STUBBORN_SECONDS):
            return
        with context.sessions.begin() as session:
            is_given_back = leases.give_back(session, lease)
        if is_given_back:
            _log.warning("given back while busy", work=lease.work.noun, id=str(lease.item_id))
            os._exit(0)

    threading.Thread(target=watch, name="leaving", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _stop(
    context: WorkerContext, lease: Lease[Any], progress: Progress, discard_checkpoint: Callable[[], None]
) -> None:
    """Cancel or requeue stopped work; work whose lease is lost belongs to another worker."""
    if progress.stop == "cancelled":
        with context.sessions.begin() as session:
            leases.cancel(session, lease)
        discard_checkpoint()
    elif progress.stop == "stopping":
        with context.sessions.begin() as session:
            leases.give_back(session, lease)


def problem(error: Exception, noun: str) -> Json:
    """Return an error as a problem (RFC 9457). Database errors quote data, so only their name is given."""
    if isinstance(error, AssayflowError):
        fields = {"title": error.title, "status": error.status, "detail": error.detail}
        return {"type": "about:blank", **fields, "errors": [dict(location) for location in error.errors]}
    if isinstance(error, SoftTimeLimitExceeded):
        title, detail = f"The {noun} took too long", "it was stopped at the operator's time limit; request less"
    elif isinstance(error, DBAPIError):
        title, detail = f"The answer of the {noun} could not be stored", type(error.orig).__name__
    else:
        title, detail = f"The {noun} could not be computed", f"{type(error).__name__}: {error}"[:_LONGEST_DETAIL]
    return {"type": "about:blank", "title": title, "status": 500, "detail": detail}
