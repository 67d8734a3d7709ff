"""Handle jobs: one module per kind, discovered by name, each with a function `handle`.

Handlers know neither leases nor queues.
"""

from collections.abc import Callable
from typing import Protocol, final

from sqlalchemy.orm import Session

from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.context import WorkerContext
from workers.progress import Progress


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


Finalizer = Callable[[Session], Json]
"""Store a job's data and return its result, atomically in the transaction that ends the job."""


class Handler(Protocol):
    """Run jobs of one kind."""

    def __call__(self, context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json | Finalizer:
        """Return the result as plain JSON, or a finalizer that stores more."""
