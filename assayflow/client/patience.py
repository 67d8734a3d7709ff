"""How long a failed request is repeated, as steps that both transports carry out.

Only what is safe to repeat is repeated: reads, and what has an `Idempotency-Key`. So is whatever the service
says it did not process (429, 503), and whatever never left this machine.
"""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

import httpx

from assayflow.client.calls import Exchange, Pause
from assayflow.client.errors import ConflictError, UnreachableError, error_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from assayflow.client.calls import Call

T = TypeVar("T")
_NOT_PROCESSED = (429, 503)
_GATEWAY = (502, 504)
"""A gateway lost the answer; the request may have been processed."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_IN_FLIGHT = "is in flight"
"""What the service says of a repeated request whose first one is not finished."""


@final
@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is repeated, and how long is waited before.

    Args:
        retries: repetitions after the first attempt; 0 for none.
        first_seconds: before the first repetition; it doubles each time.
        longest_seconds: the longest wait, and the longest `Retry-After` that is obeyed.
    """

    retries: int = 4
    first_seconds: float = 0.5
    longest_seconds: float = 60.0

    def seconds(self, attempt: int, answer: httpx.Response | None) -> float | None:
        """Return how long to wait after this attempt, from 0; None to give up."""
        if attempt >= self.retries:
            return None
        stated = None if answer is None else _retry_after(answer)
        if stated is not None:
            return stated if stated <= self.longest_seconds else None
        return float(min(self.longest_seconds, self.first_seconds * 2**attempt))


def persistently(call: Call[T], patience: Patience) -> Generator[Any, Any, T]:
    """Send a call until it is answered, as often as that is safe, and read the answer.

    Raises:
        ApiError: if the service responds with a problem.
        UnreachableError: if there is no response.
    """
    attempt = 0
    while True:
        answer, failure = None, None
        try:
            answer = yield Exchange(call)
        except httpx.TransportError as error:
            failure = error
        if answer is not None and answer.is_success:
            return call.read(answer)
        seconds = patience.seconds(attempt, answer) if _may_repeat(call, attempt, answer, failure) else None
        if seconds is None:
            raise _reason(call, answer, failure) from failure
        yield Pause(seconds)
        attempt += 1


def _may_repeat(
    call: Call[Any], attempt: int, answer: httpx.Response | None, failure: Exception | None
) -> bool:
    if answer is None:
        return isinstance(failure, _NEVER_SENT) or call.is_repeatable
    if answer.status_code in _NOT_PROCESSED:
        return True
    if answer.status_code == httpx.codes.CONFLICT and attempt and call.is_repeatable:
        error = error_of(answer)
        return isinstance(error, ConflictError) and _IN_FLIGHT in error.detail
    return answer.status_code in _GATEWAY and call.is_repeatable


def _reason(call: Call[Any], answer: httpx.Response | None, failure: Exception | None) -> Exception:
    if answer is not None:
        return error_of(answer)
    reason = str(failure) or type(failure).__name__
    host = failure.request.url if isinstance(failure, httpx.RequestError) else call.path
    where = host.copy_with(path="", query=None) if isinstance(host, httpx.URL) else host
    doubt = "" if isinstance(failure, _NEVER_SENT) or call.is_repeatable else "; it may have been done or not"
    return UnreachableError(f"no answer from {where} ({reason}){doubt}; is the service running there?")


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3), a number or a date; None if there is none."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
