"""Whether everything that a campaign needs is there: database, tables, broker and a consumer of every queue.

Each answer comes within seconds, whatever hangs: the checks run in a thread of their own with connections of
their own, so that requests that wait for the pools hold no check up. Many callers share one check.
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, final

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from service import presence
from service.presence import ROLES, Role, Seen
from service.settings import Settings
from service.store.session import open_probe

ANSWER_SECONDS: Final = 5.0
"""What is not known by then is told as failed."""
_FRESH_SECONDS = 1.0
_STEP_SECONDS = 2
_STARTS: dict[Role, str] = {
    "rounds": "python -m workers --no-beat",
    "fast": "python -m workers --fast",
    "io": "python -m workers --io",
    "upkeep": "python -m workers --beat",
}
_NAMES = ("database", "migrations", "broker", *ROLES)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Report:
    """What was found: per check None when all is well, else what is missing and what to do."""

    checks: dict[str, str | None] = field(default_factory=dict)
    queues: dict[Role, Seen] = field(default_factory=dict)

    @property
    def missing(self) -> dict[str, str]:
        """What is not well, and what to do."""
        return {name: failure for name, failure in self.checks.items() if failure is not None}


@final
class Readiness:
    """Checks, at most once a second however many ask."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = open_probe(settings.required_database_url(), _STEP_SECONDS)
        self._lock = threading.Lock()
        self._running: Future[Report] | None = None
        self._last: tuple[float, Report] | None = None

    async def report(self) -> Report:
        """Return what is missing, known or found within `ANSWER_SECONDS`."""
        with self._lock:
            if self._last is not None and time.monotonic() - self._last[0] < _FRESH_SECONDS:
                return self._last[1]
            running = self._running or self._start()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(running)), ANSWER_SECONDS)
        except TimeoutError:
            failure = (
                f"not known: the checks take longer than {ANSWER_SECONDS:.0f} seconds, so the database or "
                f"Redis hangs"
            )
            return Report(dict.fromkeys(_NAMES, failure))

    def _start(self) -> "Future[Report]":
        """Start the checks.

        A daemon thread, because nothing that hangs may hold the end of this process up.
        """
        running: Future[Report] = Future()
        self._running = running

        def run() -> None:
            try:
                report = self._check()
            except Exception as error:  # noqa: BLE001 - who waits must be answered
                _log.exception("readiness checks failed")
                report = Report(
                    dict.fromkeys(_NAMES, f"not known: {type(error).__name__}; see the log of the API")
                )
            with self._lock:
                self._running, self._last = None, (time.monotonic(), report)
            running.set_result(report)

        threading.Thread(target=run, name="readiness", daemon=True).start()
        return running

    def _check(self) -> Report:
        report = Report()
        self._check_database(report)
        self._check_queues(report)
        return report

    def _check_database(self, report: Report) -> None:
        from service.store.migrations import difference  # loads Alembic, which no other request needs

        unknown = "not known while the database does not answer"
        report.checks |= {"database": None, "migrations": unknown}
        try:
            with self._engine.connect() as connection:
                report.checks["migrations"] = difference(connection)
        except SQLAlchemyError as error:
            _log.warning("database not ready", cause=type(getattr(error, "orig", error)).__name__)
            report.checks["database"] = "PostgreSQL does not answer; start it, or mend ASSAYFLOW_DATABASE_URL"

    def _check_queues(self, report: Report) -> None:
        patience = patience_with(self._settings)
        try:
            with presence.opened(self._settings.required_redis_url()) as client:
                report.queues = presence.look(client, patience)
        except (RedisError, OSError, ValueError) as error:
            _log.warning("broker not ready", cause=type(error).__name__)
            report.checks["broker"] = (
                "Redis does not answer as it should; start it, or mend ASSAYFLOW_REDIS_URL"
            )
            report.checks |= dict.fromkeys(ROLES, "not known while Redis does not answer")
            return
        report.checks["broker"] = None
        report.checks |= {role: _absent(role, report.queues[role]) for role in ROLES}


def patience_with(settings: Settings) -> dict[Role, float]:
    """Return the seconds without a sign of life after which nobody is there, by role.

    Consumers give a sign with every heartbeat, upkeep after every sweep.
    """
    usual = min(settings.lease_seconds, max(4 * settings.heartbeat_seconds, 10.0))
    return {"rounds": usual, "fast": usual, "io": usual, "upkeep": 2 * settings.sweep_seconds + usual}


def _absent(role: Role, seen: Seen) -> str | None:
    if seen.consumers:
        return None
    since = (
        "none is known" if seen.seconds is None else f"the last sign of one is {seen.seconds:.0f} seconds old"
    )
    return f"nobody is there ({since}); start `{_STARTS[role]}`, or see its log"


def as_problem(report: Report) -> tuple[str, Mapping[str, Any]]:
    """Return the sentence and the further members of a problem that tells what is missing."""
    detail = "; ".join(f"{name}: {failure}" for name, failure in report.missing.items())
    checks = {name: "ok" if failure is None else "failed" for name, failure in report.checks.items()}
    failures = [{"check": name, "detail": failure} for name, failure in report.missing.items()]
    return detail, {"checks": checks, "failures": failures, "queues": as_queues(report)}


def as_queues(report: Report) -> dict[str, dict[str, Any]]:
    """Return who is there as plain JSON."""
    return {
        role: {
            "consumers": seen.consumers,
            "last_seen_seconds": None if seen.seconds is None else round(seen.seconds, 1),
        }
        for role, seen in report.queues.items()
    }
