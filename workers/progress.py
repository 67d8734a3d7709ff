"""Report progress to the database, renew the lease and stop the work when it must stop.

The work calls `Progress` with stages and shares; a thread renews the lease between these calls.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self, final

import structlog
from sqlalchemy.exc import DBAPIError

from models.records import Cancelled
from service.campaigns import leases
from service.campaigns.leases import Lease, LeaseStatus
from service.settings import Settings
from service.store.session import Sessions

Stop = Literal["cancelled", "lost", "stopping"]
_log = structlog.get_logger(__name__)


@final
class Progress:
    """A `models.records.ProgressCallback` with a heartbeat: a context manager around a round or a job.

    `stop` is the reason to stop: the work was cancelled, its lease is lost, or this worker is shutting down.
    `alive` is called with every heartbeat.
    """

    def __init__(
        self,
        sessions: Sessions,
        lease: Lease[Any],
        settings: Settings,
        is_stopping: Callable[[], bool] = lambda: False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions = sessions
        self._alive = alive
        self._lease = lease
        self._heartbeat_seconds = settings.heartbeat_seconds
        self._progress_seconds = settings.progress_seconds
        self._is_stopping = is_stopping
        self._cancel_seconds = settings.cancel_seconds
        self._standing: LeaseStatus = "held"
        self._written: tuple[str, float] | None = None
        self._renewed = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @staticmethod
    def _end_process() -> None:
        os.kill(os.getpid(), signal.SIGKILL)  # Celery starts another child

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    @property
    def stop(self) -> Stop | None:
        """The reason why the work must stop, or None while it may continue."""
        if self._standing != "held":
            return self._standing
        return "stopping" if self._is_stopping() else None

    def __call__(self, stage: str, progress: float, message: str) -> None:
        """Record progress, at a limited rate unless the stage is new.

        Raises:
            Cancelled: if the work must stop.
        """
        now = time.monotonic()
        if (
            self._written is None
            or self._written[0] != stage
            or now - self._written[1] >= self._progress_seconds
        ):
            self._written = (stage, now)
            self._renew(lambda: self._record(stage, progress, message))
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise if the work must stop, without reporting progress.

        A process that was stopped for longer than its lease asks first whether it still holds it: another
        worker may have gone on, and what this one does outside would be done twice.

        Raises:
            Cancelled: if the work must stop.
        """
        if time.monotonic() - self._renewed > self._lease.seconds:
            self._renew(self._heartbeat)
        if self.stop is not None:
            raise Cancelled(self.stop)

    def _beat(self) -> None:
        self._alive()
        stopped: float | None = None
        while not self._done.wait(self._heartbeat_seconds):
            if self._standing != "lost":
                self._alive()
                self._renew(self._heartbeat)
            if self._standing == "held":
                continue
            stopped = stopped or time.monotonic()
            if time.monotonic() - stopped > self._cancel_seconds:
                self._abandon()
                return

    def _abandon(self) -> None:
        """Kill the process of work that does not stop: a blocking step cannot be interrupted otherwise."""
        _log.error("work outlived its end", item=str(self._lease.item_id), why=self._standing)
        if self._standing == "cancelled":
            with suppress(DBAPIError), self._sessions.begin() as session:
                leases.cancel(session, self._lease)
        self._end_process()

    def _renew(self, write: Callable[[], LeaseStatus]) -> None:
        """Write and keep the lease status. A failed write does not stop the work: only the lease decides."""
        began = time.monotonic()
        try:
            standing = write()
        except DBAPIError as error:
            _log.warning(
                "progress not written", item=str(self._lease.item_id), error=type(error.orig).__name__
            )
            return
        self._renewed = began
        if self._standing == "held" or standing == "lost":
            self._standing = standing

    def _heartbeat(self) -> LeaseStatus:
        with self._sessions.begin() as session:
            return leases.heartbeat(session, self._lease)

    def _record(self, stage: str, progress: float, message: str) -> LeaseStatus:
        with self._sessions.begin() as session:
            return leases.report_progress(session, self._lease, stage, progress, message)


@final
class JobProgress:
    """Report a job's progress; raises `models.records.Cancelled` when the work must stop."""

    def __init__(self, report: Progress, start: float = 0.0) -> None:
        self._report = report
        self._start = start

    def __call__(self, share: float, message: str) -> None:
        """Record the share done (0-1) and a message, at a limited rate."""
        self._report("running", self._start + (1 - self._start) * share, message)

    def after(self, share: float) -> "JobProgress":
        """Return the progress of the rest of a job, of which this share is done."""
        return JobProgress(self._report, share)

    def raise_if_cancelled(self) -> None:
        """Raise if the work must stop, without recording progress."""
        self._report.raise_if_cancelled()

    def report_reading(self, share: float | None, of: float = 1.0) -> None:
        """Record how much of a table is read, as the part `of` of the job; None checks for cancellation."""
        if share is None:
            self.raise_if_cancelled()
        else:
            self(of * share, "reading the table")
