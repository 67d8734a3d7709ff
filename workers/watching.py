"""Run in a worker's main process besides consuming messages: announce its presence, and kill a silent child.

Both run in the consumer's own loop, so that an announced consumer is also one that reads from the broker.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, final

import psutil
import structlog
from celery import bootsteps
from redis import Redis
from redis.exceptions import RedisError

from service import presence
from service.presence import Role
from service.settings import Settings
from service.supervision import Watchdog
from workers.context import WorkerContext, process_name
from workers.pulse import PREPARING_SECONDS, Pulse, Stage

DRAIN_SECONDS = 20.0
"""A child that has not ended its work this long after a shutdown began is killed; its lease then expires."""
GRACE_SECONDS = 10.0
"""A child with late heartbeats loses its lease at once, but is killed only after this grace period."""
_WATCH_SECONDS = 1.0
_DRAIN_LOOK_SECONDS = 0.1
_log = structlog.get_logger(__name__)


def watch_step(context: WorkerContext, role: Role) -> type[bootsteps.StartStopStep]:
    """Return the step with which each connected consumer announces itself and watches its child."""
    timers: list[Any] = []

    class Watch(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            every = context.settings.heartbeat_seconds
            sign, child = PresenceAnnouncer(context.settings, role), ChildWatch(context)
            sign.announce()
            timers.append(consumer.timer.call_repeatedly(every, sign.announce))
            timers.append(consumer.timer.call_repeatedly(min(_WATCH_SECONDS, every), child.look))

        def stop(self, _consumer: Any) -> None:
            while timers:
                timers.pop().cancel()
            if context.is_stopping():
                PresenceAnnouncer(context.settings, role).withdraw()

    return Watch


@final
class PresenceAnnouncer:
    """Announce in Redis that this process serves a role. Redis failures are only logged here."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self._url = settings.required_redis_url()
        self._role = role

    def announce(self) -> None:
        """Announce this process."""
        self._say(presence.appear)

    def withdraw(self) -> None:
        """Withdraw the announcement."""
        self._say(presence.leave)

    def _say(self, what: Callable[[Redis, Role, str], None]) -> None:
        try:
            with presence.opened(self._url) as client:
                what(client, self._role, process_name())
        except (RedisError, OSError) as error:
            _log.warning("presence not announced", role=self._role, error=type(error).__name__)


@final
class ChildWatch:
    """Kill the computing child when it has been silent for longer than its lease.

    The lease then expires, so upkeep requeues the work and the next child resumes from the checkpoint.
    Silence is counted only while this process runs: after a suspended machine wakes up, no child counts as
    silent.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        settings = context.settings
        self._holding = Watchdog(self._sign, settings.lease_seconds + GRACE_SECONDS)
        self._preparing = Watchdog(self._sign, PREPARING_SECONDS)

    def look(self) -> None:
        """Count the silence since the last check, and kill a child that is silent for too long."""
        pulse = self._context.pulse
        is_over = {Stage.HOLDING: self._holding.is_expired(), Stage.IDLE: False}
        if is_over.get(pulse.stage, self._preparing.is_expired()):
            _log.error("silent child killed", pid=pulse.pid, stage=pulse.stage.name)
            kill_child(pulse)

    def _sign(self) -> float:
        """Return the time of the child's last heartbeat; an idle child is never silent."""
        pulse = self._context.pulse
        return time.monotonic() if pulse.stage is Stage.IDLE else pulse.last_beat


def drain(context: WorkerContext) -> None:
    """Let the child end its work, watched by a thread; kill it if it holds no lease or hangs."""

    def watch() -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while True:
            stage = context.pulse.stage
            if stage is Stage.LOADING or (stage is not Stage.IDLE and time.monotonic() > deadline):
                _log.warning("child killed at the shutdown", pid=context.pulse.pid, stage=stage.name)
                kill_child(context.pulse)
            time.sleep(_DRAIN_LOOK_SECONDS)

    threading.Thread(target=watch, name="drain", daemon=True).start()


def kill_child(pulse: Pulse) -> None:
    """Kill the working child if it belongs to this process; Celery replaces it and keeps its message."""
    with suppress(psutil.Error):
        child = psutil.Process(pulse.pid)
        if child.ppid() == os.getpid():
            child.kill()
    pulse.mark_idle()
