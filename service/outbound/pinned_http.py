"""Requests to an address that the operator's rules admit: judged, pinned, bounded, without redirects.

`service.address_rules` checks the address, and every request goes to exactly the checked address: no proxy,
no redirect and no second look-up. Host header, SNI and certificate are those of the name. Nothing is retried
here, no cookie is kept, and no content is decompressed. What is logged names the path without its query;
bodies and headers are never logged.
"""

from __future__ import annotations

import time
import weakref
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, final

import httpx

from service.address_rules import (
    RefusedAddressError,
    Resolver,
    Rules,
    Target,
    check_confidential,
    check_url,
    locate,
)
from service.outbound.deadlines import Deadline, TimedTransport, run_within
from service.outbound.request_checks import (
    RefusedRequestError,
    check_credentials,
    check_files,
    check_headers,
    check_path,
)
from service.outbound.trust import is_untrusted, trusted_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS = 60.0
"""Deadline of a whole request."""
MOST_BYTES = 32 * 2**20
"""Longest content of a response."""


_LONGEST_WAIT = 366 * 86_400.0


class ConnectionFailedError(Exception):
    """No response arrived, or not all of it; the request may or may not have been carried out."""


class UntrustedCertificateError(ConnectionFailedError):
    """The server's certificate is not a trusted one of its host."""


class EncodedReplyError(ConnectionFailedError):
    """A response is compressed, although none of it was accepted."""


class ResponseTooLongError(Exception):
    """A response is longer than the caller reads."""


@final
@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; `where` names method and path for messages, without the query."""

    status: int
    headers: httpx.Headers
    content: bytes
    where: str


@final
@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it is logged: `status` is None where no response arrived, and `problem` says why."""

    method: str
    path: str
    status: int | None
    seconds: float
    problem: str | None = None


@final
@dataclass(frozen=True, slots=True)
class HttpEnvironment:
    """What requests depend on besides their address; tests replace `resolve` and `transport`.

    Attributes:
        rules: the operator's.
        headers: sent with every request to the base address, and with none elsewhere.
        is_confidential: whether requests carry credentials in other places than headers; they go over https
            then, or to a host that the operator has listed. A header that may be one is always judged so.
        on_exchange: called after each request.
        check_cancelled: called before each request; an exception from it ends the work.
    """

    rules: Rules
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_confidential: bool = False
    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    check_cancelled: Callable[[], None] = lambda: None
    resolve: Resolver | None = None
    transport: httpx.BaseTransport | None = None


