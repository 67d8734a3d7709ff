"""The machine: started in order, kept running, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest

from service import presence
from service.local import stack
from service.local.keys import first_key
from service.local.stack import LocalStackError, start_local_stack
from service.settings import Settings
from service.supervision import Part, Supervisor, launch

ROOT = Path(__file__).parents[2]
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""
FAIL = (sys.executable, "-c", "raise SystemExit(3)")


def test_the_first_key_is_made_once(settings: Settings):
    made = first_key(settings)
    assert made is not None
    assert made.startswith("af_")
    assert first_key(settings) is None


def test_a_used_port_is_reported_before_anything_starts(settings: Settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(LocalStackError, match="choose another port"),
            start_local_stack(settings.model_copy(update={"port": port})),
        ):
            pass


@pytest.mark.slow
def test_a_machine_waits_for_its_workers_and_replaces_what_is_killed(settings: Settings, tmp_path: Path):
    with start_local_stack(settings.model_copy(update={"port": 0}), logs=tmp_path) as running:
        running.check()
        assert httpx.get(f"{running.url}/health/ready").is_success  # it waited for all queues
        assert {path.name for path in tmp_path.iterdir()} == {"api.log", "worker.log"}
        for part in running.parts:
            first = part.process.pid
            os.kill(first, signal.SIGKILL)
            wait_until(lambda part=part, first=first: part.process.pid != first)
        wait_until(lambda: answers(running.url))
        running.check()
        everybody = descendants(*(part.process.pid for part in running.parts))
    assert [process for process in everybody if not has_ended(process)] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.url}/health/live")


SERVE = (sys.executable, "-m", "service.cli.main", "serve", "--port", "0", "--data-dir")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_nothing_outlives_a_machine_that_is_killed(tmp_path: Path):
    log = tmp_path / "serve.log"
    with TemporaryDirectory(prefix="assayflow-tests-") as folder:
        with log.open("wb") as out:
            served = subprocess.Popen([*SERVE, folder], stdout=out, stderr=out, cwd=ROOT, env=with_us())  # noqa: S603
        wait_until(lambda: "Assayflow is at" in log.read_text())
        everybody = descendants(served.pid)
        commands = " ".join(word for process in everybody for word in process.cmdline())
        assert all(part in commands for part in ("redis-server", "postgres", "service.cli.main api", "workers"))
        served.kill()
        served.wait()
        wait_until(lambda: all(map(has_ended, everybody)))


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=10).is_success
    except httpx.TransportError:
        return False


def with_us() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def descendants(*parents: int) -> list[psutil.Process]:
    return [child for pid in parents for child in psutil.Process(pid).children(recursive=True)]


def has_ended(process: psutil.Process) -> bool:
    """A zombie has ended: in a container nobody may reap it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_a_part_that_ends_at_the_start_is_named_with_its_log(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stack, "WORKER", FAIL)
    with (
        pytest.raises(LocalStackError, match=r"worker ended with code 3; its log is .*worker\.log"),
        start_local_stack(settings.model_copy(update={"port": 0}), logs=tmp_path),
    ):
        pass


@pytest.mark.slow
def test_a_machine_without_workers_is_not_ready_and_names_what_is_missing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stack, "WORKER", SLEEP)
    monkeypatch.setattr(stack, "_SECONDS_TO_START", 15.0)
    with presence.opened(settings.required_redis_url()) as client:
        presence.forget(client)
    with (
        pytest.raises(LocalStackError, match=r"not ready after 15 seconds: rounds: nobody is there.*worker\.log"),
        start_local_stack(settings.model_copy(update={"port": 0}), logs=tmp_path),
    ):
        pass


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path):
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    note = tmp_path / "child"
    supervisor = Supervisor()
    command = (sys.executable, str(script), str(note))
    with supervisor.running(Part("stubborn", partial(launch, command), seconds_to_stop=0.3)) as part:
        while not (note.exists() and note.read_text()):
            time.sleep(0.05)
        child = psutil.Process(int(note.read_text()))
        assert child.is_running()
    assert part.process.poll() == -9
    _, alive = psutil.wait_procs([child], timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
