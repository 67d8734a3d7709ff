"""Limit a capacity that requests share; further requests wait in order, up to a timeout. Depends on no HTTP.

Requests hold both threads and database connections and wait for the other resource. Without a limit, about
eighty simultaneous requests block each other until a timeout.
"""

from collections import deque
from typing import final

import anyio

from service.errors import UnavailableError


@final
class CapacityLimiter:
    """Share a capacity fairly: request slots, or bytes.

    Args:
        capacity: the total amount.
        seconds: the longest wait for a share.
    """

    def __init__(self, capacity: int, seconds: float) -> None:
        self.capacity = capacity
        self.free = capacity
        self._seconds = seconds
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    async def acquire(self, amount: int) -> None:
        """Acquire an amount, in first-in, first-out order.

        Raises:
            UnavailableError: if it is not available in time.
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
        """Release an amount and wake waiting requests."""
        self.free += amount
        while self._waiting and self._waiting[0][0] <= self.free:
            taken, turn = self._waiting.popleft()
            self.free -= taken
            turn.set()

    def _withdraw(self, mine: tuple[int, anyio.Event]) -> None:
        amount, turn = mine
        if turn.is_set():
            self.release(amount)  # acquired at the moment of the timeout or cancellation
        else:
            self._waiting.remove(mine)
            self.release(0)  # the next one in the queue may need less


@final
class CapacityShare:
    """A share of a limiter: acquired at most once at a time, and safe to release repeatedly."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self._held = 0

    async def acquire(self, amount: int = 1) -> None:
        """Wait for this amount.

        Raises:
            UnavailableError: if it is not available in time.
        """
        await self._limiter.acquire(amount)
        self._held = amount

    def release(self) -> None:
        """Release the share if it is held."""
        amount, self._held = self._held, 0
        if amount:
            self._limiter.release(amount)
