"""Results in Benchling: pages, corrections, archived ones, and whose they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from benchling_calls import connect, key, pulled, registered, running_fake
from fakes.benchling_tenant import field_definition
from fakes.lab import Measurement

from service.lims.contract import RecordGoneError, RetryLaterError, Scope
from service.lims.mapping import rows_of
from service.lims.mapping_specs import LinkMapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.benchling import FakeBenchling


@pytest.fixture
def fake() -> Iterator[FakeBenchling]:
    with running_fake() as lab:
        yield lab


def test_a_dropdown_is_read_by_its_text(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    fake.measure(key(1), Measurement("30", ">", "µM"))
    fake.measure(key(0), Measurement("0.0125"))
    records, _ = pulled(connect(fake), materials)
    first, second = records
    assert (first.about, second.about) == (materials[1], materials[0])
    mapping = LinkMapping.model_validate(fake.mapping("molecules", "IC50"))
    mapped = rows_of(mapping, records, lambda record: record.key)
    first_row, second_row = mapped.rows
    assert first_row == {
        "type": "IC50",
        "value": "30.0",
        "units": "µM",
        "relation": ">",
        "candidate_id": key(1),
        "external_id": first.id,
    }
    assert (second_row["value"], second_row["relation"]) == ("0.0125", "=")


def test_are_read_once_and_again_when_corrected_or_archived(fake: FakeBenchling) -> None:
    materials = registered(fake, 3)
    ids = [fake.measure(key(number), Measurement("12")) for number in range(3)]
    connector = connect(fake)
    records, cursor = pulled(connector, materials)
    assert [record.id for record in records] == ids
    versions = {record.id: record.version for record in records}
    fake.correct(ids[0], Measurement("15"))
    fake.withdraw(ids[1])
    records, cursor = pulled(connector, materials, cursor)
    changed = {record.id: record for record in records if record.version != versions[record.id]}
    assert {id_: record.standing for id_, record in changed.items()} == {
        ids[0]: "final",
        ids[1]: "withdrawn",
    }
    assert changed[ids[0]].fields["ic50"] == "15.0"


def test_one_of_long_ago_is_read_when_its_candidate_is_new(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    fake.freeze(datetime(2026, 1, 7, tzinfo=UTC))
    old = fake.measure(key(1), Measurement("12"))
    connector = connect(fake)
    records, cursor = pulled(connector, materials[:1])
    assert records == []
    records, cursor = pulled(connector, materials, cursor)
    assert [record.id for record in records] == [old]
    records, _ = pulled(connector, materials, cursor)
    assert records == []


@pytest.mark.parametrize("size", [1, 2, 3])
def test_equal_times_over_a_page_boundary_lose_nothing(fake: FakeBenchling, size: int) -> None:
    materials = registered(fake, 5)
    fake.freeze(datetime(2026, 1, 7, 12, tzinfo=UTC))
    ids = [fake.measure(key(number), Measurement("12")) for number in range(5)]
    fake.set_page_size(size)
    records, _ = pulled(connect(fake), materials)
    assert sorted(record.id for record in records) == sorted(ids)


def test_a_change_between_pages_loses_nothing(fake: FakeBenchling) -> None:
    materials = registered(fake, 6)
    ids = [fake.measure(key(number), Measurement("12")) for number in range(5)]
    fake.set_page_size(2)
    connector = connect(fake)

    def change() -> None:
        if len(ids) == 5:
            fake.correct(ids[0], Measurement("15"))
            ids.append(fake.measure(key(5), Measurement("9")))

    records, cursor = pulled(connector, materials, None, change)
    assert {record.id for record in records} >= set(ids[:5])
    later, _ = pulled(connector, materials, cursor)
    assert {record.id for record in records + later} == set(ids)
    assert [record.fields["ic50"] for record in later if record.id == ids[0]] == ["15.0"]


def test_a_run_goes_on_in_another_process(fake: FakeBenchling) -> None:
    materials = registered(fake, 50)
    ids = {fake.measure(key(number), Measurement("12")) for number in range(50)}
    cursor, found = None, set()
    for _ in range(20):
        page = connect(fake).changes(Scope(materials=materials, sources=("*",)), cursor)
        found |= {record.id for record in page.measurements}
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            break
    assert found == ids


def test_a_forgotten_page_is_read_anew(fake: FakeBenchling) -> None:
    materials = registered(fake, 5)
    ids = {fake.measure(key(number), Measurement("12")) for number in range(5)}
    fake.set_page_size(2)
    connector = connect(fake)
    first = connector.changes(Scope(materials=materials, sources=("assaysch_potency",)), None)
    assert first.more
    fake.forget_pages()
    records, _ = pulled(connector, materials, first.cursor)
    assert {record.id for record in (*first.measurements, *records)} == ids


def test_pages_that_are_always_forgotten_are_given_up(fake: FakeBenchling) -> None:
    materials = registered(fake, 5)
    for number in range(5):
        fake.measure(key(number), Measurement("12"))
    fake.set_page_size(2)
    with pytest.raises(RetryLaterError, match="Invalid nextToken"):
        pulled(connect(fake), materials, None, fake.forget_pages)


def test_a_candidate_that_may_not_be_read_does_not_hide_the_others(fake: FakeBenchling) -> None:
    materials = registered(fake, 30)
    ids = [fake.measure(key(number), Measurement("12")) for number in range(30)]
    fake.unreadable = {materials[0].id, materials[25].id}
    records, cursor = pulled(connect(fake), materials)
    assert sorted(record.id for record in records) == sorted([*ids[1:25], *ids[26:]])
    fake.unreadable.clear()
    records, _ = pulled(connect(fake), materials, cursor)
    assert {ids[0], ids[25]} <= {record.id for record in records}


def test_when_none_may_be_read_it_is_said(fake: FakeBenchling) -> None:
    materials = registered(fake, 96)
    fake.unreadable = {item.id for item in materials}
    before = fake.n_requests
    with pytest.raises(RetryLaterError, match="Invalid entity IDs"):
        pulled(connect(fake), materials)
    assert fake.n_requests - before < 20


def test_unreviewed_and_invalid_ones_do_not_count(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    first, second = (fake.measure(key(number), Measurement("12")) for number in range(2))
    fake.tenant.results[first]["isReviewed"] = False
    fake.tenant.results[second]["validationStatus"] = "INVALID"
    standings = [record.standing for record in pulled(connect(fake, reviewed_only=True), materials)[0]]
    assert standings == ["preliminary", "withdrawn"]


def test_a_result_of_two_linked_candidates_waits_until_it_is_said_whose(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    schema = fake.tenant.schemas["assay-result-schemas"]["assaysch_potency"]
    schema["fieldDefinitions"].append(field_definition("reference", "entity_link"))
    result = fake.measure(key(0), Measurement("12"))
    fields = fake.tenant.results[result]["fields"]
    connector = connect(fake)
    (record,), cursor = pulled(connector, materials)
    assert record.about == materials[0]
    fields["reference"] = {**fields["sample"], "value": materials[1].id}
    with pytest.raises(RetryLaterError, match=r"result_entity_field.*sample and reference") as caught:
        pulled(connector, materials)
    assert not caught.value.whole_connector
    decided = connect(fake, result_entity_field={"assaysch_potency": "reference"})
    (record,), _ = pulled(decided, materials, cursor)
    assert record.about == materials[1]


def test_a_link_that_was_renamed_is_said_to_be(fake: FakeBenchling) -> None:
    materials = registered(fake, 1)
    fake.measure(key(0), Measurement("12"))
    with pytest.raises(RetryLaterError, match=r"'Potency' names the candidate.*sample"):
        pulled(connect(fake, result_entity_field={"assaysch_potency": "compound"}), materials)


def test_other_settings_read_what_was_passed_over(fake: FakeBenchling) -> None:
    materials = registered(fake, 1)
    fake.freeze(datetime(2026, 1, 7, tzinfo=UTC))
    result = fake.measure(key(0), Measurement("12"))
    fake.tenant.results[result]["isReviewed"] = False
    (record,), cursor = pulled(connect(fake, reviewed_only=True), materials)
    assert record.standing == "preliminary"
    (record,), _ = pulled(connect(fake), materials, cursor)
    assert record.standing == "final"


def test_a_result_of_several_candidates_in_one_field_is_one_of_each(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    result = fake.measure(key(0), Measurement("12"))
    fake.tenant.results[result]["fields"]["sample"]["value"] = [item.id for item in materials]
    records, _ = pulled(connect(fake), materials)
    assert [(record.id, record.about) for record in records] == [
        (f"{result}/{item.id}", item) for item in materials
    ]


def test_a_schema_that_is_gone_is_said_to_be(fake: FakeBenchling) -> None:
    materials = registered(fake, 1)
    fake.tenant.schemas["assay-result-schemas"].clear()
    with pytest.raises(RecordGoneError, match="assaysch_potency"):
        pulled(connect(fake), materials)
