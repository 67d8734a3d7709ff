"""Requests to eLabFTW and the metadata of its entities."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from service.lims.contract import (
    Material,
    Order,
    RecordGoneError,
    Refused,
    RetryLaterError,
)
from service.lims.replies import LONGEST_DETAIL, check_reply, json_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from service.outbound.pinned_http import Http, Reply

KEY_FIELD = "assayflow_key"
DELETED = 3
"""The state of what people deleted, where the server still shows it."""
GONE = (404, 410)
_ROWS = 100
_KEYS_PER_SEARCH = 10
_REFUSED = 400


class RefusalError(RetryLaterError):
    """A refusal in the other system's words: of a record where one is written, of everything elsewhere."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.answer = Refused(detail=detail, field=field)


class Server:
    """Requests with an API key, which eLabFTW takes without `Bearer`."""

    def __init__(self, http: Http, api_key: str) -> None:
        self._http = http
        self._headers = {"Authorization": api_key}
        self._templates: dict[str, list[Mapping[str, Any]]] = {}

    def call(self, method: str, path: str, *, accepted: Sequence[int] = (), **body: Any) -> Reply:
        """Return a reply of 2xx, of a status in `accepted`, or one that refuses."""
        reply = self._http.request(method, f"/api/v2{path}", headers=self._headers, **body)
        return check_reply(reply, accepted=accepted, detail=_words)

    def write(self, method: str, path: str, **body: Any) -> Reply:
        """Return a reply of 2xx.

        Raises:
            RecordGoneError: if the record is not there.
            RefusalError: if the server refuses, in its own words.
        """
        reply = self.call(method, path, **body)
        if reply.status in GONE:
            raise RecordGoneError(f"eLabFTW has no {path}")
        if reply.status >= _REFUSED:
            raise RefusalError(_words(reply) or f"{reply.where} answered {reply.status}")
        return reply

    def get(self, path: str) -> Any:
        """Return the JSON of a record or of a list without pages."""
        return json_body(self.write("GET", path))

    def entity(self, path: str) -> tuple[Mapping[str, Any] | None, bytes]:
        """Return a resource or an experiment, and the answer as it came; None if it was deleted.

        Raises:
            RetryLaterError: if the answer is JSON of something else, which must not pass for emptied fields.
        """
        reply = self.call("GET", path, accepted=GONE)
        if reply.status in GONE:
            return None, reply.content
        data = json_body(reply)
        if not isinstance(data, dict) or str(data.get("id")) != path.rpartition("/")[2]:
            raise RetryLaterError(f"{reply.where} answered JSON of something else")
        return None if data.get("state") == DELETED else data, reply.content

    def all(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        """Yield all rows of a list, until a page has nothing new: its length is up to the server."""
        seen: set[int] = set()
        n_before = -1
        while len(seen) > n_before:
            n_before = len(seen)
            paging = {"limit": _ROWS, "offset": n_before, "order": "id", "sort": "asc"}
            reply = self.write("GET", path, params={**(params or {}), **paging})
            rows = json_body(reply)
            if not isinstance(rows, list):
                raise RetryLaterError(f"{reply.where} answered no list")
            yield from (row for row in rows if row["id"] not in seen)
            seen |= {row["id"] for row in rows}

    def search(self, kind: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return the records under our keys, those that were written whole before interrupted ones."""
        found: dict[str, Mapping[str, Any]] = {}
        for n in range(0, len(keys), _KEYS_PER_SEARCH):
            chunk = keys[n : n + _KEYS_PER_SEARCH]
            terms = [f'extrafield:"{KEY_FIELD}":"{key}" OR title:"[{key}]"' for key in chunk]
            params = {"extended": " OR ".join(terms), "full": 1, "state": "1,2"}
            entities = list(self.all(f"/{kind}", params))
            # The search also matches parts of words, so that keys are compared here.
            whole = {written_key(entity): entity for entity in reversed(entities)}
            begun = {title_key(entity): entity for entity in reversed(entities)}
            found |= {key: whole.get(key) or begun[key] for key in chunk if key in whole or key in begun}
        return found

    def templates(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Return the templates of resources or experiments, which are asked for once."""
        if kind not in self._templates:
            self._templates[kind] = list(self.all(f"/{kind}", {"full": 1}))
        return self._templates[kind]

    def link(self, kind: str, id_: int, to: str, other: str | int) -> None:
        """Link a record to another; linking again changes nothing."""
        self.write("POST", f"/{kind}/{id_}/{to}_links/{other}", json={"action": "create"})

    def create(self, path: str, body: Mapping[str, Any]) -> int:
        """Create a record and return its id, which only `Location` names."""
        reply = self.write("POST", path, json=body)
        number = re.search(r"/(\d+)/?(?:\?.*)?$", reply.headers.get("location", ""))
        if number is None:
            raise RetryLaterError(f"{reply.where} answered {reply.status} without the new record's address")
        return int(number[1])


def _words(reply: Reply) -> str:
    """Return the server's own words; it spreads them over two members."""
    try:
        body = json.loads(reply.content)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    parts = [str(body[name]) for name in ("message", "description") if body.get(name)]
    return " ".join(": ".join(parts).split())[:LONGEST_DETAIL]


def read_metadata(entity: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    """Return the names of groups by number, and custom fields by name; the metadata may be a JSON text.

    Raises:
        RetryLaterError: if it is a text that is no JSON.
    """
    data = entity.get("metadata")
    if isinstance(data, str) and data:
        try:
            data = json.loads(data, parse_float=str, parse_int=str)
        except ValueError as error:
            raise RetryLaterError("the metadata of an eLabFTW record is no JSON") from error
    if not isinstance(data, dict):
        data = entity.get("metadata_decoded")
    if not isinstance(data, dict):
        return {}, {}
    groups = (data.get("elabftw") or {}).get("extra_fields_groups") or ()
    fields = data.get("extra_fields") or {}
    return {str(group["id"]): str(group["name"]) for group in groups}, {
        name: item for name, item in fields.items() if isinstance(item, dict)
    }


def written_key(entity: Mapping[str, Any]) -> str | None:
    """Return the key of a record that was written whole."""
    item = read_metadata(entity)[1].get(KEY_FIELD)
    return text_of(item.get("value")) or None if item else None


def title_key(entity: Mapping[str, Any]) -> str | None:
    """Return the key at the end of the title of a record that was begun."""
    key = re.search(r" \[(.+)\]$", str(entity.get("title") or ""))
    return key[1] if key else None


def text_of(value: Any) -> str:
    """Return a value as text, with its digits; a field with several values has them apart by `; `."""
    if isinstance(value, list):
        return "; ".join(text_of(item) for item in value)
    return "" if value is None else str(value)


def custom_fields(wanted: Material | Order) -> dict[str, dict[str, str]]:
    """Return the custom fields of a record, the key among them; a structure has its format as the name."""
    values: dict[str, Any] = dict(wanted.fields)
    if isinstance(wanted, Material) and wanted.structure is not None:
        values.setdefault(wanted.structure.format.upper(), wanted.structure.text)
    fields = {name: _custom_field(value) for name, value in values.items() if value is not None}
    return {**fields, KEY_FIELD: _custom_field(wanted.key)}


def _custom_field(value: Any) -> dict[str, str]:
    if isinstance(value, bool):
        return {"type": "checkbox", "value": "on" if value else "off"}
    return {"type": "number" if isinstance(value, int | float) else "text", "value": str(value)}
