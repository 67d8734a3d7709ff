"""Start a job and wait for its end; an interrupt cancels it. Opens no connection."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypedDict

from assayflow.client.calls import Call, Steps, post
from assayflow.client.errors import AssayflowError
from assayflow.client.following import Watch, waited

if TYPE_CHECKING:
    from collections.abc import Generator

    from assayflow.client.following import Check, Progress

BRIEFLY = {"Prefer": "wait=2"}
"""A short job is answered with its result."""


class Waiting(TypedDict, total=False):
    """How a job is waited for: `progress` and `check` are called meanwhile, `timeout` is in seconds."""

    progress: Progress
    check: Check
    timeout: float | None


def start_job(call: Call[Any]) -> Generator[Steps, Any, Any]:
    """Start a job; after an interrupt, cancel what was accepted meanwhile."""
    try:
        return (yield from call)
    except KeyboardInterrupt:
        with suppress(AssayflowError):
            # the same key returns the job that was accepted, so that it can be cancelled
            job = yield from call
            yield from post(f"{call.path}/{job['id']}/cancel")
        raise


def run_job(noun: str, call: Call[Any], watch: Watch) -> Generator[Steps, Any, Any]:
    """Start a job and wait for it; an interrupt cancels it.

    Raises:
        ComputationError: if it failed or was cancelled.
        WaitTimeoutError: if the time is over.
    """
    job = yield from start_job(call)
    path = f"{call.path}/{job['id']}"
    try:
        return (yield from waited(noun, path, watch))
    except KeyboardInterrupt:
        with suppress(AssayflowError):
            yield from post(f"{path}/cancel")
        raise
