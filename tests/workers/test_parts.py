"""Worker processes that are killed, frozen or sent garbage are replaced, and none outlives its parent."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis
from worker_programs import OFTEN

from service import presence
from service.presence import ROLES, Role
from service.settings import Settings

pytestmark = pytest.mark.slow

MakeLab = Callable[..., Any]
StartWorker = Callable[..., Any]

SLOW_IMPORT = """
import ctypes, os, sys
class Slow:
    def find_spec(self, name, path, target=None):
        if name == "torch":
            open(os.environ["MARK"], "w").close()
            ctypes.PyDLL(None).sleep(60)  # with the interpreter's lock held, as the loading of a library is
sys.meta_path.insert(0, Slow())
from workers.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
STUBBORN = """
import ctypes, os, sys, time
import models.propose
def fit(*_, **__):
    open(os.environ["MARK"], "w").close()
    time.sleep(60)
models.propose.fit = fit
from workers.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
GARBAGE = (
    b"garbage",
    b"\xff\xfe\x00",
    b"5",
    b"[]",
    b"null",
    b"{}",
    b'{"properties": 1}',
    json.dumps({"body": "%%%", "properties": {"delivery_tag": "a", "body_encoding": "base64"}}).encode(),
    json.dumps({"body": "x", "properties": {"delivery_tag": "b"}, "headers": 7}).encode(),
    json.dumps(
        {"body": "x", "properties": {"delivery_tag": "c"}, "headers": {"task": ["no", "name"]}}
    ).encode(),
    json.dumps(
        {"body": "x", "properties": {"delivery_tag": "d"}, "headers": {"task": "assayflow.round"}}
    ).encode(),
    json.dumps(
        {
            "body": "gAR9lC4=",
            "content-type": "application/x-python-serialize",
            "content-encoding": "binary",
            "headers": {"task": "assayflow.round", "id": "e"},
            "properties": {"delivery_tag": "e", "body_encoding": "base64", "delivery_info": {}},
        }
    ).encode(),
    json.dumps(
        {
            "body": "W1sibm8gVVVJRCJdLCB7fSwge31d",
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"task": "assayflow.round", "id": "f"},
            "properties": {"delivery_tag": "f", "body_encoding": "base64", "delivery_info": {}},
        }
    ).encode(),
)


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """A zombie has ended: in a container nobody may reap it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pids(settings: Settings) -> dict[Role, int]:
    """Return the living process of each role, by their announcements."""
    found: dict[Role, int] = {}
    with presence.opened(settings.required_redis_url()) as client:
        for role in ROLES:
            recorded = [
                int(name.decode().rpartition(":")[2])
                for name in client.zrange(f"assayflow.consumers.{role}", 0, -1)
            ]
            if alive := [pid for pid in recorded if not is_gone(pid)]:
                found[role] = alive[-1]
    return found


def descendants(pid: int) -> set[int]:
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def test_every_part_of_a_worker_is_replaced_when_it_is_killed_and_dies_with_its_parent(
    make_lab: MakeLab, start_worker: StartWorker, settings: Settings
):
    worker = start_worker()
    wait_until(lambda: len(pids(settings)) == len(ROLES))
    before = pids(settings)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(map(is_gone, before.values())))
    wait_until(lambda: len(pids(settings)) == len(ROLES))
    (child,) = descendants(pids(settings)["rounds"])
    os.kill(child, signal.SIGKILL)
    lab = make_lab()
    lab.start()
    assert lab.finish(1).state == "awaiting_results"
    everybody = descendants(worker.pid)
    assert len(everybody) == 7  # four roles, and a child of three of them
    worker.kill()
    worker.wait()
    wait_until(lambda: all(map(is_gone, everybody)), 10)


def test_a_child_that_freezes_is_killed_after_its_lease_and_its_round_goes_on(
    make_lab: MakeLab, start_worker: StartWorker, settings: Settings
):
    lab = make_lab(steps=400)
    lab.start()
    worker = start_worker(program=OFTEN)
    path = settings.artefacts / f"{lab.round(1).id}.checkpoint"
    lab.wait(1, lambda row: path.exists() and row.state == "training")
    frozen = int(lab.round(1).lease_owner.split(":")[1])
    os.kill(frozen, signal.SIGSTOP)
    wait_until(lambda: is_gone(frozen), settings.lease_seconds + 40)
    row = lab.finish(1)
    assert (row.state, row.attempt, len(lab.batch(1))) == ("awaiting_results", 2, 5)
    worker.terminate()
    assert worker.wait(30) == 0


QUICK_EAR = (
    "import sys, workers.__main__ as main; main.SILENT_SECONDS = 4.0; sys.exit(main.main(sys.argv[1:]))"
)


