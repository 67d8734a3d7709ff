"""A gate that lets only so much through at once; the rest waits in order, and not for ever. It knows no HTTP.

Requests hold threads and connections of the database, each waiting for the other: without a gate, some eighty requests
at once lock each other out until a time-out.
"""

from collections import deque
from typing import final

import anyio

from service.errors import UnavailableError


@final
class CapacityLimiter:
    """Shares out a capacity: places for requests, or bytes.

    Args:
        capacity: how much is shared out.
        seconds: how long anybody waits for a share.
    """

    def __init__(self, capacity: int, seconds: float) -> None:
        self.capacity = capacity
        self.free = capacity
        self._seconds = seconds
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    async def acquire(self, amount: int) -> None:
        """Take a share, after all who came before.

        Raises:
            UnavailableError: if it is not there in time.
        """
        if not self._waiting and amount <= self.free:
            self.free -= amount
            return
        mine = (amount, anyio.Event())
        self._waiting.append(mine)
        try:
            with anyio.fail_after(self._seconds):
                await mine[1].wait()
        except BaseException as error:
            self._withdraw(mine)
            if isinstance(error, TimeoutError):
                raise UnavailableError("too many requests are being answered; try again") from error
            raise

    def release(self, amount: int) -> None:
        """Give a share back to those who wait."""
        self.free += amount
        while self._waiting and self._waiting[0][0] <= self.free:
            taken, turn = self._waiting.popleft()
            self.free -= taken
            turn.set()

    def _withdraw(self, mine: tuple[int, anyio.Event]) -> None:
        amount, turn = mine
        if turn.is_set():
            self.release(amount)  # it was given at the very moment that nobody waited for it any more
        else:
            self._waiting.remove(mine)
            self.release(0)  # who comes next may want less


@final
class CapacityShare:
    """A share of a gate, taken once at a time and given back once, however often that is asked for."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self._held = 0

    async def acquire(self, amount: int = 1) -> None:
        """Wait for a share of this size.

        Raises:
            UnavailableError: if it is not there in time.
        """
        await self._limiter.acquire(amount)
        self._held = amount

    def release(self) -> None:
        """Give the share back, if it is held."""
        amount, self._held = self._held, 0
        if amount:
            self._limiter.release(amount)
