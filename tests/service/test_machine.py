"""The machine: started in order, stopped together."""

import socket
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

import service.machine as machines
from service.local_keys import first_key
from service.machine import MachineError, machine
from service.settings import Settings

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


def test_a_taken_port_is_told_before_anything_starts(settings: Settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(MachineError, match="choose another port"),
            machine(settings.model_copy(update={"port": port})),
        ):
            pass


@pytest.mark.slow
def test_a_machine_serves_and_stops(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machines, "WORKER", SLEEP)
    with machine(settings.model_copy(update={"port": 0}), logs=tmp_path) as running:
        running.check()
        assert httpx.get(f"{running.url}/health/live").is_success
        assert {path.name for path in tmp_path.iterdir()} == {"api.log", "worker.log"}
        processes = [part.process for part in running.parts]
    assert all(process.poll() is not None for process in processes)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.url}/health/live")


@pytest.mark.slow
def test_a_part_that_ends_is_named_with_its_log(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machines, "WORKER", FAIL)
    with (
        pytest.raises(MachineError, match=r"worker ended with code 3; its log is .*worker\.log"),
        machine(settings.model_copy(update={"port": 0}), logs=tmp_path) as running,
    ):
        running.wait()


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machines, "_SECONDS_TO_STOP", 0.3)
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    note = tmp_path / "child"
    with machines._running("stubborn", (sys.executable, str(script), str(note)), settings, None) as part:
        while not (note.exists() and note.read_text()):
            time.sleep(0.05)
        child = psutil.Process(int(note.read_text()))
        assert child.is_running()
    assert part.process.returncode == -9
    _, alive = psutil.wait_procs([child], timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
