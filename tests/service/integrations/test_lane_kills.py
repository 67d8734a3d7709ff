"""A worker is killed (SIGKILL) at every commit and request of a lane: nothing is lost, nothing is doubled.

The worker is a real process, which dies at its n-th step; the next one goes on from what the database and the
other system hold, as upkeep would let it.
"""

from __future__ import annotations

import os
import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from fakes.lab import Measurement
from lane_world import OBJECTS, LaneWorld, make_fake
from sqlalchemy import event

from service.integrations.opening import Outside

if TYPE_CHECKING:
    from service.settings import Settings


def run_and_die_at(world: LaneWorld, step: int) -> bool:
    """Run the lane in a child that kills itself at a step; return whether it came to its end before."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0
    code = 1
    try:
        steps = 0

        def count(*_: object) -> None:
            nonlocal steps
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

        world.forked()
        event.listen(world.sessions, "before_commit", count)
        event.listen(world.sessions, "after_commit", count)
        world.run(Outside(on_exchange=count))
        code = 0
    finally:
        os._exit(code)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["elabftw", "kadi4mat"])
def test_a_worker_that_dies_at_any_step_loses_and_doubles_nothing(kind: str, settings: Settings):
    with closing(LaneWorld(settings, make_fake(kind))) as world:
        world.release()
        n_kills = kill_until_done(world)
        assert n_kills > 10
        keys = sorted(world.key(name) for name in OBJECTS)
        assert sorted(held.key for held in world.fake.materials()) == keys
        assert [sorted(order.materials) for order in world.fake.orders()] == [keys]
        for n, key in enumerate(keys):
            world.fake.measure(key, Measurement(str(10 + n)))
        world.later()
        kill_until_done(world)
        values = sorted(row.value for rows in world.results().values() for row in rows)
        assert values == [10.0, 11.0, 12.0]
        assert world.n_stored() == len(OBJECTS)


def kill_until_done(world: LaneWorld) -> int:
    """Let workers die one step later each, until one comes to its end; return how many died."""
    step = 0
    while not run_and_die_at(world, step := step + 1):
        world.expire_lease()
        world.later()
    return step - 1
