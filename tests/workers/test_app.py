"""Guarantees of the queue: one message at a time, kept until done, redelivered only after that."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.dispatch import JOB_TASK, ROUND_TASK
from service.settings import Settings
from workers.app import make_app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def configured() -> Settings:
    return Settings(redis_url="redis://:secret@127.0.0.1:1/0", soft_time_limit_seconds=50, time_limit_seconds=100)


def test_a_worker_takes_one_message_and_keeps_it_until_the_work_is_done(configured: Settings):
    conf = make_app(configured).conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]
    assert conf.accept_content == ["json"]


def test_all_tasks_are_there(configured: Settings):
    assert {JOB_TASK, ROUND_TASK} <= set(make_app(configured).tasks)


def test_the_parent_process_loads_no_torch():
    program = "import sys, workers.__main__; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)  # noqa: S603 - our own program
