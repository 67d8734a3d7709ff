"""Events of a round or a job, and how a stream of them is read line by line. Opens no connection."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIVE_STATES = ("queued", "running", "fitting", "training", "sampling", "selecting")
"""States of rounds and jobs that are not finished."""


@final
@dataclass(frozen=True, slots=True)
class Event:
    """One step of a round or a job."""

    id: str
    state: str
    progress: float
    message: str


def current(resource: Mapping[str, Any], event_id: str = "") -> Event:
    """Return the current progress of a round or a job."""
    return Event(event_id, resource["state"], resource["progress"], resource["message"])


def is_finished(resource: Mapping[str, Any]) -> bool:
    """Return whether nothing more is computed for a round or a job."""
    return resource["state"] not in ACTIVE_STATES


@final
class EventLines:
    """Reads server-sent events line by line.

    Args:
        last: the id of the last known event.
    """

    def __init__(self, last: str) -> None:
        self._id = last

    def read(self, line: str) -> Event | None:
        """Return the event that this line completes."""
        name, _, value = line.partition(":")
        if name == "id":
            self._id = value.strip()
        elif name == "data":
            data = json.loads(value)
            return Event(self._id, data["state"], data["progress"], data["message"])
        return None


def is_keep_alive(line: str) -> bool:
    """Return whether a line is a comment, by which the service keeps a silent stream open."""
    return line.startswith(":")
