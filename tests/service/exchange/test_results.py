"""Rows become results: layouts, relations, units, outcomes, identity."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results
from service.records import StandardResult

ALPHA = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import Report


@pytest.fixture
def read(view: CampaignView):
    def read(text: str | bytes, media_type: str = "text/csv") -> Report:
        return read_results(text.encode() if isinstance(text, str) else text, media_type, view)

    return read


def only(report: Report):
    (row,) = report.rows
    return row


def one(read: Callable[..., Report], **cells: str):
    """Read one long row with some cells replaced."""
    row = {"word": "gamma", "type": "logS", "value": "-1.5", **cells}
    return only(read(json.dumps([row]), "application/json"))


def test_a_long_table_is_standardised_and_kept_verbatim(read: Callable[..., Report]):
    report = read(
        "Word;Type;Relation;Value;Units;Standard_Error;Replicate;Measured_At;Lot;External_ID;Comment\n"
        "Gamma;ic50;<;1,5;µM;0,1;2.0;2024-05-31;L7;E1;hello\n"
    )
    row = only(report)
    assert (row.status, row.row, row.object) == ("accepted", 2, "gamma")
    assert row.verbatim["value"] == "1,5"
    assert row.verbatim["units"] == "µM"
    result = row.result
    assert (result.type, result.relation, result.units, result.outcome) == ("IC50", "<", "nM", "ok")
    assert result.value == pytest.approx(1500)
    assert result.standard_error == pytest.approx(100)
    assert (result.replicate, result.lot, result.external_id, result.comment) == ("2", "L7", "E1", "hello")
    assert result.measured_at == datetime(2024, 5, 31, tzinfo=UTC)


@pytest.mark.parametrize("header", ["plate", "Plate ID", "plate_barcode"])
def test_a_plate_is_read_from_long_wide_and_json_tables(read: Callable[..., Report], header: str):
    assert only(read(f"word,type,value,{header}\ngamma,logS,1,P-7\n")).result.plate == "P-7"
    assert one(read, **{header: "P-7"}).result.plate == "P-7"
    wide = read(f"word,IC50 (nM),logS,{header}\ngamma,1,-2,P-7\nbeta,1,-2,\n")
    assert [row.result.plate for row in wide.rows] == ["P-7", "P-7", None, None]
    assert wide.warnings == ()


def test_chembl_s_own_export_is_read(read: Callable[..., Report]):
    text = (
        '"Molecule ChEMBL ID";"Spelling";"Standard Type";"Standard Relation";'
        '"Standard Value";"Standard Units";"Type"\n'
        '"CHEMBL1";"delta";"IC50";"\'=\'";"20.5";"nM";"pIC50"\n'
    )
    row = only(read(text))
    assert (row.result.type, row.result.relation, row.result.value) == ("IC50", "=", 20.5)


def test_a_wide_table_gives_one_result_per_filled_cell(read: Callable[..., Report]):
    report = read("word,IC50 (uM),logS,NAME\ngamma,0.5,-3,x\ndelta,,-4,y\nepsilon,,n.d.,z\n")
    assert [(row.row, row.status) for row in report.rows] == [
        (2, "accepted"),
        (2, "accepted"),
        (3, "accepted"),
        (4, "skipped"),
    ]
    assert report.rows[0].result.value == pytest.approx(500)
    assert report.warnings == ("not read: column 'NAME'",)
    assert report.as_json()["skipped"] == 1


def test_an_objective_s_name_stands_for_its_assay(read: Callable[..., Report]):
    assert only(read("word,solubility\ngamma,-3\n")).result.type == "logS"


def test_a_failure_in_a_wide_row_counts_for_every_assay_and_a_failed_assay_for_the_empty_ones(
    read: Callable[..., Report],
):
    report = read("word,potency,solubility,outcome\ngamma,,,failed_synthesis\ndelta,10,,assay failed\n")
    found = [(row.object, row.result.type, row.result.outcome, row.result.value) for row in report.rows]
    assert found == [
        ("gamma", "IC50", "failed_synthesis", None),
        ("gamma", "logS", "failed_synthesis", None),
        ("delta", "IC50", "ok", 10.0),
        ("delta", "logS", "assay_failed", None),
    ]


def test_columns_may_qualify_one_assay_only(read: Callable[..., Report]):
    report = read("word,potency,potency_units,potency_relation,solubility\ngamma,2,uM,>,-3\n")
    potency, solubility = (row.result for row in report.rows)
    assert (potency.value, potency.relation) == (2000, ">")
    assert (solubility.value, solubility.relation) == (-3, "=")


@pytest.mark.parametrize(
    ("text", "relation", "value"),
    [
        ("<10", "<", 10),
        ("> 100 nM", ">", 100),
        ("1e-3", "=", 1e-3),
        (">=.5", ">=", 0.5),
        ("≤ 2 µM", "<=", 2000),
        ("~3", "~", 3),
        ("5.", "=", 5),
    ],
)
def test_values_carry_relations_and_units(
    read: Callable[..., Report], text: str, relation: str, value: float
):
    result = one(read, type="IC50", value=text).result
    assert (result.relation, result.value) == (relation, pytest.approx(value))


@pytest.mark.parametrize(
    "text", ["N/A", "n.d.", "", "-", "ND", "not determined", "nan", "-----", "...", "k.A."]
)
def test_a_missing_value_is_skipped_and_not_an_error(read: Callable[..., Report], text: str):
    row = one(read, value=text)
    assert (row.status, row.reason, row.result) == ("skipped", "no value and no outcome", None)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"value": "Infinity"}, "value", "finite"),
        ({"value": "-inf"}, "value", "finite"),
        ({"value": "1e999"}, "value", "finite"),
        ({"value": "1,5"}, "value", "decimal point"),
        ({"value": "high"}, "value", "not a number"),
        ({"value": "1.2.3"}, "value", "not a number"),
        ({"relation": "!="}, "relation", "not a relation"),
        ({"relation": ">", "value": "<3"}, "relation", "the value says"),
        ({"type": ""}, "type", "IC50, logS"),
        ({"type": "IC50", "value": "0"}, "value", "positive"),
        ({"type": "IC50", "value": "3", "units": "ug/mL"}, "units", "mass"),
        ({"type": "IC50", "value": "3", "units": "furlong"}, "units", "different things"),
        ({"type": "IC50", "value": "3", "units": "blubs"}, "units", "unknown units"),
        ({"type": "IC50", "value": "3 uM", "units": "nM"}, "units", "the value says"),
        ({"outcome": "broken"}, "outcome", "not an outcome"),
        ({"outcome": "ok", "value": ""}, "value", "needs a value"),
        ({"standard_error": "-1"}, "standard_error", "negative"),
        ({"standard_error": "x"}, "standard_error", "not a number"),
        ({"upper_value": "-2"}, "upper_value", "exceed"),
        ({"measured_at": "31.02.2024"}, "measured_at", "ISO 8601"),
        ({"replicate": "two"}, "replicate", "whole number"),
        ({"external_id": "x" * 201}, "external_id", "at most 200"),
        ({"plate": "x" * 201}, "plate", "at most 200"),
        ({"word": "n0t"}, "word", "no word"),
        ({"word": ""}, "candidate_id", "candidate_id or word"),
        ({"candidate_id": "nobody"}, "candidate_id", "no candidate"),
        ({"candidate_id": ALPHA}, "word", "names alpha"),
    ],
)
def test_a_bad_cell_is_rejected_with_its_column_and_reason(
    read: Callable[..., Report], cells: dict[str, str], column: str, reason: str
):
    row = one(read, **cells)
    assert (row.status, row.column, row.result) == ("rejected", column, None)
    assert reason in row.reason


def test_failures_need_no_value_and_never_become_zero(read: Callable[..., Report]):
    assert one(read, value="", outcome="Failed Synthesis").result.value is None
    row = one(read, value="3", outcome="insoluble")
    assert row.result.value is None
    assert "not used" in row.warnings[0]


def test_an_unread_type_is_kept_with_a_warning(read: Callable[..., Report]):
    row = one(read, type="hERG", value="3", units="uM")
    assert (row.status, row.result.type, row.result.value, row.result.units) == ("accepted", "hERG", 3, "uM")
    assert "IC50, logS" in row.warnings[0]


def test_what_a_domain_tells_of_an_object_is_told_once_for_its_row_and_the_cell_is_kept(
    read: Callable[..., Report],
):
    report = read("spelling,IC50 (nM),logS\nGamma,1,-2\n")
    assert [(row.object, row.verbatim["spelling"], row.warnings) for row in report.rows] == [
        ("gamma", "Gamma", ("read by its spelling",)),
    ] * 2
    assert report.all_warnings() == ["row 2: read by its spelling"]


def test_candidates_are_found_by_id_or_by_object(read: Callable[..., Report]):
    assert one(read, word="", candidate_id=ALPHA.upper()).object == "alpha"
    assert one(read, word="ALPHA", candidate_id=ALPHA).status == "accepted"
    assert one(read, word="Beta").candidate_id == BETA
    assert one(read, word="gamma").candidate_id is None


def test_a_repeated_external_id_is_a_duplicate_with_the_same_content_and_a_conflict_with_another(
    spec: CampaignSpec, domain: Domain
):
    stored = StandardResult(object="gamma", type="logS", value=3.0, external_id="E0")
    view = CampaignView(spec, domain, {}, {("logS", "E0"): stored})
    cells = ("1,E1", "1.0,E1", "2,E1", "3,E0", "4,E0", "4,")
    text = "word,type,value,external_id\n" + "".join(f"gamma,logS,{pair}\n" for pair in cells)
    report = read_results(text.encode(), "text/csv", view)
    told = ["accepted", "duplicate", "rejected", "duplicate", "rejected", "accepted"]
    assert [row.status for row in report.rows] == told
    assert "repeats row 2" in report.rows[1].reason
    assert "= 1 of gamma; here it is = 2 of gamma" in report.rows[2].reason
    assert "a stored result" in report.rows[3].reason
    assert "a stored result, = 3 of gamma; here it is = 4 of gamma" in report.rows[4].reason


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("replicate", "1", "2"),
        ("plate", "P1", "P2"),
        ("lot", "L1", "L2"),
        ("measured_at", "2024-05-31", "2024-06-01"),
        ("assay_version", "v1", "v2"),
        ("standard_error", "0.1", "0.2"),
    ],
)
def test_an_external_id_of_two_measurements_with_one_value_is_a_conflict(
    spec: CampaignSpec, domain: Domain, column: str, first: str, second: str
):
    def statuses(*cells: str) -> list[str]:
        text = f"word,type,value,external_id,{column},comment\n"
        text += "".join(f"gamma,logS,5,E1,{cell},{place}\n" for place, cell in enumerate(cells))
        report = read_results(text.encode(), "text/csv", CampaignView(spec, domain))
        told.extend(row.reason for row in report.rows if row.status == "rejected")
        return [row.status for row in report.rows]

    told: list[str] = []
    assert statuses(first, second) == ["accepted", "rejected"]
    assert first in told[0]
    assert second in told[0]
    assert statuses(first, first) == ["accepted", "duplicate"]
    assert statuses(first, "") == ["accepted", "duplicate"]
    assert statuses("", second) == ["accepted", "duplicate"]


@pytest.mark.parametrize("nothing", ["NA", "n/a", "-", "None", "nan"])
def test_an_external_id_that_says_nothing_is_none(read: Callable[..., Report], nothing: str):
    report = read(
        f"word,type,value,external_id,lot\ngamma,logS,1,{nothing},{nothing}\ndelta,logS,2,{nothing},L1\n"
    )
    assert [row.status for row in report.rows] == ["accepted", "accepted"]
    assert [(row.result.external_id, row.result.lot) for row in report.rows] == [(None, None), (None, "L1")]


def test_one_external_id_may_stand_for_several_assays(read: Callable[..., Report]):
    long = read("word,type,value,units,external_id\ngamma,IC50,1,nM,R1\ngamma,logS,-2,,R1\n")
    wide = read("word,IC50 (nM),logS,external_id\ngamma,1,-2,R1\n")
    for report in (long, wide):
        assert [(row.result.type, row.result.external_id) for row in report.rows] == [
            ("IC50", "R1"),
            ("logS", "R1"),
        ]


def test_degrees_are_shifted_and_their_errors_are_not(spec_of: Callable[..., CampaignSpec], domain: Domain):
    view = CampaignView(spec_of(Objective(name="melting", units="K")), domain)
    text = "word,type,value,units,standard_error\ngamma,melting,20,degC,2\n"
    result = only(read_results(text.encode(), "text/csv", view)).result
    assert result.value == pytest.approx(293.15)
    assert result.standard_error == pytest.approx(2)


def test_one_assay_needs_no_type_column(spec_of: Callable[..., CampaignSpec], domain: Domain):
    view = CampaignView(spec_of(Objective(name="hardness")), domain)
    report = read_results(b"word,value\ngamma,3\n", "text/csv", view)
    assert only(report).result.type == "hardness"
    assert "every value was read as hardness" in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type,value\nlogS,1\n", "which object"),
        ("word,colour\na,b\n", "no column holds results"),
        ("word,value\na,1\n", "add a column type"),
        ("word,logS,solubility\na,1,2\n", "both hold logS"),
        ("word,type,value,Value \na,logS,1,2\n", "both mean value"),
        ("word,type,value,unit,units\na,logS,1,2,3\n", "both mean units"),
    ],
)
def test_a_header_that_cannot_be_understood_is_refused(read: Callable[..., Report], text: str, message: str):
    with pytest.raises(TableError, match=message):
        read(text)


CELLS = st.sampled_from(
    [
        "",
        "gamma",
        "1",
        "<2",
        "1e400",
        "n.d.",
        "nM",
        "uM**999",
        "'=1",
        "ok",
        "insoluble",
        "2024-01-01",
        ALPHA,
        "µ",
        "🙂",
    ]
) | st.text(max_size=6)


@settings(max_examples=60)
@given(data=st.data())
def test_no_cell_makes_reading_fail_and_the_counts_add_up(
    data: st.DataObject, spec: CampaignSpec, domain: Domain
):
    header = [
        *("candidate_id", "word", "type", "relation", "value", "units", "upper_value", "standard_error"),
        *("replicate", "outcome", "plate", "measured_at", "external_id"),
    ]
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(header, CELLS)), max_size=4))
    view = CampaignView(spec, domain, {ALPHA: "alpha"})
    try:
        report = read_results(json.dumps(rows).encode(), "application/json", view)
    except TableError:
        return
    counts = report.as_json()
    assert sum(counts[name] for name in ("accepted", "rejected", "duplicates", "skipped")) == len(rows)
    assert all((row.result is None) == (row.status != "accepted") for row in report.rows)


@pytest.mark.parametrize("text", ["2024-05-31", "5/31/2024", "2024-05-31T10:00:00", "03:04:00", "1-2-3"])
def test_a_date_or_a_time_is_not_a_number_with_units(view: CampaignView, text: str):
    report = read_results(f"word,type,value\nalpha,logS,{text}\n".encode(), "text/csv", view)
    assert [(row.status, row.column) for row in report.rows] == [("rejected", "value")]
    assert "is not a number" in (report.rows[0].reason or "")


@pytest.mark.parametrize(
    "line",
    [
        *(
            "Generated by Reader 5 on 2025-01-01",
            "Page 1 of 1",
            '"Note: values are means, n=3"',
            "# exported twice",
        ),
        *("Operator: J. Doe", "* mean of three", "End of report", "Printed on 2025-01-01"),
    ],
)
@pytest.mark.parametrize("blanks", ["", ",,,"])
def test_a_sentence_below_the_table_is_skipped_with_and_without_blank_cells(
    read: Callable[..., Report], line: str, blanks: str
):
    report = read(f"word,type,value,units\ngamma,IC50,5,nM\n{line}{blanks}\n")
    assert [(row.status, row.reason) for row in report.rows] == [
        ("accepted", None),
        ("skipped", "no value and no outcome"),
    ]


@pytest.mark.parametrize(
    "line", ["delta", "12.5", "delta,IC50", "acetic acid", "Page 1 of 1,IC50", "CC(=O)O", "5 nM"]
)
def test_a_row_that_was_cut_is_rejected(read: Callable[..., Report], line: str):
    report = read(f"word,type,value,units\ngamma,IC50,5,nM\n{line}\n")
    assert [row.status for row in report.rows] == ["accepted", "rejected"]
    assert "cells, the header 4" in report.rows[1].reason
