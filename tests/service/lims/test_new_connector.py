"""A new kind of lab system is one file of a package: the one of the tutorial is found and works."""

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from connector_calls import whole_pass
from fakes.server import Answered, LoopbackServer, Sent
from installed_connectors import installed

from service.address_rules import read_rules
from service.lims.contract import (
    AccessDeniedError,
    Connector,
    ConnectorEnvironment,
    Material,
    Order,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Scope,
)
from service.lims.registry import UnknownKindError, connector_kind, connector_kinds
from service.outbound.pinned_http import Http, HttpEnvironment

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "examples" / "connectors" / "sampledb.py"
TYPES = {"name": "text", "external_id": "text", "smiles": "text", "ic50": "quantity"}


class TinySampleDB(LoopbackServer):
    """Objects with versions and a log; numbers of new objects are in a header of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.log: list[dict[str, Any]] = []
        self._ids = count(1)
        self.route("GET", "/api/v1/users/me", lambda _: Answered(200, {"name": "Robot"}))
        self.route("GET", r"/api/v1/actions/1", self._action)
        self.route("POST", "/api/v1/objects/", self._create)
        self.route("GET", "/api/v1/objects/", self._search)
        self.route("GET", r"/api/v1/objects/(\d+)", self._newest)
        self.route("GET", r"/api/v1/objects/(\d+)/versions/(\d+)", self._version)
        self.route("GET", "/api/v1/object_log_entries/", self._logged)

    def before(self, sent: Sent) -> Answered | None:
        signed_in = sent.headers.get("authorization") == "Basic cm9ib3Q6c2VjcmV0"
        return None if signed_in else Answered(401, {"message": "could not verify"})

    def write(self, object_id: str, data: dict[str, Any]) -> None:
        self.versions.setdefault(object_id, []).append(data)
        entry = {"log_entry_id": len(self.log) + 1, "object_id": int(object_id), "type": "EDIT_OBJECT"}
        self.log.insert(0, entry)

    def _action(self, _: Sent) -> Answered:
        rules = {name: {"title": name, "type": kind, "units": "nM"} for name, kind in TYPES.items()}
        return Answered(200, {"schema": {"properties": rules}})

    def _create(self, sent: Sent) -> Answered:
        data = sent.json()["data"]
        if unknown := [name for name in data if name not in TYPES]:
            return Answered(400, {"message": "unknown property", "error_paths": [unknown]})
        object_id = str(next(self._ids))
        self.write(object_id, data)
        return self._place(object_id, 201)

    def _place(self, object_id: str, status: int) -> Answered:
        version = len(self.versions[object_id]) - 1
        place = f"{self.address}/api/v1/objects/{object_id}/versions/{version}"
        page = b"<!doctype html><title>Redirecting...</title>"
        return Answered(status, page, {"Location": place, "Content-Type": "text/html"})

    def _search(self, sent: Sent) -> Answered:
        wanted = re.fullmatch('external_id == "(.*)"', sent.first("q"))
        assert wanted is not None
        return Answered(
            200,
            [
                {"object_id": int(id_), "version_id": len(versions) - 1, "data": versions[-1]}
                for id_, versions in self.versions.items()
                if wanted[1] in versions[-1]["external_id"]["text"]
            ],
        )

    def _newest(self, _: Sent, object_id: str) -> Answered:
        return self._place(object_id, 302) if object_id in self.versions else Answered(404, {"message": "no"})

    def _version(self, _: Sent, object_id: str, version: str) -> Answered:
        return Answered(200, {"data": self.versions[object_id][int(version)]})

    def _logged(self, sent: Sent) -> Answered:
        after = int(sent.first("after_id"))
        return Answered(200, [entry for entry in self.log if entry["log_entry_id"] > after])


@pytest.fixture
def kind(tmp_path: Path) -> Iterator[type[Connector]]:
    with installed(SOURCE, "sampledb = lab_sampledb:SampleDBConnector", tmp_path) as found:
        yield found


@pytest.fixture
def server() -> Iterator[TinySampleDB]:
    made = TinySampleDB()
    yield made
    made.close()


@pytest.fixture
def connector(kind: type[Connector], server: TinySampleDB) -> Connector:
    return _opened(kind, server, "secret")


def _opened(kind: type[Connector], server: TinySampleDB, password: str) -> Connector:
    http = Http(server.address, HttpEnvironment(rules=read_rules("127.0.0.1")))
    credentials = kind.Credentials(username="robot", password=password)  # type: ignore[call-arg]
    return kind(kind.Settings(action_id=1), credentials, ConnectorEnvironment(http=http))  # type: ignore[call-arg]


def _sent(connector: Connector, *keys: str, **fields: Any) -> list[RemoteRecord]:
    return list(connector.put_materials([Material(key=key, name=key, fields=fields) for key in keys]))  # type: ignore[arg-type]


def _ic50(value: float) -> dict[str, Any]:
    return {"_type": "quantity", "magnitude": value, "units": "nM"}


def test_one_file_with_an_entry_point_is_a_kind(tmp_path: Path):
    with pytest.raises(UnknownKindError, match=r"no connector of kind 'sampledb'; there are .*kadi4mat"):
        connector_kind("sampledb")
    with installed(SOURCE, "sampledb = lab_sampledb:SampleDBConnector", tmp_path) as kind:
        assert connector_kinds()["sampledb"] is kind
        assert kind.Settings.model_json_schema()["required"] == ["action_id"]
        assert len(SOURCE.read_text().splitlines()) <= 200
    assert "sampledb" not in connector_kinds()


def test_a_kind_that_is_there_already_is_not_replaced(tmp_path: Path):
    module = tmp_path / "mine.py"
    module.write_text("from service.lims.kinds.kadi4mat import Kadi4MatConnector\n")
    folder = tmp_path / "site"
    folder.mkdir()
    with (
        pytest.raises(RuntimeError, match="two connectors are called kadi4mat"),
        installed(module, "kadi4mat = mine:Kadi4MatConnector", folder),
    ):
        pass
    assert "kadi4mat" in connector_kinds()


def test_the_page_shows_the_file_that_is_tested():
    page = (ROOT / "docs" / "lims" / "new_connector.md").read_text()
    source = SOURCE.read_text()
    shown = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(shown) >= 3
    for block in shown:
        assert block.strip("\n") in source, block


def test_candidates_are_sent_and_results_read(connector: Connector, server: TinySampleDB):
    assert connector.check().identity == "Robot"
    first, second = _sent(connector, "AFC-01", "AFC-02", smiles="CCO")
    assert connector.find("material", ["AFC-01", "AFC-0"]) == {"AFC-01": first}
    assert connector.find("order", ["AFC-01"]) == {}
    scope = Scope(materials=[first, second], sources=["ic50"])
    found, cursor = whole_pass(connector, scope)
    assert found == []
    server.write(first.id, {"external_id": {"text": "AFC-01"}, "ic50": _ic50(12.5)})
    found, cursor = whole_pass(connector, scope, json.loads(json.dumps(cursor)))
    assert [(item.id, item.fields, item.version) for item in found] == [
        ("1/ic50", {"value": "12.5", "units": "nM"}, "1")
    ]
    server.write(first.id, {"external_id": {"text": "AFC-01"}})
    found, cursor = whole_pass(connector, scope, cursor)
    assert [(item.id, item.standing) for item in found] == [("1/ic50", "withdrawn")]
    assert whole_pass(connector, scope, cursor)[0] == []


def test_an_object_that_was_removed_withdraws_its_results(connector: Connector, server: TinySampleDB):
    (record,) = _sent(connector, "AFC-01", ic50=3.5)
    scope = Scope(materials=[record], sources=["ic50"])
    found, cursor = whole_pass(connector, scope)
    assert [item.fields["value"] for item in found] == ["3.5"]
    del server.versions[record.id]
    assert [item.standing for item in whole_pass(connector, scope, cursor)[0]] == ["withdrawn"]


def test_many_objects_are_read_in_pages(connector: Connector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(type(connector).changes.__globals__, "PER_PAGE", 3)
    monkeypatch.setitem(type(connector).changes.__globals__, "OVERLAP", 2)
    records = _sent(connector, *(f"AFC-{number:02}" for number in range(10)), ic50=1.0)
    found, _ = whole_pass(connector, Scope(materials=records, sources=["*"]))
    assert sorted({item.about.id for item in found}, key=int) == [record.id for record in records]
    assert len({item.id for item in found}) == len(found)


def test_what_is_wrong_is_said(kind: type[Connector], connector: Connector, server: TinySampleDB):
    (refused,) = connector.put_materials([Material(key="AFC-01", name="x", fields={"colour": "red"})])
    assert refused == Refused(detail="unknown property", field="colour")
    assert isinstance(connector.put_order(Order(key="AFR-1", name="x")), Refused)
    with pytest.raises(AccessDeniedError):
        _opened(kind, server, "guessed").check()
    server.answer_instead(Answered(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}))
    with pytest.raises(RetryLaterError):
        connector.changes(Scope(sources=["ic50"]), None)
