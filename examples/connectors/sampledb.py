"""SampleDB as a lab system of Assayflow: the whole connector is this file (docs/lims/new_connector.md).

Candidates become objects of one action; properties of these objects that the lab fills in are results.
SampleDB has no natural key: Assayflow searches by `find` before it writes again after a lost answer.
"""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, final

from pydantic import Field, SecretStr

from service.lims.contract import (
    AccessDeniedError,
    Connector,
    Manners,
    MeasuredRecord,
    Page,
    Refused,
    RemoteField,
    RemoteRecord,
    RetryLaterError,
    Status,
    StrictModel,
)
from service.lims.replies import check_reply, json_body, plain_detail, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Answer, Cursor, FieldValue, Material, Order, Scope
    from service.outbound.pinned_http import Reply

PER_PAGE = 50
OVERLAP = 20
"""Entries of the log that are read again: a transaction that ends late has an older number."""


class SampleDBSettings(StrictModel):
    """Which action makes the objects, and where our key is in them."""

    action_id: int = Field(ge=1, description="the action that makes candidates")
    key_field: str = Field("external_id", description="the text property that holds our key")


class SampleDBCredentials(StrictModel):
    """A user of SampleDB without two-factor authentication."""

    username: str = Field(min_length=1)
    password: SecretStr


