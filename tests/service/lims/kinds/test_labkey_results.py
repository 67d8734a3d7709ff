"""Results of LabKey: limits, missing marks, dates of its clock, replaced runs, deleted rows, pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from connector_calls import KEYS, opened, scope_of, sent, whole_pass
from fakes.lab import Measurement
from fakes.labkey import FakeLabkey, make_fake
from fakes.labkey_server import ASSAY, SAMPLE_TYPE, new_column
from fakes.server import Answered

from service.lims.contract import RetryLaterError
from service.lims.kinds.labkey import LabkeyConnector

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


def test_a_limit_a_missing_mark_and_an_outcome_are_read(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    records = sent(connector, SAMPLE_TYPE)
    fake.measure("AF-0A1", Measurement("30", relation=">", units="uM"))
    fake.measure("AF-0A2", Measurement("n.d."))
    fake.measure("AF-0A3", Measurement(outcome="no fit"))
    found, _ = whole_pass(connector, scope_of(records, ASSAY))
    first, second, third = (item.fields for item in found)
    assert (first["Result"], first["ResultOORIndicator"], first["Units"]) == (">30.0", ">", "uM")
    assert (second["Result"], second["ResultMVIndicator"], second["Comments"]) == ("", "N", "n.d.")
    assert (third["Result"], third["Outcome"]) == ("", "no fit")
    assert [item.about for item in found] == records
    assert first["SampleID"] == "AF-0A1", "a look-up stands for the name behind it"


@pytest.mark.parametrize("style", ["%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.000"])
def test_dates_are_in_the_zone_of_the_server(fake: FakeLabkey, style: str) -> None:
    fake.date_format = style
    connector = opened(LabkeyConnector, fake, time_zone="America/New_York")
    records = sent(connector, SAMPLE_TYPE)
    fake.measure("AF-0A1", Measurement("12"))
    fake.clock = datetime(2026, 7, 1, 23, 5)  # noqa: DTZ001 - the server's clock
    fake.measure("AF-0A2", Measurement("12"))
    winter, summer = whole_pass(connector, scope_of(records, ASSAY))[0]
    assert winter.measured_at == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    assert summer.measured_at == datetime(2026, 7, 2, 3, 5, tzinfo=UTC)
    assert summer.fields["Date"] == "2026-07-01T23:05:00-04:00"


def test_a_replaced_run_is_withdrawn_and_the_new_one_counts(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    old = fake.measure("AF-0A1", Measurement("12"))
    _, cursor = whole_pass(connector, scope)
    new = fake.replace_run(old, Measurement("15"))
    found, _ = whole_pass(connector, scope, cursor)
    assert [(item.id, item.standing) for item in found] == [(old, "withdrawn"), (new, "final")]


def test_a_deleted_result_is_withdrawn_once(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    kept, gone = fake.measure("AF-0A1", Measurement("12")), fake.measure("AF-0A2", Measurement("13"))
    _, cursor = whole_pass(connector, scope)
    fake.withdraw(gone)
    found, cursor = whole_pass(connector, scope, cursor)
    assert [(item.id, item.standing) for item in found] == [(kept, "final"), (gone, "withdrawn")]
    assert [item.id for item in whole_pass(connector, scope, cursor)[0]] == [kept]


def test_a_correction_has_new_content_under_the_same_id(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    result = fake.measure("AF-0A1", Measurement("12"))
    (before,), cursor = whole_pass(connector, scope)
    fake.correct(result, Measurement("21", relation="<"))
    (after,), _ = whole_pass(connector, scope, cursor)
    assert before.id == after.id == result
    assert (before.fields["Result"], after.fields["Result"]) == ("12.0", "<21.0")


def test_pages_meet_every_result_once_while_the_lab_works(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    ids = [fake.measure(KEYS[number % 3], Measurement(str(number + 1))) for number in range(5)]
    fake.set_page_size(2)
    first = connector.changes(scope, None)
    fake.correct(ids[0], Measurement("99"))
    ids.append(fake.measure("AF-0A1", Measurement("7")))
    rest, cursor = whole_pass(connector, scope, first.cursor)
    assert [item.id for item in [*first.measurements, *rest]] == ids
    again = {item.id: item.fields["Result"] for item in whole_pass(connector, scope, cursor)[0]}
    assert again[ids[0]] == "99.0"
    assert first.content.startswith(b"{"), "the page as it came"


def test_rows_that_come_again_are_no_page(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    scope = scope_of(sent(connector, SAMPLE_TYPE), ASSAY)
    for number in range(3):
        fake.measure("AF-0A1", Measurement(str(number)))
    fake.set_page_size(2)
    first = connector.changes(scope, None)
    again = Answered(200, first.content, {"Content-Type": "application/json"})
    fake.answer_instead(again)
    with pytest.raises(RetryLaterError, match="again"):
        connector.changes(scope, first.cursor)


def test_results_of_samples_that_nobody_waits_for_are_left_out(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    records = sent(connector, SAMPLE_TYPE)
    fake.measure("AF-0A1", Measurement("1"))
    fake.measure("AF-0A2", Measurement("2"))
    found, _ = whole_pass(connector, scope_of(records[1:2], "*"))
    assert [item.about.key for item in found] == ["AF-0A2"]
    assert whole_pass(connector, scope_of([], "*"))[0] == []


def test_a_sample_column_of_plain_text_is_matched_by_name(
    fake: FakeLabkey, connector: LabkeyConnector
) -> None:
    records = sent(connector, SAMPLE_TYPE)
    fake.measure("AF-0A3", Measurement("1"))
    fake.assay_columns["SampleID"] = new_column("SampleID", "string")
    fake.results[0]["SampleID"] = "af-0a3"
    assert [item.about.key for item in whole_pass(connector, scope_of(records, ASSAY))[0]] == ["AF-0A3"]


def test_an_assay_or_column_that_is_not_there_is_said(fake: FakeLabkey, connector: LabkeyConnector) -> None:
    records = sent(connector, SAMPLE_TYPE)
    with pytest.raises(RetryLaterError, match=r"assay\.General\.Gone"):
        connector.changes(scope_of(records, "assay.General.Gone"), None)
    elsewhere = opened(LabkeyConnector, fake, sample_column="Specimen")
    with pytest.raises(RetryLaterError, match="no column 'Specimen'"):
        elsewhere.changes(scope_of(records, ASSAY), None)
