"""Memory that a worker shares with the child that computes for it: signs of life one way, the wish to stop the other.

Plain bytes without a lock: a process that is killed or frozen at any moment holds the other one up in nothing. Each
field has one writer and is written in one piece. Made before the fork.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from mmap import PAGESIZE, mmap
from typing import final


class Stage(IntEnum):
    """What a child is at."""

    IDLE = 0
    LOADING = 1
    """It has a message and loads the science; nothing is claimed."""
    CLAIMING = 2
    """It claims work, or ends it."""
    HOLDING = 3
    """It computes under a lease and gives a sign with every heartbeat."""


_DRAINING, _STAGE, _PID, _BEAT = range(4)
PREPARING_SECONDS = 600.0
"""A child that holds nothing may be silent for so long: loading the science takes long on a slow disk."""


@final
class Pulse:
    """The four fields; a worker has one child at a time that computes."""

    def __init__(self) -> None:
        self._fields = memoryview(mmap(-1, PAGESIZE)).cast("d")

    def drain(self) -> None:
        """Tell the child that this worker shuts down."""
        self._fields[_DRAINING] = 1.0

    @property
    def is_draining(self) -> bool:
        """Whether this worker shuts down."""
        return self._fields[_DRAINING] != 0.0

    @property
    def stage(self) -> Stage:
        """What the child is at."""
        return Stage(int(self._fields[_STAGE]))

    @property
    def pid(self) -> int:
        """The child that is at work."""
        return int(self._fields[_PID])

    def enter(self, stage: Stage) -> None:
        """Say what this process is at from now on."""
        self._fields[_PID] = float(os.getpid())
        self.beat()
        self._fields[_STAGE] = float(stage)

    @contextmanager
    def at(self, stage: Stage, then: Stage) -> Iterator[None]:
        """Say what this process is at for the block, and then."""
        self.enter(stage)
        try:
            yield
        finally:
            self.enter(then)

    def beat(self) -> None:
        """Give a sign of life."""
        self._fields[_BEAT] = time.monotonic()  # the same clock in all processes

    @property
    def last_beat(self) -> float:
        """When the child gave its last sign, on the machine's steady clock."""
        return self._fields[_BEAT]

    def mark_idle(self) -> None:
        """Say, in place of a child that was killed, that it does nothing any more."""
        self._fields[_STAGE] = float(Stage.IDLE)
