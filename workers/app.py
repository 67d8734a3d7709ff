"""The Celery application: which tasks there are, on which queue, and how a worker treats them.

Three roles, each its own process, started by `run_worker`:

- a round worker (`python -m workers --no-beat`) computes rounds and backtests, one at a time, in a child process;
- a fast worker (`python -m workers --fast`) answers samples and predictions likewise, so that none waits for a round;
- upkeep (`python -m workers --beat`) is Celery beat with a small worker of its own, so that lost work is found while
  every other worker is busy. It loads no torch, and several of them do no harm.

`python -m workers` is all three. SIGTERM or Ctrl-C gives what is running back to the queue and ends within seconds; the
next worker resumes a round or a backtest from what was kept and begins any other job anew.
"""

import logging
import warnings
from typing import Any, Literal
from uuid import UUID

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from models.hazards import load
from service.dispatch import JOB_TASK, ROUND_TASK, SWEEP_TASK
from service.logs import configure_logs
from service.settings import Settings
from workers.process import Process, die_with_parent

Role = Literal["rounds", "fast", "upkeep"]
"""Also the name, before `@host`, under which a worker answers to Celery's remote control."""
UPKEEP_QUEUE = "upkeep"
QUEUES: dict[Role, str] = {"rounds": "celery", "fast": "fast", "upkeep": UPKEEP_QUEUE}
"""The queues that `service.dispatch` sends to, and upkeep's own."""
_REDELIVERY_MARGIN_SECONDS = 600


def make_app(settings: Settings) -> Celery:
    """Return the application with its tasks, bound to a process of its own."""
    process = Process(settings)
    app = Celery("assayflow", broker=settings.required_redis_url(), set_as_current=False)
    app.conf.update(_configuration(settings))
    _add_tasks(app, process)
    _connect_signals(process)
    return app


def run_worker(settings: Settings, role: Role = "rounds") -> int:
    """Run a worker until a signal ends it; return the exit status.

    Raises:
        HazardListError: if the operator names a hazard list that cannot be used.
    """
    # Celery advises against root, which a bare machine may have only; messages are JSON and run no code.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    common = ["--quiet", "worker", "--without-gossip", "--without-mingle", f"--loglevel={settings.log_level.upper()}"]
    if role == "upkeep":
        pool = ["--pool=solo", "--beat", "--scheduler=celery.beat:Scheduler"]
    else:
        load(settings.hazard_lists)  # a list that cannot be used stops the start, not the first round
        pool = ["--pool=prefork", "--concurrency=1"]
    make_app(settings).worker_main([*common, *pool, f"--queues={QUEUES[role]}", f"--hostname={role}@%h"])
    return 0


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "enable_utc": True,
        "timezone": "UTC",
        # A message stays in the queue until its work is done, and a worker reserves no second one.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": settings.soft_time_limit_seconds,
        "task_time_limit": settings.time_limit_seconds,
        # Redis delivers again what is not acknowledged by then: it must outlast the longest task.
        "broker_transport_options": {"visibility_timeout": settings.time_limit_seconds + _REDELIVERY_MARGIN_SECONDS},
        "broker_connection_retry_on_startup": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # the lease guards against a second delivery
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_schedule": {
            "sweep": {
                "task": SWEEP_TASK,
                "schedule": settings.sweep_seconds,
                "options": {"queue": UPKEEP_QUEUE, "expires": settings.sweep_seconds},
            }
        },
        "beat_max_loop_interval": min(5.0, settings.sweep_seconds),
    }


def _add_tasks(app: Celery, process: Process) -> None:
    @app.task(name=ROUND_TASK, shared=False)
    def compute(round_id: str) -> None:
        from workers.rounds import compute_round

        compute_round(process, UUID(round_id))

    @app.task(name=JOB_TASK, shared=False)
    def do(job_id: str) -> None:
        from workers.jobs import do_job

        do_job(process, UUID(job_id))

    @app.task(name=SWEEP_TASK, shared=False)
    def look_after() -> None:
        from workers.upkeep import sweep

        sweep(process)


def _connect_signals(process: Process) -> None:
    settings = process.settings

    @signals.setup_logging.connect(weak=False)
    def use_our_logs(**_: Any) -> None:
        configure_logs(settings.log_format, settings.log_level)
        if settings.log_level != "debug":
            for chatty in ("celery.beat", "celery.worker.strategy", "celery.app.trace"):
                logging.getLogger(chatty).setLevel(logging.WARNING)

    @signals.worker_process_init.connect(weak=False)
    @signals.beat_embedded_init.connect(weak=False)
    def start_child(**_: Any) -> None:
        die_with_parent()

    @signals.worker_shutting_down.connect(weak=False)
    def give_work_back(**_: Any) -> None:
        process.stop()
