"""The connector of the tutorial, found as a package's entry point, against a real SampleDB."""

import base64
import json
import urllib.request
from typing import Any

import pytest

from service.lims.contract import (
    AccessDeniedError,
    ConnectorEnvironment,
    Material,
    Refused,
    RetryLaterError,
    Scope,
)
from service.outbound.pinned_http import ConnectionFailedError

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class Lab:
    """The lab's people at their own SampleDB."""

    def __init__(self, server: dict[str, Any]) -> None:
        self.server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        user = f"{self.server['username']}:{self.server['password']}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(user).decode()}"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http on this machine
            f"{self.server['base_url']}/api/v1{path}", content, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return None if response.status == 201 else json.loads(response.read())

    def fill(self, object_id: str, **values: Any) -> None:
        newest = self.call("GET", f"/objects/{object_id}")
        data = {**newest["data"], **values}
        kept = {name: item for name, item in data.items() if item is not None}
        version = {"version_id": newest["version_id"] + 1, "data": kept}
        self.call("POST", f"/objects/{object_id}/versions/", version)


def _nm(value: float) -> dict[str, Any]:
    return {"_type": "quantity", "magnitude": value, "units": "nM"}


@pytest.fixture
def lab(sampledb_server: dict[str, Any]) -> Lab:
    return Lab(sampledb_server)


@pytest.fixture
def connector(sampledb_server: dict[str, Any], installed_sampledb: Any, connected: Any) -> Any:
    def make(**changes: Any) -> Any:
        settings = {"action_id": sampledb_server["action_id"]}
        credentials = {name: sampledb_server[name] for name in ("username", "password")}
        environment = ConnectorEnvironment(http=connected(sampledb_server["base_url"]))
        return installed_sampledb(
            installed_sampledb.Settings(**settings | changes.get("settings", {})),
            installed_sampledb.Credentials(**credentials | changes.get("credentials", {})),
            environment,
        )

    return make


def _materials(*keys: str, **fields: Any) -> list[Material]:
    return [Material(key=key, name=f"name of {key}", fields={"smiles": "CCO", **fields}) for key in keys]


def _pass(connector: Any, scope: Scope, cursor: Any) -> tuple[list[Any], Any]:
    measured, page = [], connector.changes(scope, cursor)
    while page.more:
        measured += page.measurements
        page = connector.changes(scope, page.cursor)
    return [*measured, *page.measurements], json.loads(json.dumps(page.cursor))


def test_a_check_says_what_is_wrong(connector: Any):
    assert connector().check().identity == "Lab robot"
    with pytest.raises(AccessDeniedError, match="could not verify"):
        connector(credentials={"password": "guessed"}).check()
    with pytest.raises(AccessDeniedError, match="no action 99"):
        connector(settings={"action_id": 99}).check()
    with pytest.raises(AccessDeniedError, match="no text property 'ic50'"):
        connector(settings={"key_field": "ic50"}).check()
    assert {field.name: field.type for field in connector().describe()}["ic50"] == "quantity"


def test_candidates_are_sent_filled_corrected_and_emptied(connector: Any, lab: Lab):
    robot = connector()
    first, second = robot.put_materials(_materials("AFC-01", "AFC-02", ic50=7.5))
    assert lab.call("GET", f"/objects/{first.id}")["data"]["ic50"]["magnitude"] == 7.5
    assert robot.find("material", ["AFC-01", "AFC-0", "AFC-09"]) == {"AFC-01": first}

    scope = Scope(materials=[first, second], sources=["ic50"])
    found, cursor = _pass(robot, scope, None)
    assert [item.fields for item in found] == [{"value": "7.5", "units": "nM"}] * 2
    assert _pass(robot, scope, cursor)[0] == []

    lab.fill(first.id, ic50=_nm(0.125), remark={"_type": "text", "text": "measured again"})
    corrected, cursor = _pass(robot, scope, cursor)
    assert [(item.id, item.fields["value"], item.version) for item in corrected] == [
        (f"{first.id}/ic50", "0.125", "1")
    ]
    lab.fill(first.id, ic50=None)
    emptied, cursor = _pass(robot, scope, cursor)
    assert [(item.id, item.standing, item.version) for item in emptied] == [
        (f"{first.id}/ic50", "withdrawn", "2")
    ]
    lab.fill(first.id, ic50=_nm(3))
    again, _ = _pass(robot, scope, cursor)
    assert [(item.fields["value"], item.standing) for item in again] == [("3", "final")]


def test_an_answer_that_was_lost_is_found_again(connector: Any, lab: Lab):
    robot = connector()
    send = robot.http.request

    class Losing:
        target = robot.http.target

        def request(self, method: str, path: str, **options: Any) -> Any:
            reply = send(method, path, **options)
            if method == "POST":
                raise ConnectionFailedError("the connection failed")
            return reply

    losing = type(robot)(robot.settings, robot.credentials, ConnectorEnvironment(http=Losing()))
    with pytest.raises(RetryLaterError):
        losing.put_materials(_materials("AFC-03"))
    found = robot.find("material", ["AFC-03"])["AFC-03"]
    same = [item for item in lab.call("GET", "/objects/") if item["data"]["external_id"]["text"] == "AFC-03"]
    assert [str(item["object_id"]) for item in same] == [found.id]


def test_a_refusal_names_the_field(connector: Any):
    (refused,) = connector().put_materials(_materials("AFC-04", colour="red"))
    assert isinstance(refused, Refused)
    assert refused.field == "colour"
    assert "unknown property" in refused.detail
