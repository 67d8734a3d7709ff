"""Calls of Kadi4Mat's HTTP API v1, and what its replies say. It knows neither campaigns nor measurements."""

from __future__ import annotations

import hashlib
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import AccessDeniedError, RecordGoneError, Refused, RetryLaterError
from service.lims.replies import LONGEST_DETAIL, check_reply, json_body, plain_detail, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from service.lims.kinds.kadi4mat.extras import Extra
    from service.outbound.pinned_http import Http, Reply

PER_PAGE = 100
"""Most items that Kadi4Mat puts on a page."""
_REWRITES = 3
_REVISIONS = 20
_IDENTIFIER = re.compile(r"[a-z0-9_-]{1,50}")
_LIST: dict[str, Any] = {"params": {"per_page": 1}}
_PROBES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/records", _LIST),
    ("GET", "/collections", _LIST),
    ("POST", "/records", {"json": {}}),
    ("POST", "/collections", {"json": {}}),
)
"""Requests that change nothing: an empty record is refused, but the scope of the token is judged first."""


@final
class Api:
    """Calls with one token."""

    def __init__(self, http: Http, token: str) -> None:
        self._http, self._headers = http, {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, *, accepted: Sequence[int] = (), **options: Any) -> Reply:
        """Send a request; what is no answer of Kadi4Mat, or busy, or not permitted raises."""
        reply = request(self._http, method, f"/api/v1{path}", headers=self._headers, **options)
        reply = check_reply(reply, accepted=accepted, detail=words_of)
        if not isinstance(json_body(reply), dict):
            raise RetryLaterError(f"{reply.where} answered no object")
        return reply

    def found(self, path: str, contents: list[bytes], params: Mapping[str, Any] | None = None) -> Any:
        """Return an object, or None if Kadi4Mat says that there is none; keep what came in `contents`."""
        reply = self.send("GET", path, params=params or {})
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        if reply.status != HTTPStatus.OK:
            raise RetryLaterError(f"{reply.where} answered {reply.status}: {words_of(reply)}")
        contents.append(reply.content)
        return json_body(reply)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return an object that must be there."""
        item = self.found(path, [], params)
        if item is None:
            raise RecordGoneError(f"GET {path}: there is no such object")
        return item

    def named(self, kind: str, key: str) -> Any:
        """Return the record, collection or template that has a key as its identifier, or None."""
        return self.found(f"/{kind}/identifier/{identifier(key)}", [])

    def items(self, path: str) -> Iterator[Any]:
        """Yield the items of all pages, in the order of their creation, which no edit changes."""
        number, total = 1, 1
        while number <= total:
            page = self.get(path, {"page": number, "per_page": PER_PAGE, "sort": "created_at"})
            yield from page["items"]
            number, total = number + 1, page["_pagination"]["total_pages"]

    def rewrite(self, id_: str | int, change: Callable[[Sequence[Extra]], list[Extra]]) -> Refused | None:
        """Change a record's extras, which Kadi4Mat replaces whole and without a condition.

        Its revisions tell afterwards whether another user wrote between our reading and our writing. If so,
        the change is made again on what they wrote.

        Raises:
            RetryLaterError: if others go on writing.
        """
        base = self.get(f"/records/{id_}/revisions", {"per_page": 1})["items"][0]
        last, there = base["id"], base["data"]["extras"]
        latest = there
        for _ in range(_REWRITES):
            wanted = change(latest)
            if wanted == there:
                return None
            reply = self.send("PATCH", f"/records/{id_}", json={"extras": wanted})
            if reply.status != HTTPStatus.OK:
                return refused(reply, wanted)
            there = json_body(reply)["extras"]
            lost, last = self._written_between(id_, last, there)
            if lost is None:
                return None
            latest = lost
        raise RetryLaterError(f"record {id_} is being edited", 30.0, whole_connector=False)

    def _written_between(
        self, id_: str | int, last: int, ours: list[Extra]
    ) -> tuple[list[Extra] | None, int]:
        """Return the extras that our writing replaced unseen, if any, and the number of our revision."""
        revisions = self.get(f"/records/{id_}/revisions", {"per_page": _REVISIONS})["items"]
        newer = {item["id"]: item["data"]["extras"] for item in revisions if item["id"] > last}
        written = max((number for number, extras in newer.items() if extras == ours), default=last)
        before = max((number for number in newer if number < written), default=None)
        return (None if before is None else newer[before]), written

    def user_and_missing_scopes(self, template: str | None) -> tuple[dict[str, Any], list[str]]:
        """Return who we are, if the token may tell, and the scopes that it lacks."""
        reply = self.send("GET", "/users/me", accepted=(HTTPStatus.UNAUTHORIZED,))
        missing = _scopes(reply)
        user = {} if missing else json_body(reply)
        probes = [*_PROBES, *(self._own(user) if user else ())]
        if template:
            probes.append(("GET", f"/templates/identifier/{identifier(template)}", {}))
        for method, path, options in probes:
            missing += _scopes(self.send(method, path, accepted=(HTTPStatus.UNAUTHORIZED,), **options))
        return user, list(dict.fromkeys(missing))

    def _own(self, user: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield requests that change nothing on what the user made: only there these scopes are judged."""
        for kind, method, below in (("records", "PATCH", ""), ("collections", "POST", "/records")):
            reply = self.send(
                "GET", f"/users/{user['id']}/{kind}", accepted=(HTTPStatus.UNAUTHORIZED,), **_LIST
            )
            for item in json_body(reply).get("items", []):
                yield method, f"/{kind}/{item['id']}{below}", {"json": {}}


def identifier(key: str) -> str:
    """Return a key as an identifier of Kadi4Mat: its small letters, and a digest where others are lost."""
    letters = key.lower()
    if _IDENTIFIER.fullmatch(letters):
        return letters
    readable = re.sub(r"[^a-z0-9_-]+", "-", letters)[:33]
    return f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def errors_of(reply: Reply) -> dict[str, Any]:
    """Return what Kadi4Mat says of the fields of a request."""
    errors = json_body(reply).get("errors")
    return errors if isinstance(errors, dict) else {}


def refused(reply: Reply, extras: Sequence[Extra] = ()) -> Refused:
    """Return Kadi4Mat's words; the field is the key of the extra at fault, which it names by its place."""
    errors: Any = errors_of(reply)
    if not errors:
        return Refused(detail=words_of(reply) or f"{reply.where} answered {reply.status}")
    path = []
    while isinstance(errors, dict) and errors:
        name, errors = next(iter(errors.items()))
        path.append(str(name))
    field = path[0]
    if field == "extras" and len(path) > 1 and path[1].isdecimal() and int(path[1]) < len(extras):
        field = extras[int(path[1])].get("key") or field
    words = " ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
    return Refused(detail=f"{field}: {words}", field=field)


def words_of(reply: Reply) -> str:
    """Return what a reply says in words, and which scopes the token lacks; nothing of a page."""
    try:
        body = json.loads(reply.content)
        words, scopes = body["description"], body.get("scopes")
    except (ValueError, KeyError, TypeError, AttributeError):
        return plain_detail(reply)
    return f"{words} Missing: {', '.join(scopes)}." if scopes else str(words)[:LONGEST_DETAIL]


def _scopes(reply: Reply) -> list[str]:
    if reply.status != HTTPStatus.UNAUTHORIZED:
        return []
    scopes = json_body(reply).get("scopes")
    if not scopes:
        raise AccessDeniedError(f"{reply.where} answered 401: {words_of(reply)}")
    return list(scopes)
