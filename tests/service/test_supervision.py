"""Supervised processes: restarted when they end, given up when they keep failing, ended with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from service import supervision
from service.supervision import FAST_FAILURES, LAST_WAIT_SECONDS, Part, PartError, Restarts, Supervisor, launch

ROOT = Path(__file__).parents[2]
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
PARENT = """
import sys, time
from service.supervision import launch
child = launch((sys.executable, "-c", "import time; time.sleep(60)"))
print(child.pid, flush=True)
time.sleep(60)
"""


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_waits_double_and_a_steady_life_forgives():
    restarts = Restarts()
    waits = [restarts.after(1.0) for _ in range(FAST_FAILURES)]
    assert waits[-1] is None
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert max(wait for wait in waits if wait) <= LAST_WAIT_SECONDS
    restarts = Restarts(failures=FAST_FAILURES - 1)
    assert restarts.after(1000.0) == 0.2
    assert restarts.failures == 0


def test_what_is_killed_is_started_anew_and_stopped_at_the_end():
    supervisor = Supervisor()
    with supervisor.watching(), supervisor.running(Part("sleeper", partial(launch, SLEEP))) as part:
        for _ in range(2):
            first = part.process.pid
            os.kill(first, signal.SIGKILL)
            wait_until(lambda first=first: part.process.pid != first)
            assert part.code == -signal.SIGKILL
        supervisor.check()
        last = part.process.pid
    assert is_gone(last)


def test_a_process_that_keeps_failing_is_given_up_with_code_and_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervision, "LAST_WAIT_SECONDS", 0.05)
    log = tmp_path / "fail.log"
    fail = partial(launch, (sys.executable, "-S", "-c", "print('why'); raise SystemExit(3)"), log=log)
    supervisor = Supervisor()
    with supervisor.watching(), supervisor.running(Part("failing", fail, log)) as part:
        wait_until(lambda: part.failure is not None)
        with pytest.raises(PartError, match=r"the failing ended with code 3; its log is .*fail\.log; it was started 8"):
            supervisor.check()
    assert log.read_text().count("why") == FAST_FAILURES


def test_a_missing_program_is_reported():
    supervisor = Supervisor()
    with pytest.raises(FileNotFoundError):
        supervisor.add(Part("nothing", partial(launch, ("/nowhere/at/all",))))
    assert supervisor.parts == ()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_a_child_dies_when_its_parent_is_killed():
    parent = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not is_gone(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: is_gone(child), 5)