@final
class Http:
    """Requests below one base URL, one after the other.

    Args:
        base: with scheme, host and path, as in `https://lab.example.org/api`, or its checked parts.
        environment: the operator's rules and the transport.

    Raises:
        RefusedAddressError: if the rules refuse the address, or credentials would be shown on the way.
    """

    def __init__(self, base: str | Target, environment: HttpEnvironment) -> None:
        self.target = check_url(base, environment.rules) if isinstance(base, str) else base
        if environment.is_confidential:
            check_confidential(self.target, environment.rules)
        self._environment = environment
        self._addresses: dict[tuple[str, int], str] = {}
        self._failures = 0
        self._deadline = Deadline()
        self._transport = environment.transport or TimedTransport(trusted_context(), self._deadline)
        weakref.finalize(self, self._transport.close)

    def close(self) -> None:
        """Give the connection back."""
        self._transport.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
        **body: Any,
    ) -> Reply:
        """Send one request and return its response, whatever its status.

        Args:
            method: GET, POST, PATCH, PUT or DELETE.
            path: below the base URL's own path; it begins with a slash. An empty one is the base URL itself,
                with its query.
            headers: further ones.
            seconds: deadline of the whole exchange, from looking up the name to the last byte.
            most_bytes: longest content that is read.
            body: `params`, and one of `json`, `data` (a form), `content`, or `files` with `data`, as in
                httpx.

        Raises:
            ConnectionFailedError: if no whole response arrives in time.
            ResponseTooLongError: if the content is longer.
            RefusedRequestError: if the path leads out of the base path, or a header cannot be sent.
            RefusedAddressError: if the name resolves to an address that is refused, or a header would show a
                credential on the way.
        """
        target, rules = self.target, self._environment.rules
        sent = {**self._environment.headers, **(headers or {})}
        check_headers(sent)
        check_files(body.get("files"))
        check_credentials(sent, target, rules)
        if path:
            check_path(path)
        below = f"{target.path.partition('?')[0].rstrip('/')}{path}" if path else target.path
        return self._exchange(
            _Wanted(target, method, below, sent, seconds, most_bytes, body), self._transport
        )

    def fetch_elsewhere(self, url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> Reply:
        """Return what a presigned address holds; it is judged like any other, and gets no header of ours.

        Such an address is a credential itself. The connection is a new one, whose certificate is checked for
        this host.

        Raises:
            RefusedAddressError: if the rules refuse the address, or it would be shown on the way.
            ConnectionFailedError: if no whole response arrives in time.
            ResponseTooLongError: if the content is longer.
        """
        target = check_url(url, self._environment.rules)
        check_confidential(target, self._environment.rules)
        wanted = _Wanted(target, "GET", target.path, {}, seconds, most_bytes)
        if self._environment.transport is not None:
            return self._exchange(wanted, self._environment.transport)
        with closing(TimedTransport(trusted_context(), self._deadline)) as transport:
            return self._exchange(wanted, transport)

    def _exchange(self, wanted: _Wanted, transport: httpx.BaseTransport) -> Reply:
        self._environment.check_cancelled()
        began = time.monotonic()
        status, problem = None, None
        try:
            reply = self._sent(wanted, transport)
            status = reply.status
        except (ConnectionFailedError, ResponseTooLongError, RefusedAddressError) as error:
            problem = str(error)
            self._look_up_again(wanted.target)
            raise
        else:
            if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._look_up_again(wanted.target)
            return reply
        finally:
            exchange = Exchange(wanted.method, wanted.shown, status, time.monotonic() - began, problem)
            self._environment.on_exchange(exchange)

    def _sent(self, wanted: _Wanted, transport: httpx.BaseTransport) -> Reply:
        self._deadline.start(wanted.seconds)
        request = wanted.request(self._address(wanted.target))
        part = "no answer"
        try:
            response = transport.handle_request(request)
            part = "no whole answer"
            with closing(response):
                content = _content(response, self._deadline, wanted.most_bytes)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise ConnectionFailedError(f"{part} within {wanted.seconds:g} seconds") from error
        except httpx.TransportError as error:
            if is_untrusted(error):
                raise UntrustedCertificateError(
                    f"its certificate is not a trusted one of {wanted.target.host}"
                ) from error
            raise ConnectionFailedError(f"the connection failed ({type(error).__name__})") from error
        return Reply(response.status_code, response.headers, content, f"{wanted.method} {wanted.shown}")

    def _address(self, target: Target) -> str:
        """Return a checked address: the same one until it fails, then another if there is one."""
        place = (target.host, target.port)
        if place not in self._addresses:
            look_up = partial(locate, target, self._environment.rules, self._environment.resolve)
            try:
                addresses = run_within(self._deadline, look_up)
            except TimeoutError as error:
                raise ConnectionFailedError(f"{target.host} cannot be resolved in time") from error
            except OSError as error:
                raise ConnectionFailedError(f"{target.host} cannot be resolved") from error
            self._addresses[place] = addresses[self._failures % len(addresses)]
        return self._addresses[place]

    def _look_up_again(self, target: Target) -> None:
        """Forget an address after a failure: the service may have moved."""
        self._addresses.pop((target.host, target.port), None)
        self._failures += 1


@final
@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request before an address is known; `path` holds the query of a complete URL."""

    target: Target
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    seconds: float
    most_bytes: int
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    def request(self, address: str) -> httpx.Request:
        """Return the request to an address, under the host's name."""
        host = f"[{address}]" if ":" in address else address
        headers = httpx.Headers({"Accept": "application/json", "User-Agent": "assayflow"})
        headers.update(self.headers)
        headers.update({"Host": self.target.authority, "Accept-Encoding": "identity"})
        try:
            return httpx.Request(
                self.method,
                f"{self.target.scheme}://{host}:{self.target.port}{self.path or '/'}",
                headers=headers,
                extensions={
                    "sni_hostname": self.target.host,
                    "timeout": httpx.Timeout(self.seconds).as_dict(),
                },
                **self.body,
            )
        except httpx.InvalidURL:
            raise RefusedRequestError("the path or query cannot be sent: it is too long or no text") from None


def _content(response: httpx.Response, deadline: Deadline, most_bytes: int) -> bytes:
    """Return the content as it was sent.

    Raises:
        EncodedReplyError: if it is compressed, and so of unknown size.
        ResponseTooLongError: if it is longer than `most_bytes`.
        TimeoutError: if it is not complete at the deadline.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise EncodedReplyError("its answer is compressed, although no compression was accepted")
    announced = response.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise ResponseTooLongError(f"its answer is longer than {most_bytes} bytes")
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most_bytes:
            raise ResponseTooLongError(f"its answer is longer than {most_bytes} bytes")
        if not deadline.left():
            raise TimeoutError
    return bytes(content)


def retry_after(reply: Reply) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110), a number or a date; None if none is readable."""
    text = (reply.headers.get("retry-after") or "").strip()
    if text.isdecimal():
        return min(float(text), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
