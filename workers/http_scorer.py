"""Score objects with a user's HTTP service: batched requests, retries and no trust in the response.

`service.address_rules` checks the address, and requests go to exactly that checked address: no proxy, no
redirect and no second look-up. Only the numbers of a response are passed on. This module does not depend on
campaigns.
"""

from __future__ import annotations

import ssl
import time
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from models.scorers.contract import ScorerError
from models.scorers.entry_points import described
from models.specs.scorers import SECONDS, ScorerSpec
from service.address_rules import RefusedAddressError, Resolver, Rules, Target, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.scorers.contract import Row

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
        self, spec: ScorerSpec, target: Target, environment: HttpScorerEnvironment, check_cancelled: Callable[[], None]
    ) -> None:
        self.computes = described(spec)
        self.batch_size = spec.batch_size
        self._name = spec.name
        self._target = target
        self._environment = environment
        self._check_cancelled = check_cancelled
        self._seconds = spec.timeout_seconds or SECONDS
        self._addresses: list[str] = []
        self._client = httpx.Client(
            transport=environment.transport,
            verify=_trusted() if environment.transport is None and target.scheme == "https" else False,
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
        )
        weakref.finalize(self, self._client.close)

    def __call__(self, rows: Sequence[Row]) -> Sequence[float | None]:
        """Return the value of each object.

        Raises:
            ScorerError: if no attempt gave a usable response.
        """
        body: dict[str, object] = {"property": self._name, "objects": [dict(row) for row in rows]}
        for attempt in range(ATTEMPTS):
            try:
                return self._read(self._send(body, attempt), len(rows))
            except _RetryableError as error:
                self._addresses = []  # the service may have moved: resolve and check its address again
                if attempt + 1 == ATTEMPTS:
                    raise ScorerError(self._name, f"{error.reason}, {ATTEMPTS} times in a row") from error
                self._wait(error, min(FIRST_WAIT_SECONDS * 2**attempt, LAST_WAIT_SECONDS))
        raise AssertionError

    def _send(self, body: dict[str, object], attempt: int) -> bytes:
        """Return the content of a successful response."""
        request = self._request(body, attempt)
        deadline = time.monotonic() + self._seconds
        try:
            response = self._client.send(request, stream=True)
            try:
                self._check(response)
                return self._content(response, deadline)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise _RetryableError(f"no answer within {self._seconds:g} seconds") from error
        except httpx.TransportError as error:
            if _is_untrusted(error):
                raise ScorerError(self._name, f"its certificate is not a trusted one of {self._target.host}") from error
            raise _RetryableError(f"the connection failed ({type(error).__name__})") from error

    def _request(self, body: dict[str, object], attempt: int) -> httpx.Request:
        """Return a request to a checked address, with the host's name in the header and in TLS."""
        target, address = self._target, self._address(attempt)
        host = f"[{address}]" if ":" in address else address
        headers = {"Host": target.authority, "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._environment.authorization is not None:
            headers["Authorization"] = self._environment.authorization
        return self._client.build_request(
            "POST",
            f"{target.scheme}://{host}:{target.port}{target.path}",
            json=body,
            headers={**headers, "User-Agent": "assayflow"},
            extensions={"sni_hostname": target.host},
        )

    def _address(self, attempt: int) -> str:
        """Return a checked address: the same one until it fails, then another if there is one."""
        if not self._addresses:
            try:
                addresses = locate(self._target, self._environment.rules, self._environment.resolve)
            except RefusedAddressError as error:
                raise ScorerError(self._name, str(error)) from error
            except OSError as error:
                raise _RetryableError(f"{self._target.host} cannot be resolved") from error
            self._addresses = [addresses[attempt % len(addresses)]]
        return self._addresses[0]

    def _check(self, response: httpx.Response) -> None:
        status, kind = response.status_code, response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status in _RETRYABLE:
            raise _RetryableError(f"it answered {status}", _retry_after(response.headers.get("retry-after")))
        if response.has_redirect_location:
            raise ScorerError(self._name, f"it answered a redirect ({status}), which is not followed")
        if status != _OK:
            raise ScorerError(self._name, f"it answered {status}")
        if kind != "application/json" or response.headers.get("content-encoding", "identity") != "identity":
            raise ScorerError(self._name, "its answer is no plain application/json")

    def _content(self, response: httpx.Response, deadline: float) -> bytes:
        """Return the content, unless it is too long or arrives too slowly."""
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > MOST_BYTES:
                raise ScorerError(self._name, f"its answer is longer than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:
                raise _RetryableError(f"no whole answer within {self._seconds:g} seconds")
        return bytes(content)

    def _read(self, content: bytes, n: int) -> Sequence[float | None]:
        try:
            values = Answer.model_validate_json(content).values
        except ValidationError as error:
            location = "/".join(map(str, error.errors(include_input=False, include_context=False)[0]["loc"]))
            where = f" (wrong at {location})" if location else ""
            raise ScorerError(self._name, f'its answer is not {{"values": [number or null, ...]}}{where}') from None
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


def _retry_after(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110), a number or a date; None if unreadable."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return (until - datetime.now(UTC)).total_seconds()


def _is_untrusted(error: BaseException | None) -> bool:
    """Return whether a connection failed because of the server's certificate."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _trusted() -> ssl.SSLContext:
    """Return certifi's authorities and this machine's, so that an operator can add private ones."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
