"""Record in Redis which consumers serve which queue, as the consumers themselves announce.

Presence is no state of a campaign: it only shows whether queued work will be taken. Times are those of the
Redis server, so that the machines' clocks need not agree.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Role = Literal["rounds", "fast", "io", "upkeep"]
ROLES: tuple[Role, ...] = ("rounds", "fast", "io", "upkeep")
"""Three roles that consume one queue each, and the one that requeues lost work; see `workers.app`."""
_KEY = "assayflow.consumers."
_KEPT_SECONDS = 86400
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The consumers of a role: their current number, and the seconds since the last announcement."""

    consumers: int
    seconds: float | None


@contextmanager
def opened(redis_url: str) -> Iterator[Redis]:
    """Open a client whose calls succeed or fail within seconds."""
    with Redis.from_url(
        redis_url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, retry=Retry(NoBackoff(), 0)
    ) as client:
        yield client


def appear(client: Redis, role: Role, name: str) -> None:
    """Announce a consumer.

    Raises:
        RedisError: if Redis fails.
    """
    now = _now(client)
    key = _KEY + role
    client.zadd(key, {name: now})
    client.zremrangebyscore(key, "-inf", now - _KEPT_SECONDS)


def leave(client: Redis, role: Role, name: str) -> None:
    """Withdraw a consumer's announcement.

    Raises:
        RedisError: if Redis fails.
    """
    client.zrem(_KEY + role, name)


def forget(client: Redis) -> None:
    """Delete all announcements; running consumers announce themselves again.

    Raises:
        RedisError: if Redis fails.
    """
    client.delete(*(_KEY + role for role in ROLES))


def look(client: Redis, patience: Mapping[Role, float]) -> dict[Role, Seen]:
    """Return the consumers by role whose last announcement is not older than the role's limit in seconds.

    Raises:
        RedisError: if Redis fails.
    """
    return {role: _seen(client, role, seconds) for role, seconds in patience.items()}


def _seen(client: Redis, role: Role, patience: float) -> Seen:
    ages = _ages(client, role).values()
    return Seen(sum(age <= patience for age in ages), min(ages, default=None))


def is_there(client: Redis, role: Role, name_prefix: str, seconds: float) -> bool:
    """Return whether a consumer with this name prefix announced itself within this many seconds.

    Raises:
        RedisError: if Redis fails.
    """
    return any(name.startswith(name_prefix) and age <= seconds for name, age in _ages(client, role).items())


def _ages(client: Redis, role: Role) -> dict[str, float]:
    """Return the seconds since the last announcement of each consumer, by name."""
    now = _now(client)
    signs = cast("list[tuple[bytes, float]]", client.zrange(_KEY + role, 0, -1, withscores=True))
    return {name.decode(errors="replace"): max(now - at, 0.0) for name, at in signs}


def _now(client: Redis) -> float:
    seconds, microseconds = client.time()
    return seconds + microseconds / 1e6
