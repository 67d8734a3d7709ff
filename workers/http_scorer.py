"""Score objects with a user's HTTP service: batched requests, retries and no trust in the response.

`service.outbound.pinned_http` sends each request to the checked address. Only the numbers of a response are
passed on. This module does not depend on campaigns.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from pydantic import BaseModel, ConfigDict, ValidationError

from models.scorers.contract import ScorerError
from models.scorers.entry_points import described
from models.specs.scorers import SECONDS, ScorerSpec
from service.address_rules import RefusedAddressError
from service.outbound.pinned_http import (
    ConnectionFailedError,
    EncodedReplyError,
    Http,
    HttpEnvironment,
    ResponseTooLongError,
    UntrustedCertificateError,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from models.scorers.contract import Row
    from service.address_rules import Resolver, Rules, Target
    from service.outbound.pinned_http import Reply

ATTEMPTS = 8
FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 0.5, 30.0
"""Retry delays double with each attempt: one minute in all, enough for a service to restart."""
MOST_WAIT_SECONDS = 120.0
"""A scorer whose Retry-After exceeds this has failed."""
SLICE_SECONDS = 0.5
"""Interval between checks for cancellation while waiting."""
MOST_BYTES = 2**20
"""A number takes at most 25 characters, and there are at most 10,000."""
_OK = 200
_REDIRECTS = (301, 302, 303, 307, 308)
_NOT_JSON = "its answer is no plain application/json"
_RETRYABLE = (429, 500, 502, 503, 504)


class Answer(BaseModel):
    """The response of a scorer; unknown members are ignored."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    values: tuple[float | None, ...]


@final
@dataclass(frozen=True, slots=True)
class HttpScorerEnvironment:
    """What requests depend on besides the scorer's specification; tests replace the last three."""

    rules: Rules
    authorization: str | None = field(default=None, repr=False)
    resolve: Resolver | None = None
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep


class _RetryableError(Exception):
    """The request may be retried; `wait` is the delay that the scorer requested."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@final
class HttpScorer:
    """POST `{"property", "objects"}` and read `{"values"}`.

    Args:
        spec: names the property.
        target: the checked URL.
        environment: the operator's rules, the secret and the transport.
        check_cancelled: called while waiting; an exception from it stops the work.
    """

    def __init__(
        self,
        spec: ScorerSpec,
        target: Target,
        environment: HttpScorerEnvironment,
        check_cancelled: Callable[[], None],
    ) -> None:
        self.computes = described(spec)
        self.batch_size = spec.batch_size
        self._name = spec.name
        self._environment = environment
        self._check_cancelled = check_cancelled
        self._seconds = spec.timeout_seconds or SECONDS
        self._client = Http(
            target,
            HttpEnvironment(
                rules=environment.rules,
                headers={}
                if environment.authorization is None
                else {"Authorization": environment.authorization},
                resolve=environment.resolve,
                transport=environment.transport,
            ),
        )

    def __call__(self, rows: Sequence[Row]) -> Sequence[float | None]:
        """Return the value of each object.

        Raises:
            ScorerError: if no attempt gave a usable response.
        """
        body: dict[str, object] = {"property": self._name, "objects": [dict(row) for row in rows]}
        for attempt in range(ATTEMPTS):
            try:
                return self._read(self._send(body), len(rows))
            except _RetryableError as error:
                if attempt + 1 == ATTEMPTS:
                    raise ScorerError(self._name, f"{error.reason}, {ATTEMPTS} times in a row") from error
                self._wait(error, min(FIRST_WAIT_SECONDS * 2**attempt, LAST_WAIT_SECONDS))
        raise AssertionError

    def _send(self, body: dict[str, object]) -> bytes:
        """Return the content of a successful response."""
        try:
            reply = self._client.request("POST", "", json=body, seconds=self._seconds, most_bytes=MOST_BYTES)
        except (RefusedAddressError, ResponseTooLongError, UntrustedCertificateError) as error:
            raise ScorerError(self._name, str(error)) from error
        except EncodedReplyError as error:
            raise ScorerError(self._name, _NOT_JSON) from error
        except ConnectionFailedError as error:
            raise _RetryableError(str(error)) from error
        self._check(reply)
        return reply.content

    def _check(self, reply: Reply) -> None:
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if reply.status in _RETRYABLE:
            raise _RetryableError(f"it answered {reply.status}", retry_after(reply))
        if reply.status in _REDIRECTS and "location" in reply.headers:
            raise ScorerError(self._name, f"it answered a redirect ({reply.status}), which is not followed")
        if reply.status != _OK:
            raise ScorerError(self._name, f"it answered {reply.status}")
        if kind != "application/json":
            raise ScorerError(self._name, _NOT_JSON)

    def _read(self, content: bytes, n: int) -> Sequence[float | None]:
        try:
            values = Answer.model_validate_json(content).values
        except ValidationError as error:
            location = "/".join(map(str, error.errors(include_input=False, include_context=False)[0]["loc"]))
            where = f" (wrong at {location})" if location else ""
            raise ScorerError(
                self._name, f'its answer is not {{"values": [number or null, ...]}}{where}'
            ) from None
        if len(values) != n:
            raise ScorerError(self._name, f"it answered {len(values)} values for {n} objects")
        return values

    def _wait(self, error: _RetryableError, usual: float) -> None:
        seconds = usual if error.wait is None else max(error.wait, 0.0)
        if seconds > MOST_WAIT_SECONDS:
            raise ScorerError(self._name, f"{error.reason} and asks to wait {seconds:.0f} seconds") from error
        while seconds > 0:
            self._check_cancelled()
            self._environment.sleep(min(seconds, SLICE_SECONDS))
            seconds -= SLICE_SECONDS
