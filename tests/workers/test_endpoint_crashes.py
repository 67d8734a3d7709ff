"""Real workers, a real queue and a real receiver: messages arrive in order, also when a worker is killed."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import pytest
from webhook_hooks import Hook
from webhook_receivers import Receiver

from service.store.session import Sessions
from workers.context import WorkerContext

pytestmark = pytest.mark.slow

SECONDS = 60.0


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_message_whose_worker_was_killed_is_sent_again_by_another(
    hooked: WorkerContext, live_sessions: Sessions, receiver: Receiver, start_worker: Callable[..., Any]
) -> None:
    changes = {name: getattr(hooked.settings, name) for name in ("secret_keys_file", "webhook_hosts")}
    hooked.sessions = live_sessions
    hook = Hook(hooked, receiver.url)
    first = start_worker("--io", **changes)
    processes = [psutil.Process(first.pid)]

    def kill_once(_: object) -> tuple[int, Mapping[str, str], bytes]:
        if len(receiver.arrived) == 2:
            processes.extend(processes[0].children(recursive=True))
            first.kill()
            psutil.wait_procs(processes[1:], timeout=10)
        return 204, {}, b""

    receiver.answer = kill_once
    ids = hook.emit(1, 2, 3)
    wait(lambda: len(receiver.arrived) == 2)
    first.wait(10)
    assert hook.row.state == "running"
    start_worker("--io", **changes)
    start_worker("--beat", **changes)
    wait(lambda: hook.states == ["done"] * 3)
    assert receiver.ids == [ids[0], ids[1], ids[1], ids[2]]
    wait(lambda: hook.row.state == "idle")
    assert [item.verified(hook.secret)["data"]["round"] for item in receiver.arrived] == [1, 2, 2, 3]
    late = hook.emit(4)
    wait(lambda: receiver.ids[4:] == late)
