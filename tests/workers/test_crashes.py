"""Killed and stopped workers: another one finishes the round from its checkpoint, with the same numbers."""

import os
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from worker_programs import OFTEN

from service.settings import Settings

pytestmark = pytest.mark.slow

MakeLab = Callable[..., Any]
StartWorker = Callable[..., Any]


def answer(lab: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(item.object, item.payload) for item in lab.batch(1)]


def wait_for_checkpoint(lab: Any, settings: Settings) -> None:
    path = settings.artefacts / f"{lab.round(1).id}.checkpoint"
    lab.wait(1, lambda row: path.exists() and row.state == "training")


def is_gone(process: psutil.Process) -> bool:
    """A zombie has ended: in a container nobody may reap it."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def first_steps(lab: Any) -> list[int]:
    """Return the first training step that each attempt reported."""
    found: list[int] = []
    for event in lab.events(1):
        if event.message == "reading results":
            found.append(-1)
        elif found and found[-1] < 0 and (told := re.match(r"training, step (\d+)", event.message)):
            found[-1] = int(told[1])
    return found


def test_another_worker_finishes_what_a_killed_one_began(
    make_lab: MakeLab, start_worker: StartWorker, settings: Settings
):
    killed, calm = make_lab(steps=1_500), make_lab(steps=1_500)
    killed.start()
    worker = start_worker(program=OFTEN)
    wait_for_checkpoint(killed, settings)
    children = psutil.Process(worker.pid).children(recursive=True)
    assert children
    worker.kill()  # only the parent: its children must not survive it and hold the lease
    worker.wait()
    time.sleep(1)
    assert all(is_gone(child) for child in children)
    assert killed.round(1).state == "training"
    second = start_worker(program=OFTEN)
    row = killed.finish(1)
    assert (row.state, row.attempt, len(killed.batch(1))) == ("awaiting_results", 2, 5)
    assert [event.state for event in killed.events(1)].count("awaiting_results") == 1
    first, resumed = first_steps(killed)
    assert resumed > first
    assert not list(settings.artefacts.glob(f"{row.id}*"))
    calm.start()
    calm.finish(1)
    assert answer(killed) == answer(calm)
    second.terminate()
    second.wait(20)


def test_a_worker_requeues_its_round_on_sigterm(make_lab: MakeLab, start_worker: StartWorker, settings: Settings):
    lab = make_lab(steps=100_000)
    lab.start()
    worker = start_worker(program=OFTEN)
    wait_for_checkpoint(lab, settings)
    started = time.monotonic()
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(20) == 0
    assert time.monotonic() - started < 10
    row = lab.round(1)
    assert (row.state, row.attempt, row.lease_owner) == ("queued", 0, None)
    assert (settings.artefacts / f"{row.id}.checkpoint").exists()
    lab.cancel(1)
    assert lab.round(1).state == "cancelled"
