"""Who consumes which queue, as the consumers say themselves: in Redis, beside the queues, and nowhere else.

This is no state of a campaign: it says whether somebody will take what is queued. Times are those of the Redis server,
so that clocks of machines need not agree.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Role = Literal["rounds", "fast", "upkeep"]
ROLES: tuple[Role, ...] = ("rounds", "fast", "upkeep")
"""Two that consume a queue each, and the one that looks after lost work; see `workers.app`."""
_KEY = "assayflow.consumers."
_KEPT_SECONDS = 7 * 86400
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The consumers of a role: how many there are now, and the seconds since the last sign of any."""

    consumers: int
    seconds: float | None


@contextmanager
def opened(redis_url: str) -> Iterator[Redis]:
    """Open a client that answers or fails within seconds."""
    with Redis.from_url(
        redis_url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, retry=Retry(NoBackoff(), 0)
    ) as client:
        yield client


def appear(client: Redis, role: Role, name: str) -> None:
    """Say that a consumer is there.

    Raises:
        RedisError: if it cannot be said.
    """
    now = _now(client)
    key = _KEY + role
    client.zadd(key, {name: now})
    client.zremrangebyscore(key, "-inf", now - _KEPT_SECONDS)


def leave(client: Redis, role: Role, name: str) -> None:
    """Say that a consumer ends.

    Raises:
        RedisError: if it cannot be said.
    """
    client.zrem(_KEY + role, name)


def look(client: Redis, patience: dict[Role, float]) -> dict[Role, Seen]:
    """Return who is there, by role: whose last sign is no older than the patience with its role, in seconds.

    Raises:
        RedisError: if Redis does not answer.
    """
    now = _now(client)
    found: dict[Role, Seen] = {}
    for role, seconds in patience.items():
        newest = client.zrevrange(_KEY + role, 0, 0, withscores=True)
        age = max(now - newest[0][1], 0.0) if newest else None
        found[role] = Seen(int(client.zcount(_KEY + role, now - seconds, "+inf")), age)
    return found


def is_there(client: Redis, role: Role, name_prefix: str, seconds: float) -> bool:
    """Tell whether a consumer whose name starts like this gave a sign within so many seconds.

    Raises:
        RedisError: if Redis does not answer.
    """
    names = client.zrangebyscore(_KEY + role, _now(client) - seconds, "+inf")
    return any(name.decode().startswith(name_prefix) for name in names)


def _now(client: Redis) -> float:
    seconds, microseconds = client.time()
    return float(seconds) + float(microseconds) / 1e6
