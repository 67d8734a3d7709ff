"""Repairs what crashes leave behind: lost rounds and jobs, unsent messages, old answers, orphaned checkpoints.

A loop of its own without a queue, so that it also works while Redis is lost, and there is no child that can be.
"""

from datetime import timedelta
from typing import Any

import structlog

from service.campaigns import leases
from service.campaigns.jobs import JOBS
from service.campaigns.leases import WorkKind
from service.campaigns.round_transitions import ROUNDS
from service.settings import Settings
from service.store import idempotency
from workers.checkpoints import delete_others
from workers.context import WorkerContext
from workers.termination import TerminationSignal
from workers.watching import PresenceAnnouncer

_ANSWERS_KEPT = timedelta(hours=24)
_WORK: tuple[WorkKind[Any], ...] = (ROUNDS, JOBS)
_log = structlog.get_logger(__name__)


def run_upkeep(settings: Settings) -> int:
    """Look after everything again and again until a signal ends it; return the exit status."""
    ending = TerminationSignal()
    context, sign = WorkerContext(settings), PresenceAnnouncer(settings, "upkeep")
    while not ending.is_requested:
        try:
            sweep(context)
        except Exception:  # noqa: BLE001 - the next sweep may not fail; readiness tells when none succeeds
            _log.exception("sweep failed")
        else:
            sign.announce()
        ending.sleep(settings.sweep_seconds)
    sign.withdraw()
    return 0


def sweep(context: WorkerContext) -> None:
    """Look after everything once; several processes may do it at the same time."""
    settings = context.settings
    with context.sessions.begin() as session:
        repaired = [
            item
            for work in _WORK
            for item in leases.requeue_lost(session, work, settings.resend_seconds, settings.max_attempts)
        ]
        idempotency.forget_older(session, _ANSWERS_KEPT)
        needed = {item for work in _WORK for item in leases.unfinished(session, work)}
    if repaired:
        _log.warning("lost work repaired", ids=[str(item) for item in repaired])
    delete_others(settings.artefacts, needed)
