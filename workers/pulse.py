"""Share memory between a worker and its computing child.

Heartbeats go to the parent, the shutdown flag goes to the child. The memory is plain bytes without a lock, so
that a killed or frozen process never blocks the other one. Each field has one writer and is written
atomically. The memory is created before the fork.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from mmap import PAGESIZE, mmap
from typing import final


class Stage(IntEnum):
    """The stage of a child's work."""

    IDLE = 0
    LOADING = 1
    """The child has a message and imports libraries; nothing is claimed."""
    CLAIMING = 2
    """The child claims or ends work."""
    HOLDING = 3
    """The child computes under a lease and records every heartbeat."""


_DRAINING, _STAGE, _PID, _BEAT = range(4)
PREPARING_SECONDS = 600.0
"""A child without a lease may be silent for this long: imports take long on a slow disk."""


@final
class Pulse:
    """The four shared fields of a worker and its computing child, of which there is one at a time."""

    def __init__(self) -> None:
        self._fields = memoryview(mmap(-1, PAGESIZE)).cast("d")

    def drain(self) -> None:
        """Set the shutdown flag for the child."""
        self._fields[_DRAINING] = 1.0

    @property
    def is_draining(self) -> bool:
        """Whether this worker is shutting down."""
        return self._fields[_DRAINING] != 0.0

    @property
    def stage(self) -> Stage:
        """The child's stage."""
        return Stage(int(self._fields[_STAGE]))

    @property
    def pid(self) -> int:
        """The process id of the working child."""
        return int(self._fields[_PID])

    def enter(self, stage: Stage) -> None:
        """Set this process's stage."""
        self._fields[_PID] = float(os.getpid())
        self.beat()
        self._fields[_STAGE] = float(stage)

    @contextmanager
    def at(self, stage: Stage, then: Stage) -> Iterator[None]:
        """Set this process's stage for the block, and the next one afterwards."""
        self.enter(stage)
        try:
            yield
        finally:
            self.enter(then)

    def beat(self) -> None:
        """Record a heartbeat."""
        self._fields[_BEAT] = time.monotonic()  # the same clock in all processes

    @property
    def last_beat(self) -> float:
        """The time of the child's last heartbeat, on the machine's monotonic clock."""
        return self._fields[_BEAT]

    def mark_idle(self) -> None:
        """Mark a killed child as idle, on its behalf."""
        self._fields[_STAGE] = float(Stage.IDLE)
