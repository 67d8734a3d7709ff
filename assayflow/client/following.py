"""Follow a round or a job: its events, and its end. Opens no connection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from assayflow.client.calls import Emit, Heard, Listen, Pause, get
from assayflow.client.errors import ComputationError, WaitTimeoutError
from assayflow.client.events import Event, current, is_finished

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from assayflow.client.calls import Steps

Progress: TypeAlias = "Callable[[Event], None]"
Check: TypeAlias = "Callable[[], None]"
LISTEN_SECONDS = 20.0
"""Seconds after which a silent event stream is reopened."""
POLL_SECONDS = 0.3
"""Seconds between two polls when there is no event stream."""


def ignore(_event: Event) -> None:
    """Do nothing with an event."""


def unchecked() -> None:
    """Check nothing."""


@final
@dataclass(frozen=True, slots=True)
class Watch:
    """What happens while something is followed, and for how long.

    Args:
        progress: called with each event; may raise.
        check: called between events, and while there are none; may raise.
        timeout: seconds after which the wait ends; None for as long as it takes.
    """

    progress: Progress = ignore
    check: Check = unchecked
    timeout: float | None = None
    _began: float = field(default_factory=time.monotonic, repr=False)

    @classmethod
    def checking(cls, check: Check | None) -> Watch:
        """Return a watch that calls nothing but this."""
        return cls(check=check or unchecked)

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> Watch:
        """Return a watch by those of some options that are its own, which are taken out of them."""
        return cls(
            **{name: options.pop(name) for name in ("progress", "check", "timeout") if name in options}
        )

    def look(self) -> None:
        """Call `check`.

        Raises:
            WaitTimeoutError: if the time is over.
        """
        self.check()
        if self.timeout is not None and self._left() <= 0:
            raise WaitTimeoutError(f"not finished after {self.timeout:g} s; it goes on")

    def hear(self, event: Event) -> None:
        """Report an event, and look at the clock."""
        self.progress(event)
        self.look()

    def at_most(self, seconds: float) -> float:
        """Return these seconds, or those that are left."""
        return seconds if self.timeout is None else max(0.05, min(seconds, self._left()))

    def _left(self) -> float:
        return self._began + (self.timeout or 0.0) - time.monotonic()


def followed(path: str, watch: Watch) -> Generator[Steps, Any, dict[str, Any]]:
    """Emit the events of a round or a job, and return it when it is finished; poll without a stream."""
    last: Event | None = None
    has_events = True
    while True:
        data: dict[str, Any] = yield from get(path)
        event = current(data, last.id if last else "")
        if is_finished(data):
            if last is None or last.state != event.state:
                yield from _emitted(event, watch.progress)
            return data
        watch.look()
        heard = Heard(is_refused=True)
        if has_events:
            seconds = watch.at_most(LISTEN_SECONDS)
            heard = yield Listen(f"{path}/events", event.id, watch.hear, watch.look, seconds)
        has_events = not heard.is_refused
        if heard.event is None:
            yield from _emitted(event, watch.progress)
            yield Pause(watch.at_most(POLL_SECONDS))
        last = heard.event or last


def waited(noun: str, path: str, watch: Watch) -> Generator[Steps, Any, Any]:
    """Wait for a round or a job and return it when it is finished.

    Raises:
        ComputationError: if it failed or was cancelled.
        WaitTimeoutError: if the time is over.
    """
    ended = yield from followed(path, watch)
    if ended["state"] in ("failed", "cancelled"):
        raise ComputationError(noun, ended)
    return ended


def _emitted(event: Event, progress: Progress) -> Generator[Steps, Any, None]:
    progress(event)
    yield Emit(event)
