"""One module per kind of job, found by its name; each has a function `handle`. They know no lease and no queue."""

from typing import Protocol, final

from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.process import Process
from workers.progress import Progress


@final
class Tell:
    """Hears how far a job is; raises `models.records.Cancelled` when its work must stop."""

    def __init__(self, report: Progress) -> None:
        self._report = report

    def __call__(self, share: float, message: str) -> None:
        """Record the share done (0-1) and what goes on, once in a while."""
        self._report("running", share, message)

    def listen(self) -> None:
        """Record nothing, and raise if the work must stop."""
        self._report.listen()


class Handler(Protocol):
    """Answers jobs of one kind."""

    def __call__(self, process: Process, job: ClaimedJob, tell: Tell) -> Json:
        """Return the answer as plain JSON."""
