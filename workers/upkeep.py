"""Repairs what crashes leave behind: lost rounds, unsent messages, old answers, orphaned checkpoints."""

from datetime import timedelta

import structlog

from service.campaigns import rounds
from service.store import idempotency
from workers.checkpoints import delete_others
from workers.process import Process

_ANSWERS_KEPT = timedelta(hours=24)
_log = structlog.get_logger(__name__)


def sweep(process: Process) -> None:
    """Look after everything once; several processes may do it at the same time."""
    settings = process.settings
    with process.sessions.begin() as session:
        repaired = rounds.requeue_lost(session, settings.resend_seconds, settings.max_attempts)
        idempotency.forget_older(session, _ANSWERS_KEPT)
        needed = rounds.computing_ids(session)
    if repaired:
        _log.warning("lost rounds repaired", rounds=[str(round_id) for round_id in repaired])
    delete_others(settings.artefacts, needed)
