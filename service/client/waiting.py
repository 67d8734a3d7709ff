"""Wait for a job while showing its progress; an interrupt cancels the job. Depends on no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.client.client import ClientError
from service.client.problem_text import format_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from service.client.client import Client, Event, Job


def wait_for(
    client: Client, job: Job, show: Callable[[Iterable[Event]], object], check: Callable[[], None] = lambda: None
) -> Job:
    """Wait for a job and return it with its result.

    Args:
        client: a client of the service.
        job: the accepted job.
        show: receives the events as they arrive, and shows them.
        check: called between events; may raise.

    Raises:
        ClientError: if the job failed or was cancelled.
        KeyboardInterrupt: on Ctrl-C, after requesting cancellation.
    """
    last = job

    def events() -> Iterator[Event]:
        nonlocal last
        last = yield from client.follow_job(job, check)

    try:
        show(events())
    except KeyboardInterrupt:
        client.cancel(job)
        raise
    if last.data["state"] != "succeeded":
        why = format_problem(last.data["failure"]) if last.data["failure"] else last.data["message"]
        kind = job.url.split("/")[-2]
        raise ClientError(f"{kind} {last.data['state']}: {why}")
    return last
