"""Ranges, counts and wide letters in a cell; spreads in percent; columns of readings; headers with other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, QuestionError, ReadingOptions, TableError, read_results
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
        *("IC50 rep1 (nM),IC50 rep2 (nM)", "IC50 (nM) replicate 1,IC50 (nM) replicate 2", "IC50 (nM) #1,IC50 (nM) #2"),
        *(
            "IC50_R1_nM,IC50_R2_nM",
            "IC50 nM (run 1),IC50 nM (run 2)",
            "IC50_1,IC50_2",
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
    "header", ["IC50 uM (24 h)", "IC50 (uM) 24 h", '"IC50 (uM, 24 h)"', "IC50 24 h (uM)", "IC50_uM_24h", "IC_50 [uM]"]
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
    assert results(CampaignView(spec, open_domain(spec.domain)), "Formula,Bandgap (meV)\nGaAs,1420\n")[0][2] == 1.42


@pytest.mark.parametrize(
    "header", ["SMILES String", "Structure", "Structure (SMILES)", "STRUCTURE_SMILES", "Molecule SMILES", "smi"]
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
