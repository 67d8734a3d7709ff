"""Results of openBIS: children and data sets of samples, references, the trash, pages while the lab works."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from connector_calls import KEYS, opened, scope_of, sent, whole_pass
from fakes.lab import Measurement
from fakes.openbis import FakeOpenbis, make_fake
from fakes.openbis_server import COMPOUND, RESULT

from service.lims.contract import RetryLaterError
from service.lims.kinds.openbis import OpenbisConnector
from service.lims.kinds.openbis.rpc import Graph

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


def test_values_are_read_with_their_digits_relations_and_dates(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    records = sent(connector, COMPOUND)
    fake.measure("AF-0A1", Measurement("30.0", relation=">", units="uM"))
    fake.measure("AF-0A2", Measurement(outcome="no fit"))
    first, second = whole_pass(connector, scope_of(records, RESULT))[0]
    assert {name: first.fields[name] for name in ("VALUE", "RELATION", "UNITS")} == {
        "VALUE": "30.0",
        "RELATION": "GT",
        "UNITS": "uM",
    }
    assert first.measured_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert (first.source, first.about, first.standing) == (RESULT, records[0], "final")
    assert (second.fields["OUTCOME"], second.fields.get("VALUE")) == ("no fit", None)


def test_references_to_objects_that_occurred_before_are_resolved(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    records = sent(connector, COMPOUND)
    ids = [fake.measure(key, Measurement(value)) for key in KEYS for value in ("1", "2")]
    page = connector.changes(scope_of(records, RESULT), None)
    assert b'"type": 4' in page.content or b'"type": 3' in page.content, "the fake refers by number"
    assert [(item.id, item.source) for item in page.measurements] == [(id_, RESULT) for id_ in ids]


def test_a_reference_to_nothing_is_no_answer() -> None:
    graph = Graph({"objects": [{"@id": 1, "type": 7}]})
    (item,) = graph.objects()
    with pytest.raises(RetryLaterError, match="reference to nothing"):
        graph.one(item, "type")


def test_objects_of_a_page_may_themselves_be_references() -> None:
    graph = Graph({"objects": [{"@id": 1, "parents": [{"@id": 2, "code": "B"}]}, 2]})
    assert [item.get("code") for item in graph.objects()] == [None, "B"]


def test_a_corrected_property_is_a_new_version(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    scope = scope_of(sent(connector, COMPOUND), RESULT)
    result = fake.measure("AF-0A1", Measurement("12"))
    (before,), cursor = whole_pass(connector, scope)
    fake.correct(result, Measurement("21"))
    (after,), _ = whole_pass(connector, scope, cursor)
    assert before.id == after.id == result
    assert before.version != after.version
    assert (before.fields["VALUE"], after.fields["VALUE"]) == ("12", "21")


def test_a_trashed_result_is_withdrawn_once(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    scope = scope_of(sent(connector, COMPOUND), RESULT)
    kept, gone = fake.measure("AF-0A1", Measurement("1")), fake.measure("AF-0A2", Measurement("2"))
    _, cursor = whole_pass(connector, scope)
    fake.withdraw(gone)
    found, cursor = whole_pass(connector, scope, cursor)
    assert [(item.id, item.standing) for item in found] == [(kept, "final"), (gone, "withdrawn")]
    assert [item.id for item in whole_pass(connector, scope, cursor)[0]] == [kept]


def test_results_of_a_sample_that_is_not_seen_any_more_are_not_withdrawn(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    records = sent(connector, COMPOUND)
    scope = scope_of(records, RESULT)
    fake.measure("AF-0A1", Measurement("1"))
    _, cursor = whole_pass(connector, scope)
    hidden = fake.samples.pop(records[0].id)
    found, cursor = whole_pass(connector, scope, cursor)
    assert found == []
    fake.samples[records[0].id] = hidden
    assert [item.standing for item in whole_pass(connector, scope, cursor)[0]] == ["final"]


def test_pages_meet_every_result_once_while_the_lab_works(fake: FakeOpenbis) -> None:
    fake.set_page_size(2)
    connector = opened(OpenbisConnector, fake)
    scope = scope_of(sent(connector, COMPOUND, [f"AF-{number}" for number in range(5)]), RESULT)
    ids = [fake.measure(f"AF-{number}", Measurement("1")) for number in range(5)]
    first = connector.changes(scope, None)
    assert (len(first.measurements), first.more) == (2, True)
    fake.correct(ids[0], Measurement("9"))
    fake.correct(ids[4], Measurement("8"))
    added = fake.measure("AF-0", Measurement("7"))
    rest, cursor = whole_pass(connector, scope, first.cursor)
    assert [item.id for item in [*first.measurements, *rest]] == ids
    again = {item.id: item.fields["VALUE"] for item in whole_pass(connector, scope, cursor)[0]}
    assert (again[ids[0]], again[ids[4]], again[added]) == ("9", "8", "7")


def test_only_the_types_of_the_mapping_are_read(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    records = sent(connector, COMPOUND)
    fake.measure("AF-0A1", Measurement("1"))
    assert whole_pass(connector, scope_of(records, "SOLUBILITY"))[0] == []
    assert len(whole_pass(connector, scope_of(records, "*"))[0]) == 1
    assert whole_pass(connector, scope_of([], "*"))[0] == []


def test_a_result_below_several_of_our_samples_is_not_final(
    fake: FakeOpenbis, connector: OpenbisConnector
) -> None:
    records = sent(connector, COMPOUND)
    fake.hang_below(["AF-0A1", "AF-0A2"], Measurement("1"))
    found, _ = whole_pass(connector, scope_of(records, RESULT))
    assert [item.standing for item in found] == ["preliminary"]


def test_data_sets_with_properties_are_results_too(fake: FakeOpenbis, connector: OpenbisConnector) -> None:
    records = sent(connector, COMPOUND)
    fake.data_sets["20260302-99"] = {
        "permId": "20260302-99",
        "code": "20260302-99",
        "type": "RAW_DATA",
        "sample": records[1].id,
        "properties": {"VALUE": "3.50", "UNITS": "nM"},
        "registered": 1,
        "modified": 2,
    }
    (found,) = whole_pass(connector, scope_of(records, "RAW_DATA"))[0]
    assert (found.id, found.about, found.version) == ("20260302-99", records[1], "2")
    assert found.fields == {"VALUE": "3.50", "UNITS": "nM"}
