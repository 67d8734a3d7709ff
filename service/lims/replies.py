"""Read replies of other systems: a refusal, a busy server or a proxy's page is never taken for an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from service.lims.contract import AccessDeniedError, RetryLaterError
from service.outbound.pinned_http import ConnectionFailedError, ResponseTooLongError
from service.outbound.pinned_http import retry_after as retry_after  # noqa: PLC0414 - kinds find it here

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from service.outbound.pinned_http import Http, Reply

LONGEST_DETAIL = 500
"""Most characters of the other system's words that are kept."""
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_DENIED = (401, 403)


def request(http: Http, method: str, path: str, **options: Any) -> Reply:
    """Send a request and return its reply, whatever its status; `options` are those of `Http.request`.

    Raises:
        RetryLaterError: if no whole reply arrived. The request may have been carried out.
    """
    try:
        return http.request(method, path, **options)
    except (ConnectionFailedError, ResponseTooLongError) as error:
        raise RetryLaterError(f"{method} {path}: {error}") from error


def check_reply(
    reply: Reply,
    *,
    accepted: Collection[int] = (),
    patience: Callable[[Reply], float | None] = retry_after,
    detail: Callable[[Reply], str] | None = None,
) -> Reply:
    """Return a reply with a status of 2xx or one of `accepted`; others are for the caller to refuse.

    Args:
        reply: of the other system.
        accepted: further statuses that the caller understands; everything else below 500 is returned too,
            but 401 and 403 unless they are listed here.
        patience: reads how long the system asks to wait.
        detail: reads the system's own words.

    Raises:
        RetryLaterError: if the system is busy or failed.
        AccessDeniedError: on 401 and 403.
    """
    if reply.status in accepted:
        return reply
    words = (detail or plain_detail)(reply)
    if reply.status in _BUSY:
        raise RetryLaterError(
            f"{reply.where} answered {reply.status}{words and ': '}{words}", patience(reply)
        )
    if reply.status in _DENIED:
        raise AccessDeniedError(f"{reply.where} answered {reply.status}{words and ': '}{words}")
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the class of redirects
        raise RetryLaterError(f"{reply.where} answered a redirect ({reply.status}): is the address right?")
    return reply


def plain_detail(reply: Reply) -> str:
    """Return the words of a JSON problem, shortened; nothing of a page."""
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    for name in ("detail", "message", "description", "exception", "error"):
        text = body.get(name)
        if isinstance(text, dict):
            text = text.get("message")
        if isinstance(text, str) and text:
            return " ".join(text.split())[:LONGEST_DETAIL]
    return ""


def json_body(reply: Reply) -> Any:
    """Return the JSON of a reply; its numbers print with the digits that they came with.

    `NaN` and `Infinity`, which some servers write although they are no JSON, are these words: one cell of a
    page holds up no other.

    Raises:
        RetryLaterError: if it is no JSON, such as the login page of a proxy, or was cut.
    """
    try:
        return json.loads(reply.content, parse_float=_Digits, parse_constant=str)
    except (ValueError, RecursionError) as error:  # the latter: nested more deeply than Python reads
        kind = reply.headers.get("content-type", "nothing").partition(";")[0]
        raise RetryLaterError(f"{reply.where} answered {kind} that is no JSON") from error


class _Digits(float):
    """A float that remembers how it was written, so that a result keeps its digits."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__
