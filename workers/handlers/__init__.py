"""One module per kind of job, found by its name; each has a function `handle`. They know no lease and no queue."""

from collections.abc import Callable
from typing import Protocol, final

from sqlalchemy.orm import Session

from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.context import WorkerContext
from workers.progress import Progress


@final
class JobProgress:
    """Hears how far a job is; raises `models.records.Cancelled` when its work must stop."""

    def __init__(self, report: Progress, start: float = 0.0) -> None:
        self._report = report
        self._start = start

    def __call__(self, share: float, message: str) -> None:
        """Record the share done (0-1) and what goes on, once in a while."""
        self._report("running", self._start + (1 - self._start) * share, message)

    def after(self, share: float) -> "JobProgress":
        """Return what hears of the rest of a job, of which so large a part is done."""
        return JobProgress(self._report, share)

    def raise_if_cancelled(self) -> None:
        """Record nothing, and raise if the work must stop."""
        self._report.raise_if_cancelled()

    def report_reading(self, share: float | None, of: float = 1.0) -> None:
        """Record how much of a table is read, as so large a part of the job; None says that nothing is new."""
        if share is None:
            self.raise_if_cancelled()
        else:
            self(of * share, "reading the table")


Finalizer = Callable[[Session], Json]
"""Stores what a job brings and returns its answer, in the transaction that ends the job: both are there or neither."""


class Handler(Protocol):
    """Answers jobs of one kind."""

    def __call__(self, context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json | Finalizer:
        """Return the answer as plain JSON, or what stores something besides."""
