"""What a lab and a connector do with Kadi4Mat: run on a real server and on the fake, which must not differ.

A module that runs them gives the fixtures `lab` and `connector`.
"""

import json
import urllib.request
from typing import Any

import pytest

from service.lims.contract import (
    AccessDeniedError,
    ConnectorEnvironment,
    Material,
    MeasuredRecord,
    News,
    Order,
    Page,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Scope,
    Structure,
)
from service.lims.kinds.kadi4mat import Kadi4MatConnector
from service.outbound.pinned_http import ConnectionFailedError


class Lab:
    """The lab's people at their own Kadi4Mat."""

    def __init__(self, server: dict[str, str]) -> None:
        self.server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.server['lab_token']}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http on this machine
            f"{self.server['base_url']}/api/v1{path}", content, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def fill(self, record: RemoteRecord, *results: dict[str, Any], group_type: str = "dict") -> None:
        extras = self.call("GET", f"/records/{record.id}")["extras"]
        kept = [extra for extra in extras if extra["key"] != "results"]
        group = {"type": group_type, "key": "results", "value": list(results)}
        self.call("PATCH", f"/records/{record.id}", {"extras": [*kept, group]})


def _ic50(value: float | str, unit: str | None = "nM") -> dict[str, Any]:
    if isinstance(value, str):
        return {"type": "str", "key": "IC50", "value": value}
    return {"type": "float", "key": "IC50", "value": value, "unit": unit}


def _materials(prefix: str, n: int, **fields: Any) -> list[Material]:
    return [
        Material(
            key=f"{prefix}-{number}",
            name=f"{prefix} {number}",
            structure=Structure(format="smiles", text="C" * number),
            fields={"rank": number, "predicted": 7.25, "purpose": "explore", "nothing": None, **fields},
        )
        for number in range(1, n + 1)
    ]


def _read(connector: Kadi4MatConnector, scope: Scope, cursor: Any) -> tuple[list[MeasuredRecord], Any]:
    measured: list[MeasuredRecord] = []
    page = Page(cursor=cursor, more=True)
    while page.more:
        page = connector.changes(scope, page.cursor)
        json.dumps(page.cursor)
        measured += page.measurements
    return measured, page.cursor


def test_a_check_says_who_we_are_and_which_scope_is_missing(connector: Any):
    status = connector().check()
    assert (status.identity, status.server, status.warnings) == ("Lab robot", "Kadi4Mat 1.13.0", [])

    assert list(connector().describe()) == [], "nothing is searched without a search engine"

    warned = connector("reading_token").check().warnings
    assert warned == [
        "the token lacks the scope user.read",
        "the token lacks the scope record.create",
        "the token lacks the scope collection.create",
    ]
    with pytest.raises(AccessDeniedError, match="No valid access token"):
        connector("pat_of_nobody").check()
    with pytest.raises(AccessDeniedError, match=r"Missing: record\.create"):
        connector("reading_token").put_materials(_materials("denied", 1))


def test_a_batch_is_sent_filled_corrected_and_withdrawn(connector: Any, lab: Lab):
    robot = connector(units={"predicted": "1"})
    written = robot.put_materials(_materials("loop", 3))
    order = robot.put_order(Order(key="loop-r1", name="Round 1", materials=written, fields={"why": "first"}))
    assert [record.key for record in written] == ["loop-1", "loop-2", "loop-3"]
    assert lab.call("GET", f"/collections/{order.id}")["description"] == "why: first"
    linked = lab.call("GET", f"/collections/{order.id}/records")["items"]
    assert {record["identifier"] for record in linked} == {"loop-1", "loop-2", "loop-3"}
    extras = {extra["key"]: extra for extra in linked[0]["extras"]}
    assert extras["predicted"] == {"key": "predicted", "type": "float", "value": 7.25, "unit": "1"}
    assert extras["rank"]["type"] == "int"
    assert "nothing" not in extras
    assert written[0].url == f"{lab.server['base_url']}/records/{written[0].id}"

    # Written again, as after a lost answer: the same records, the same collection, nothing twice.
    assert [record.id for record in robot.put_materials(_materials("loop", 3))] == [
        record.id for record in written
    ]
    assert robot.put_order(Order(key="loop-r1", name="Round 1", materials=written)).id == order.id
    assert robot.find("material", ["loop-1", "nobody"])["loop-1"].id == written[0].id
    assert robot.find("order", ["loop-r1"])["loop-r1"].id == order.id

    scope = Scope(materials=written, orders=[order], sources=["IC50"])
    nothing, cursor = _read(robot, scope, None)
    assert nothing == []

    lab.fill(written[0], _ic50(12.5))
    lab.fill(written[1], _ic50("> 30 µM"), {"type": "str", "key": "remark", "value": "precipitated"})
    first, cursor = _read(robot, scope, cursor)
    assert [(found.about.key, found.fields) for found in first] == [
        ("loop-1", {"value": "12.5", "value.unit": "nM"}),
        ("loop-2", {"value": "> 30 µM"}),
    ]
    assert _read(robot, scope, cursor)[0] == []

    lab.fill(written[0], _ic50(1.25))
    corrected, cursor = _read(robot, scope, cursor)
    assert [(found.id, found.fields["value"]) for found in corrected] == [(first[0].id, "1.25")]
    assert int(corrected[0].version) > int(first[0].version)
    newest = lab.call("GET", f"/records/{written[0].id}/revisions")["items"][0]
    assert corrected[0].version == str(newest["id"])

    lab.call("DELETE", f"/records/{written[0].id}")
    lab.fill(written[1])
    gone, cursor = _read(robot, scope, cursor)
    assert {(found.id, found.standing) for found in gone} == {
        (first[0].id, "withdrawn"),
        (first[1].id, "withdrawn"),
    }
    assert _read(robot, scope, cursor)[0] == []

    lab.call("POST", f"/records/{written[0].id}/restore")
    lab.fill(written[1], _ic50("> 40 µM"))
    retested, _ = _read(robot, scope, cursor)
    assert [(found.fields["value"], found.standing) for found in retested] == [
        ("1.25", "final"),
        ("> 40 µM", "final"),
    ]


