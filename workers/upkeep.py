"""Repair the effects of crashes, keep the timetable of lanes, and drop what is old.

Runs its own loop without a queue, so that it also works while Redis is down and has no child that could be
lost.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from service.campaigns import leases
from service.campaigns.jobs import JOBS
from service.campaigns.leases import WorkKind
from service.campaigns.round_transitions import ROUNDS
from service.integrations.lane_steps import CONNECTORS, ENDPOINTS
from service.outbox.waking import send_due
from service.settings import Settings
from service.store import events, idempotency, outbox, webhooks
from service.store.tables import Connector, WebhookEndpoint
from workers.checkpoints import delete_others
from workers.context import WorkerContext
from workers.termination import TerminationSignal
from workers.watching import PresenceAnnouncer

_ANSWERS_KEPT = timedelta(hours=24)
_EXCHANGES_KEPT = timedelta(days=30)
_EVENTS_KEPT = timedelta(days=90)
_WORK: tuple[WorkKind[Any], ...] = (ROUNDS, JOBS, CONNECTORS, ENDPOINTS)
_TICK_SECONDS = 2.0
"""How often the timetable of lanes is read, which PostgreSQL keeps."""
_log = structlog.get_logger(__name__)


def run_upkeep(settings: Settings) -> int:
    """Sweep repeatedly until a signal ends this process; return the exit status."""
    ending = TerminationSignal()
    context, sign = WorkerContext(settings), PresenceAnnouncer(settings, "upkeep")
    swept = None
    while not ending.is_requested:
        try:
            tick(context)
            if swept is None or time.monotonic() - swept >= settings.sweep_seconds:
                swept = time.monotonic()
                sweep(context)
                sign.announce()
        except Exception:  # noqa: BLE001 - the next sweep may not fail; readiness reports when none succeeds
            _log.exception("sweep failed")
        ending.sleep(min(_TICK_SECONDS, settings.sweep_seconds))
    sign.withdraw()
    return 0


def tick(context: WorkerContext) -> None:
    """Queue the lanes whose time has come; several processes may do so at the same time."""
    with context.sessions.begin() as session:
        for table in (Connector, WebhookEndpoint):
            send_due(session, table)


def sweep(context: WorkerContext) -> None:
    """Repair once; several processes may sweep at the same time."""
    repaired = [item for work in _WORK for item in _repair(context, work)]
    with context.sessions.begin() as session:
        _forget_old(session)
        needed = {item for work in _WORK for item in leases.unfinished(session, work)}
    if repaired:
        _log.warning("lost work repaired", ids=[str(item) for item in repaired])
    delete_others(context.settings.artefacts, needed)


def _repair(context: WorkerContext, work: WorkKind[Any]) -> Sequence[UUID]:
    """Queue lost work of one kind again.

    Each kind in its own transaction: one that holds rows of lanes must not wait to emit an event.
    """
    settings = context.settings
    with context.sessions.begin() as session:
        return leases.requeue_lost(session, work, settings.resend_seconds, settings.max_attempts)


def _forget_old(session: Session) -> None:
    """Drop what nobody will ask for again."""
    idempotency.forget_older(session, _ANSWERS_KEPT)
    outbox.forget_older(session, _EXCHANGES_KEPT, _EVENTS_KEPT)
    events.forget_older(session, _EVENTS_KEPT)
    webhooks.drop_ended_secrets(session)
