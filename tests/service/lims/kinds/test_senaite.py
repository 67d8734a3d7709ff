"""The connector to SENAITE, against a fake with the manners of the real site, and against its answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from connector_calls import opened
from fakes.lab import Measurement
from fakes.senaite import SenaiteFake, make_fake
from fakes.server import Answered
from lane_calls import material, pushed, put_all, read_all, records_of

from service.lims.contract import (
    AccessDeniedError,
    News,
    Order,
    RecordGoneError,
    Refused,
    RetryLaterError,
)
from service.lims.kinds.senaite import SenaiteConnector


@pytest.fixture
def fake() -> Iterator[SenaiteFake]:
    made = make_fake()
    yield made
    made.close()


def creations(fake: SenaiteFake) -> list[dict[str, Any]]:
    return [sent.json() for sent in fake.requests if "/create/" in sent.path]


def test_samples_are_written_with_everything_by_uid(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    (record,) = records_of(connector.put_materials([material(1, ClientOrderNumber=3, Priority="2")]))
    (sent,) = creations(fake)
    client, contact = fake.of_type("Client")[0], fake.of_type("Contact")[0]
    assert fake.requests[-1].path.endswith(f"/create/{client['uid']}")
    assert datetime.fromisoformat(sent.pop("DateSampled")).tzinfo is not None
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
    connector = opened(SenaiteConnector, fake)
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
    (answer,) = opened(SenaiteConnector, fake, **settings).put_materials([material(1, **fields)])
    assert isinstance(answer, Refused)
    assert answer.field == field
    assert words in answer.detail
    assert not creations(fake)


def test_two_things_of_one_name_are_not_guessed_between(fake: SenaiteFake) -> None:
    second = fake.add("SampleType", "/senaite/setup/sampletypes", title="Powder")
    connector = opened(SenaiteConnector, fake)
    (answer,) = connector.put_materials([material(1)])
    assert answer == Refused(
        detail="SENAITE has 2 sampletype called 'Powder': give its UID", field="SampleType"
    )
    records_of(connector.put_materials([material(1, SampleType=second["uid"])]))


def test_a_caller_that_looked_before_waits_for_no_second_search(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    put_all(connector, [material(n) for n in range(1, 6)])
    searches = [sent for sent in fake.requests if sent.path.endswith("/search")]
    assert len(searches) == 5
    records_of(connector.put_materials([material(5)]))
    assert len(fake.materials()) == 5


@pytest.mark.parametrize("n_lost", [1, 2, 3])
def test_lost_answers_double_nothing(fake: SenaiteFake, n_lost: int) -> None:
    connector = opened(SenaiteConnector, fake)
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
    connector = opened(SenaiteConnector, fake, analyses=("K59",))
    records_of(connector.put_materials([material(1)]))
    (analysis,) = fake.analyses(fake.samples("c001")[0])
    assert analysis["Keyword"] == "K59"


def test_a_search_for_an_index_that_is_missing_finds_no_wrong_sample(fake: SenaiteFake) -> None:
    pushed(opened(SenaiteConnector, fake), 2)
    for sent in ("getClientSampleID", "getRequestID"):
        fake.forget_index(sent)
    connector = opened(SenaiteConnector, fake)
    assert sorted(connector.find("material", ["c001", "c009"])) == ["c001"]


def test_a_session_that_ended_is_opened_once_again(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 2)
    fake.measure("c001", Measurement("5"))
    pages = read_all(connector, scope)
    fake.expire_access(for_ever=False)
    fake.measure("c002", Measurement("6"))
    # To a stranger the site shows empty lists: they are never taken for results that were removed.
    found = [item for page in read_all(connector, scope, pages) for item in page.measurements]
    assert [(item.about.key, item.fields["Result"], item.standing) for item in found] == [
        ("c002", "6", "final")
    ]
    fake.expire_access(for_ever=False)
    assert sorted(connector.find("material", ["c001", "c002"])) == ["c001", "c002"]
    fake.expire_access(for_ever=False)
    records_of(connector.put_materials([material(3)]))
    fake.expire_access(for_ever=False)
    assert connector.notify(scope.materials[0], News(event="measured", comment="Read.")) is None
    assert len(fake.materials()) == 3


def test_a_user_who_is_locked_out_ends_all_calls(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
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
    connector = opened(SenaiteConnector, fake)
    connector.session.things("client")
    client = fake.of_type("Client")[0]
    client["portal_type"] = "Moved"
    n_logins = len([sent for sent in fake.requests if sent.path.endswith("/login")])
    with pytest.raises(AccessDeniedError, match="not allowed in this container"):
        connector.put_materials([material(1)])
    assert len([sent for sent in fake.requests if sent.path.endswith("/login")]) == n_logins + 1


def test_the_password_is_in_no_address(fake: SenaiteFake) -> None:
    opened(SenaiteConnector, fake).check()
    (login,) = [sent for sent in fake.requests if sent.path.endswith("/login")]
    assert (login.method, dict(login.query)) == ("POST", {})
    assert not any("s3cret" in f"{sent.path}{sent.query}{sent.headers}" for sent in fake.requests)


def test_a_refusal_names_the_field_and_others_go_on(fake: SenaiteFake) -> None:
    fake.fail_task_for("c002", "The sample type is out of use")
    connector = opened(SenaiteConnector, fake)
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
    connector = opened(SenaiteConnector, fake)
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
    connector = opened(SenaiteConnector, fake)
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


@pytest.mark.parametrize("n_lost", range(6))
def test_a_batch_has_its_samples_whatever_answer_is_lost(fake: SenaiteFake, n_lost: int) -> None:
    """The writes are: the batch, three samples that are put in, and the mark that is taken off."""
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 3)
    wanted = Order(key="r001", name="AB12-R1", materials=scope.materials)
    fake.lose_answers(n_lost)
    (record,) = records_of(put_all(connector, [], wanted))
    (held,) = fake.orders()
    assert (held.id, held.key, held.fields["title"]) == (record.id, "r001", "AB12-R1")
    assert sorted(held.materials) == ["c001", "c002", "c003"]
    assert fake.of_type("Batch")[0]["description"] == "Assayflow r001"
    assert records_of([connector.put_order(wanted)])[0].id == record.id
    assert connector.find("order", ["r001", "r00"]).keys() == {"r001"}
    assert connector.notify(record, News(event="cancelled")) is None


def test_a_user_who_may_not_add_batches_still_sends_samples(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    scope = pushed(connector, 1)
    for item in fake.of_type("Client"):
        item["path"] = f"/elsewhere{item['path']}"
    answer = opened(SenaiteConnector, fake).put_order(Order(key="r", name="r", materials=scope.materials))
    assert isinstance(answer, Refused)
    assert "Creation of Batch is not allowed" in answer.detail
    for name in ("folder", "schema"):
        answer = connector.put_order(Order(key="r", name="r", **{name: "Lab 1"}))
        assert isinstance(answer, Refused)
        assert answer.field == name


def test_the_check_says_who_we_are_and_what_is_missing(fake: SenaiteFake) -> None:
    status = opened(SenaiteConnector, fake).check()
    assert (status.identity, status.server, status.warnings) == (
        "Assayflow, a service",
        "SENAITE, senaite.jsonapi 2.6.1",
        [],
    )
    fake.version, fake.roles = "2.6.0", ["Authenticated"]
    warnings = opened(SenaiteConnector, fake, contact="Ada", analyses=("pIC50",)).check().warnings
    assert [
        word in " | ".join(warnings) for word in ("LabClerk", "SenaiteHotfix20260602", "'Ada'", "'pIC50'")
    ] == [True] * 4


def test_services_are_described_by_keyword(fake: SenaiteFake) -> None:
    fields = {(item.schema, item.name): item for item in opened(SenaiteConnector, fake).describe()}
    assert fields["IC50", "Result"].label == "Kinase inhibition"
    assert fields["AnalysisRequest", "Analyses"].options == ["IC50", "EC50"]
    assert fields["AnalysisRequest", "SampleType"].is_required


def test_the_patience_of_a_proxy_is_kept(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    fake.rate_limit(17, skip=3)
    with pytest.raises(RetryLaterError) as caught:
        connector.put_materials([material(n) for n in range(3)])
    assert caught.value.seconds == 17


def test_a_creation_without_an_object_is_looked_for_and_not_repeated(fake: SenaiteFake) -> None:
    connector = opened(SenaiteConnector, fake)
    records_of(connector.put_materials([material(1)]))
    fake.answer_instead(Answered(200, {"count": 0, "items": [], "_runtime": 0.1}), skip=2)
    with pytest.raises(RetryLaterError, match="answered no object"):
        connector.put_materials([material(2)])
