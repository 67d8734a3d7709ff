"""One module per kind of job, found by its name; each has a function `handle`. They know no lease and no queue."""

from collections.abc import Callable
from typing import Protocol

from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.process import Process

Tell = Callable[[float, str], None]
"""Hears the share done (0-1) and what goes on; may raise `models.records.Cancelled`."""


class Handler(Protocol):
    """Answers jobs of one kind."""

    def __call__(self, process: Process, job: ClaimedJob, tell: Tell) -> Json:
        """Return the answer as plain JSON."""
