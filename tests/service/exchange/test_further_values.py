"""Ranges, counts and wide letters in a cell; spreads in percent; columns of readings.

Headers with other words.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, QuestionError, ReadingOptions, TableError, read_results
from service.exchange.units import UnitsError, convert
from service.exchange.values import ReadValue, ValueTextError, read_value

if TYPE_CHECKING:
    from service.exchange import Report


def read(view: CampaignView, table: str, options: ReadingOptions | None = None) -> Report:
    return read_results(table.encode(), "text/csv", view, options)


def results(view: CampaignView, table: str) -> list[tuple[str, str, float | None, str | None]]:
    report = read(view, table)
    assert [row.reason for row in report.rows] == [None] * len(report.rows)
    found = [row.result for row in report.accepted if row.result]
    return [(each.type, each.relation, each.value, each.replicate) for each in found]


def molecules(*objectives: dict[str, str]) -> CampaignView:
    spec = CampaignSpec.model_validate(
        {
            "name": "m",
            "domain": {"kind": "molecules"},
            "objectives": list(objectives or ({"name": "IC50", "units": "nM"},)),
        }
    )
    return CampaignView(spec, open_domain(spec.domain))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("10-20", ReadValue(10, upper=20)),
        ("1..2", ReadValue(1, upper=2)),
        ("10-20 nM", ReadValue(10, rest="nM", upper=20)),
        ("12.5 (n=3)", ReadValue(12.5, n=3)),
        ("12.5 nM, n = 3", ReadValue(12.5, rest="nM", n=3)),
        ("12.5 ± 0.3 [n=4]", ReadValue(12.5, error=0.3, n=4)),
        ("\uff11\uff12.\uff15", ReadValue(12.5)),
        ("1e-5", ReadValue(1e-5)),
        ("5.", ReadValue(5)),
    ],
)
def test_a_cell_may_hold_a_range_or_a_count(text: str, right: ReadValue):
    assert read_value(text) == right


@pytest.mark.parametrize("text", ["2024-05-31", "1-2-3", "5-", "1-2;3-4", "12,5-13,5"])
def test_what_is_no_range_is_refused(text: str):
    with pytest.raises(ValueTextError):
        read_value(text)


def test_a_range_is_told_and_must_rise(view: CampaignView):
    report = read(view, "word,IC50 (nM)\nalpha,10-20\nbeta,12-5\n")
    assert report.rows[0].warnings == ("'10-20' was read as a range",)
    assert report.rows[1].column == "upper_value"


def test_a_count_in_the_cell_makes_a_standard_error_of_a_deviation(view: CampaignView):
    report = read(view, "word,IC50 (nM),IC50 SD,IC50 n\nalpha,8 (n=4),2,\nbeta,8 (n=4),2,3\n")
    assert report.rows[0].result is not None
    assert report.rows[0].result.standard_error == 1
    assert report.rows[1].reason == "n is 3, but the value says 4"


@pytest.mark.parametrize(("header", "cell"), [("CV%", "20"), ("% CV", "20%"), ("IC50 CV (%)", "20")])
def test_a_coefficient_of_variation_is_relative_to_its_mean(header: str, cell: str, view: CampaignView):
    report = read(view, f"word,IC50 (nM),IC50 n,{header}\nalpha,10,4,{cell}\n")
    assert report.rows[0].result is not None
    assert report.rows[0].result.standard_error == pytest.approx(1)


@pytest.mark.parametrize(
    "headers",
    [
        *(
            "IC50 rep1 (nM),IC50 rep2 (nM)",
            "IC50 (nM) replicate 1,IC50 (nM) replicate 2",
            "IC50 (nM) #1,IC50 (nM) #2",
        ),
        *(
            "IC50_R1_nM,IC50_R2_nM",
            "IC50 nM (run 1),IC50 nM (run 2)",
            "rep 1 IC50 (nM),rep 2 IC50 (nM)",
        ),
    ],
)
def test_readings_side_by_side_are_replicates(headers: str, view: CampaignView):
    assert results(view, f"word,{headers}\nalpha,5,>6\nbeta,,7\n") == [
        ("IC50", "=", 5, "1"),
        ("IC50", ">", 6, "2"),
        ("IC50", "=", 7, "2"),
    ]


def test_columns_that_are_numbered_alone_are_asked_about(view: CampaignView):
    table = "word,IC50_1 (nM),IC50_2 (nM)\nalpha,5,6\n"
    with pytest.raises(QuestionError, match="readings of one assay") as caught:
        read(view, table)
    assert caught.value.parameter == "columns"
    found = [
        [
            row.result and row.result.value
            for row in read(view, table, ReadingOptions(columns=json.loads(choice))).rows
        ]
        for choice in caught.value.choices
    ]
    assert found == [[5, 6], [5]]


def test_each_reading_has_an_external_id_of_its_own(view: CampaignView):
    report = read(view, "word,IC50 rep1 (nM),IC50 rep2 (nM),external_id\nalpha,5,6,R-1\n")
    assert [row.result and row.result.external_id for row in report.rows] == ["R-1/1", "R-1/2"]


def test_the_mean_of_readings_is_left_out_and_told(view: CampaignView):
    report = read(view, "word,IC50 rep1 (nM),IC50 rep2 (nM),IC50 mean (nM)\nalpha,5,6,5.5\n")
    assert [row.result and row.result.value for row in report.rows] == [5, 6]
    assert report.warnings == ("not read: column 'IC50 mean (nM)'",)


@pytest.mark.parametrize(
    "table",
    [
        "word,IC50 (nM),IC50 rep1 (nM)\nalpha,5,6\n",
        "word,IC50 rep1,IC50 run 1\nalpha,5,6\n",
        "word,IC50 rep1,IC50 rep2,replicate\nalpha,5,6,1\n",
        "word,IC50 rep1,IC50 rep2,IC50 relation\nalpha,5,6,>\n",
        "word,IC50_2024,IC50_2025\nalpha,5,6\n",
        "word,IC50_7\nalpha,5\n",
    ],
)
def test_what_may_be_a_reading_or_something_else_is_refused(table: str, view: CampaignView):
    with pytest.raises(TableError):
        read(view, table)


@pytest.mark.parametrize(
    "header",
    ["IC50 uM (24 h)", "IC50 (uM) 24 h", '"IC50 (uM, 24 h)"', "IC50 24 h (uM)", "IC50_uM_24h", "IC_50 [uM]"],
)
def test_how_long_an_assay_took_is_no_part_of_its_units(header: str, view: CampaignView):
    assert results(view, f"word,{header}\nalpha,5\n") == [("IC50", "=", 5000, None)]


def test_one_assay_at_two_times_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="both hold IC50"):
        read(view, "word,IC50 uM (24 h),IC50 uM (48 h)\nalpha,5,6\n")


def test_a_name_is_known_without_its_gaps():
    domain = {"kind": "materials", "space": "composition", "elements": ["Ga", "As"]}
    spec = CampaignSpec.model_validate(
        {"name": "x", "domain": domain, "objectives": [{"name": "band_gap", "units": "eV"}]}
    )
    assert (
        results(CampaignView(spec, open_domain(spec.domain)), "Formula,Bandgap (meV)\nGaAs,1420\n")[0][2]
        == 1.42
    )


@pytest.mark.parametrize(
    "header",
    ["SMILES String", "Structure", "Structure (SMILES)", "STRUCTURE_SMILES", "Molecule SMILES", "smi"],
)
def test_a_structure_is_known_by_other_names(header: str):
    assert results(molecules(), f"{header},IC50 (nM)\nCCO,5\n") == [("IC50", "=", 5, None)]


def test_two_columns_that_may_be_the_structure_are_refused():
    with pytest.raises(TableError, match="'Structure' and 'Molecule SMILES' may both be smiles"):
        read(molecules(), "Structure,Molecule SMILES,IC50 (nM)\nCCO,CCN,5\n")


@pytest.mark.parametrize("header", ["Kinase X IC50 (nM)", "Kinase X IC50: IC50 (nM)", "KX/IC50, nM"])
def test_an_assay_behind_other_words_is_asked_about_once(header: str):
    table = f'smiles,"{header}"\nCCO,5\n'
    with pytest.raises(QuestionError, match="the IC50 that this campaign reads") as caught:
        read(molecules(), table)
    assert caught.value.parameter == "columns"
    assert caught.value.choices == (f'{{"{header}": "IC50 (nM)"}}', f'{{"{header}": "ignored"}}')


def test_it_is_not_asked_where_the_assay_stands_in_a_column_of_its_own():
    assert results(molecules(), "smiles,hERG IC50 (nM),IC50 (nM),predicted IC50\nCCO,5,6,7\n")[0][2] == 6


def test_columns_of_one_name_are_refused_by_it(view: CampaignView):
    with pytest.raises(TableError, match=r"two columns are named 'IC50 \(nM\)'$"):
        read(view, "word,IC50 (nM),IC50 (nM)\nalpha,5,6\n")


def test_what_a_repeated_row_says_besides_is_kept(view: CampaignView):
    table = (
        "word,IC50 (nM),external_id,comment,lot\nalpha,5,R-1,first,\nalpha,5,R-1,second,L7\nalpha,5,R-1,"
        "first,\n"
    )
    report = read(view, table)
    assert [row.status for row in report.rows] == ["accepted", "duplicate", "duplicate"]
    assert report.rows[0].result is not None
    assert (report.rows[0].result.comment, report.rows[0].result.lot) == ("first; second", "L7")
    assert report.rows[1].warnings == ("what it says besides was added to row 2",)


def test_what_a_stored_result_does_not_say_is_told(view: CampaignView):
    table = "word,IC50 (nM),external_id,comment\nalpha,5,R-1,first\n"
    stored = read(view, table).rows[0].result
    assert stored is not None
    again = replace(view, stored={("IC50", "R-1"): stored})
    assert read(again, table).rows[0].warnings == ()
    (row,) = read(again, table.replace("first", "second")).rows
    assert (row.status, row.warnings) == (
        "duplicate",
        ("not stored: comment 'first; second', which the stored result does not have",),
    )


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        ("5,Active", ("accepted", "=")),
        (">10000,inactive", ("accepted", ">")),
        ("10000,Inactive", ("rejected", None)),
        (",inconclusive", ("rejected", None)),
    ],
)
def test_a_verdict_of_a_screen_is_no_outcome(cells: str, right: tuple[str, str | None], view: CampaignView):
    (row,) = read(view, f"word,IC50 (nM),outcome\nalpha,{cells}\n").rows
    assert (row.status, row.result and row.result.relation) == right
    assert row.column in (None, "outcome")


def test_words_say_what_a_verdict_means(view: CampaignView):
    table = "word,IC50 (nM),outcome\nalpha,,inconclusive\nbeta,7,inconclusive\n"
    report = read(view, table, ReadingOptions(words={"inconclusive": "assay_failed"}))
    assert [row.result and row.result.outcome for row in report.rows] == ["assay_failed", "assay_failed"]


@pytest.mark.parametrize("title", ["", "Plate,P1\n"])
def test_a_picture_of_a_plate_is_refused_with_advice(title: str, view: CampaignView):
    wells = ",1,2,3,4,5,6,7,8\nA,1,2,3,4,5,6,7,8\nB,1,2,3,4,5,6,7,8\n"
    with pytest.raises(TableError, match="plate of wells"):
        read(view, title + wells)


def test_words_alone_in_the_last_rows_are_no_results(view: CampaignView):
    report = read(view, "word,type,value,units\nalpha,IC50,5,nM\nAVERAGE\nEnd of report\n---\nbeta;IC50;5\n")
    assert [row.status for row in report.rows] == ["accepted", "skipped", "skipped", "skipped", "rejected"]


def test_relations_in_words_in_an_unread_column_are_refused(view: CampaignView):
    with pytest.raises(TableError, match="holds words for relations"):
        read(view, "word,IC50 (nM),foo\nalpha,5,gt\nbeta,6,eq\n")
    assert results(view, "word,IC50 (nM),country\nalpha,5,LT\nbeta,6,LT\n")[0][1] == "="


def test_texts_that_are_protected_by_a_formula_are_read(view: CampaignView):
    report = read(view, 'word,IC50 (nM),external_id\nalpha,"=""5""","=""00042"""\n')
    assert [(row.result.value, row.result.external_id) for row in report.accepted if row.result] == [
        (5, "00042")
    ]


@pytest.mark.parametrize(
    ("cells", "right"), [((12.5, ">10,000"), 10_000), ((12.5, ">10,234"), None), ((12, ">10,000"), None)]
)
def test_whole_thousands_beside_numbers_with_fractions_are_thousands(
    cells: tuple[float, str], right: float | None, view: CampaignView
):
    rows = [{"word": "alpha", "IC50 (nM)": cell} for cell in cells]
    content = json.dumps(rows).encode()
    if right is None:
        with pytest.raises(QuestionError):
            read_results(content, "application/json", view)
        return
    report = read_results(content, "application/json", view)
    assert [row.result.value for row in report.accepted if row.result] == [12.5, right]


@pytest.mark.parametrize(("given", "wanted"), [("degree", "%"), ("rad", "fraction"), ("rpm", "1/min")])
def test_angles_are_no_shares(given: str, wanted: str):
    with pytest.raises(UnitsError, match="angles"):
        convert(5, given, wanted)
    assert convert(180, "degree", "rad") == pytest.approx(3.14159265)


def test_a_web_page_named_as_a_workbook_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="web page or XML"):
        read_results(b"\n<html><table>", "application/vnd.ms-excel", view)
