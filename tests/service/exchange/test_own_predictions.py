"""A downloaded batch's own predictions beside columns that a lab added to it.

Neither is taken for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.specs.objectives import Objective
from service.exchange import CampaignView, TableError, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange import Report

_ID = "11111111-1111-4111-8111-111111111111"
_MIC = Objective(name="MIC", type="MIC", units="ug/mL", direction="minimize")


@pytest.fixture
def mic(spec_of: Callable[..., CampaignSpec], domain: Domain):
    return CampaignView(spec_of(_MIC), domain, {_ID: "alpha"})


def read(view: CampaignView, header: str, row: str) -> Report:
    return read_results(f"{header}\n{row}\n".encode(), "text/csv", view)


def error_of(report: Report) -> float | None:
    (row,) = report.rows
    assert row.result is not None, row
    return row.result.standard_error


@pytest.mark.parametrize("lab", ["MIC SD", "MIC sd", "MIC_stdev", "MIC (ug/mL) SD", "SD"])
@pytest.mark.parametrize(
    "own", ["MIC_mean,MIC_sd,MIC_low,MIC_high", "MIC_mean,MIC_low,MIC_high", "MIC_sd", "MIC_sd,rank"]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_the_exact_name_is_the_prediction_and_the_other_was_measured(
    mic: CampaignView, lab: str, own: str, *, is_first: bool
):
    value = "MIC (ug/mL)" if "ug" in lab else "MIC"
    predicted = ",".join("0.5" for _ in own.split(","))
    header, row = (f"{lab},{own}", f"1,{predicted}") if is_first else (f"{own},{lab}", f"{predicted},1")

    report = read(mic, f"candidate_id,word,{header},{value},n", f"{_ID},alpha,{row},2,4")

    assert error_of(report) == pytest.approx(0.5)


def test_a_deviation_that_may_be_predicted_is_refused_beside_a_number_of_readings(mic: CampaignView):
    with pytest.raises(TableError, match=r"'MIC_sd' is a batch's name for a prediction"):
        read(mic, "candidate_id,word,rank,MIC_sd,MIC,n", f"{_ID},alpha,1,0.5,2,4")


def test_two_spellings_of_a_prediction_are_refused(mic: CampaignView):
    with pytest.raises(TableError, match=r"name the prediction 'MIC_sd'"):
        read(
            mic,
            "candidate_id,word,mic mean,mic_sd,MIC SD,mic low,mic high,MIC,n",
            f"{_ID},alpha,2,0.5,1,1,3,2,4",
        )


def test_a_table_of_a_lab_keeps_its_deviation(mic: CampaignView):
    assert error_of(read(mic, "word,MIC,MIC_sd,n", "alpha,2,1,4")) == pytest.approx(0.5)


def test_a_deviation_without_a_number_of_readings_is_told(mic: CampaignView):
    report = read(mic, "word,MIC,MIC_sd", "alpha,2,1")
    assert error_of(report) is None
    assert any("standard deviation was not stored, because n" in text for text in report.rows[0].warnings)
    assert not any(
        "deviation" in text for text in read(mic, "word,MIC,SD,SEM", "alpha,2,1,0.5").rows[0].warnings
    )
    assert not any("deviation" in text for text in read(mic, "word,MIC,SD,n", "alpha,2,,3").rows[0].warnings)


def test_a_deviation_is_of_the_one_assay_that_a_row_of_a_batch_has(view: CampaignView):
    own = "potency_mean,potency_sd,potency_low,potency_high,solubility_mean,solubility_low,solubility_high"
    report = read(
        view, f"candidate_id,word,{own},potency,solubility,SD,n", f"{_ID},alpha,2,9,1,3,-3,-4,-2,5,,1,4"
    )
    assert error_of(report) == pytest.approx(0.5)

    report = read(view, "word,potency,solubility,SD,n", "alpha,5,-2,1,4")
    assert [row.result.standard_error for row in report.rows if row.result] == [None, None]
    assert any("not read: columns 'SD', 'n'" in text for text in report.warnings)
