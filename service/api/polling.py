"""Looking at the database again and again for those who follow something. It knows nothing of what they follow.

Followers share a few connections of their own, so that they can take none from requests, and look less often the more
they are: what they cost together has a bound.
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
"""All followers together look about so often; one look takes some milliseconds."""


@final
class Poller:
    """What the followers of one process share.

    Args:
        connections: how many look at the same time.
        most: followers; one more is refused.
    """

    def __init__(self, connections: int, most: int) -> None:
        self._turns = anyio.CapacityLimiter(connections)
        self._most = most
        self._followers = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody more may follow."""
        return self._followers >= self._most

    def check(self) -> None:
        """Check that one more may follow.

        Raises:
            UnavailableError: if there are too many.
        """
        if self.is_full:
            raise UnavailableError(f"{self._most} streams and waiting requests are open; try again or ask now and then")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Count one who follows, for as long as the block lasts."""
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1

    async def look(self, function: Callable[[*Arguments], Value], *arguments: *Arguments) -> Value:
        """Call a function that uses one connection, in a thread, when it is its turn."""
        return await run_sync(function, *arguments, limiter=self._turns)

    async def pause(self, seconds: float) -> None:
        """Wait until the next look: so long, and longer the more follow."""
        await anyio.sleep(self.interval(seconds))

    def interval(self, seconds: float) -> float:
        """Return the seconds between two looks of one follower, who would like to look every `seconds`."""
        return max(seconds, self._followers / LOOKS_PER_SECOND)
