"""Requests to an address that the operator's rules admit: judged, pinned, bounded, without redirects.

`service.address_rules` checks the address, and every request goes to exactly the checked address: no proxy,
no redirect and no second look-up. Nothing is retried here. What is logged names the path without its query;
bodies and headers are never logged.
"""

from __future__ import annotations

import ssl
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import httpx

from service.address_rules import RefusedAddressError, Resolver, Rules, Target, check_url, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS = 60.0
"""Deadline of a whole request."""
MOST_BYTES = 32 * 2**20
"""Longest content of a response."""


class ConnectionFailedError(Exception):
    """No response arrived, or not all of it; the request may or may not have been carried out."""


class UntrustedCertificateError(ConnectionFailedError):
    """The server's certificate is not a trusted one of its host."""


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
        on_exchange: called after each request.
        check_cancelled: called before each request; an exception from it ends the work.
    """

    rules: Rules
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    check_cancelled: Callable[[], None] = lambda: None
    resolve: Resolver | None = None
    transport: httpx.BaseTransport | None = None


@final
class Http:
    """Requests below one base URL.

    Args:
        base_url: with scheme, host and path, as in `https://lab.example.org/api`.
        environment: the operator's rules and the transport.

    Raises:
        RefusedAddressError: if the rules refuse the address.
    """

    def __init__(self, base_url: str, environment: HttpEnvironment) -> None:
        self.target = check_url(base_url, environment.rules)
        self._environment = environment
        self._addresses: dict[tuple[str, int], str] = {}
        self._failures = 0
        self._client = httpx.Client(
            transport=environment.transport,
            verify=trusted_context() if environment.transport is None else False,
            follow_redirects=False,
            trust_env=False,
        )
        weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

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
            path: below the base URL's own path; it begins with a slash.
            headers: further ones.
            seconds: deadline of the whole exchange.
            most_bytes: longest content that is read.
            body: `params`, and one of `json`, `data` (a form), `content`, or `files` with `data`, as in
                httpx.

        Raises:
            ConnectionFailedError: if no whole response arrives in time.
            ResponseTooLongError: if the content is longer.
            RefusedAddressError: if the name resolves to an address that is refused.
        """
        base = self.target.path.partition("?")[0].rstrip("/")
        sent = {**self._environment.headers, **(headers or {})}
        return self._exchange(self.target, method, f"{base}{path}", sent, (seconds, most_bytes), body)

    def fetch_elsewhere(self, url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> Reply:
        """Return what a presigned address holds; it is judged like any other, and gets no header of ours."""
        target = check_url(url, self._environment.rules)
        path, _, query = target.path.partition("?")
        body = {"params": query} if query else {}
        return self._exchange(target, "GET", path, {}, (seconds, most_bytes), body)

    def _exchange(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        limits: tuple[float, int],
        body: Mapping[str, Any],
    ) -> Reply:
        self._environment.check_cancelled()
        began = time.monotonic()
        status, problem = None, None
        try:
            reply = self._sent(target, method, path, headers, limits, body)
            status = reply.status
        except (ConnectionFailedError, ResponseTooLongError, RefusedAddressError) as error:
            problem = str(error)
            self._addresses.pop((target.host, target.port), None)
            self._failures += 1
            raise
        else:
            return reply
        finally:
            exchange = Exchange(method, path, status, time.monotonic() - began, problem)
            self._environment.on_exchange(exchange)

    def _sent(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        limits: tuple[float, int],
        body: Mapping[str, Any],
    ) -> Reply:
        seconds, most_bytes = limits
        deadline = time.monotonic() + seconds
        address = self._address(target)
        host = f"[{address}]" if ":" in address else address
        own = {"Host": target.authority, "Accept-Encoding": "identity", "User-Agent": "assayflow"}
        request = self._client.build_request(
            method,
            f"{target.scheme}://{host}:{target.port}{path or '/'}",
            headers={"Accept": "application/json", **headers, **own},
            timeout=seconds,
            extensions={"sni_hostname": target.host, "timeout": httpx.Timeout(seconds).as_dict()},
            **body,
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                content = _content(response, deadline, most_bytes)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise ConnectionFailedError(f"no answer within {seconds:g} seconds") from error
        except httpx.TransportError as error:
            if _is_untrusted(error):
                raise UntrustedCertificateError(
                    f"its certificate is not a trusted one of {target.host}"
                ) from error
            raise ConnectionFailedError(f"the connection failed ({type(error).__name__})") from error
        return Reply(response.status_code, response.headers, content, f"{method} {path}")

    def _address(self, target: Target) -> str:
        """Return a checked address: the same one until it fails, then another if there is one."""
        place = (target.host, target.port)
        if place not in self._addresses:
            try:
                addresses = locate(target, self._environment.rules, self._environment.resolve)
            except RefusedAddressError:
                raise
            except OSError as error:
                raise ConnectionFailedError(f"{target.host} cannot be resolved") from error
            self._addresses[place] = addresses[self._failures % len(addresses)]
        return self._addresses[place]


def _content(response: httpx.Response, deadline: float, most_bytes: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most_bytes:
            raise ResponseTooLongError(f"its answer is longer than {most_bytes} bytes")
        if time.monotonic() > deadline:
            raise ConnectionFailedError("no whole answer in time")
    return bytes(content)


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def trusted_context() -> ssl.SSLContext:
    """Return certifi's authorities and this machine's, so that an operator can add private ones."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
