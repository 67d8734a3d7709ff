"""The openBIS connector against a fake server: codes as natural keys, sessions, refusals, orders."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from connector_calls import KEYS, opened, sent
from fakes.openbis import FakeOpenbis, make_fake
from fakes.openbis_server import COMPOUND, RESULT
from fakes.server import Answered
from pydantic import ValidationError

from service.lims.contract import (
    AccessDeniedError,
    Connector,
    Material,
    News,
    Order,
    RecordGoneError,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Scope,
)
from service.lims.kinds.openbis import OpenbisConnector, OpenbisCredentials

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake() -> Iterator[FakeOpenbis]:
    made = make_fake()
    yield made
    made.close()


@pytest.fixture
def connector(fake: FakeOpenbis) -> OpenbisConnector:
    return opened(OpenbisConnector, fake)


def with_token(fake: FakeOpenbis) -> OpenbisConnector:
    made = opened(OpenbisConnector, fake)
    credentials = OpenbisCredentials.model_validate({"personal_access_token": fake.token()})
    return OpenbisConnector(made.settings, credentials, made.environment)


def methods(fake: FakeOpenbis, since: int) -> list[str]:
    return [item.json()["method"] for item in fake.requests[since:]]


def materials(*keys: str, **fields: Any) -> list[Material]:
    return [Material(key=key, name=key, schema=COMPOUND, fields=fields) for key in keys]


def test_check_says_who_we_are_and_warns_of_places_that_are_not_seen(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    status = connector.check()
    assert (status.identity, status.server, status.warnings) == ("scientist", "openBIS 20.10.12", [])
    elsewhere = opened(OpenbisConnector, fake, space="other").check()
    assert [word in elsewhere.warnings[place] for place, word in enumerate(("OTHER", "/OTHER/SCREENING"))]


def test_types_are_described_with_mandatory_properties_and_terms(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    fake.require_field("project_code")
    fields = {(field.schema, field.name): field for field in connector.describe()}
    assert fields[COMPOUND, "PROJECT_CODE"].is_required
    assert fields[COMPOUND, "PREDICTION"].type == "REAL"
    assert fields[RESULT, "RELATION"].options == ["EQ", "GT", "LT"]
    assert ("DEFAULT_EXPERIMENT", "CAMPAIGN") in fields
    assert ("RAW_DATA", "VALUE") in fields


def test_a_code_twice_is_one_sample_and_an_update(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    first = sent(connector, COMPOUND, smiles="CCO", Prediction=1.25)
    again = sent(connector, COMPOUND, SMILES="CCN")
    assert [item.id for item in first] == [item.id for item in again]
    assert [held.fields for held in fake.materials()] == [{"SMILES": "CCN", "PREDICTION": "1.25"}] * 3
    assert first[0].url == (
        f"{fake.address}/openbis/webapp/eln-lims/?menuUniqueId=null"
        f"&viewName=showSamplePageFromPermId&viewData={first[0].id}"
    )


def test_keys_in_small_letters_map_back(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    (record,) = sent(connector, COMPOUND, ["af-1b.x_2"])
    assert record.key == "af-1b.x_2"
    assert fake.materials()[0].key == "AF-1B.X_2"
    assert connector.find("material", ["af-1b.x_2"])["af-1b.x_2"].id == record.id


def test_a_lost_answer_is_found_again(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    connector.check()
    fake.lose_answers()
    with pytest.raises(RetryLaterError):
        connector.put_materials(materials("AF-1"))
    assert set(connector.find("material", ["AF-1", "AF-2"])) == {"AF-1"}
    connector.put_materials(materials("AF-1", "AF-2"))
    assert [held.key for held in fake.materials()] == ["AF-1", "AF-2"]


def test_a_sample_that_somebody_created_meanwhile_is_updated(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    (there,) = sent(connector, COMPOUND, ["AF-1"])
    nothing = Answered(200, {"result": {"objects": [], "totalCount": 0}})
    fake.answer_instead(nothing)
    answers = connector.put_materials(materials("AF-1", "AF-2", SMILES="CCO"))
    assert [item.key for item in answers if isinstance(item, RemoteRecord)] == ["AF-1", "AF-2"]
    assert [held.fields.get("SMILES") for held in fake.materials()] == ["CCO", "CCO"]
    assert fake.materials()[0].id == there.id


def test_one_refused_sample_does_not_hold_up_the_others(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    fake.fail_task_for("AF-0A2", "Property 'SMILES' does not match the pattern.")
    answers = connector.put_materials(materials(*KEYS, SMILES="x"))
    expected = Refused(detail="Property 'SMILES' does not match the pattern.", field="SMILES")
    assert [answer == expected for answer in answers] == [False, True, False]
    assert [held.key for held in fake.materials()] == ["AF-0A1", "AF-0A3"]


def test_a_code_in_the_trash_is_refused_in_the_servers_words(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    (record,) = sent(connector, COMPOUND, ["AF-1"])
    fake.withdraw(record.id)
    answers = connector.put_materials(materials("AF-1", "AF-2"))
    assert isinstance(answers[0], Refused)
    assert answers[0].detail == (
        "Insert/Update of sample (code: AF-1) failed because sample with the same code already exists."
    )
    assert isinstance(answers[1], RemoteRecord)


def test_a_new_mandatory_property_is_named(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    fake.require_field("PROJECT_CODE")
    before = fake.n_requests
    answers = connector.put_materials(materials(*KEYS, SMILES="C"))
    detail = "Value of mandatory property 'PROJECT_CODE' not specified."
    assert answers == [Refused(detail=detail, field="PROJECT_CODE")] * 3
    assert "createSamples" not in methods(fake, before)


def test_a_mandatory_property_that_was_added_meanwhile_is_named_by_the_server(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    sent(connector, COMPOUND, ["AF-0"])
    fake.require_field("PROJECT_CODE")
    (answer,) = connector.put_materials(materials("AF-1"))
    detail = "Value of mandatory property 'PROJECT_CODE' not specified."
    assert answer == Refused(detail=detail, field="PROJECT_CODE")


@pytest.mark.parametrize(
    ("material", "at_fault"),
    [
        (Material(key="AF 1", name="x", schema=COMPOUND), None),
        (Material(key="AF-1", name="x"), "schema"),
        (Material(key="AF-1", name="x", schema="NOWHERE"), "schema"),
        (Material(key="AF-1", name="x", schema=COMPOUND, fields={"SMILEZ": "C"}), "SMILEZ"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(
    fake: FakeOpenbis, connector: OpenbisConnector, material: Material, at_fault: str | None
) -> None:
    (answer,) = connector.put_materials([material])
    assert isinstance(answer, Refused)
    assert answer.field == at_fault
    assert fake.materials() == []


def test_an_order_is_one_experiment_with_its_samples(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    records = sent(connector, COMPOUND)
    order = Order(key="afr-1", name="Round 1", materials=records[:2], fields={"campaign": "potency"})
    first = connector.put_order(order)
    again = connector.put_order(order)
    assert isinstance(first, RemoteRecord)
    assert isinstance(again, RemoteRecord)
    assert (first.id, first.key) == (again.id, "afr-1")
    (held,) = fake.orders()
    assert (held.key, held.fields, held.materials) == ("AFR-1", {"CAMPAIGN": "potency"}, ["AF-0A1", "AF-0A2"])
    assert set(connector.find("order", ["afr-1", "afr-2"])) == {"afr-1"}
    assert set(connector.find("material", KEYS)) == set(KEYS), "found though they moved to a project"


def test_an_order_whose_answer_was_lost_is_made_once(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    (record,) = sent(connector, COMPOUND, ["AF-1"])
    fake.lose_answers()
    order = Order(key="AFR-1", name="", materials=[record])
    with pytest.raises(RetryLaterError):
        connector.put_order(order)
    connector.put_order(order)
    assert [(held.key, held.materials) for held in fake.orders()] == [("AFR-1", ["AF-1"])]


def test_an_order_for_a_trashed_sample_writes_nothing(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    (record,) = sent(connector, COMPOUND, ["AF-1"])
    fake.withdraw(record.id)
    with pytest.raises(RecordGoneError, match=record.id):
        connector.put_order(Order(key="AFR-1", name="", materials=[record]))
    assert fake.orders() == []


def test_an_order_with_a_property_that_there_is_not_is_refused(connector: OpenbisConnector) -> None:
    answer = connector.put_order(Order(key="AFR-1", name="", fields={"COLOUR": "red"}))
    assert answer == Refused(detail="Property type with code 'COLOUR' does not exist!", field="COLOUR")


def test_an_order_of_a_type_that_there_is_not_is_refused(connector: OpenbisConnector) -> None:
    answer = connector.put_order(Order(key="AFR-1", name="", schema="nowhere"))
    assert isinstance(answer, Refused)
    assert answer.detail == "Object with EntityTypePermId = [NOWHERE (EXPERIMENT)] has not been found."


def test_what_happened_goes_into_the_property(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    records = sent(connector, COMPOUND)
    order = connector.put_order(Order(key="AFR-1", name="", materials=records))
    assert isinstance(order, RemoteRecord)
    assert connector.notify(records[0], News(event="measured")) is None
    assert connector.notify(order, News(event="cancelled")) is None
    assert fake.materials()[0].fields["STATUS"] == "measured"
    assert fake.orders()[0].fields["STATUS"] == "cancelled"
    fake.withdraw(records[0].id)
    with pytest.raises(RecordGoneError):
        connector.notify(records[0], News(event="measured"))


def test_an_expired_session_is_renewed_once(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    connector.check()
    fake.expire_access(for_ever=False)
    before = fake.n_requests
    assert connector.find("material", ["AF-1"]) == {}
    assert methods(fake, before) == ["searchSamples", "login", "searchSamples"]


def test_a_changed_password_is_denied_after_one_attempt(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    connector.check()
    fake.expire_access(for_ever=True)
    before = fake.n_requests
    with pytest.raises(AccessDeniedError, match="name and password"):
        connector.find("material", ["AF-1"])
    assert methods(fake, before) == ["searchSamples", "login"]


def test_a_session_that_ends_again_and_again_is_denied(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    connector.check()
    gone = Answered(200, {"error": {"message": "Session no longer available. Please login again."}})
    fake.answer_instead(gone)
    fake.answer_instead(gone, skip=2)
    with pytest.raises(AccessDeniedError, match="no longer available"):
        connector.find("material", ["AF-1"])


def test_a_personal_access_token_survives_a_restart_and_is_denied_when_it_expired(fake: FakeOpenbis) -> None:
    connector = with_token(fake)
    assert connector.check().identity == "scientist"
    fake.expire_access(for_ever=False)
    assert connector.find("material", ["AF-1"]) == {}
    fake.expire_access(for_ever=True)
    before = fake.n_requests
    with pytest.raises(AccessDeniedError, match="is invalid"):
        connector.find("material", ["AF-1"])
    assert methods(fake, before) == ["searchSamples"]


def test_a_missing_right_is_denied(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    fake.may_write = False
    with pytest.raises(AccessDeniedError, match="PROJECT_USER"):
        connector.put_materials(materials("AF-1"))


@pytest.mark.parametrize(
    "answer",
    [
        Answered(200, b"<html><title>openBIS is starting</title></html>", {"Content-Type": "text/html"}),
        Answered(302, b"", {"Location": "https://sso.example.org/login"}),
        Answered(200, b'{"result": {"objects": ['),
        Answered(200, {"id": "1"}),
        Answered(200, ["no object"]),
        Answered(404, b"<html>not here</html>"),
        Answered(502, b"<html>bad gateway</html>"),
    ],
    ids=["page", "redirect", "cut", "nothing", "list", "elsewhere", "gateway"],
)
def test_what_is_no_answer_is_never_taken_for_one(
    fake: FakeOpenbis, connector: OpenbisConnector, answer: Answered
) -> None:
    connector.check()
    fake.answer_instead(answer)
    with pytest.raises(RetryLaterError):
        connector.find("material", ["AF-1"])


@pytest.mark.parametrize("message", ["Search failed", None])
def test_a_refusal_to_read_is_no_answer(
    fake: FakeOpenbis, connector: OpenbisConnector, message: str | None
) -> None:
    connector.check()
    fake.answer_instead(Answered(200, {"error": {"message": message}}))
    with pytest.raises(RetryLaterError, match=message or "no reason given") as caught:
        connector.find("material", ["AF-1"])
    assert not caught.value.whole_connector


def test_a_proxy_that_asks_for_patience_gets_it(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    connector.check()
    fake.rate_limit(9)
    with pytest.raises(RetryLaterError) as caught:
        connector.find("material", ["AF-1"])
    assert (caught.value.seconds, caught.value.whole_connector) == (9.0, True)


def test_neither_token_nor_password_is_in_an_error_or_a_log(
    fake: FakeOpenbis, connector: Connector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    by_token, secrets = with_token(fake), [fake.password, fake.token()]
    connector.check()
    secrets += fake.sessions
    fake.expire_access(for_ever=True)
    told = [caplog.text, repr(connector.credentials), repr(by_token.credentials)]
    for item in (connector, by_token):
        with pytest.raises(AccessDeniedError) as caught:
            item.check()
        told += [str(caught.value), str(caught.value.__cause__)]
    assert not [secret for secret in secrets if secret in " ".join(told)]


def test_questions_are_told_from_writes(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    records = sent(connector, COMPOUND)
    connector.put_order(Order(key="AFR-1", name="", materials=records))
    connector.check()
    connector.changes(Scope(materials=records, sources=["*"]), None)
    questions = [connector.is_question(item.method, item.path, item.body) for item in fake.requests]
    assert questions == [not fake.is_write(item) for item in fake.requests]
    assert False in questions
    assert not connector.is_question("POST", "/x", b"no JSON")


@pytest.mark.parametrize(
    "given",
    [{}, {"user": "x"}, {"password": "y"}, {"personal_access_token": "$pat-x", "user": "x", "password": "y"}],
)
def test_credentials_are_a_token_or_a_name_with_a_password(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="give a personal access token, or a user"):
        OpenbisCredentials.model_validate(given)
