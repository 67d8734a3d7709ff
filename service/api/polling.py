"""Poll the database for clients that follow a round or a job.

All followers share a few separate connections, so that they take none from requests. The more followers there
are, the less often each one polls, so their total load is bounded.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, TypeVarTuple, final

import anyio
from anyio.to_thread import run_sync

from service.errors import UnavailableError

Value = TypeVar("Value")
Arguments = TypeVarTuple("Arguments")
LOOKS_PER_SECOND = 40.0
"""Polls per second of all followers together; one poll takes some milliseconds."""


@final
class Poller:
    """Share connections and poll rate among the followers of one process.

    Args:
        connections: the number of simultaneous polls.
        most: the largest number of followers.
    """

    def __init__(self, connections: int, most: int) -> None:
        self._turns = anyio.CapacityLimiter(connections)
        self._most = most
        self._followers = 0

    @property
    def is_full(self) -> bool:
        """Whether the largest number of followers is reached."""
        return self._followers >= self._most

    def check(self) -> None:
        """Check that one more follower is allowed.

        Raises:
            UnavailableError: if there are too many.
        """
        if self.is_full:
            raise UnavailableError(
                f"{self._most} streams and waiting requests are open; try again or poll now and then"
            )

    @contextmanager
    def following(self) -> Iterator[None]:
        """Count one follower for the block."""
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1

    async def look(self, function: Callable[[*Arguments], Value], *arguments: *Arguments) -> Value:
        """Call a function that uses one connection in a thread, as soon as a connection is free."""
        return await run_sync(function, *arguments, limiter=self._turns)

    async def pause(self, seconds: float) -> None:
        """Wait until the next poll: at least this long, and longer with more followers."""
        await anyio.sleep(self.interval(seconds))

    def interval(self, seconds: float) -> float:
        """Return the seconds between two polls of one follower; `seconds` is the preferred interval."""
        return max(seconds, self._followers / LOOKS_PER_SECOND)
