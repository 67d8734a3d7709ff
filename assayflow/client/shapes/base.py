"""What the API says of every job."""

from __future__ import annotations

from typing import Any, TypedDict


class Job(TypedDict):
    """A job: what is computed, how far it is, and why it failed."""

    id: str
    state: str
    progress: float
    message: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    failure: dict[str, Any] | None
