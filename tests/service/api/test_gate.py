"""A gate lets through what it has room for, in order, and never loses or invents a share."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from service.api.candidate_filter import Gate, Share

from service.errors import UnavailableError


def run(test: Callable[[], Awaitable[None]]) -> None:
    anyio.run(test)


async def settle() -> None:
    """Let every task come to where it waits."""
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


def test_never_more_than_the_capacity_is_out_and_all_get_their_turn() -> None:
    async def test() -> None:
        gate, inside, most, done = Gate(3, 10), 0, 0, 0

        async def visit() -> None:
            nonlocal inside, most, done
            share = Share(gate)
            await share.take()
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1
            done += 1
            share.give()
            share.give()  # giving back twice is giving back once

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(visit)
        assert (most, done, gate.free) == (3, 50, 3)

    run(test)


def test_who_waits_is_served_in_order_also_when_less_would_be_there_for_another() -> None:
    async def test() -> None:
        gate, served = Gate(10, 10), list[str]()
        await gate.take(8)

        async def want(name: str, amount: int) -> None:
            await gate.take(amount)
            served.append(name)

        async with anyio.create_task_group() as tasks:
            for name, amount in (("large", 5), ("small", 1), ("smaller", 0)):
                tasks.start_soon(want, name, amount)
                await settle()
            assert served == []
            gate.give(8)
            await settle()
        assert served == ["large", "small", "smaller"]
        assert gate.free == 4

    run(test)


def test_the_wait_has_an_end_and_takes_nothing_with_it() -> None:
    async def test() -> None:
        gate = Gate(1, 0.01)
        await gate.take(1)
        with pytest.raises(UnavailableError) as refused:
            await gate.take(1)
        assert refused.value.headers["Retry-After"].isdecimal()
        gate.give(1)
        await gate.take(1)
        assert gate.free == 0

    run(test)


def test_one_who_gives_up_lets_the_next_pass() -> None:
    async def test() -> None:
        gate, served = Gate(2, 10), list[str]()
        await gate.take(1)

        async def want(name: str, amount: int, scope: anyio.CancelScope) -> None:
            with scope:
                await gate.take(amount)
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
        assert gate.free == 0

    run(test)


def test_a_share_given_to_one_who_is_cancelled_at_that_moment_comes_back() -> None:
    async def test() -> None:
        gate = Gate(1, 10)
        await gate.take(1)
        scope = anyio.CancelScope()

        async def want() -> None:
            share = Share(gate)
            with scope:
                try:
                    await share.take()
                finally:
                    share.give()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(want)
            await settle()
            gate.give(1)  # the waiting task has its share now, and does not know yet
            scope.cancel()
        assert gate.free == 1

    run(test)
