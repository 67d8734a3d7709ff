"""The LabKey connector against a fake server: writing once, reading limits and replaced runs, refusals."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from connector_calls import KEYS, opened, scope_of, sent
from fakes.labkey import FakeLabkey, make_fake
from fakes.labkey_server import ASSAY, ORDERS, SAMPLE_TYPE
from fakes.server import Answered
from pydantic import ValidationError

from service.lims.contract import (
    AccessDeniedError,
    Material,
    News,
    Order,
    RecordGoneError,
    Refused,
    RemoteRecord,
    RetryLaterError,
)
from service.lims.kinds.labkey import LabkeyConnector, LabkeySettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeLabkey]:
    made = make_fake()
    yield made
    made.close()


@pytest.fixture
def connector(fake: FakeLabkey) -> LabkeyConnector:
    return opened(LabkeyConnector, fake)


def test_check_says_who_we_are_and_warns_where_orders_have_no_list(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    assert connector.check().identity == "scientist@lab.example.org"
    assert connector.check().warnings == []
    elsewhere = opened(LabkeyConnector, fake, orders_list="Batches")
    assert "no list 'Batches'" in elsewhere.check().warnings[0]
    other_key = opened(LabkeyConnector, fake, orders_key="Batch")
    assert "no column 'Batch'" in other_key.check().warnings[0]


def test_fields_of_samples_orders_and_assays_are_described(connector: LabkeyConnector) -> None:
    fields = {(field.schema, field.name): field for field in connector.describe()}
    assert fields[SAMPLE_TYPE, "Name"].is_required
    assert fields[SAMPLE_TYPE, "Prediction"].type == "float"
    assert (ORDERS, "Campaign") in fields
    assert fields[ASSAY, "Date"].type == "date"


def test_merging_twice_makes_one_sample_and_updates_it(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    first = sent(connector, SAMPLE_TYPE, Structure="CCO", Prediction=1.5)
    again = sent(connector, SAMPLE_TYPE, Structure="CCN")
    assert [item.id for item in first] == [item.id for item in again]
    assert [held.fields["Structure"] for held in fake.materials()] == ["CCN"] * 3
    assert fake.materials()[0].fields["Prediction"] == "1.5", "a column that is not given stays"
    assert first[0].url == (
        f"{fake.address}/labkey/MyLab/Screening%20One/experiment-showMaterial.view?rowId={first[0].id}"
    )


def test_a_lost_answer_is_found_again(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    fake.lose_answers()
    material = Material(key="AF-0A1", name="x", schema=SAMPLE_TYPE)
    with pytest.raises(RetryLaterError):
        connector.put_materials([material])
    assert set(connector.find("material", ["AF-0A1", "AF-0A2"])) == {"AF-0A1"}
    connector.put_materials([material])
    assert len(fake.materials()) == 1


def test_values_with_commas_quotes_and_lines_arrive_whole(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    text = 'a, "b"\nc; d\tÄ'
    sent(connector, SAMPLE_TYPE, ["AF-0A1"], Structure=text)
    assert fake.materials()[0].fields["Structure"] == text


def test_the_readable_name_has_a_column_of_its_own(fake: FakeLabkey) -> None:
    sent(opened(LabkeyConnector, fake, name_column="Label"), SAMPLE_TYPE, ["AF-0A1"])
    assert fake.materials()[0].fields["Label"] == "name of AF-0A1"


def test_names_are_found_whatever_their_case(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    fake.samples["af-0a1"] = {"RowId": 5, "Name": "af-0A1"}
    assert connector.find("material", ["AF-0A1"])["AF-0A1"].id == "5"


def test_one_refused_sample_does_not_hold_up_the_others(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    fake.fail_task_for("AF-0A2", "Structure: value 'x' is not valid")
    answers = connector.put_materials(
        [Material(key=key, name=key, schema=SAMPLE_TYPE, fields={"Structure": "x"}) for key in KEYS]
    )
    assert isinstance(answers[0], RemoteRecord)
    assert isinstance(answers[2], RemoteRecord)
    assert answers[1] == Refused(detail="Structure: value 'x' is not valid")
    assert [held.key for held in fake.materials()] == ["AF-0A1", "AF-0A3"]


def test_a_refusal_that_names_no_row_is_narrowed_down(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    keys = [f"AF-{number:03}" for number in range(9)]
    fake.names_rows = False
    fake.fail_task_for("AF-006", "no")
    answers = connector.put_materials([Material(key=key, name=key, schema=SAMPLE_TYPE) for key in keys])
    assert [isinstance(answer, Refused) for answer in answers] == [key == "AF-006" for key in keys]


def test_a_new_required_field_is_named(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    fake.require_field("Project")
    answers = connector.put_materials([Material(key=key, name=key, schema=SAMPLE_TYPE) for key in KEYS])
    expected = Refused(detail="Missing value for required property: Project", field="Project")
    assert answers == [expected] * 3


@pytest.mark.parametrize(
    ("schema", "fields", "at_fault"),
    [(None, {}, "schema"), ("Nowhere", {}, "schema"), (SAMPLE_TYPE, {"SMILEZ": "C"}, "SMILEZ")],
)
def test_what_an_import_would_ignore_silently_is_refused(
    fake: FakeLabkey,
    connector: LabkeyConnector,
    schema: str | None,
    fields: dict[str, str],
    at_fault: str,
) -> None:
    (answer,) = connector.put_materials([Material(key="AF-1", name="x", schema=schema, fields=fields)])
    assert isinstance(answer, Refused)
    assert answer.field == at_fault
    assert fake.materials() == []


def test_an_order_is_one_row_and_marks_its_samples(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    records = sent(connector, SAMPLE_TYPE)
    order = Order(key="AFR-1", name="Round 1", materials=records[:2], fields={"Campaign": "potency"})
    first = connector.put_order(order)
    assert connector.put_order(order) == first
    (held,) = fake.orders()
    assert (held.key, held.fields["Campaign"], held.materials) == ("AFR-1", "potency", ["AF-0A1", "AF-0A2"])
    assert connector.find("order", ["AFR-1", "AFR-2"]) == {"AFR-1": first}
    assert "Round 1" in fake.audit


def test_an_order_that_was_written_meanwhile_is_updated(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    (record,) = sent(connector, SAMPLE_TYPE, ["AF-0A1"])
    nothing = Answered(200, {"rows": [], "rowCount": 0})
    fake.order_rows["AFR-1"] = {"Key": "AFR-1"}
    fake.answer_instead(nothing, skip=2)
    assert isinstance(connector.put_order(Order(key="AFR-1", name="", materials=[record])), RemoteRecord)
    assert fake.samples["af-0a1"]["AssayflowOrder"] == "AFR-1"


def test_200_with_committed_false_is_refused_with_labkeys_sentence(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    body = {
        "committed": False,
        "errorCount": 1,
        "result": [
            {"errors": {"exception": "x", "errors": [{"id": "Campaign", "msg": "Campaign is too long"}]}}
        ],
    }
    connector.check()
    fake.answer_instead(Answered(200, body), skip=1)
    answer = connector.put_order(Order(key="AFR-1", name=""))
    assert answer == Refused(detail="Campaign is too long", field="Campaign")
    assert fake.orders() == []


def test_an_order_is_refused_where_the_mapping_names_another_list(connector: LabkeyConnector) -> None:
    answer = connector.put_order(Order(key="AFR-1", name="", schema="Elsewhere"))
    assert isinstance(answer, Refused)
    assert answer.field == "schema"


def test_columns_that_an_order_would_write_into_nothing_are_refused(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    records = sent(connector, SAMPLE_TYPE)
    unknown = connector.put_order(Order(key="AFR-1", name="", fields={"Colour": "red"}))
    assert unknown == Refused(detail="'AssayflowOrders' has no column 'Colour'", field="Colour")
    elsewhere = opened(LabkeyConnector, fake, order_column="Batch", status_column="State")
    assert isinstance(elsewhere.put_order(Order(key="AFR-1", name="", materials=records)), Refused)
    assert isinstance(elsewhere.notify(records[0], News(event="measured")), Refused)
    no_list = opened(LabkeyConnector, fake, orders_list="Batches")
    with pytest.raises(RetryLaterError, match="Batches"):
        no_list.find("order", ["AFR-1"])
    assert isinstance(no_list.put_order(Order(key="AFR-1", name="")), Refused)
    assert fake.orders() == []


def test_an_import_without_a_word_is_no_success(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    sent(connector, SAMPLE_TYPE)
    fake.answer_instead(Answered(200, {}))
    with pytest.raises(RetryLaterError, match="neither success nor errors"):
        sent(connector, SAMPLE_TYPE)


def test_a_deleted_sample_is_gone_and_no_order_is_written(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    (record,) = sent(connector, SAMPLE_TYPE, ["AF-0A1"])
    fake.samples.clear()
    with pytest.raises(RecordGoneError, match=record.id):
        connector.put_order(Order(key="AFR-1", name="", materials=[record]))
    assert fake.orders() == []


def test_what_happened_goes_into_the_status_column(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    records = sent(connector, SAMPLE_TYPE)
    order = connector.put_order(Order(key="AFR-1", name="", materials=records))
    assert isinstance(order, RemoteRecord)
    assert connector.notify(records[0], News(event="measured", comment="read by the campaign")) is None
    assert connector.notify(order, News(event="cancelled")) is None
    assert fake.samples["af-0a1"]["Status"] == "measured"
    assert fake.order_rows["AFR-1"]["Status"] == "cancelled"
    assert "read by the campaign" in fake.audit


def test_a_session_that_ended_is_renewed_once(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    connector.find("material", ["AF-1"])
    fake.expire_access(for_ever=False)
    before = fake.n_requests
    assert connector.find("material", ["AF-1"]) == {}
    assert [item.path.rpartition("/")[2] for item in fake.requests[before:]] == [
        "query-getQuery.api",
        "login-whoami.api",
        "query-getQuery.api",
    ]


def test_a_revoked_key_is_denied(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    connector.check()
    fake.expire_access(for_ever=True)
    for call in (connector.check, lambda: connector.find("material", ["AF-1"])):
        before = fake.n_requests
        with pytest.raises(AccessDeniedError, match="guest"):
            call()
        assert fake.n_requests - before <= 2, "asked for once more, and no further"


def test_a_missing_right_is_denied_though_the_status_is_200(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    fake.may_write = False
    with pytest.raises(AccessDeniedError, match="permission to update"):
        connector.put_materials([Material(key="AF-1", name="x", schema=SAMPLE_TYPE)])


@pytest.mark.parametrize(
    "answer",
    [
        Answered(200, b"<html><title>Sign In</title></html>", {"Content-Type": "text/html"}),
        Answered(302, b"", {"Location": "/labkey/login-login.view"}),
        Answered(200, b'{"rows": [{"data"'),
        Answered(200, {"rowCount": 0}),
        Answered(503, b"<html>starting up</html>"),
    ],
    ids=["login page", "redirect", "cut", "no rows", "starting"],
)
def test_what_is_no_answer_is_never_taken_for_one(
    fake: FakeLabkey, connector: LabkeyConnector, answer: Answered
) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    connector.changes(scope, None)
    fake.answer_instead(answer)
    with pytest.raises(RetryLaterError):
        connector.changes(scope, None)


def test_a_proxy_that_asks_for_patience_gets_it(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    fake.rate_limit(7, skip=1)
    with pytest.raises(RetryLaterError) as caught:
        connector.find("material", ["AF-1"])
    assert (caught.value.seconds, caught.value.whole_connector) == (7.0, True)


def test_the_key_is_in_no_error_and_no_log(
    fake: FakeLabkey, connector: LabkeyConnector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent(connector, SAMPLE_TYPE, ["AF-0A1"], Structure="secret-structure")
    fake.expire_access(for_ever=True)
    with pytest.raises(AccessDeniedError) as caught:
        connector.check()
    told = f"{caplog.text}{caught.value}{connector.credentials!r}"
    assert fake.key not in told
    assert "secret-structure" not in told


def test_questions_are_told_from_writes(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    records = sent(connector, SAMPLE_TYPE)
    connector.put_order(Order(key="AFR-1", name="", materials=records))
    connector.describe()
    connector.changes(scope_of(records, "*"), None)
    questions = [connector.is_question(item.method, item.path, item.body) for item in fake.requests]
    assert questions == [item.method == "GET" or not fake.is_write(item) for item in fake.requests]
    assert False in questions


def test_the_zone_must_be_one() -> None:
    with pytest.raises(ValidationError, match="IANA"):
        LabkeySettings(container="x", time_zone="Berlin")
