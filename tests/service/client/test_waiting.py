"""Waiting for a job: its result, its failure, and Ctrl-C."""

from collections.abc import Generator, Iterable
from typing import Any, cast

import pytest

from service.client.client import Client, ClientError, Event, Job
from service.client.waiting import wait_for

FAILURE = {"title": "It broke", "detail": "the lamp went out"}


class Scripted:
    """A service whose job goes through these states."""

    def __init__(self, *states: str, failure: dict[str, Any] | None = None) -> None:
        self.jobs = [
            Job("/campaigns/c/samples/j", self._told(state, failure if state == "failed" else None)) for state in states
        ]
        self.cancelled: list[Job] = []

    def _told(self, state: str, failure: dict[str, Any] | None) -> dict[str, Any]:
        return {"id": "j", "state": state, "progress": 0.5, "message": f"it is {state}", "failure": failure}

    def follow_job(self, _job: Job, check: Any) -> Generator[Event, None, Job]:
        for job in self.jobs:
            check()
            yield job.event
        return self.jobs[-1]

    def cancel(self, job: Job) -> None:
        self.cancelled.append(job)


def waited(service: Scripted, show: Any = list) -> Job:
    return wait_for(cast("Client", service), service.jobs[0], show)


def test_every_step_is_shown_and_the_last_is_the_answer():
    service, shown = Scripted("queued", "running", "succeeded"), list[Event]()
    assert waited(service, shown.extend) is service.jobs[-1]
    assert [event.state for event in shown] == ["queued", "running", "succeeded"]
    assert service.cancelled == []


@pytest.mark.parametrize(
    ("end", "said"), [("failed", "samples failed: It broke: the lamp went out"), ("cancelled", "it is cancelled")]
)
def test_a_job_without_a_result_gives_the_reason(end: str, said: str):
    with pytest.raises(ClientError, match=said):
        waited(Scripted("running", end, failure=FAILURE))


def test_who_stops_watching_stops_the_job():
    def leave(_: Iterable[Event]) -> None:
        raise KeyboardInterrupt

    service = Scripted("running")
    with pytest.raises(KeyboardInterrupt):
        waited(service, leave)
    assert service.cancelled == service.jobs