def test_what_the_lab_wrote_beside_our_fields_stays(connector: Any, lab: Lab):
    robot = connector()
    (record,) = robot.put_materials(_materials("beside", 1))
    own = {
        "type": "dict",
        "key": "weighing",
        "value": [{"type": "float", "key": "mass", "value": 1.5, "unit": "mg"}],
    }
    lab.call("PATCH", f"/records/{record.id}", {"extras": [own, _ic50(3.0)]})
    robot.put_materials(_materials("beside", 1, predicted=8.5))
    robot.notify(record, News(event="measured", comment="IC50 was read"))
    extras = {extra["key"]: extra for extra in lab.call("GET", f"/records/{record.id}")["extras"]}
    assert extras["weighing"] == own
    assert extras["IC50"] == _ic50(3.0)
    assert extras["predicted"]["value"] == 8.5
    assert extras["assayflow_status"]["value"] == "measured: IC50 was read"


def test_an_edit_between_our_reading_and_our_writing_is_not_lost(connector: Any, lab: Lab):
    robot = connector()
    (record,) = robot.put_materials(_materials("race", 1))
    edits = iter([1.0, 2.0])
    send = robot.http.request

    class EditedMeanwhile:
        target = robot.http.target

        def request(self, method: str, path: str, **options: Any) -> Any:
            if method == "PATCH" and (value := next(edits, None)) is not None:
                lab.fill(record, _ic50(value))
            return send(method, path, **options)

    raced = Kadi4MatConnector(robot.settings, robot.credentials, ConnectorEnvironment(http=EditedMeanwhile()))
    assert raced.notify(record, News(event="measured")) is None
    extras = {extra["key"]: extra for extra in lab.call("GET", f"/records/{record.id}")["extras"]}
    assert extras["results"]["value"] == [_ic50(2.0)]
    assert extras["assayflow_status"]["value"] == "measured"


class Losing:
    """Carries out every request, and loses the answer of the nth write."""

    def __init__(self, http: Any, nth: int) -> None:
        self.target = http.target
        self._send = http.request
        self._left = nth

    def request(self, method: str, path: str, **options: Any) -> Any:
        reply = self._send(method, path, **options)
        self._left -= method != "GET"
        if method != "GET" and self._left == 0:
            raise ConnectionFailedError("the connection failed")
        return reply


def test_whichever_answer_is_lost_everything_is_there_once(connector: Any, lab: Lab):
    robot = connector()
    for nth in range(1, 6):  # two records, a collection and two links
        losing = Kadi4MatConnector(
            robot.settings, robot.credentials, ConnectorEnvironment(http=Losing(robot.http, nth))
        )
        for _ in range(2):
            try:
                written = losing.put_materials(_materials(f"lost{nth}", 2))
                order = losing.put_order(Order(key=f"lost{nth}-r1", name="Round", materials=written))
            except RetryLaterError:
                continue
        linked = lab.call("GET", f"/collections/{order.id}/records")["items"]
        assert sorted(record["identifier"] for record in linked) == [f"lost{nth}-1", f"lost{nth}-2"]
        assert [str(record["id"]) for record in linked[::-1]] == [record.id for record in written]


