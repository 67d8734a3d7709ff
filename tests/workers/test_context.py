"""A worker's context: hazard lists, read again or refused, and a shutdown flag without a lock."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from models.domains import installed, open_domain
from models.safety.hazard_lists import HazardListError
from service.settings import Settings
from workers.app import run_worker
from workers.context import WorkerContext
from workers.lease_runner import problem
from workers.pulse import Stage

SWITCHES = open_domain(installed()["switches"].spec.model_validate({"kind": "switches", "n": 3}))
LIST: dict[str, Any] = {"name": "l", "version": "1", "domain": "switches"}


def settings(*lists: Path) -> Settings:
    return Settings(redis_url=SecretStr("redis://nowhere/0"), hazard_lists=lists)


def test_a_round_worker_does_not_start_without_its_lists(tmp_path: Path):
    with pytest.raises(HazardListError, match=r"lost\.json"):
        run_worker(settings(tmp_path / "lost.json"))


def test_lists_are_read_anew_for_every_round(tmp_path: Path):
    path = tmp_path / "list.json"
    process = WorkerContext(settings(path))
    for pattern in ("111", "000"):
        path.write_text(json.dumps(LIST | {"entries": [{"pattern": pattern, "reason": "x"}]}))
        (hazard_list,) = process.hazards()
        assert hazard_list.open(SWITCHES)(pattern) == "x"
    path.write_text("{")
    with pytest.raises(HazardListError, match=r"list\.json cannot be read"):
        process.hazards()


def test_the_problem_of_a_round_names_the_file_and_not_its_folder(tmp_path: Path):
    with pytest.raises(HazardListError) as refused:
        WorkerContext(settings(tmp_path / "lost.json")).hazards()
    detail_of = problem(refused.value, "round")
    assert "lost.json cannot be read: No such file" in detail_of["detail"]
    assert str(tmp_path) not in detail_of["detail"]


def test_a_child_that_is_killed_during_a_check_leaves_no_lock():
    process = WorkerContext(settings())
    for _ in range(20):
        child = os.fork()
        if child == 0:
            process.pulse.enter(Stage.HOLDING)
            while True:
                process.is_stopping()
                process.pulse.beat()
        while process.pulse.pid != child:
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    started = time.monotonic()
    process.stop()
    assert process.is_stopping()
    assert process.pulse.stage is Stage.HOLDING
    assert time.monotonic() - started < 1


def test_a_child_hears_at_once_that_its_worker_shuts_down():
    process = WorkerContext(settings())
    child = os.fork()
    if child == 0:
        process.pulse.enter(Stage.LOADING)
        while not process.is_stopping():
            time.sleep(0.001)
        os._exit(7)
    while process.pulse.stage is not Stage.LOADING:
        time.sleep(0.001)
    process.stop()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
