"""Requests to a SENAITE site in a session, which ends without a word: then lists are empty."""

from __future__ import annotations

import json
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, TypeVar

from service.lims.contract import AccessDeniedError, RecordGoneError, Refused, RetryLaterError
from service.lims.replies import LONGEST_DETAIL, check_reply, json_body, plain_detail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from service.outbound.pinned_http import Http, Reply

_API = "/@@API/senaite/v1"
_ROWS = 100
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_REFUSED = 400
_NAMES = ("uid", "id", "title", "getKeyword", "Keyword", "getClientID", "ClientID", "getFullname", "Fullname")

T = TypeVar("T")


class RefusalError(RetryLaterError):
    """A refusal in the other system's words: of a record where one is written, of everything elsewhere."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.answer = Refused(detail=detail, field=field)


class Session:
    """Requests with the cookie of a login, which is renewed once when it is no longer accepted."""

    def __init__(self, http: Http, username: str, password: str) -> None:
        self._http = http
        self._login = {"__ac_name": username, "__ac_password": password}
        self._cookie: str | None = None
        self._things: dict[str, Sequence[Mapping[str, Any]]] = {}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of an answer.

        Raises:
            RecordGoneError: if there is no such object.
            RefusalError: if the site refuses.
        """
        return self._read("GET", path, params=params or {})[0]

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Write and return the JSON of the answer; see `get`."""
        return self._read("POST", path, json=body)[0]

    def create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create an object and return it; see `get`.

        Raises:
            RetryLaterError: if the answer has no object, so that nobody knows whether there is one.
        """
        items = self.post(path, body).get("items")
        if not isinstance(items, list) or not items or not isinstance(items[0], dict):
            raise RetryLaterError(f"POST {path} answered no object")
        return items[0]

    def all(
        self, path: str, params: Mapping[str, Any] | None = None, contents: list[bytes] | None = None
    ) -> list[Mapping[str, Any]]:
        """Return all items of a list, until a batch has nothing new: its length is up to the site.

        Args:
            path: of the list.
            params: of the search.
            contents: the batches are added to it, as they came.
        """
        found: dict[str, Mapping[str, Any]] = {}
        n_before = -1
        while len(found) > n_before:
            n_before = len(found)
            paging = {"limit": _ROWS, "b_start": n_before, "sort_on": "created", "sort_order": "asc"}
            batch, content = self._read("GET", path, params={**(params or {}), **paging})
            if not isinstance(batch.get("items"), list):
                raise RetryLaterError(f"GET {path} answered no list")
            found |= {text_of(item["uid"]): item for item in batch["items"]}
            if contents is not None:
                contents.append(content)
            if not batch.get("next"):
                break
        return list(found.values())

    def confirmed(self, read: Callable[[], T]) -> T:
        """Return what was read in a session that still held afterwards.

        To a stranger the site shows empty lists, which look as if there were nothing.
        """
        for _ in range(2):
            found = read()
            reply = self._http.request("GET", f"{_API}/auth", headers=self._headers())
            if reply.status != _UNAUTHORIZED:
                json_body(check_reply(reply))
                return found
            self._cookie = None
        raise AccessDeniedError("SENAITE ended the session of a new login at once")

    def things(self, resource: str) -> Sequence[Mapping[str, Any]]:
        """Return the active objects of a type, such as `sampletype`, which are asked for once."""
        if resource not in self._things:
            rows = self.confirmed(lambda: self.all(f"/{resource}"))
            self._things[resource] = [row for row in rows if row.get("review_state") != "inactive"]
        return self._things[resource]

    def thing(self, resource: str, name: str, field: str, parent: str | None = None) -> Mapping[str, Any]:
        """Return the one object with a UID, ID, keyword or title.

        Args:
            resource: its type.
            name: what it is called by.
            field: the field that wants it, for messages.
            parent: the path of the object that it belongs to.

        Raises:
            RefusalError: if there is none, or more than one.
        """
        found = [
            row
            for row in self.things(resource)
            if name in [text_of(row.get(key)) for key in _NAMES]
            and (parent is None or text_of(row.get("path")).startswith(f"{parent}/"))
        ]
        if len(found) != 1:
            what = "no" if not found else f"{len(found)}"
            hint = "" if not found else ": give its UID"
            raise RefusalError(f"SENAITE has {what} {resource} called {name!r}{hint}", field)
        return found[0]

    def uid(self, resource: str, name: str, field: str, parent: str | None = None) -> str:
        """Return the UID of `thing`."""
        return text_of(self.thing(resource, name, field, parent)["uid"])

    def missing(self, resource: str, name: str, parent: str | None = None) -> str | None:
        """Return why `thing` finds nothing; None if it does."""
        try:
            self.thing(resource, name, resource, parent)
        except RefusalError as error:
            return error.reason
        return None

    def _read(self, method: str, path: str, **body: Any) -> tuple[Any, bytes]:
        reply = self._request(method, path, body)
        if reply.status == _UNAUTHORIZED:
            self._cookie = None
            reply = self._request(method, path, body)
        check_reply(reply)
        if reply.status == _NOT_FOUND:
            raise RecordGoneError(f"SENAITE has no {path}")
        data = json_body(reply)
        if not isinstance(data, dict):
            raise RetryLaterError(f"{reply.where} answered no object")
        if reply.status >= _REFUSED or data.get("success") is False:
            raise _refusal(reply)
        return data, reply.content

    def _request(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        return self._http.request(method, f"{_API}{path}", headers=self._headers(), **body)

    def _headers(self) -> dict[str, str]:
        """Return the session's cookie; the password is sent in a body, because addresses end up in logs."""
        if self._cookie is None:
            reply = check_reply(self._http.request("POST", f"{_API}/login", data=self._login))
            json_body(reply)
            cookies = SimpleCookie()
            for line in reply.headers.get_list("set-cookie"):
                try:
                    cookies.load(line)
                except CookieError:
                    continue
            if reply.status >= _REFUSED or "__ac" not in cookies:
                raise AccessDeniedError(f"SENAITE opened no session: {plain_detail(reply) or reply.status}")
            self._cookie = f"__ac={cookies['__ac'].coded_value}"
        return {"Cookie": self._cookie}


def _refusal(reply: Reply) -> RefusalError:
    """Return the site's words; of missing fields its message is a JSON text, field -> words."""
    words = plain_detail(reply) or f"{reply.where} answered {reply.status}"
    try:
        said = json.loads(words)
    except ValueError:
        return RefusalError(words)
    if not isinstance(said, dict) or not said:
        return RefusalError(words)
    text = "; ".join(f"{name}: {text_of(value)}" for name, value in said.items())
    return RefusalError(text[:LONGEST_DETAIL], next(iter(said)))


def text_of(value: Any) -> str:
    """Return a value of SENAITE as text, with its digits; of a reference, its UID."""
    if isinstance(value, dict):
        return text_of(value.get("uid") or value.get("content") or value.get("title"))
    if isinstance(value, list):
        return "; ".join(text_of(item) for item in value)
    return "" if value is None else str(value)
