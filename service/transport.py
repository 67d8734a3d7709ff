"""Harden Celery's Redis transport: unreadable messages are dropped and counted, and never end a worker.

Anyone with access to Redis can put anything there. Upkeep sends a task that was lost this way again, because
PostgreSQL holds the state of rounds and jobs.
"""

import itertools
from queue import Empty
from typing import Any, Final

import structlog
from kombu.transport import redis

_MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError)
"""Errors of reading a foreign message: no JSON, other JSON, missing or unexpected members."""
TRANSPORT: Final = f"{__name__}:CarefulTransport"
"""The name under which Celery finds this transport."""
_FIELDS_OF_A_BINDING = 3
_numbers = itertools.count(1)
_log = structlog.get_logger(__name__)


class CarefulQoS(redis.QoS):
    """Return unacknowledged messages to their queue after the visibility timeout."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:  # noqa: FBT001, FBT002
        """Return one message to its queue."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except _MALFORMED as error:
            drop(self.unacked_key, error)
            with self.channel.conn_or_acquire(client) as connection:  # type: ignore[attr-defined] # not in kombu's types
                connection.zrem(self.unacked_index_key, tag)
                connection.hdel(self.unacked_key, tag)


class CarefulChannel(redis.Channel):
    """Receive messages from the queues and skip unreadable ones."""

    QoS = CarefulQoS

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """Return routing key, pattern and queue of each binding of an exchange."""
        return [entry for entry in super().get_table(exchange) if len(entry) == _FIELDS_OF_A_BINDING]

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc] # kombu's types leave it out
        except ValueError as error:  # not JSON; it has already left the queue
            drop("no JSON", error)
            raise Empty from error

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, *rest: Any, **options: Any) -> Any:  # noqa: FBT001
        """Consume a queue; a message that its consumer cannot read is acknowledged instead of redelivered."""

        def read(message: Any) -> Any:
            try:
                return callback(message)
            except _MALFORMED as error:
                drop(queue, error)
                if not no_ack:
                    self.basic_ack(message.delivery_tag)

        return super().basic_consume(queue, no_ack, read, *rest, **options)


class CarefulTransport(redis.Transport):
    """Transport that delivers only readable messages."""

    Channel = CarefulChannel

    def _deliver(self, message: Any, queue: str | None) -> None:
        try:
            super()._deliver(message, queue)
        except _MALFORMED as error:
            drop(queue, error)


def drop(queue: str | None, error: Exception) -> None:
    """Log an unreadable message of a queue, without its content, which may be anything."""
    _log.error("malformed message dropped", queue=queue, error=type(error).__name__, dropped=next(_numbers))
