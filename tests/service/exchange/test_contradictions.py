"""What one part of a file says against another.

Scales, percent, second headers, curves and remarks on units.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from models.specs.objectives import Objective
from service.exchange import CampaignView, QuestionError, ReadingOptions, TableError, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import Report


def read(view: CampaignView, text: str, **options: object) -> Report:
    return read_results(text.encode(), "text/csv", view, ReadingOptions.model_validate(options))


def told(report: Report) -> list[tuple[str, str, float | None] | str]:
    return [
        (row.result.type, row.result.relation, row.result.value) if row.result else row.status
        for row in report.rows
    ]


@pytest.fixture
def percent(spec_of: Callable[..., CampaignSpec], domain: Domain) -> CampaignView:
    return CampaignView(spec_of(Objective(name="inhibition", units="%"), Objective(name="logS")), domain)


def test_fractions_in_a_campaign_of_percent_are_asked_about(percent: CampaignView):
    text = "word,inhibition\ngamma,0.45\ndelta,0.9\n"
    with pytest.raises(QuestionError, match="percent or fractions") as asked:
        read(percent, text)
    as_percent, as_fraction = map(json.loads, asked.value.choices)
    assert told(read(percent, text, columns=as_percent)) == [
        ("inhibition", "=", 0.45),
        ("inhibition", "=", 0.9),
    ]
    assert told(read(percent, text, columns=as_fraction)) == [
        ("inhibition", "=", 45),
        ("inhibition", "=", 90),
    ]


def test_fractions_in_a_long_table_need_units(percent: CampaignView):
    with pytest.raises(TableError, match="column units that says % or fraction"):
        read(percent, "word,type,value\ngamma,inhibition,0.45\ndelta,inhibition,0.9\n")


@pytest.mark.parametrize(
    "text",
    [
        "word,inhibition (%)\ngamma,0.45\ndelta,0.9\n",
        "word,inhibition\ngamma,0.45\ndelta,90\n",
        "word,inhibition\ngamma,0\ndelta,1\n",
        "word,type,value,units\ngamma,inhibition,0.45,%\ndelta,inhibition,0.9,%\n",
        "word,logS\ngamma,0.45\ndelta,0.9\n",
        "word,inhibition,units\ngamma,0.45,fraction\ndelta,0.45,\n",
    ],
)
def test_percentages_that_say_so_or_can_be_no_fractions_are_read(percent: CampaignView, text: str):
    assert {row.status for row in read(percent, text).rows} == {"accepted"}


def test_a_bare_fraction_beside_percentages_is_rejected(percent: CampaignView):
    report = read(percent, "word,inhibition\ngamma,45%\ndelta,0.9\nomega,12\n")
    assert told(report) == [("inhibition", "=", 45), "rejected", ("inhibition", "=", 12)]
    assert report.rows[1].column == "units"


def test_a_logarithm_beside_a_value_shows_wrong_units(view: CampaignView):
    report = read(view, "word,IC50,pIC50\ngamma,5,5.3\ndelta,5,8.3\nomega,5,\n")
    assert [row.status for row in report.rows] == ["rejected", "rejected", "accepted", "accepted", "accepted"]
    assert "IC50 of 5 nM makes pIC50 8.3, but the row says 5.3" in report.rows[0].reason


def test_a_wide_table_of_concentrations_is_read_as_logarithms(
    spec_of: Callable[..., CampaignSpec], domain: Domain
):
    of_logarithms = CampaignView(spec_of(Objective(name="pIC50")), domain)
    report = read(of_logarithms, "word,IC50 (uM)\ngamma,0.01\ndelta,>30\n")
    assert told(report) == [("pIC50", "=", 8), ("pIC50", "<", pytest.approx(4.52288, abs=1e-5))]


def test_a_second_header_in_other_units_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="row 3 names the columns again") as caught:
        read(view, "word,IC50 (nM)\ngamma,5\nword,IC50 (uM)\ndelta,7\n")
    assert (caught.value.row, caught.value.column) == (3, "IC50 (nM)")


def test_a_header_on_every_page_is_rejected_as_what_it_is(view: CampaignView):
    report = read(view, "word,IC50 (nM)\ngamma,5\nWORD,IC50  (nM)\ndelta,7\nword,9\n")
    assert told(report) == [("IC50", "=", 5), "rejected", ("IC50", "=", 7), ("IC50", "=", 9)]
    assert report.rows[1].reason == "the row repeats the header: take it out"


@pytest.mark.parametrize("header", ["conc (uM)", "Dose", "Test concentration [uM]", "conc"])
def test_readings_at_several_concentrations_are_no_repeats(view: CampaignView, header: str):
    text = f"word,{header},IC50 (nM)\ngamma,10,55\ngamma,1,20\n"
    with pytest.raises(TableError, match="curve and no repeats"):
        read(view, text)
    assert told(read(view, text, columns={header: "ignored"})) == [("IC50", "=", 55), ("IC50", "=", 20)]


def test_one_concentration_of_each_object_is_no_curve(view: CampaignView):
    report = read(view, "word,conc (uM),IC50 (nM)\ngamma,10,55\ngamma,10.0,50\ndelta,1,20\ndelta,5,\n")
    assert [row.status for row in report.rows] == ["accepted"] * 3 + ["skipped"]


@pytest.mark.parametrize("remark", ["values in uM", "units: uM", "IC50 given in micromolar"])
def test_a_remark_on_units_counts_where_no_others_are_given(view: CampaignView, remark: str):
    with pytest.raises(TableError, match="speaks of units"):
        read(view, f"word,IC50,comment\ngamma,5,{remark}\n")
    for text in (f"word,IC50 (nM),comment\ngamma,5,{remark}\n", f"word,IC50,comment\ngamma,5 nM,{remark}\n"):
        assert told(read(view, text)) == [("IC50", "=", 5)]


@pytest.mark.parametrize(
    "remark", ["values in nM", "tested in 10 uM buffer", "seen in DMSO", "two units of enzyme"]
)
def test_a_remark_that_states_no_other_units_does_not_count(view: CampaignView, remark: str):
    assert told(read(view, f"word,IC50,comment\ngamma,5,{remark}\n")) == [("IC50", "=", 5)]


@pytest.mark.parametrize("own_id", ["Mean", "AVERAGE", "geo mean", "SD", "Std. Dev.", "median"])
def test_a_summary_with_the_structure_of_its_readings_is_no_result(view: CampaignView, own_id: str):
    report = read(view, f"compound_id,word,IC50 (nM)\nL1,gamma,5\n{own_id},gamma,6\n")
    assert told(report) == [("IC50", "=", 5), "rejected"]
    assert "summary row" in report.rows[1].reason


@pytest.mark.parametrize("text", ["NA", "n/a", "-"])
def test_no_candidate_is_named_by_a_word_for_nothing(view: CampaignView, text: str):
    assert told(read(view, f"candidate_id,word,IC50 (nM)\n{text},gamma,5\n")) == [("IC50", "=", 5)]


def test_a_word_with_digits_means_what_its_sender_says(view: CampaignView):
    report = read(view, "word,IC50 (nM)\ngamma,NF1\ndelta,5\n", words={"nf1": "assay_failed"})
    assert [row.result.outcome for row in report.rows] == ["assay_failed", "ok"]


def test_a_count_beside_a_deviation_makes_a_standard_error(view: CampaignView):
    (row,) = read(view, "word,IC50 avg (nM),IC50 stdev,IC50 count\ngamma,5,1,4\n").rows
    assert (row.result.value, row.result.standard_error) == (5, 0.5)
    (row,) = read(view, "word,IC50 (nM),count\ngamma,5,cells 1e6\n").rows
    assert row.status == "accepted"


def test_readings_are_numbered_as_n_equals(view: CampaignView):
    report = read(view, "word,IC50 n=1 (nM),IC50 n=2 (nM)\ngamma,5,6\n")
    assert [(row.result.replicate, row.result.value) for row in report.rows] == [("1", 5), ("2", 6)]


@pytest.mark.parametrize("line", ["// end of export", "# end of export", "//done"])
def test_a_comment_below_the_table_is_passed_over(view: CampaignView, line: str):
    assert told(read(view, f"word,IC50 (nM)\ngamma,5\n{line}\n")) == [("IC50", "=", 5), "skipped"]