@final
class SampleDBConnector(Connector):
    """SampleDB."""

    kind: ClassVar[str] = "sampledb"
    title: ClassVar[str] = "SampleDB"
    Settings = SampleDBSettings
    Credentials = SampleDBCredentials
    manners: ClassVar[Manners] = Manners(sends_orders=False, materials_per_call=20)
    settings: SampleDBSettings
    credentials: SampleDBCredentials

    def check(self) -> Status:
        """Sign in, and see that the action has a property for our key."""
        user = json_body(self._send("GET", "/users/me"))
        key = self.settings.key_field
        if self._properties().get(key, {}).get("type") != "text":
            raise AccessDeniedError(f"action {self.settings.action_id} has no text property {key!r}")
        return Status(identity=user["name"], server="SampleDB")

    def describe(self) -> Sequence[RemoteField]:
        """Return the properties of the action."""
        schema, properties = str(self.settings.action_id), self._properties().items()
        return [RemoteField(schema=schema, name=name, type=rules["type"]) for name, rules in properties]

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        """Search each key; the search finds words, so that the whole text is compared."""
        found, field = {}, self.settings.key_field
        for key in keys if type_ == "material" else ():
            query = {"action_id": self.settings.action_id, "limit": 5, "q": f'{field} == "{key}"'}
            for item in json_body(self._send("GET", "/objects/", params=query)):
                if item["data"].get(field, {}).get("text") == key:
                    found[key] = self._remote(item["object_id"], item["version_id"], key)
        return found

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        """Make an object of each material."""
        properties = self._properties()
        return [self._put(material, properties) for material in materials]

    def _put(self, material: Material, properties: Mapping[str, Any]) -> Answer:
        ours = {"name": material.name, self.settings.key_field: material.key}
        values = {name: value for name, value in {**material.fields, **ours}.items() if value is not None}
        data = {name: _typed(value, properties.get(name, {})) for name, value in values.items()}
        body = {"action_id": self.settings.action_id, "data": data}
        reply = self._send("POST", "/objects/", json=body)
        if reply.status == HTTPStatus.CREATED:
            # The page that comes with it is HTML; the number is in the header alone.
            *_, object_id, _, version = reply.headers["location"].split("/")
            return self._remote(object_id, version, material.key)
        paths = json_body(reply).get("error_paths") or [[None]]
        return Refused(detail=plain_detail(reply), field=paths[0][0])

    def put_order(self, order: Order) -> Answer:
        """Refuse: a batch is no object of its own here."""
        return Refused(detail=f"SampleDB has no orders: {order.name}")

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Read the objects that the log names, or that were not read yet, and compare them."""
        sources = sorted(scope.sources)
        if cursor is None or cursor["sources"] != sources:
            cursor = {"after": 0, "known": {}, "due": []}
        params = {"after_id": max(0, cursor["after"] - OVERLAP)}
        log = json_body(self._send("GET", "/object_log_entries/", params=params))
        named = {str(entry["object_id"]) for entry in log} | set(cursor["due"])
        known = {item.id: cursor["known"].get(item.id) for item in scope.materials}
        due = [item for item in scope.materials if item.id in named or known[item.id] is None]
        measured: list[MeasuredRecord] = []
        for material in due[:PER_PAGE]:
            before = known[material.id] or {"version": None, "values": {}}
            now = known[material.id] = self._read(material, before)
            measured += _differences(material, sources, before, now)
        newest = max([cursor["after"], *(entry["log_entry_id"] for entry in log)])
        left = [item.id for item in due[PER_PAGE:]]
        read = {id_: item for id_, item in known.items() if item is not None}
        after = {"after": newest, "known": read, "due": left, "sources": sources}
        return Page(measurements=measured, cursor=after, more=bool(left))

    def _read(self, material: RemoteRecord, before: dict[str, Any]) -> dict[str, Any]:
        """Return the newest version of an object, and its values as texts; a redirect names it."""
        reply = self._send("GET", f"/objects/{material.id}", accepted=(HTTPStatus.FOUND,))
        if reply.status == HTTPStatus.NOT_FOUND:
            return {"version": "gone", "values": {}}
        version = reply.headers["location"].rpartition("/")[2]
        if version == before["version"]:
            return before
        data = json_body(self._send("GET", f"/objects/{material.id}/versions/{version}"))["data"]
        return {"version": version, "values": {name: _texts(item) for name, item in data.items()}}

    def _properties(self) -> dict[str, Any]:
        reply = self._send("GET", f"/actions/{self.settings.action_id}")
        if reply.status != HTTPStatus.OK:
            raise AccessDeniedError(f"there is no action {self.settings.action_id} that the user may read")
        properties: dict[str, Any] = json_body(reply)["schema"]["properties"]
        return properties

    def _send(self, method: str, path: str, *, accepted: Sequence[int] = (), **options: Any) -> Reply:
        user = f"{self.credentials.username}:{self.credentials.password.get_secret_value()}"
        headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
        reply = request(self.http, method, f"/api/v1{path}", headers=headers, **options)
        reply = check_reply(reply, accepted=accepted)
        if method == "GET" and reply.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND, *accepted):
            raise RetryLaterError(f"{reply.where} answered {reply.status}: {plain_detail(reply)}")
        return reply

    def _remote(self, object_id: str | int, version: str | int, key: str) -> RemoteRecord:
        url = f"{self.http.target.scheme}://{self.http.target.authority}/objects/{object_id}"
        return RemoteRecord(type="object", id=str(object_id), key=key, version=str(version), url=url)


def _typed(value: FieldValue, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value as SampleDB wants it; a property that it does not know goes as text, and is refused."""
    if rules.get("type") == "quantity":
        units = rules["units"] if isinstance(rules["units"], str) else rules["units"][0]
        return {"_type": "quantity", "magnitude": value, "units": units}
    if rules.get("type") == "bool":
        return {"_type": "bool", "value": value}
    return {"_type": "text", "text": str(value)}


def _texts(item: Mapping[str, Any]) -> dict[str, str]:
    """Return a property's value and unit as texts, with the digits that SampleDB has."""
    value = next((item[name] for name in ("magnitude", "text", "value") if name in item), None)
    value = value.get("en") if isinstance(value, dict) else value
    units = {"units": item["units"]} if item.get("units") else {}
    return {} if value is None else {"value": str(value), **units}


def _differences(
    material: RemoteRecord, sources: Sequence[str], before: Mapping[str, Any], now: Mapping[str, Any]
) -> list[MeasuredRecord]:
    """Return the properties that are new, changed or empty again, of those that a mapping reads."""
    old, new = before["values"], now["values"]
    return [
        MeasuredRecord(
            id=f"{material.id}/{name}",
            source=name,
            about=material,
            fields=new.get(name, {}),
            version=now["version"],
            standing="final" if new.get(name) else "withdrawn",
        )
        for name in sorted({*old, *new})
        if (name in sources or "*" in sources) and new.get(name, {}) != old.get(name, {})
    ]
