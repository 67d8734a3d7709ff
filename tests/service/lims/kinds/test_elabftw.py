"""The connector to eLabFTW, against a fake with the manners of the real server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from connector_calls import opened
from fakes.elabftw import ElabftwFake, make_fake
from fakes.lab import Measurement
from fakes.server import Answered
from lane_calls import LOGIN_PAGE, put_all, read_all, records_of

from service.lims.contract import (
    AccessDeniedError,
    File,
    Material,
    News,
    Order,
    Page,
    RecordGoneError,
    Refused,
    RemoteRecord,
    RetryLaterError,
    Scope,
    Structure,
)
from service.lims.kinds.elabftw import ElabftwConnector

ASPIRIN = Structure(format="smiles", text="CC(=O)Oc1ccccc1C(=O)O")
INCHIKEY = "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
TABLE = b"candidate_id,type,value,units\nc001,IC50,12.50,nM\n"


@pytest.fixture
def fake() -> Iterator[ElabftwFake]:
    made = make_fake()
    yield made
    made.close()


def material(n: int, **fields: Any) -> Material:
    return Material(key=f"c{n:03}", name=f"AB12-R1-{n:03}", schema="Sample", structure=ASPIRIN, fields=fields)


def order(records: list[RemoteRecord], files: tuple[File, ...] = ()) -> Order:
    return Order(key="r001", name="AB12-R1", schema="Screen", materials=records, files=files)


def pushed(connector: ElabftwConnector, n: int, files: tuple[File, ...] = ()) -> Scope:
    materials = records_of(put_all(connector, [material(i) for i in range(1, n + 1)]))
    (experiment,) = records_of([connector.put_order(order(materials, files))])
    return Scope(materials=materials, orders=[experiment])


def values(pages: list[Page]) -> list[tuple[str, str, str]]:
    """Return key, value and standing of what was read, in order."""
    found = [item for page in pages for item in page.measurements]
    return [(item.about.key or "", item.fields.get("Value", ""), item.standing) for item in found]


def writes(fake: ElabftwFake) -> list[tuple[str, str]]:
    return [(sent.method, sent.path) for sent in fake.requests if sent.method != "GET"]


def test_a_batch_is_written_with_its_fields_links_and_files(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    template = File(name="batch.csv", media_type="text/csv", content=b"candidate_id,value\nc001,\n")
    scope = pushed(connector, 3, (template,))
    (first, *_), (experiment,) = fake.materials(), fake.orders()
    assert first.fields["SMILES"] == ASPIRIN.text
    assert first.fields["assayflow_key"] == "c001"
    assert fake.entities["items"][int(first.id)]["title"] == "AB12-R1-001"
    assert (experiment.key, list(experiment.materials)) == ("r001", ["c001", "c002", "c003"])
    assert fake.entities["experiments"][int(experiment.id)]["body"] == "<p>Protocol 7</p>"
    assert [fake.contents[id_] for id_ in fake.uploads] == [("text/csv", template.content)]
    assert scope.materials[0].url == f"{fake.base_url}/database.php?mode=view&id={first.id}"
    assert not any(page.files or page.measurements for page in read_all(connector, scope))


def test_an_old_server_that_ignores_metadata_gets_the_fields_all_the_same(fake: ElabftwFake) -> None:
    fake.ignores_metadata_on_post = True
    put_all(opened(ElabftwConnector, fake), [material(1, Why="best of its kind", Potency=7.25, Hit=True)])
    (held,) = fake.materials()
    assert held.fields == {
        "Value": "",
        "Relation": "=",
        "Units": "nM",
        "Outcome": "",
        "Why": "best of its kind",
        "Potency": "7.25",
        "Hit": "on",
        "SMILES": ASPIRIN.text,
        "assayflow_key": "c001",
    }


def test_the_metadata_of_people_is_merged_and_never_set(fake: ElabftwFake) -> None:
    pushed(opened(ElabftwConnector, fake), 2)
    bodies = [sent.json() for sent in fake.requests if sent.method == "PATCH"]
    assert len(bodies) == 3
    assert all("metadatamerge" in body and "metadata" not in body for body in bodies)
    fields = fake.entities["items"][int(fake.materials()[0].id)]["metadata"]["extra_fields"]
    assert fields["Units"]["options"] == ["nM", "uM"]


def test_a_server_before_merging_is_named_as_such_and_left_alone(fake: ElabftwFake) -> None:
    fake.version = 50500
    connector = opened(ElabftwConnector, fake)
    assert "5.6" in connector.check().warnings[0]
    (answer,) = connector.put_materials([material(1)])
    assert answer == Refused(detail="Invalid update target.: metadatamerge")
    fake.version = 50600
    records_of(connector.put_materials([material(1)]))
    assert len(fake.materials()) == 1


@pytest.mark.parametrize("page_size", [15, 2, 100])
def test_forty_records_are_found_whatever_a_page_holds(fake: ElabftwFake, page_size: int) -> None:
    connector = opened(ElabftwConnector, fake)
    put_all(connector, [material(n) for n in range(1, 41)])
    fake.set_page_size(page_size)
    found = connector.find("material", [f"c{n:03}" for n in range(1, 43)])
    assert sorted(found) == [f"c{n:03}" for n in range(1, 41)]
    assert all(record.key == key for key, record in found.items())


def test_a_key_that_is_part_of_another_is_not_found_for_it(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    put_all(connector, [material(123)])
    assert connector.find("material", ["c12", "c_23", "C123"]) == {}
    records_of(put_all(connector, [Material(key="c12", name="another")]))
    assert sorted(held.key for held in fake.materials()) == ["c12", "c123"]


def test_a_known_compound_keeps_its_number_and_its_hazards(fake: ElabftwFake) -> None:
    known = {"id": 7, "name": "Aspirin", "inchi_key": INCHIKEY, "is_toxic": 1, "cas_number": "50-78-2"}
    fake.compounds[7] = dict(known)
    connector = opened(ElabftwConnector, fake, compounds=True)
    records_of(connector.put_materials([material(1, InChIKey=INCHIKEY), material(2, InChIKey=INCHIKEY)]))
    assert fake.compounds == {7: known}
    assert {link[2:] for link in fake.links} == {("compounds", 7)}
    assert ("POST", "/api/v2/compounds") not in writes(fake)


def test_a_new_compound_is_registered_once(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake, compounds=True)
    fake.lose_answers()
    put_all(connector, [material(1, InChIKey=INCHIKEY)])
    assert [row["inchi_key"] for row in fake.compounds.values()] == [INCHIKEY]
    assert writes(fake).count(("POST", "/api/v2/compounds")) == 1
    (refused,) = connector.put_materials([material(2)])
    assert isinstance(refused, Refused)
    assert refused.field == "InChIKey"
    assert [held.key for held in fake.materials()] == ["c001"]


@pytest.mark.parametrize("n_before", range(7))
def test_every_answer_may_be_lost_once(fake: ElabftwFake, n_before: int) -> None:
    """The writes are: two resources with a merge each, an experiment, two links, a file, its merge."""
    connector = opened(ElabftwConnector, fake)
    materials, file = [material(1), material(2)], File(name="b.csv", media_type="text/csv", content=b"x")
    fake.lose_answers(n_before)
    records = records_of(put_all(connector, materials))
    fake.lose_answers(n_before)
    (experiment,) = records_of(put_all(connector, [], order(records, (file,))))
    assert sorted(held.key for held in fake.materials()) == ["c001", "c002"]
    (held,) = fake.orders()
    assert (held.id, held.key, list(held.materials)) == (experiment.id, "r001", ["c001", "c002"])
    assert len(fake.uploads) == 1
    assert not any("[" in entity["title"] for entity in fake.entities["items"].values())


def test_results_are_read_once_corrected_and_withdrawn(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 3)
    measured = fake.measure("c001", Measurement("12.50"))
    fake.measure("c002", Measurement("", outcome="no fit"))
    pages = read_all(connector, scope)
    assert values(pages) == [("c001", "12.50", "final"), ("c002", "", "final")]
    assert pages[0].measurements[0].id == measured
    assert pages[0].measurements[1].fields["Outcome"] == "no fit"
    assert json.loads(pages[0].content)[0]["title"] == "AB12-R1"
    pages = read_all(connector, scope, pages)
    assert values(pages) == []
    fake.correct(measured, Measurement("30", relation=">", units="uM"))
    pages = read_all(connector, scope, pages)
    assert values(pages) == [("c001", "30", "final")]
    fields = pages[0].measurements[0].fields
    assert (fields["Relation"], fields["Units"]) == (">", "uM")
    fake.withdraw(measured)
    pages = read_all(connector, scope, pages)
    assert values(pages) == [("c001", "", "withdrawn")]
    assert pages[0].measurements[0].id == measured
    fake.correct(measured, Measurement("30", relation=">", units="uM"))
    assert values(read_all(connector, scope, pages)) == [("c001", "30", "final")]


@pytest.mark.parametrize("is_text", [True, False])
@pytest.mark.parametrize("value", ["7.10", "1e-3", "< 5"])
def test_metadata_may_be_a_text_or_an_object(fake: ElabftwFake, value: str, *, is_text: bool) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 1)
    fake.metadata_is_text = is_text
    fake.measure("c001", Measurement(value))
    assert values(read_all(connector, scope)) == [("c001", value, "final")]


def test_a_number_keeps_the_digits_that_the_server_wrote(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 1)
    data = '{"extra_fields": {"Value": {"type": "number", "value": 0.10, "unit": "uM"}}}'
    record = scope.materials[0]
    body = f'{{"id": {record.id}, "title": "a", "metadata": {data}}}'.encode()
    fake.answer_instead(Answered(200, body), skip=1)
    (item,) = [item for page in read_all(connector, scope) for item in page.measurements]
    assert (item.source, item.fields["Value"], item.fields["Value unit"]) == ("ungrouped", "0.10", "uM")


def test_more_records_than_a_page_are_all_read_once(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 60)
    for n in range(1, 61):
        fake.measure(f"c{n:03}", Measurement(str(n)))
    pages = [connector.changes(scope, None)]
    fake.measure("c001", Measurement("1000"))
    pages += read_all(connector, scope, pages)
    later = read_all(connector, scope, pages)
    assert len(pages) == 3
    assert sorted(values(pages)) == [(f"c{n:03}", str(n), "final") for n in range(1, 61)]
    assert values(later) == [("c001", "1000", "final")]


def test_an_attached_table_is_read_and_its_correction_is_a_new_version(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    template = File(name="batch.csv", media_type="text/csv", content=b"candidate_id,value\nc001,\n")
    scope = pushed(connector, 1, (template,))
    experiment, (ours,) = int(scope.orders[0].id), fake.uploads
    fake.attach(experiment, "notes.docx", b"not a table")
    upload = fake.attach(experiment, "Results.CSV", TABLE)
    pages = read_all(connector, scope)
    (file,) = pages[0].files
    assert (file.file.name, file.file.content) == ("Results.CSV", TABLE)
    assert not read_all(connector, scope, pages)[0].files
    fake.replace(upload, TABLE.replace(b"12.50", b"13"))
    pages = read_all(connector, scope, pages)
    (corrected,) = pages[0].files
    assert corrected.file.content == TABLE.replace(b"12.50", b"13")
    assert corrected.record.id == file.record.id
    assert corrected.record.version != file.record.version
    fake.replace(ours, TABLE)
    assert [item.file.name for item in read_all(connector, scope, pages)[0].files] == ["batch.csv"]


def test_deleted_records_are_left_out_and_others_go_on(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 2)
    other = Order(key="r002", name="AB12-R2", materials=scope.materials)
    scope = Scope(
        materials=scope.materials, orders=[*scope.orders, *records_of([connector.put_order(other)])]
    )
    for experiment in scope.orders:
        fake.attach(int(experiment.id), "r.csv", TABLE)
    fake.measure("c001", Measurement("1"))
    fake.measure("c002", Measurement("2"))
    pages = read_all(connector, scope)
    fake.delete("experiments", int(scope.orders[0].id))
    fake.delete("items", int(scope.materials[0].id))
    fake.measure("c002", Measurement("3"))
    assert values(read_all(connector, scope, pages)) == [("c001", "", "withdrawn"), ("c002", "3", "final")]
    assert [file.record.id for file in read_all(connector, scope)[0].files] == [f"{scope.orders[1].id}/r.csv"]
    with pytest.raises(RecordGoneError):
        connector.notify(scope.orders[0], News(event="cancelled"))
    (answer,) = [connector.put_order(Order(key="r003", name="AB12-R3", materials=scope.materials))]
    assert isinstance(answer, Refused)
    assert scope.materials[0].id in answer.detail


def test_people_are_told_once(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake, measured_status=2)
    scope = pushed(connector, 1)
    news = News(event="measured", comment="IC50 of 12.5 nM was read.")
    for _ in range(2):
        assert connector.notify(scope.materials[0], news) is None
    assert [item["comment"] for item in fake.comments.values()] == ["Assayflow: IC50 of 12.5 nM was read."]
    assert fake.entities["items"][int(scope.materials[0].id)]["status"] == 2
    fake.attach(int(scope.orders[0].id), "r.csv", TABLE)
    (file,) = read_all(connector, scope)[0].files
    connector.notify(file.record, News(event="refused", comment="Row 2 has no unit."))
    assert [item["item_id"] for item in fake.comments.values()][-1] == int(scope.orders[0].id)


def test_a_refusal_has_the_words_of_the_server_and_others_go_on(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    fake.fail_task_for("c002", "This category is closed")
    answers = connector.put_materials([material(n) for n in (1, 2, 3)])
    assert answers[1] == Refused(detail="This category is closed")
    assert sorted(held.key for held in fake.materials()) == ["c001", "c003"]
    (unknown,) = connector.put_materials([Material(key="c004", name="d", schema="Sampel")])
    assert unknown == Refused(detail="the team has no template 'Sampel'", field="schema")
    assert connector.put_order(Order(key="r", name="r", folder="Lab 1")).field == "folder"


def test_the_check_says_who_we_are_and_what_is_missing(fake: ElabftwFake) -> None:
    status = opened(ElabftwConnector, fake).check()
    assert (status.identity, status.server, status.warnings) == (
        "Ada Lovelace, team Screening",
        "eLabFTW 5.6.0",
        [],
    )
    fake.can_write, fake.version = 0, 50300
    warnings = opened(ElabftwConnector, fake, compounds=True).check().warnings
    assert [word in " ".join(warnings) for word in ("may only read", "5.6", "every user")] == [True] * 3


def test_the_fields_of_templates_are_described(fake: ElabftwFake) -> None:
    fake.require_field("Batch")
    fields = {(item.schema, item.name): item for item in opened(ElabftwConnector, fake).describe()}
    assert fields["Sample", "Units"].options == ["nM", "uM"]
    assert fields["Results", "Value"].type == "text"
    assert fields["Sample", "Batch"].is_required
    assert not fields["Sample", "Value"].is_required


@pytest.mark.parametrize("call", ["changes", "find"])
def test_a_page_of_a_proxy_is_never_an_answer(fake: ElabftwFake, call: str) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 2)
    fake.answer_instead(LOGIN_PAGE, skip=1)
    calls = {"changes": (scope, None), "find": ("material", ["c001"])}
    with pytest.raises(RetryLaterError, match="text/html"):
        getattr(connector, call)(*calls[call])
    assert len(fake.materials()) == 2


@pytest.mark.parametrize("body", [b"{}", b'{"id": 1}', b"[]", b'{"id": 1'])
def test_json_of_something_else_withdraws_nothing(fake: ElabftwFake, body: bytes) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 1)
    fake.measure("c001", Measurement("1"))
    pages = read_all(connector, scope)
    fake.answer_instead(Answered(200, body), skip=1)
    with pytest.raises(RetryLaterError):
        read_all(connector, scope, pages)
    assert values(read_all(connector, scope, pages)) == []


def test_the_patience_of_a_proxy_is_kept(fake: ElabftwFake) -> None:
    fake.rate_limit(17, skip=2)
    with pytest.raises(RetryLaterError) as caught:
        opened(ElabftwConnector, fake).put_materials([material(n) for n in range(3)])
    assert caught.value.seconds == 17


def test_a_revoked_key_ends_all_calls(fake: ElabftwFake) -> None:
    connector = opened(ElabftwConnector, fake)
    scope = pushed(connector, 1)
    fake.expire_access(for_ever=True)
    for call in (
        connector.check,
        lambda: connector.changes(scope, None),
        lambda: connector.find("order", ["r001"]),
    ):
        with pytest.raises(AccessDeniedError, match="No corresponding API key"):
            call()
