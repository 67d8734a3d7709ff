"""Who consumes which queue, as the consumers say themselves: in Redis, beside the queues, and nowhere else.

This is no state of a campaign: it says whether somebody will take what is queued. Times are those of the Redis server,
so that clocks of machines need not agree.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Role = Literal["rounds", "fast", "upkeep"]
ROLES: tuple[Role, ...] = ("rounds", "fast", "upkeep")
"""Two that consume a queue each, and the one that looks after lost work; see `workers.app`."""
_KEY = "assayflow.consumers."
_KEPT_SECONDS = 86400
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


def forget(client: Redis) -> None:
    """Forget everybody; who is there says so again.

    Raises:
        RedisError: if Redis does not answer.
    """
    client.delete(*(_KEY + role for role in ROLES))


def look(client: Redis, patience: Mapping[Role, float]) -> dict[Role, Seen]:
    """Return who is there, by role: whose last sign is no older than the patience with its role, in seconds.

    Raises:
        RedisError: if Redis does not answer.
    """
    return {role: _seen(client, role, seconds) for role, seconds in patience.items()}


def _seen(client: Redis, role: Role, patience: float) -> Seen:
    ages = _ages(client, role).values()
    return Seen(sum(age <= patience for age in ages), min(ages, default=None))


def is_there(client: Redis, role: Role, name_prefix: str, seconds: float) -> bool:
    """Tell whether a consumer whose name starts like this gave a sign within so many seconds.

    Raises:
        RedisError: if Redis does not answer.
    """
    return any(name.startswith(name_prefix) and age <= seconds for name, age in _ages(client, role).items())


def _ages(client: Redis, role: Role) -> dict[str, float]:
    """Return the seconds since the last sign of each consumer, by its name."""
    now = _now(client)
    signs = cast("list[tuple[bytes, float]]", client.zrange(_KEY + role, 0, -1, withscores=True))
    return {name.decode(errors="replace"): max(now - at, 0.0) for name, at in signs}


def _now(client: Redis) -> float:
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6
