"""A fake of Kadi4Mat's HTTP API v1, after the answers of a real Kadi4Mat 1.13.0."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Extra = dict[str, Any]
Item = dict[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "date": (str,),
}  # fmt: skip
_PRETTY = {"str": "string", "int": "integer", "bool": "boolean"}
ALL_SCOPES = (
    "user.read record.create record.read record.update collection.create collection.read collection.link "
    "template.read"
)


class Kadi4MatServer(LoopbackServer):
    """Records with extras and revisions, collections of records, templates, and tokens with scopes."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = {
            "pat_robot": set(ALL_SCOPES.split()),
            "pat_reading": {"record.read", "collection.read"},
            "pat_lab": {*ALL_SCOPES.split(), "record.delete", "template.create", "template.update", "trash"},
        }
        self.held: dict[str, dict[int, Item]] = {"records": {}, "collections": {}, "templates": {}}
        self.revisions: dict[int, list[Item]] = {}
        self.links: dict[int, list[int]] = {}
        self.children: dict[int, list[int]] = {}
        self.most_per_page = 100
        self.refused: dict[str, str] = {}
        self._ids = count(1)
        self._revision_ids = count(100)
        self._now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        number = r"/api/v1/{}/(\d+)"
        kinds = "(records|collections|templates)"
        self._add("GET", "/api/v1/info", "", lambda _: Answered(200, {"version": "1.13.0"}))
        self._add("GET", "/api/v1/users/me", "user.read", self._me)
        self._add("GET", rf"/api/v1/users/1/{kinds}", "{}.read", self._listed)
        self._add("GET", f"/api/v1/{kinds}", "{}.read", self._found_by_search)
        self._add("POST", f"/api/v1/{kinds}", "{}.create", self._created)
        self._add("GET", rf"/api/v1/{kinds}/(\d+)", "{}.read", self._shown)
        self._add("GET", f"/api/v1/{kinds}/identifier/([a-z0-9_-]+)", "{}.read", self._named)
        self._add("PATCH", number.format("records"), "record.update", self._patched)
        self._add("DELETE", number.format("records"), "record.delete", self._deleted)
        self._add("POST", f"{number.format('records')}/restore", "trash", self._restored)
        self._add("PATCH", number.format("templates"), "template.update", self._changed_template)
        self._add("GET", f"{number.format('records')}/revisions", "record.read", self._revisions)
        self._add("GET", f"{number.format('collections')}/records", "record.read", self._records_of)
        self._add("POST", f"{number.format('collections')}/records", "collection.link", self._linked)
        self._add("POST", f"{number.format('collections')}/collections", "collection.link", self._put_into)

    # what the lab does

    def write(self, record_id: int, extras: Sequence[Extra]) -> None:
        with self.lock:
            self._store("records", self.held["records"][record_id], {"extras": list(extras)})

    def make(self, kind: str, **item: Any) -> Item:
        """Make a record, collection or template."""
        with self.lock:
            made = {
                "id": next(self._ids),
                "state": "active",
                "type": None,
                "created_at": self._time(),
                **item,
            }
            self.held[kind][made["id"]] = made
            self._store(kind, made, {})
            return made

    # routes

    def _add(self, method: str, pattern: str, scope: str, handler: Callable[..., Answered]) -> None:
        def checked(sent: Sent, *groups: str) -> Answered:
            token = sent.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                return _error(401, "No valid access token was supplied.")
            wanted = scope.format(groups[0].removesuffix("s")) if "{}" in scope else scope
            if wanted and wanted not in self.tokens[token]:
                return _error(401, "Access token has insufficient scope.", scopes=[wanted])
            return handler(sent, *groups)

        self.route(method, pattern, checked)

    def unknown(self, sent: Sent) -> Answered:  # noqa: ARG002 - as every unknown path
        return _missing()

    def _me(self, _: Sent) -> Answered:
        return Answered(200, {"id": 1, "displayname": "Lab robot", "state": "active"})

    def _listed(self, sent: Sent, kind: str) -> Answered:
        return self._page(sent, [item for item in self.held[kind].values() if item["state"] == "active"])

    def _found_by_search(self, sent: Sent, kind: str) -> Answered:
        return self._page(sent, [], kind)  # as without a search engine

    def _created(self, sent: Sent, kind: str) -> Answered:
        body = sent.json()
        errors = {
            name: ["Missing data for required field."] for name in ("identifier", "title") if name not in body
        }
        identifier = body.get("identifier", "")
        if identifier and not re.fullmatch("[a-z0-9_-]{1,50}", identifier):
            errors["identifier"] = ["Not a valid identifier."]
        elif any(item["identifier"] == identifier for item in self.held[kind].values()):
            errors["identifier"] = ["Identifier is already in use."]
        if words := self.refused.get(identifier):
            errors["title"] = [words]
        errors |= _errors_of(body)
        if kind == "templates":
            _errors_of(body["data"])
        if errors:
            return _error(400, _BAD, errors=errors)
        extras = {"extras": []} if kind == "records" else {}
        return Answered(201, self.make(kind, **{**extras, **body}))

    def _shown(self, _: Sent, kind: str, id_: str) -> Answered:
        item = self._active(kind, id_)
        return Answered(200, item) if item else _missing()

    def _named(self, _: Sent, kind: str, identifier: str) -> Answered:
        item = next((item for item in self.held[kind].values() if item["identifier"] == identifier), None)
        return Answered(200, item) if item and item["state"] == "active" else _missing()

    def _patched(self, sent: Sent, id_: str) -> Answered:
        record, body = self._active("records", id_), sent.json()
        if record is None:
            return _missing()
        if errors := _errors_of(body):
            return _error(400, _BAD, errors=errors)
        self._store("records", record, body)
        return Answered(200, record)

    def _deleted(self, _: Sent, id_: str) -> Answered:
        self.held["records"][int(id_)]["state"] = "deleted"
        return Answered(204)

    def _restored(self, _: Sent, id_: str) -> Answered:
        record = self.held["records"][int(id_)]
        self._store("records", record, {"state": "active"})
        return Answered(200, record)

    def _changed_template(self, sent: Sent, id_: str) -> Answered:
        template = self.held["templates"][int(id_)]
        template.update(sent.json())
        _errors_of(template["data"])
        return Answered(200, template)

    def _revisions(self, sent: Sent, id_: str) -> Answered:
        record = self._active("records", id_)
        return self._page(sent, self.revisions[record["id"]][::-1]) if record else _missing()

    def _records_of(self, sent: Sent, id_: str) -> Answered:
        collection = self._active("collections", id_)
        if collection is None:
            return _missing()
        records = [self.held["records"][record] for record in self.links.get(collection["id"], [])]
        active = [record for record in records if record["state"] == "active"]
        sort = sent.first("sort", "-last_modified")
        by = itemgetter(sort.removeprefix("-"))
        return self._page(sent, sorted(active, key=by, reverse=sort.startswith("-")))

    def _linked(self, sent: Sent, id_: str) -> Answered:
        collection, wanted = self._active("collections", id_), sent.json().get("id")
        if collection is None:
            return _missing()
        if self._active("records", str(wanted)) is None:
            words = "No record with this ID exists." if wanted else "Missing data for required field."
            return _error(400, _BAD, errors={"id": [words]})
        links = self.links.setdefault(collection["id"], [])
        if wanted in links:
            return _error(409, "Link already exists.")
        links.append(wanted)
        return Answered(201, {})

    def _put_into(self, sent: Sent, id_: str) -> Answered:
        children = self.children.setdefault(int(id_), [])
        if sent.json()["id"] in children:
            return _error(409, "Link already exists.")
        children.append(sent.json()["id"])
        return Answered(201, {})

    # what is behind them

    def _active(self, kind: str, id_: str) -> Item | None:
        item = self.held[kind].get(int(id_)) if id_.isdecimal() else None
        return item if item and item["state"] == "active" else None

    def _store(self, kind: str, item: Item, changes: Mapping[str, Any]) -> None:
        before = dict(item)
        item.update(changes)
        if item != before or kind != "records" or item["id"] not in self.revisions:
            item["last_modified"] = self._time()
            if kind == "records":
                data = {name: item.get(name) for name in ("identifier", "title", "extras", "type", "state")}
                revision = {"id": next(self._revision_ids), "object_id": item["id"], "data": data}
                self.revisions.setdefault(item["id"], []).append(revision)

    def _page(self, sent: Sent, items: Sequence[Item], kind: str = "") -> Answered:
        page = int(sent.first("page", "1"))
        size = min(int(sent.first("per_page", "10")), self.most_per_page)
        pages = {
            "page": page,
            "per_page": size,
            "total_items": len(items),
            "total_pages": ceil(len(items) / size) or 1,
        }
        actions = {"_actions": {f"new_{kind}": f"{self.address}/api/v1/{kind}"}} if kind else {}
        return Answered(
            200, {"items": items[(page - 1) * size : page * size], "_pagination": pages, **actions}
        )

    def _time(self) -> str:
        self._now += timedelta(milliseconds=1)
        return self._now.isoformat()


