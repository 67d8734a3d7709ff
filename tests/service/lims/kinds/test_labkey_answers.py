"""Answers of LabKey servers: rows and writes that were recorded of a real one, and every form of refusal."""

from __future__ import annotations

import json

import httpx
import pytest

from service.lims.contract import AccessDeniedError, Refused
from service.lims.kinds.labkey.answers import faults, label, refused, value
from service.outbound.pinned_http import Reply


def test_rows_recorded_of_a_real_server_are_understood() -> None:
    old = json.loads(
        '{"Good": 10, "Like": "Zany", "_labkeyurl_Like": "%contextPath%/list/details.view?pk=Blue",'
        ' "Month": "2000-01-01 00:00:00.000", "Color": "Blue"}'
    )
    new = json.loads(
        '{"data": {"Month": {"value": "2000-04-01 00:00:00.000"}, "Like": {"url": "x?pk=Gray",'
        ' "value": "Black"}, "Color": {"value": "Gray"}, "Good": {"value": 2}},'
        ' "links": {"edit": {"href": "query-updateQueryRow.view?Color=Gray", "title": "edit"}}}'
    )
    names = ("Color", "Like", "Good", "Month")
    assert [value(old, name) for name in names] == ["Blue", "Zany", "10", "2000-01-01 00:00:00.000"]
    assert [value(new, name) for name in names] == ["Gray", "Black", "2", "2000-04-01 00:00:00.000"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"success": False, "errors": {"Name": "Name is required"}},
            Refused(detail="Name is required", field="Name"),
        ),
        (
            {"success": False, "errors": {"_form": "Form contains no data"}},
            Refused(detail="Form contains no data"),
        ),
        ({"success": False, "exception": "a; b", "errors": []}, Refused(detail="a; b")),
        ({"committed": False, "errorCount": 0, "result": []}, Refused(detail="no reason given")),
        (
            {
                "exception": "bad",
                "exceptionClass": "X",
                "errors": [{"id": "Dose", "msg": "Dose is no number"}],
            },
            Refused(detail="Dose is no number", field="Dose"),
        ),
    ],
)
def test_every_form_of_refusal_is_read(body: dict[str, object], expected: Refused) -> None:
    assert [item for _, item in faults(body)] == [expected]


def test_a_refusal_without_words_names_the_status() -> None:
    reply = Reply(404, httpx.Headers(), b"{}", "POST /x")
    assert refused(reply, {}) == Refused(detail="status 404")


def test_the_answer_to_a_write_that_was_recorded_is_no_refusal() -> None:
    body = {
        "containerPath": "/HTTPApiVerifyProject",
        "rowsAffected": 1,
        "schemaName": "lists",
        "queryName": "Test List",
        "command": "insert",
        "rows": [{"Good": 4, "Like": "Magenta", "Month": "2000-01-01 00:00:00.000", "Color": "Purple"}],
    }
    assert faults(body) == []


def test_a_missing_right_is_no_refusal_of_a_record() -> None:
    with pytest.raises(AccessDeniedError, match="insert rows"):
        faults({"success": False, "errors": {"_form": "User does not have permission to insert rows"}})


def test_what_is_shown_of_a_limit_is_no_value_and_the_name_behind_a_look_up_is_one() -> None:
    row = {
        "data": {
            "IC50": {"value": 30.0, "displayValue": "&gt;30"},
            "SampleID": {"value": 7, "displayValue": "AF-1"},
            "Tags": [{"value": "a", "displayValue": "A"}, {"value": "b"}],
        }
    }
    assert [value(row, name) for name in ("IC50", "SampleID", "Tags")] == ["30.0", "7", "a; b"]
    assert label(row, "SampleID") == "AF-1"
