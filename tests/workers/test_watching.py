"""A silent child is killed; one that works, idles or slept with its machine is not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from pydantic import SecretStr

from service import supervision
from service.settings import Settings
from workers import watching
from workers.context import WorkerContext
from workers.pulse import PREPARING_SECONDS, Stage
from workers.watching import ChildWatch, kill_child


class Clock:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (watching, supervision):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def process() -> WorkerContext:
    return WorkerContext(Settings(redis_url=SecretStr("redis://nowhere/0"), lease_seconds=60, heartbeat_seconds=5))


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    made = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    yield made
    made.kill()
    made.wait()


@pytest.fixture
def enter(
    process: WorkerContext, child: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> Callable[[Stage], None]:
    """Set the child's stage, as the child itself would."""

    def be(stage: Stage) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: child.pid)
            process.pulse.enter(stage)

    return be


def look_for(watch: ChildWatch, clock: Clock, seconds: float) -> None:
    for _ in range(round(seconds)):
        clock.now += 1.0
        watch.look()


@pytest.mark.parametrize(("stage", "patience"), [(Stage.HOLDING, 70.0), (Stage.LOADING, PREPARING_SECONDS)])
def test_a_child_is_killed_when_it_is_silent_for_too_long(
    process: WorkerContext,
    child: "subprocess.Popen[bytes]",
    enter: Callable[[Stage], None],
    clock: Clock,
    *,
    stage: Stage,
    patience: float,
):
    watch = ChildWatch(process)
    enter(stage)
    look_for(watch, clock, patience)
    assert child.poll() is None
    look_for(watch, clock, 3)
    assert child.wait(5) == -signal.SIGKILL
    assert process.pulse.stage is Stage.IDLE


def test_a_child_that_beats_or_idles_lives(
    process: WorkerContext, child: "subprocess.Popen[bytes]", enter: Callable[[Stage], None], clock: Clock
):
    watch = ChildWatch(process)
    enter(Stage.HOLDING)
    for _ in range(10):
        look_for(watch, clock, 50)
        process.pulse.beat()
    enter(Stage.IDLE)
    look_for(watch, clock, 2000)
    assert child.poll() is None


def test_a_machine_that_slept_has_no_silent_children(
    process: WorkerContext, child: "subprocess.Popen[bytes]", enter: Callable[[Stage], None], clock: Clock
):
    watch = ChildWatch(process)
    enter(Stage.HOLDING)
    look_for(watch, clock, 2)
    clock.now += 100_000
    watch.look()
    assert child.poll() is None


def test_only_a_child_of_this_process_is_killed(process: WorkerContext, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", os.getppid)
        process.pulse.enter(Stage.HOLDING)
    kill_child(process.pulse)
    assert psutil.pid_exists(os.getppid())
    assert process.pulse.stage is Stage.IDLE