_BAD = "The browser (or proxy) sent a request that this server could not understand."


def _error(status: int, description: str, **more: Any) -> Answered:
    messages = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict"}
    return Answered(status, {"code": status, "description": description, "message": messages[status], **more})


def _missing() -> Answered:
    return _error(404, "The requested URL could not be found.")


def _errors_of(body: Mapping[str, Any]) -> dict[str, Any]:
    errors = _wrong_extras(body.get("extras", []))
    return {"extras": errors} if errors else {}


def _wrong_extras(extras: Sequence[Extra]) -> dict[str, Any]:
    found = {str(number): _wrong(extra) for number, extra in enumerate(extras)}
    keys = [extra.get("key") for extra in extras if "key" in extra]
    for number, extra in enumerate(extras):
        if keys.count(extra.get("key")) > 1:
            found[str(number)] = {"key": ["Duplicate value."]}
    return {number: errors for number, errors in found.items() if errors}


def _wrong(extra: Extra) -> dict[str, Any]:
    value, kind = extra.get("value"), extra["type"]
    extra.setdefault("value", None)
    if kind in ("dict", "list"):
        inner = _wrong_extras(value or [])
        return {"value": inner} if inner else {}
    rules = extra.get("validation", {})
    if value is None:
        return {"value": ["Value is required."]} if rules.get("required") else {}
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        return {"value": [f"Not a valid {_PRETTY.get(kind, kind)}."]}
    if extra.get("unit") and kind not in ("int", "float"):
        return {"unit": ["Cannot be used together with String."]}
    if "options" in rules and value not in rules["options"]:
        return {"value": [f"Must be one of: {', '.join(map(str, rules['options']))}."]}
    return {}
