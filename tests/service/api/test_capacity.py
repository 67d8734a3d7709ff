"""A limiter grants its capacity in order, and never loses or creates any."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from service.api.capacity import CapacityLimiter, CapacityShare
from service.errors import UnavailableError


def run(test: Callable[[], Awaitable[None]]) -> None:
    anyio.run(test)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


def test_never_more_than_the_capacity_is_out_and_all_get_their_turn() -> None:
    async def test() -> None:
        limiter, inside, most, done = CapacityLimiter(3, 10), 0, 0, 0

        async def visit() -> None:
            nonlocal inside, most, done
            share = CapacityShare(limiter)
            await share.acquire()
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1
            done += 1
            share.release()
            share.release()  # releasing twice has the effect of once

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(visit)
        assert (most, done, limiter.free) == (3, 50, 3)

    run(test)


def test_who_waits_is_served_in_order_also_when_less_would_be_there_for_another() -> None:
    async def test() -> None:
        limiter, served = CapacityLimiter(10, 10), list[str]()
        await limiter.acquire(8)

        async def want(name: str, amount: int) -> None:
            await limiter.acquire(amount)
            served.append(name)

        async with anyio.create_task_group() as tasks:
            for name, amount in (("large", 5), ("small", 1), ("smaller", 0)):
                tasks.start_soon(want, name, amount)
                await settle()
            assert served == []
            limiter.release(8)
            await settle()
        assert served == ["large", "small", "smaller"]
        assert limiter.free == 4

    run(test)


def test_the_wait_has_an_end_and_takes_nothing_with_it() -> None:
    async def test() -> None:
        limiter = CapacityLimiter(1, 0.01)
        await limiter.acquire(1)
        with pytest.raises(UnavailableError) as refused:
            await limiter.acquire(1)
        assert refused.value.headers["Retry-After"].isdecimal()
        limiter.release(1)
        await limiter.acquire(1)
        assert limiter.free == 0

    run(test)


def test_a_cancelled_waiter_lets_the_next_one_pass() -> None:
    async def test() -> None:
        limiter, served = CapacityLimiter(2, 10), list[str]()
        await limiter.acquire(1)

        async def want(name: str, amount: int, scope: anyio.CancelScope) -> None:
            with scope:
                await limiter.acquire(amount)
                served.append(name)

        impatient = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(want, "both", 2, impatient)
            await settle()
            tasks.start_soon(want, "one", 1, anyio.CancelScope())
            await settle()
            assert served == []
            impatient.cancel()
            await settle()
        assert served == ["one"]
        assert limiter.free == 0

    run(test)


def test_a_share_granted_at_the_moment_of_cancellation_is_returned() -> None:
    async def test() -> None:
        limiter = CapacityLimiter(1, 10)
        await limiter.acquire(1)
        scope = anyio.CancelScope()

        async def want() -> None:
            share = CapacityShare(limiter)
            with scope:
                try:
                    await share.acquire()
                finally:
                    share.release()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(want)
            await settle()
            limiter.release(1)  # the waiting task has its share now, and does not know yet
            scope.cancel()
        assert limiter.free == 1

    run(test)
