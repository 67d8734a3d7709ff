"""The whole demonstration with real processes: files, words, and nothing left running."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from rich.console import Console

from service.demo import run
from service.demo.labs import open_case
from service.demo.printing import Printer
from service.local.stack import LocalStackError

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "service.cli.main", "demo", "--domain", "peptides", "--output")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that PostgreSQL's own user may enter."""
    with TemporaryDirectory(prefix="assayflow-demo-") as name:
        yield Path(name)


def running_in(folder: Path) -> list[str]:
    """Return the command lines of processes whose arguments or environment name the folder."""
    commands = []
    for process in psutil.process_iter():
        try:
            texts = [*process.cmdline(), process.environ().get("ASSAYFLOW_DATA_DIR", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(folder) in text for text in texts):
            commands.append(" ".join(process.cmdline()))
    return commands


@pytest.mark.slow
def test_two_rounds_leave_files_and_nothing_running(folder: Path, monkeypatch: pytest.MonkeyPatch):
    case = open_case("peptides")
    sampler = {"steps": 20, "trajectories_per_step": 16}
    small = folder / "small.json"
    small.write_text(json.dumps({**case.spec(), "batch": {"size": 5}, "sampler": sampler}))
    monkeypatch.setattr(run, "open_case", lambda _kind: replace(case, example=str(small)))
    out = io.StringIO()
    run.run_demo("peptides", folder, Printer(Console(file=out, width=120)))
    text = out.getvalue()
    names = {path.name for path in (folder / "peptides").iterdir()}
    for number in (1, 2):
        assert {f"round-{number}.{name}" for name in ("csv", "json", "fasta", "svg")} <= names
        assert f"round-{number}-SIMULATED-results.csv" in names
        assert f"round {number}: " in text
    assert {"initial-data.csv", "predicted-against-simulated.png"} <= names
    assert {"insights.json", "insights-pareto.svg", "insights-convergence.svg"} <= names
    assert len([name for name in names if name.startswith("insights-")]) == 8
    assert "service" not in names
    assert "uploaded: 55 accepted" in text
    assert "uploaded: 5 accepted" in text
    assert "What improved, and what did not" in text
    assert text.count("requesting samples") == 2
    assert "no: " in text
    assert running_in(folder) == []


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_round_leaves_nothing_running(folder: Path):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, str(folder)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        seen = next((line for line in process.stdout if "round 1" in line and "training" in line), None)
        assert seen is not None, "the demonstration ended before it trained"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while running_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.returncode == 130
    assert running_in(folder) == []


def test_two_demonstrations_do_not_share_a_folder(folder: Path):
    with (
        run._own_folder(folder / "peptides"),
        pytest.raises(LocalStackError, match="another demonstration"),
        run._own_folder(folder / "peptides"),
    ):
        pass
