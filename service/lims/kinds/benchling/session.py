"""Requests to Benchling's API v2: signing in, the vendor's rate limit, and pages.

Nothing is retried but one request whose OAuth token was refused: it is sent again with a fresh token.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import AccessDeniedError, RecordGoneError, Refused, RetryLaterError
from service.lims.replies import LONGEST_DETAIL, check_reply, json_body, plain_detail, request, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from service.outbound.pinned_http import Http, Reply

API = "/api/v2"
PAGE = 100
"""Most records on a page, and most ids or names in a filter."""
_TOKEN_SPARE = timedelta(seconds=60)
"""A token is renewed this long before it ends."""
UNDERSTOOD = (400, 404, 409, 422)
"""Statuses that refuse a record or a filter."""


class RejectedError(Exception):
    """Benchling refused a request for what it says; `errors` are those of single records, by position."""

    def __init__(self, status: int, detail: str, errors: Mapping[int, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors


@final
class Session:
    """Signed requests of one run.

    Args:
        http: below the tenant's address, as in `https://lab.benchling.com`.
        authorization: the header of an API key, or the one with which a token is asked for.
        is_app: whether `authorization` is an app's, to be exchanged for a token.
        now: the time.
    """

    def __init__(self, http: Http, authorization: str, now: Callable[[], datetime], *, is_app: bool) -> None:
        self.http = http
        self._authorization = authorization
        self._is_app = is_app
        self._now = now
        self._token: str | None = None
        self._token_ends = now()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """Return a JSON object.

        Raises:
            RejectedError: if Benchling refuses the request.
        """
        return self.call("GET", path, params=params)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Send a request and return the JSON object of its response.

        Raises:
            RejectedError: on statuses 400, 404, 409 and 422.
        """
        return read_object(self.reply(method, path, **body))

    def reply(self, method: str, path: str, **body: Any) -> Reply:
        """Send a request and return a reply that is no refusal of the sender."""
        return check_reply(self._signed(method, path, body), patience=patience)

    def pages(
        self, path: str, name: str, params: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the records of a listing, of all pages."""
        wanted: dict[str, str | int] = {**(params or {}), "pageSize": PAGE}
        while True:
            page = self.get(path, wanted)
            yield from records_of(page, name, path)
            if not page.get("nextToken"):
                return
            wanted["nextToken"] = str(page["nextToken"])

    def may_read(self, path: str, params: Mapping[str, str | int] | None = None) -> bool:
        """Return whether something is there that these credentials may read."""
        reply = self._signed("GET", path, {"params": params})
        denied = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
        return check_reply(reply, accepted=denied, patience=patience).status not in denied

    def _signed(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        reply = self._signed_once(method, path, body)
        if reply.status == HTTPStatus.UNAUTHORIZED and self._is_app:
            self._token = None
            reply = self._signed_once(method, path, body)
        return reply

    def _signed_once(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        signed = self._authorization if not self._is_app else f"Bearer {self._valid_token()}"
        return request(self.http, method, f"{API}{path}", headers={"Authorization": signed}, **body)

    def _valid_token(self) -> str:
        if self._token is None or self._now() >= self._token_ends:
            self._token = self._new_token()
        return self._token

    def _new_token(self) -> str:
        reply = request(
            self.http,
            "POST",
            f"{API}/token",
            headers={"Authorization": self._authorization},
            data={"grant_type": "client_credentials"},
        )
        if reply.status in UNDERSTOOD:
            raise AccessDeniedError(f"Benchling gave no token to the app: {plain_detail(reply)}")
        answer = read_object(check_reply(reply, patience=patience))
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise RetryLaterError(f"{reply.where} answered no token")
        self._token_ends = (
            self._now() + timedelta(seconds=seconds) - min(_TOKEN_SPARE, timedelta(seconds=seconds / 10))
        )
        return token


def patience(reply: Reply) -> float | None:
    """Return the seconds until the window of the rate limit ends; `x-rate-limit-reset` counts them down."""
    text = (reply.headers.get("x-rate-limit-reset") or "").strip()
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS and text.isdecimal():
        return max(1.0, float(text))
    return retry_after(reply)


def read_object(reply: Reply) -> dict[str, Any]:
    """Return the JSON object of a reply.

    Raises:
        RejectedError: if the status refuses the request.
        RetryLaterError: if it is no JSON object.
    """
    if reply.status in UNDERSTOOD:
        raise _rejected(reply)
    body = json_body(reply)
    if reply.status >= 400:  # noqa: PLR2004 - the classes of errors
        raise RetryLaterError(f"{reply.where} answered {reply.status}: {plain_detail(reply)}")
    if not isinstance(body, dict):
        raise RetryLaterError(f"{reply.where} answered JSON that is no object")
    return body


def records_of(page: Mapping[str, Any], name: str, path: str) -> Sequence[dict[str, Any]]:
    """Return the records of a page; one without them is never an empty page."""
    records = page.get(name)
    if not isinstance(records, list):
        raise RetryLaterError(f"GET {API}{path} answered a page without {name}")
    return records


def text_of(answer: Mapping[str, Any], name: str, path: str) -> str:
    """Return a text of an answer to a write; without it nobody knows what became of the write."""
    text = answer.get(name)
    if not isinstance(text, str) or not text:
        raise RetryLaterError(f"Benchling's answer to writing {path} has no {name}")
    return text


def only_reading(error: RejectedError, what: str) -> Exception:
    """Return what a refused reading means to the caller of a connector."""
    if error.status == HTTPStatus.NOT_FOUND:
        return RecordGoneError(f"Benchling has no {what}: {error.detail}")
    return RetryLaterError(f"Benchling refused to list {what}: {error.detail}", whole_connector=False)


def refused(error: RejectedError, field: str | None = None) -> Refused:
    """Return a refusal in the vendor's words."""
    words = [error.detail, *error.errors.values()]
    return Refused(
        detail="; ".join(dict.fromkeys(word for word in words if word))[:LONGEST_DETAIL], field=field
    )


def _rejected(reply: Reply) -> RejectedError:
    try:
        body = json_body(reply)
    except RetryLaterError:
        body = {}
    error = body.get("error") if isinstance(body, dict) else None
    errors = errors_by_position(error.get("errors")) if isinstance(error, dict) else {}
    detail = plain_detail(reply) or f"Benchling answered {reply.status} without a reason"
    return RejectedError(reply.status, detail, errors)


def errors_by_position(errors: Any) -> dict[int, str]:
    """Return the errors of single records, by their position in the request.

    Benchling sends an array of `{"index", "message"}`, or an object: one such error, or position -> error.
    Errors without a position are left out, as nobody knows whose they are.
    """
    found: dict[int, str] = {}
    if isinstance(errors, dict):
        if "index" in errors:
            errors = [errors]
        else:
            errors = [{"index": key, "message": value} for key, value in errors.items()]
    for error in errors if isinstance(errors, list) else []:
        position = str(error.get("index", "")) if isinstance(error, dict) else ""
        if position.isdecimal():
            found[int(position)] = _words(error.get("message", error))
    return found


def _words(error: Any) -> str:
    """Return the sentences of an error of whatever shape."""
    if isinstance(error, dict):
        for name in ("userMessage", "message", "detail"):
            if isinstance(error.get(name), str):
                return str(error[name])[:LONGEST_DETAIL]
        error = list(error.values())
    if isinstance(error, list):
        return "; ".join(_words(item) for item in error)[:LONGEST_DETAIL]
    return " ".join(str(error).split())[:LONGEST_DETAIL]
