"""Results in Benchling: pages, corrections, archived ones, and whose they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from benchling_calls import connect, key, pulled, registered, running_fake
from fakes.lab import Measurement

from service.lims.contract import RecordGoneError, Scope
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
    rule = LinkMapping.model_validate(fake.mapping("molecules", "IC50")).results[0]
    row = {name: first.fields[theirs] for name, theirs in rule.row.items() if not theirs.startswith("=")}
    assert row == {"value": "30.0", "units": "µM", "relation": ">", "outcome": ""}
    assert first.source == rule.source
    assert second.fields["ic50"] == "0.0125"


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


def test_unreviewed_and_invalid_ones_do_not_count(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    first, second = (fake.measure(key(number), Measurement("12")) for number in range(2))
    fake.tenant.results[first]["isReviewed"] = False
    fake.tenant.results[second]["validationStatus"] = "INVALID"
    standings = [record.standing for record in pulled(connect(fake, reviewed_only=True), materials)[0]]
    assert standings == ["preliminary", "withdrawn"]


def test_a_result_of_two_linked_candidates_is_nobodys_until_it_is_said_whose(fake: FakeBenchling) -> None:
    materials = registered(fake, 2)
    result = fake.measure(key(0), Measurement("12"))
    fields = fake.tenant.results[result]["fields"]
    fields["reference"] = {**fields["sample"], "value": materials[1].id}
    (record,), _ = pulled(connect(fake), materials)
    assert "sample and reference (set result_entity_field)" in record.about.type
    told = connect(fake, result_entity_field={"assaysch_potency": "sample"})
    (record,), _ = pulled(told, materials)
    assert record.about == materials[0]


def test_a_schema_that_is_gone_is_said_to_be(fake: FakeBenchling) -> None:
    materials = registered(fake, 1)
    fake.tenant.schemas["assay-result-schemas"].clear()
    with pytest.raises(RecordGoneError, match="assaysch_potency"):
        pulled(connect(fake), materials)