def test_a_part_that_freezes_is_killed_and_replaced(start_worker: StartWorker, settings: Settings):
    worker = start_worker(program=QUICK_EAR)
    wait_until(lambda: len(pids(settings)) == len(ROLES))
    frozen = pids(settings)
    for pid in frozen.values():
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(map(is_gone, frozen.values())))
    wait_until(lambda: len(pids(settings)) == len(ROLES))
    worker.terminate()
    assert worker.wait(30) == 0


def test_garbage_in_redis_ends_no_worker_and_delays_no_round(
    make_lab: MakeLab, start_worker: StartWorker, settings: Settings
):
    with Redis.from_url(settings.required_redis_url()) as redis:
        redis.flushdb()  # the workers killed above left unacknowledged messages
        redis.lpush("celery", *GARBAGE)
        for tag, content in enumerate(("garbage", "[1]", "{}")):
            redis.hset("unacked", str(tag), content)
            redis.zadd("unacked_index", {str(tag): 0})
        redis.sadd("_kombu.binding.celery", "garbage")
    lab = make_lab()
    lab.start()
    worker = start_worker("--no-beat")
    assert lab.finish(1).state == "awaiting_results"
    with Redis.from_url(settings.required_redis_url()) as redis:
        wait_until(lambda: (redis.llen("celery"), redis.hlen("unacked")) == (0, 0), 20)
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(30) == 0


def test_a_queue_that_is_no_list_ends_the_worker_with_a_code(start_worker: StartWorker, settings: Settings):
    with Redis.from_url(settings.required_redis_url()) as redis:
        redis.set("celery", "no list")
        try:
            assert start_worker("--no-beat").wait(60) not in (None, 0)
        finally:
            redis.delete("celery")


def test_nothing_is_claimed_if_shutdown_starts_during_imports(
    make_lab: MakeLab,
    start_worker: StartWorker,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    mark = tmp_path / "loading"
    monkeypatch.setenv("MARK", str(mark))
    first, second = make_lab(), make_lab()
    first.start()
    worker = start_worker("--no-beat", program=SLOW_IMPORT)
    wait_until(mark.exists)
    second.start()
    started = time.monotonic()
    worker.terminate()
    assert worker.wait(30) == 0
    assert time.monotonic() - started < 10
    for lab in (first, second):
        assert (lab.round(1).state, lab.round(1).attempt) == ("queued", 0)
    with Redis.from_url(settings.required_redis_url()) as redis:
        waiting = b"".join(redis.lrange("celery", 0, -1)).decode()
    # the messages are queued already, without waiting for upkeep
    assert waiting.count("assayflow.round") >= 2
    for lab in (first, second):
        lab.cancel(1)


def test_work_that_does_not_listen_is_given_back_over_its_head(
    make_lab: MakeLab, start_worker: StartWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mark = tmp_path / "fitting"
    monkeypatch.setenv("MARK", str(mark))
    lab = make_lab()
    lab.start()
    worker = start_worker("--no-beat", program=STUBBORN)
    wait_until(mark.exists)
    worker.terminate()
    assert worker.wait(30) == 0
    assert (lab.round(1).state, lab.round(1).attempt, lab.round(1).lease_owner) == ("queued", 0, None)
    lab.cancel(1)


QUICK_DRAIN = OFTEN.replace(
    "from workers.__main__",
    "import workers.watching; workers.watching.DRAIN_SECONDS = 2;from workers.__main__",
)


def test_a_frozen_child_does_not_hold_the_end_of_its_worker_up(make_lab: MakeLab, start_worker: StartWorker):
    lab = make_lab(steps=100_000)
    lab.start()
    worker = start_worker("--no-beat", program=QUICK_DRAIN, lease_seconds=600)
    lab.wait(1, lambda row: row.state == "training")
    (child,) = descendants(worker.pid)
    os.kill(child, signal.SIGSTOP)
    worker.terminate()
    assert worker.wait(15) == 0
    assert is_gone(child)
    lab.cancel(1)


def test_a_disk_that_takes_no_checkpoint_costs_no_round_and_is_stated(
    make_lab: MakeLab, start_worker: StartWorker, tmp_path: Path
):
    blocked = tmp_path / "a file"
    blocked.touch()
    lab = make_lab()
    lab.start()
    worker = start_worker("--no-beat", program=OFTEN, artefacts_dir=blocked)
    row = lab.finish(1)
    assert (row.state, row.attempt, len(lab.batch(1))) == ("awaiting_results", 1, 5)
    assert any("could not be saved while it ran" in statement for statement in row.summary["statements"])
    worker.terminate()
    worker.wait(30)


FAILING = """
import sys, service.supervision as supervision, workers.__main__ as main
supervision.LAST_WAIT_SECONDS = 0.05
main.run_worker = lambda _settings, role: 3 if role == "fast" else __import__("time").sleep(60)
sys.exit(main.main(sys.argv[1:]))
"""


def test_a_part_that_does_not_stay_ends_all_of_them_with_a_code(start_worker: StartWorker):
    worker = start_worker(program=FAILING)
    wait_until(lambda: worker.poll() is not None, 30)
    assert worker.returncode == 1
