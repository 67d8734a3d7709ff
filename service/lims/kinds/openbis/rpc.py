"""Calls of openBIS's V3 interface: JSON-RPC with the token in the body, errors with status 200, references.

What is sent holds the token, and a login the password, so that neither a body nor what a server repeats of
it gets into an error or a log.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import AccessDeniedError, RecordGoneError, Refused, RetryLaterError
from service.lims.replies import LONGEST_DETAIL, check_reply, json_body, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from service.outbound.pinned_http import Http

PATH = "/openbis/openbis/rmi-application-server-v3.json"
_NOTEBOOK = "/openbis/webapp/eln-lims/?menuUniqueId=null&"
_BAD = 400
_SIGNED_OUT = re.compile(
    r"user is not logged in|session no longer available|session token .* is invalid", re.IGNORECASE
)
_DENIED = re.compile(r"authorization failure|access denied|has no role assignments", re.IGNORECASE)
_GONE = re.compile(r"object with (?:Sample|Experiment)\w+ = \[.*\] has not been found", re.IGNORECASE)
_DUPLICATE = re.compile(r"with the same code already exists|already exists in the database", re.IGNORECASE)
_PROPERTY = re.compile(r"property (?:type )?(?:with code )?'([^']+)'", re.IGNORECASE)
_CONTEXT = re.compile(r"\s*\(Context: .*", re.DOTALL)
_PLACE = re.compile(r"\(Context: .*?\((\d+)/\d+\)", re.DOTALL)


def is_question(content: bytes) -> bool:
    """Return whether a call changes nothing there; that of a login opens a session, and no more."""
    try:
        method = json.loads(content)["method"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(method, str) and (method == "login" or method.startswith(("get", "search")))


class OpenbisError(Exception):
    """The server refused a call; `words` are its own, without the context that repeats what was sent.

    `place` is the place of the record at fault among those of the call, from 0, if the server says so.
    """

    def __init__(self, words: str, place: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.place = place
        self.is_duplicate = bool(_DUPLICATE.search(words))

    def refused(self) -> Refused:
        """Return the refusal of a record, with the property that it names."""
        named = _PROPERTY.search(self.words)
        return Refused(detail=self.words, field=named.group(1) if named else None)


@final
class Rpc:
    """An account of an openBIS server.

    Args:
        http: to the server.
        token: a personal access token, which is used as it is; else there is a name and a password.
        login: name and password, for which sessions are opened.
    """

    def __init__(self, http: Http, token: str | None, login: tuple[str, str] | None) -> None:
        self._http = http
        self._login = login
        self._token = token

    def url(self, view: str) -> str:
        """Return the address of a view of the lab notebook, for people."""
        target = self._http.target
        return f"{target.scheme}://{target.authority}{_NOTEBOOK}{view}"

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of a method; once a session has ended, open another one.

        Raises:
            AccessDeniedError: if token, name or password are not accepted, or a right is missing.
            RecordGoneError: if an object that the call is about is not there.
            OpenbisError: if the server refuses the call for another reason.
            RetryLaterError: if it is busy or answers something else.
        """
        for is_last in (self._token is None or self._login is None, True):
            if self._token is None:
                self._token = self._signed_in()
            try:
                return self._send(method, self._token, *params)
            except _SignedOutError as error:
                if self._login is not None:
                    self._token = None
                if is_last:
                    raise AccessDeniedError(f"openBIS accepts our token no more: {error}") from error
        raise AssertionError("unreachable")

    def read(self, method: str, *params: Any) -> Any:
        """Return the result of a method that only reads, where a refusal is no answer.

        Raises:
            RetryLaterError: if the server refuses the call, is busy or answers something else.
            AccessDeniedError: see `call`.
        """
        try:
            return self.call(method, *params)
        except OpenbisError as error:
            raise RetryLaterError(f"openBIS refused {method}: {error}", whole_connector=False) from error

    def _signed_in(self) -> str:
        if self._login is None:
            raise AccessDeniedError("there is neither a token nor a name with a password")
        token = self._send("login", *self._login)
        if not isinstance(token, str) or not token:
            raise AccessDeniedError("openBIS does not accept the name and password")
        return token

    def _send(self, method: str, *params: Any) -> Any:
        document = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        reply = check_reply(request(self._http, "POST", PATH, json=document), detail=lambda _reply: "")
        if reply.status >= _BAD:
            raise RetryLaterError(f"{reply.where} answered {reply.status}: is the address that of openBIS?")
        body = json_body(reply)
        if not isinstance(body, dict) or not body.keys() & {"result", "error"}:
            raise RetryLaterError(f"{reply.where} answered nothing of openBIS")
        if body.get("error") is None:
            return body.get("result")
        raise _read_error(body["error"], [item for item in params if isinstance(item, str)])


class _SignedOutError(Exception):
    """The session has ended, or the token is not valid."""


def _read_error(error: Any, secrets: list[str]) -> Exception:
    text = str((error.get("message") if isinstance(error, dict) else error) or "no reason given")
    place = _PLACE.search(text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    words = " ".join(_CONTEXT.sub("", text).split())[:LONGEST_DETAIL]
    if _SIGNED_OUT.search(words):
        return _SignedOutError(words)
    if _GONE.search(words):
        return RecordGoneError(words)
    if _DENIED.search(words):
        return AccessDeniedError(f"openBIS: {words}")
    return OpenbisError(words, int(place.group(1)) - 1 if place else None)


@final
class Graph:
    """A result whose objects may be references: the first occurrence has an `@id`, others are that number.

    Args:
        result: of a call.
    """

    def __init__(self, result: Any) -> None:
        self._by_id: dict[int, dict[str, Any]] = {}
        self._result = result
        self._collect(result)

    def one(self, holder: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Return the object at a name of another; empty if there is none."""
        return self._resolved(holder.get(name))

    def many(self, holder: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of the list at a name of another."""
        return (self._resolved(item) for item in holder.get(name) or ())

    def objects(self) -> Iterator[dict[str, Any]]:
        """Yield the objects of a search's page, or of a map by ids."""
        items = self._result.get("objects", self._result)
        return (self._resolved(item) for item in (items.values() if isinstance(items, dict) else items))

    def _resolved(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if value is None:
            return {}
        try:
            return self._by_id[value]
        except (KeyError, TypeError):
            raise RetryLaterError("openBIS answered a reference to nothing") from None

    def _collect(self, value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("@id"), int):
                self._by_id[value["@id"]] = value
            for item in value.values():
                self._collect(item)
        elif isinstance(value, list):
            for item in value:
                self._collect(item)
