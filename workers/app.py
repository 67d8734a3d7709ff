"""The Celery application: which tasks there are, on which queue, and how a worker treats them.

Three roles, each its own process, started by `run_worker`:

- a round worker (`python -m workers --no-beat`) computes rounds and backtests, one at a time, in a child process;
- a fast worker (`python -m workers --fast`) answers samples and predictions likewise, so that none waits for a round;
- upkeep (`python -m workers --beat`, see `workers.upkeep`) finds lost work while every other worker is busy. It needs
  no queue and loads no torch, and several of them do no harm.

`python -m workers` keeps all three running. SIGTERM or Ctrl-C gives what is running back to the queue and ends within
seconds; the next worker resumes a round or a backtest from what was kept and begins any other job anew. A worker ends
with a code other than 0 when nobody asked it to end.
"""

import logging
import warnings
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Celery, signals
from celery.exceptions import Reject, SecurityWarning
from celery.utils.nodenames import gethostname

from models.safety.hazard_lists import load_hazard_lists
from service.dispatch import JOB_TASK, ROUND_TASK
from service.logs import configure_logs
from service.presence import Role
from service.settings import Settings
from service.supervision import die_with_parent
from service.transport import TRANSPORT
from workers.context import WorkerContext
from workers.pulse import Stage
from workers.upkeep import run_upkeep
from workers.watching import drain, watch_step

QUEUES: dict[Role, str] = {"rounds": "celery", "fast": "fast"}
"""The queues that `service.dispatch` sends to. A role also stands before `@host` in the worker's name."""
_REDELIVERY_MARGIN_SECONDS = 600


def make_app(settings: Settings, role: Role = "rounds") -> Celery:
    """Return the application with its tasks, bound to a process of its own."""
    context = WorkerContext(settings)
    app = Celery("assayflow", broker=settings.required_redis_url(), set_as_current=False)
    app.conf.update(_configuration(settings))
    app.steps["consumer"].add(watch_step(context, role))
    _add_tasks(app, context)
    _connect_signals(context)
    return app


def run_worker(settings: Settings, role: Role = "rounds") -> int:
    """Run a worker until a signal ends it; return the exit status.

    Raises:
        HazardListError: if the operator names a hazard list that cannot be used.
    """
    if role == "upkeep":
        configure_logs(settings.log_format, settings.log_level)
        return run_upkeep(settings)
    # Celery advises against root, which a bare machine may have only; messages are JSON and run no code.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    load_hazard_lists(settings.hazard_lists)  # a list that cannot be used stops the start, not the first round
    worker = make_app(settings, role).Worker(
        hostname=f"{role}@{gethostname()}",
        queues=QUEUES[role],
        pool_cls="prefork",
        concurrency=1,
        loglevel=settings.log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


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
        "broker_transport": TRANSPORT,
    }


def _add_tasks(app: Celery, context: WorkerContext) -> None:
    @app.task(name=ROUND_TASK, shared=False)
    def compute(round_id: str) -> None:
        from workers.rounds import compute_round

        _claim_and_do(context, compute_round, UUID(round_id))

    @app.task(name=JOB_TASK, shared=False)
    def do(job_id: str) -> None:
        from workers.jobs import do_job

        _claim_and_do(context, do_job, UUID(job_id))


def _claim_and_do(context: WorkerContext, work: Callable[[WorkerContext, UUID], None], item_id: UUID) -> None:
    """Do the work of a message, unless this worker shuts down: then the message goes back into the queue.

    Raises:
        Reject: if it does.
    """
    with context.pulse.at(Stage.LOADING, then=Stage.IDLE):
        if not context.is_stopping():
            context.import_science()
        context.pulse.enter(Stage.CLAIMING)  # before the last look: who drains kills a child only while it loads
        if context.is_stopping():
            raise Reject("this worker shuts down", requeue=True)
        work(context, item_id)


def _connect_signals(context: WorkerContext) -> None:
    settings = context.settings

    @signals.setup_logging.connect(weak=False)
    def use_our_logs(**_: Any) -> None:
        configure_logs(settings.log_format, settings.log_level)
        if settings.log_level != "debug":
            for chatty in ("celery.worker.strategy", "celery.app.trace"):
                logging.getLogger(chatty).setLevel(logging.WARNING)

    @signals.worker_process_init.connect(weak=False)
    def start_child(**_: Any) -> None:
        die_with_parent(context.parent)
        context.pulse.enter(Stage.IDLE)

    @signals.worker_shutting_down.connect(weak=False)
    def give_work_back(**_: Any) -> None:
        if not context.is_stopping():
            context.stop()
            drain(context)
