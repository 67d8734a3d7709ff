"""Define the Celery application: its tasks, their queues and the worker's settings.

There are four roles, each in its own process, started by `run_worker`:

- A round worker (`python -m workers --no-beat`) computes rounds and backtests, one at a time, in a child
  process.
- A fast worker (`python -m workers --fast`) serves samples and predictions, so that they never wait for a
  round.
- An io worker (`python -m workers --io`) talks to other systems: connectors and webhooks. It loads no torch.
- Upkeep (`python -m workers --beat`, see `workers.upkeep`) requeues lost work while all workers are busy. It
  needs no queue and loads no torch. Several upkeep processes may run at once.

`python -m workers` keeps all of them running. On SIGTERM or Ctrl-C a worker requeues its work and exits
within seconds. The next worker resumes a round or a backtest from its checkpoint and starts any other job
again. A worker that exits without such a signal returns a non-zero code.
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
from service.dispatch import CONNECTOR_TASK, ENDPOINT_TASK, JOB_TASK, ROUND_TASK
from service.logs import configure_logs
from service.presence import Role
from service.settings import Settings
from service.supervision import die_with_parent
from service.transport import TRANSPORT
from workers.context import WorkerContext
from workers.pulse import Stage
from workers.upkeep import run_upkeep
from workers.watching import drain, watch_step

QUEUES: dict[Role, str] = {"rounds": "celery", "fast": "fast", "io": "io"}
"""The queues that `service.dispatch` sends to. The role is also the worker's name before `@host`."""
_REDELIVERY_MARGIN_SECONDS = 600


def make_app(settings: Settings, role: Role = "rounds") -> Celery:
    """Return the application with its tasks, bound to a new worker context."""
    context = WorkerContext(settings, loads_science=role != "io")
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
    # Celery warns against running as root, which may be the only user of a bare machine. Messages are JSON
    # and run no code.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    load_hazard_lists(settings.hazard_lists)  # an unusable list fails the start instead of the first round
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
        # A message stays in the queue until its work is done. A worker prefetches no second message.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": settings.soft_time_limit_seconds,
        "task_time_limit": settings.time_limit_seconds,
        # Redis redelivers messages that are not acknowledged in this time, so it must exceed the longest
        # task.
        "broker_transport_options": {
            "visibility_timeout": settings.time_limit_seconds + _REDELIVERY_MARGIN_SECONDS
        },
        "broker_connection_retry_on_startup": True,
        # the lease guards against a second delivery
        "worker_cancel_long_running_tasks_on_connection_loss": False,
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

    @app.task(name=ENDPOINT_TASK, shared=False)
    def deliver(endpoint_id: str) -> None:
        from workers.endpoints import drain_endpoint

        _claim_and_do(context, drain_endpoint, UUID(endpoint_id))

    @app.task(name=CONNECTOR_TASK, shared=False)
    def drain(connector_id: str) -> None:
        from workers.connectors import drain_connector

        _claim_and_do(context, drain_connector, UUID(connector_id))


def _claim_and_do(context: WorkerContext, work: Callable[[WorkerContext, UUID], None], item_id: UUID) -> None:
    """Do the work of a message, or requeue the message if this worker is shutting down.

    Raises:
        Reject: if the message goes back to the queue.
    """
    with context.pulse.at(Stage.LOADING, then=Stage.IDLE):
        if not context.is_stopping():
            context.import_science()
        # set before the last check: `drain` kills a child only while it loads
        context.pulse.enter(Stage.CLAIMING)
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
