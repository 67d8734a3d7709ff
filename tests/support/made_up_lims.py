"""A small lab system that nobody sells, and its kind of connector, for tests of what is alike in all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from fakes.server import Answered, LoopbackServer, Sent
from pydantic import Field

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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.lims.contract import Answer, Cursor, Material, Order, Scope
    from service.outbound.pinned_http import Reply

PASSWORD = "open sesame, please"  # noqa: S105 - of a fake


class MadeUpSettings(StrictModel):
    """What is said of the system."""

    site: str = Field("main", max_length=20)
    floor: int | None = Field(None, ge=0)


class MadeUpCredentials(StrictModel):
    """How one signs in."""

    user: str = Field(min_length=1)
    password: str = Field(min_length=8)


class MadeUpConnector(Connector):
    """Signs in by POST, has no natural keys, and writes one record in each request."""

    kind: ClassVar[str] = "made_up"
    title: ClassVar[str] = "Made-up LIMS"
    Settings = MadeUpSettings
    Credentials = MadeUpCredentials
    manners: ClassVar[Manners] = Manners(materials_per_call=10)
    _token: str | None = None

    @classmethod
    def is_question(cls, method: str, path: str, content: bytes) -> bool:
        return path.endswith("/login") or super().is_question(method, path, content)

    def check(self) -> Status:
        self._sign_in()
        found = self._asked("GET", "/whoami")
        return Status(identity=found["user"], server="made-up 1.0", warnings=found["warnings"])

    def describe(self) -> Sequence[RemoteField]:
        return [
            RemoteField(schema="molecule", name="SMILES", label="Structure", is_required=True),
            RemoteField(schema="Glow", name="Status", type="choice", options=("done", "no fit")),
        ]

    def find(self, type_: str, keys: Sequence[str]) -> Mapping[str, RemoteRecord]:
        found = self._asked("GET", "/records", params={"type": type_})
        return {item["key"]: self._record(type_, item) for item in found if item["key"] in keys}

    def put_materials(self, materials: Sequence[Material]) -> Sequence[Answer]:
        return [self._put("material", item.key, item.name, dict(item.fields)) for item in materials]

    def put_order(self, order: Order) -> Answer:
        ids = [item.id for item in order.materials]
        return self._put("order", order.key, order.name, {**order.fields, "materials": ids})

    def changes(self, scope: Scope, cursor: Cursor | None) -> Page:  # noqa: ARG002 - it lists all
        first = (cursor or {}).get("from", 0)
        found = self._asked("GET", "/results", params={"from": first})
        measured = [
            MeasuredRecord(
                id=item["id"],
                source=item["source"],
                about=RemoteRecord(type="material", id=item["about"]),
                fields=item["fields"],
                standing=item.get("standing", "final"),
            )
            for item in found["items"]
        ]
        last = first + len(measured)
        content = json.dumps(found).encode()
        return Page(measurements=measured, cursor={"from": last}, more=found["more"], content=content)

    def _put(self, type_: str, key: str, name: str, fields: Mapping[str, Any]) -> Answer:
        reply = self._sent("POST", "/records", json={"type": type_, "key": key, "name": name, **fields})
        if reply.status == 422:
            return Refused(detail=json.loads(reply.content)["message"])
        return self._record(type_, json.loads(reply.content))

    def _record(self, type_: str, item: Mapping[str, Any]) -> RemoteRecord:
        url = f"https://lims.example.org/{item['id']}"
        return RemoteRecord(type=type_, id=item["id"], key=item["key"], version="1", url=url)

    def _asked(self, method: str, path: str, **body: Any) -> Any:
        return json.loads(self._sent(method, path, **body).content)

    def _sent(self, method: str, path: str, **body: Any) -> Reply:
        headers = {"X-Token": self._token or self._sign_in()}
        return self._judged(self.http.request(method, path, headers=headers, **body))

    def _sign_in(self) -> str:
        body = self.credentials.model_dump()
        found = json.loads(self._judged(self.http.request("POST", "/login", json=body)).content)
        self._token = str(found["token"])
        return self._token

    @staticmethod
    def _judged(reply: Reply) -> Reply:
        if reply.status in (401, 403):
            raise AccessDeniedError("the made-up LIMS knows no such user")
        if reply.status >= 500:
            raise RetryLaterError("the made-up LIMS is down", 60.0)
        return reply


class MadeUpServer(LoopbackServer):
    """The system itself: `records` are what was written, `results` what its lab measured."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.page_size = 100
        self.route("POST", "/api/login", self._login)
        self.route("GET", "/api/whoami", lambda _: Answered(body={"user": "jo", "warnings": ["no orders"]}))
        self.route("GET", "/api/records", lambda _: Answered(body=self.records))
        self.route("POST", "/api/records", self._write)
        self.route("GET", "/api/results", self._listed)

    @property
    def base_url(self) -> str:
        return f"{self.address}/api"

    def before(self, sent: Sent) -> Answered | None:
        is_known = sent.path.endswith("/login") or sent.headers.get("x-token") == "token-of-this-session"
        return None if is_known else Answered(401, {"message": "sign in"})

    def writes(self) -> list[Sent]:
        return [sent for sent in self.requests if sent.method == "POST" and not sent.path.endswith("/login")]

    def _login(self, sent: Sent) -> Answered:
        if sent.json() != {"user": "jo", "password": PASSWORD}:
            return Answered(401, {"message": "no such user"})
        return Answered(body={"token": "token-of-this-session"})

    def _write(self, sent: Sent) -> Answered:
        record = {"id": f"R{len(self.records) + 1}", **sent.json()}
        self.records.append(record)
        return Answered(201, record)

    def _listed(self, sent: Sent) -> Answered:
        first = int(sent.first("from", "0"))
        items = self.results[first : first + self.page_size]
        return Answered(body={"items": items, "more": first + len(items) < len(self.results)})
