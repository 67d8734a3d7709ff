"""The connector to SENAITE, against a fake with the manners of the real site, and against its answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from connected import LOGIN_PAGE, connect, put_all, read_all, records_of
from fakes.lab import Measurement
from fakes.senaite import SenaiteFake, make_fake
from fakes.server import Answered

from service.lims.contract import (
    AccessDeniedError,
    Material,
    MeasuredRecord,
    News,
    Order,
    Page,
    RecordGoneError,
    Refused,
    RetryLaterError,
    Scope,
)
from service.lims.kinds.senaite import SenaiteConnector


@pytest.fixture
def fake() -> Iterator[SenaiteFake]:
    made = make_fake()
    yield made
    made.close()


def material(n: int, **fields: Any) -> Material:
    return Material(key=f"c{n:03}", name=f"AB12-R1-{n:03}", fields=fields)


def pushed(connector: SenaiteConnector, n: int) -> Scope:
    return Scope(materials=records_of(put_all(connector, [material(i) for i in range(1, n + 1)])))


def measured(pages: list[Page]) -> list[MeasuredRecord]:
    return [item for page in pages for item in page.measurements]


def values(pages: list[Page]) -> list[tuple[str | None, str, str]]:
    """Return key, result and standing of what was read, without what waits for a result, in order."""
    found = [item for item in measured(pages) if item.fields.get("Result") or item.standing == "withdrawn"]
    return [(item.about.key, item.fields.get("Result", ""), item.standing) for item in found]


def creations(fake: SenaiteFake) -> list[dict[str, Any]]:
    return [sent.json() for sent in fake.requests if "/create/" in sent.path]


def test_samples_are_written_with_everything_by_uid(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    (record,) = records_of(connector.put_materials([material(1, ClientOrderNumber=3, Priority="2")]))
    (sent,) = creations(fake)
    client, contact = fake.of_type("Client")[0], fake.of_type("Contact")[0]
    assert fake.requests[-1].path.endswith(f"/create/{client['uid']}")
    assert sent.pop("DateSampled")[:2] == "20"
    assert sent == {
        "Contact": contact["uid"],
        "SampleType": fake.of_type("SampleType")[0]["uid"],
        "Analyses": [fake.of_type("AnalysisService")[0]["uid"]],
        "ClientSampleID": "c001",
        "ClientReference": "AB12-R1-001",
        "ClientOrderNumber": 3,
        "Priority": "2",
    }
    (sample,) = fake.samples("c001")
    assert (record.id, record.key, record.state) == (sample["uid"], "c001", "sample_due")
    assert record.url == sample["url"]


def test_a_link_may_choose_other_analyses_client_and_template(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    records_of(connector.put_materials([material(1, Analyses="EC50, Kinase inhibition", Client="Others")]))
    records_of(connector.put_materials([material(2, Template="Both")]))
    keywords = [sorted(item["Keyword"] for item in fake.analyses(fake.samples(f"c00{n}")[0])) for n in (1, 2)]
    assert keywords == [["EC50", "IC50"], ["IC50"]]
    contact = creations(fake)[0]["Contact"]
    assert fake.objects[contact]["parent_path"] == fake.of_type("Client")[1]["path"]


@pytest.mark.parametrize(
    ("settings", "fields", "field", "words"),
    [
        ({}, {"Client": "Nobody"}, "Client", "no client called 'Nobody'"),
        ({"contact": "Ada"}, {}, "Contact", "no contact called 'Ada'"),
        ({"sample_type": None}, {}, "SampleType", "say which sample type"),
        ({"analyses": ()}, {}, "Analyses", "say which analyses"),
        ({}, {"Analyses": "IC50,pIC50"}, "Analyses", "no analysisservice called 'pIC50'"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_sent(
    fake: SenaiteFake, settings: dict[str, Any], fields: dict[str, Any], field: str, words: str
) -> None:
    (answer,) = connect(SenaiteConnector, fake, **settings).put_materials([material(1, **fields)])
    assert isinstance(answer, Refused)
    assert answer.field == field
    assert words in answer.detail
    assert not creations(fake)


def test_two_things_of_one_name_are_not_guessed_between(fake: SenaiteFake) -> None:
    second = fake.add("SampleType", "/senaite/setup/sampletypes", title="Powder")
    connector = connect(SenaiteConnector, fake)
    (answer,) = connector.put_materials([material(1)])
    assert answer == Refused(
        detail="SENAITE has 2 sampletype called 'Powder': give its UID", field="SampleType"
    )
    records_of(connector.put_materials([material(1, SampleType=second["uid"])]))


@pytest.mark.parametrize("n_lost", [1, 2, 3])
def test_lost_answers_double_nothing(fake: SenaiteFake, n_lost: int) -> None:
    connector = connect(SenaiteConnector, fake)
    fake.lose_answers(n_lost)
    records = records_of(put_all(connector, [material(n) for n in range(1, 4)]))
    assert sorted(held.key for held in fake.materials()) == ["c001", "c002", "c003"]
    assert {record.id for record in records} == {held.id for held in fake.materials()}
    records_of(connector.put_materials([material(2)]))
    assert len(fake.materials()) == 3


@pytest.mark.parametrize("page_size", [25, 2])
def test_setup_is_read_over_all_pages(fake: SenaiteFake, page_size: int) -> None:
    for n in range(60):
        fake.add("AnalysisService", "/senaite/setup/services", title=f"S{n}", getKeyword=f"K{n}", Unit="nM")
    fake.set_page_size(page_size)
    connector = connect(SenaiteConnector, fake, analyses=("K59",))
    records_of(connector.put_materials([material(1)]))
    (analysis,) = fake.analyses(fake.samples("c001")[0])
    assert analysis["Keyword"] == "K59"


def test_a_search_for_an_index_that_is_missing_finds_no_wrong_sample(fake: SenaiteFake) -> None:
    pushed(connect(SenaiteConnector, fake), 2)
    for sent in ("getClientSampleID", "getRequestID"):
        fake.forget_index(sent)
    connector = connect(SenaiteConnector, fake)
    assert sorted(connector.find("material", ["c001", "c009"])) == ["c001"]


def test_unpublished_results_are_preliminary_unless_verified_ones_count(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    (analysis,) = fake.analyses(fake.samples("c001")[0])
    fake.set_result(analysis, Measurement("12.50"))
    standings = []
    pages = read_all(connector, scope)
    for state in ("to_be_verified", "verified", "published"):
        analysis["review_state"] = state
        pages = read_all(connector, scope, pages)
        standings += [item.standing for item in measured(pages)]
    assert standings == ["preliminary", "preliminary", "final"]
    analysis["review_state"] = "verified"
    (item,) = measured(read_all(connect(SenaiteConnector, fake, counts="verified"), scope))
    assert (item.standing, item.fields["Result"], item.source) == ("final", "12.50", "IC50")
    assert item.measured_at is not None


def test_a_retracted_analysis_is_withdrawn_and_its_retest_is_final(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    first = fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    assert values(pages) == [("c001", "12.50", "final")]
    fake.withdraw(first)
    pages = read_all(connector, scope, pages)
    withdrawn, retest = measured(pages)
    assert (withdrawn.id, withdrawn.standing, retest.standing) == (first, "withdrawn", "preliminary")
    second = fake.measure("c001", Measurement("13"))
    pages = read_all(connector, scope, pages)
    (item,) = measured(pages)
    assert (item.id, item.fields["Result"], item.standing) == (second, "13", "final")
    assert item.fields["RetestOf"] == first
    assert not measured(read_all(connector, scope, pages))


def test_a_corrected_result_withdraws_the_former_one(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    first = fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    fake.correct(first, Measurement("30", relation=">", units="uM"))
    assert values(read_all(connector, scope, pages)) == [
        ("c001", "12.50", "withdrawn"),
        ("c001", "30", "final"),
    ]


def test_an_invalid_sample_counts_no_more_and_its_retest_does(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement("12.50"))
    pages = read_all(connector, scope)
    fake.invalidate("c001")
    fake.measure("c001", Measurement("14"))
    assert values(read_all(connector, scope, pages)) == [
        ("c001", "12.50", "withdrawn"),
        ("c001", "14", "final"),
    ]


@pytest.mark.parametrize(
    ("relation", "value", "units"), [("<", "10", "nM"), (">", "30", "uM"), ("=", "7.10", "nM")]
)
def test_the_operand_of_a_limit_is_a_relation(
    fake: SenaiteFake, relation: str, value: str, units: str
) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement(value, relation=relation, units=units))
    (item,) = measured(read_all(connector, scope))
    assert (item.fields["Relation"], item.fields["Result"], item.fields["Unit"]) == (relation, value, units)


def test_a_rejected_analysis_is_an_outcome_and_a_removed_one_is_withdrawn(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    rejected = fake.analyses(fake.samples("c001")[0])[0]
    fake.samples("c001")[0]["review_state"] = "sample_received"
    rejected["review_state"] = "rejected"
    removed = fake.measure("c002", Measurement("1"))
    pages = read_all(connector, scope)
    assert [item.fields["Outcome"] for item in measured(pages)] == ["rejected", ""]
    del fake.objects[removed]
    (item,) = measured(read_all(connector, scope, pages))
    assert (item.id, item.source, item.standing) == (removed, "IC50", "withdrawn")


def test_many_samples_are_read_over_pages_once(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 45)
    for n in range(1, 46):
        fake.measure(f"c{n:03}", Measurement(str(n)))
    fake.set_page_size(2)
    pages = read_all(connector, scope)
    assert len(pages) == 3
    assert sorted(values(pages)) == [(f"c{n:03}", str(n), "final") for n in range(1, 46)]
    assert not measured(read_all(connector, scope, pages))
    assert json.loads(pages[0].content)[0]["items"]


def test_a_session_that_ended_is_opened_once_again(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    fake.measure("c001", Measurement("5"))
    pages = read_all(connector, scope)
    fake.expire_access(for_ever=False)
    fake.measure("c002", Measurement("6"))
    # To a stranger the site shows empty lists: they are never taken for results that were removed.
    assert values(read_all(connector, scope, pages)) == [("c002", "6", "final")]
    fake.expire_access(for_ever=False)
    assert sorted(connector.find("material", ["c001", "c002"])) == ["c001", "c002"]
    fake.expire_access(for_ever=False)
    records_of(connector.put_materials([material(3)]))
    fake.expire_access(for_ever=False)
    assert connector.notify(scope.materials[0], News(event="measured", comment="Read.")) is None
    assert len(fake.materials()) == 3


def test_a_user_who_is_locked_out_ends_all_calls(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.expire_access(for_ever=True)
    for call in (
        lambda: connector.changes(scope, None),
        lambda: connector.find("material", ["c001"]),
        lambda: connector.put_materials([material(2)]),
        connector.check,
    ):
        with pytest.raises(AccessDeniedError, match="Invalid Credentials"):
            call()


def test_a_refusal_after_a_new_login_is_a_denial(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    connector.session.things("client")
    client = fake.of_type("Client")[0]
    client["portal_type"] = "Moved"
    n_logins = len([sent for sent in fake.requests if sent.path.endswith("/login")])
    with pytest.raises(AccessDeniedError, match="not allowed in this container"):
        connector.put_materials([material(1)])
    assert len([sent for sent in fake.requests if sent.path.endswith("/login")]) == n_logins + 1


def test_the_password_is_in_no_address(fake: SenaiteFake) -> None:
    connect(SenaiteConnector, fake).check()
    (login,) = [sent for sent in fake.requests if sent.path.endswith("/login")]
    assert (login.method, dict(login.query)) == ("POST", {})
    assert not any("s3cret" in f"{sent.path}{sent.query}{sent.headers}" for sent in fake.requests)


def test_a_refusal_names_the_field_and_others_go_on(fake: SenaiteFake) -> None:
    fake.fail_task_for("c002", "The sample type is out of use")
    connector = connect(SenaiteConnector, fake)
    answers = connector.put_materials([material(n) for n in (1, 2, 3)])
    assert answers[1] == Refused(detail="The sample type is out of use")
    assert sorted(held.key for held in fake.materials()) == ["c001", "c003"]
    fake.require_field("StorageLocation")
    (answer,) = connector.put_materials([material(4)])
    assert answer == Refused(
        detail="StorageLocation: StorageLocation is required, please correct.", field="StorageLocation"
    )


def test_a_refused_sample_that_stayed_behind_is_named_and_not_doubled(fake: SenaiteFake) -> None:
    fake.keeps_refused = True
    fake.fail_task_for("c001", "No Objects could be created")
    connector = connect(SenaiteConnector, fake)
    (answer,) = connector.put_materials([material(1)])
    assert isinstance(answer, Refused)
    (sample,) = fake.samples("c001")
    assert sample["url"] in answer.detail
    records_of(put_all(connector, [material(1)]))
    assert len(fake.samples("c001")) == 1
    sample["review_state"] = "cancelled"
    fake.refused.clear()
    records_of(put_all(connector, [material(1)]))
    assert len(fake.samples("c001")) == 2


def test_people_are_told_once_and_a_sample_is_cancelled_before_it_arrives(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 3)
    news = News(event="measured", comment="IC50 of 12.5 nM was read.")
    for _ in range(2):
        assert connector.notify(scope.materials[0], news) is None
    contents = [item["content"] for item in fake.samples("c001")[0]["Remarks"]]
    assert contents == ["Assayflow: IC50 of 12.5 nM was read."]
    for _ in range(2):
        assert connector.notify(scope.materials[1], News(event="cancelled")) is None
    assert fake.samples("c002")[0]["review_state"] == "cancelled"
    fake.measure("c003", Measurement("1"))
    answer = connector.notify(scope.materials[2], News(event="cancelled"))
    assert isinstance(answer, Refused)
    assert "published" in answer.detail
    del fake.objects[scope.materials[0].id]
    with pytest.raises(RecordGoneError):
        connector.notify(scope.materials[0], news)


def test_there_are_no_orders(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    assert not connector.manners.sends_orders
    assert connector.find("order", ["r"]) == {}
    assert isinstance(connector.put_order(Order(key="r", name="AB12-R1")), Refused)


def test_the_check_says_who_we_are_and_what_is_missing(fake: SenaiteFake) -> None:
    status = connect(SenaiteConnector, fake).check()
    assert (status.identity, status.server, status.warnings) == (
        "Assayflow, a service",
        "SENAITE, senaite.jsonapi 2.6.1",
        [],
    )
    fake.version, fake.roles = "2.6.0", ["Authenticated"]
    warnings = connect(SenaiteConnector, fake, contact="Ada", analyses=("pIC50",)).check().warnings
    assert [
        word in " | ".join(warnings) for word in ("LabClerk", "SenaiteHotfix20260602", "'Ada'", "'pIC50'")
    ] == [True] * 4


def test_services_are_described_by_keyword(fake: SenaiteFake) -> None:
    fields = {(item.schema, item.name): item for item in connect(SenaiteConnector, fake).describe()}
    assert fields["IC50", "Result"].label == "Kinase inhibition"
    assert fields["AnalysisRequest", "Analyses"].options == ["IC50", "EC50"]
    assert fields["AnalysisRequest", "SampleType"].is_required


@pytest.mark.parametrize("skip", range(6))
def test_a_page_of_a_proxy_is_never_an_answer(fake: SenaiteFake, skip: int) -> None:
    """Of a pull, the requests are: login, sample, analyses, another sample, its analyses, whether it held."""
    scope = pushed(connect(SenaiteConnector, fake), 2)
    fake.measure("c001", Measurement("5"))
    fake.measure("c002", Measurement("6"))
    connector = connect(SenaiteConnector, fake)
    fake.answer_instead(LOGIN_PAGE, skip=skip)
    with pytest.raises(RetryLaterError, match="text/html"):
        connector.changes(scope, None)
    assert len(values(read_all(connector, scope))) == 2


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"items": [', b'{"success": false, "message": "x"}'])
def test_json_of_something_else_withdraws_nothing(fake: SenaiteFake, body: bytes) -> None:
    connector = connect(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement("1"))
    pages = read_all(connector, scope)
    for skip in (0, 1):
        fake.answer_instead(Answered(200, body), skip=skip)
        with pytest.raises(RetryLaterError):
            read_all(connector, scope, pages)
    assert not measured(read_all(connector, scope, pages))


def test_the_patience_of_a_proxy_is_kept(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    fake.rate_limit(17, skip=3)
    with pytest.raises(RetryLaterError) as caught:
        connector.put_materials([material(n) for n in range(3)])
    assert caught.value.seconds == 17


RECORDED = {
    "created": (
        b'{"count": 1, "items": [{"uid": "5f0c", "id": "FE-0001", "path": "/plone/clients/client-7/FE-0001", '
        b'"url": "http://nohost/plone/clients/client-7/FE-0001", "portal_type": "AnalysisRequest", '
        b'"api_url": "http://nohost/plone/@@API/senaite/v1/analysisrequest/5f0c"}], "_runtime": 0.45}'
    ),
    "sample": (
        b'{"count": 1, "pagesize": 25, "page": 1, "pages": 1, "next": null, "previous": null, '
        b'"items": [{"uid": "5f0c", "id": "FE-0001", "getClientSampleID": "c001", '
        b'"review_state": "published"}], "_runtime": 0.1}'
    ),
    "analyses": (
        b'{"count": 1, "pagesize": 25, "page": 1, "pages": 1, "next": null, "previous": null, '
        b'"_runtime": 0.2, "items": [{"uid": "a1", "id": "Sal", "portal_type": "Analysis", '
        b'"getRequestID": "FE-0001", "Keyword": "Sal", "title": "Salmonella", "Result": "0.050", '
        b'"DetectionLimitOperand": "<", "Unit": "cfu/g", "Uncertainty": null, "review_state": "published", '
        b'"Remarks": "", "RetestOf": null, "ResultCaptureDate": "2024-01-03T10:15:00+01:00", '
        b'"isRetest": false, "getFormattedResult": "< 0.05"}]}'
    ),
    "allowed": b'{"_runtime": 0.0004}',
}
"""Answers as the site's own tests have them, shortened, with other names and numbers."""


def test_recorded_answers_are_understood(fake: SenaiteFake) -> None:
    connector = connect(SenaiteConnector, fake)
    connector.put_materials([material(9)])
    # What is set up is known by now: a search, whether the session held, and the creation.
    fake.answer_instead(Answered(200, RECORDED["created"]), skip=2)
    (record,) = records_of(connector.put_materials([material(1)]))
    assert (record.id, record.key, record.url) == (
        "5f0c",
        "c001",
        "http://nohost/plone/clients/client-7/FE-0001",
    )
    for skip, name in enumerate(("sample", "analyses", "allowed")):
        fake.answer_instead(Answered(200, RECORDED[name]), skip=skip)
    (item,) = measured([connector.changes(Scope(materials=[record]), None)])
    assert (item.id, item.source, item.standing) == ("a1", "Sal", "final")
    assert [item.fields[name] for name in ("Relation", "Result", "Unit", "Sample")] == [
        "<",
        "0.050",
        "cfu/g",
        "FE-0001",
    ]
    assert item.measured_at is not None
    assert item.measured_at.isoformat() == "2024-01-03T10:15:00+01:00"
