"""Handle jobs: one module per kind, discovered by name, each with a function `handle`.

Handlers know neither leases nor queues.
"""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy.orm import Session

from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.context import WorkerContext
from workers.progress import JobProgress

Finalizer = Callable[[Session], Json]
"""Store a job's data and return its result, atomically in the transaction that ends the job."""


class Handler(Protocol):
    """Run jobs of one kind."""

    def __call__(self, context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json | Finalizer:
        """Return the result as plain JSON, or a finalizer that stores more."""
