"""Sends tasks to the workers: after the commit, by name, with an id. Loads neither torch nor the workers.

A broker that does not answer loses nothing: rounds and jobs stay queued in the database and the workers'
sweep sends them again.
"""

from typing import Protocol
from uuid import UUID

import structlog
from celery import Celery
from sqlalchemy import event
from sqlalchemy.orm import Session

from service.store.session import Sessions
from service.store.states import Queue
from service.transport import TRANSPORT

ROUND_TASK = "assayflow.round"
"""Computes one round; its argument is the round's id."""
JOB_TASK = "assayflow.job"
"""Does one job; its argument is the job's id."""

CONNECTOR_TASK = "assayflow.connector"
"""Drains one connector's lane; its argument is the connector's id."""
ENDPOINT_TASK = "assayflow.endpoint"
"""Delivers to one webhook endpoint; its argument is the endpoint's id."""

_BUFFER = "assayflow.tasks"
_log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Hands one task to the queue."""

    def __call__(self, task: str, item: UUID, queue: Queue) -> None:
        """Send it; must not raise when the queue does not answer."""


class CelerySender:
    """Sends through Celery by name; one per process, safe in threads."""

    def __init__(self, redis_url: str) -> None:
        self._celery = Celery("assayflow", broker=redis_url, set_as_current=False)
        self._celery.conf.update(
            broker_transport=TRANSPORT,
            task_ignore_result=True,
            task_serializer="json",
            broker_connection_timeout=2,
            broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5},
            task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
        )

    def __call__(self, task: str, item: UUID, queue: Queue) -> None:
        """Send a task, or log that the sweep will have to.

        The commit has happened, whatever is wrong with Redis.
        """
        try:
            self._celery.send_task(task, args=[str(item)], queue=queue)
        except Exception as error:  # noqa: BLE001 - foreign content in Redis raises anything
            _log.warning(
                "task not sent, the sweep will send it", task=task, item=str(item), error=type(error).__name__
            )

    def close(self) -> None:
        """Give the connections back."""
        self._celery.close()


def send_after_commit(session: Session, task: str, item: UUID, queue: Queue) -> None:
    """Send a task when this session's transaction commits, and never if it does not."""
    session.info.setdefault(_BUFFER, []).append((task, item, queue))


def deliver(sessions: Sessions, send: Sender) -> None:
    """Let every session of this maker deliver what `send_after_commit` collects."""

    def flush(session: Session) -> None:
        if not session.in_nested_transaction():
            for task, item, queue in dict.fromkeys(session.info.pop(_BUFFER, ())):
                send(task, item, queue)

    def forget(session: Session) -> None:
        session.info.pop(_BUFFER, None)

    event.listen(sessions, "after_commit", flush)
    event.listen(sessions, "after_rollback", forget)