def test_a_template_gives_its_fields_and_a_required_one_refuses(connector: Any, lab: Lab):
    data = {
        "type": "compound",
        "extras": [
            {"type": "str", "key": "smiles", "description": "Structure"},
            {"type": "str", "key": "supplier", "validation": {"options": ["in house", "bought"]}},
            {"type": "dict", "key": "results", "value": [{"type": "float", "key": "IC50", "unit": "nM"}]},
        ],
    }
    template = lab.call(
        "POST",
        "/templates",
        {"identifier": "compounds", "title": "Compounds", "type": "record", "data": data},
    )
    robot = connector(template="compounds")
    fields = {(field.schema, field.name): field for field in robot.describe()}
    assert fields["compound", "supplier"].options == ["in house", "bought"]
    assert ("IC50", "value.unit") in fields
    first, wrong = robot.put_materials(
        [*_materials("made", 1, supplier="bought"), *_materials("wrong", 1, supplier="found")]
    )
    assert lab.call("GET", f"/records/{first.id}")["type"] == "compound"
    assert wrong == Refused(detail="supplier: Must be one of: in house, bought.", field="supplier")

    data["extras"].append({"type": "float", "key": "amount", "validation": {"required": True}})
    lab.call("PATCH", f"/templates/{template['id']}", {"data": data})
    assert {field.name for field in robot.describe() if field.is_required} == {"amount"}
    late, given = robot.put_materials([*_materials("late", 1), *_materials("given", 1, amount=2.5)])
    assert late == Refused(detail="amount: Value is required.", field="amount")
    assert isinstance(given, RemoteRecord)
    with pytest.raises(AccessDeniedError, match="no record template 'nothing'"):
        connector(template="nothing").check()


def test_replicates_are_items_of_a_list(connector: Any, lab: Lab):
    robot = connector()
    (record,) = robot.put_materials(_materials("list", 1))

    def item(value: float, relation: str) -> dict[str, Any]:
        return {
            "type": "dict",
            "value": [
                {"type": "str", "key": "assay", "value": "kinase"},
                {"type": "str", "key": "relation", "value": relation},
                {"type": "float", "key": "ic50", "value": value, "unit": "uM"},
                {"type": "bool", "key": "flagged", "value": False},
            ],
        }

    lab.fill(record, item(30.0, ">"), item(12.0, "="), group_type="list")
    scope = Scope(materials=[record], sources=["kinase"])
    found, cursor = _read(robot, scope, None)
    assert [item.fields for item in found] == [
        {"assay": "kinase", "relation": ">", "ic50": "30.0", "ic50.unit": "uM", "flagged": "false"},
        {"assay": "kinase", "relation": "=", "ic50": "12.0", "ic50.unit": "uM", "flagged": "false"},
    ]
    assert _read(robot, Scope(materials=[record], sources=["other"]), None)[0] == []
    lab.fill(record, item(12.0, "="), group_type="list")
    changed, _ = _read(robot, scope, cursor)
    assert [(item.id, item.standing) for item in changed] == [
        (found[0].id, "final"),
        (found[1].id, "withdrawn"),
    ]


def test_a_record_in_the_trash_keeps_its_identifier(connector: Any, lab: Lab):
    robot = connector()
    (record,) = robot.put_materials(_materials("trash", 1))
    lab.call("DELETE", f"/records/{record.id}")
    (answer,) = robot.put_materials(_materials("trash", 1))
    assert answer.field == "identifier"
    assert "trash" in answer.detail
    refused = robot.put_order(Order(key="trash-r1", name="Round 1", materials=[record]))
    assert refused.field == "materials"


def test_pages_of_a_collection_are_read_to_the_end(connector: Any, lab: Lab, monkeypatch: Any):
    monkeypatch.setattr("service.lims.kinds.kadi4mat.sweeps.PER_PAGE", 2)
    monkeypatch.setattr("service.lims.kinds.kadi4mat.api.PER_PAGE", 2)
    robot = connector()
    written = robot.put_materials(_materials("paged", 5))
    order = robot.put_order(Order(key="paged-r1", name="Round 1", materials=written[:4]))
    for number, record in enumerate(written, 1):
        lab.fill(record, _ic50(float(number)))
    scope = Scope(materials=written, orders=[order], sources=["*"])
    page = robot.changes(scope, None)
    assert len(page.measurements) == 2
    lab.fill(written[0], _ic50(100.0))
    lab.call("DELETE", f"/records/{written[1].id}")
    rest, cursor = _read(robot, scope, page.cursor)
    values = {found.about.key: found.fields["value"] for found in (*page.measurements, *rest)}
    assert values == {f"paged-{number}": f"{number}.0" for number in range(1, 6)}
    after, _ = _read(robot, scope, cursor)
    assert {(found.about.key, found.fields.get("value"), found.standing) for found in after} == {
        ("paged-1", "100.0", "final"),
        ("paged-2", None, "withdrawn"),
    }
