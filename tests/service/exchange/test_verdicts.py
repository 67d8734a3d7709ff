"""A value against which its laboratory speaks in its own row is not stored as a good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.exchange import ReadingOptions, read_results

if TYPE_CHECKING:
    from service.exchange import CampaignView, Report


def read(view: CampaignView, text: str, **options: object) -> Report:
    return read_results(text.encode(), "text/csv", view, ReadingOptions.model_validate(options))


@pytest.mark.parametrize(
    ("header", "bad", "good"),
    [
        *(
            ("Excluded", "yes", "no"),
            ("Outlier", "x", ""),
            ("Outlier?", "TRUE", "FALSE"),
            ("QC", "Fail", "Pass"),
        ),
        *(
            ("Valid", "N", "Y"),
            ("Status", "failed QC", "released"),
            ("Result status", "Above range", "In range"),
        ),
        *(("Accepted", "rejected", "approved"), ("Quality", "bad", "good")),
    ],
)
def test_a_value_that_its_row_disowns_is_rejected(view: CampaignView, header: str, bad: str, good: str):
    text = f"word,IC50 (nM),{header}\ngamma,5,{bad}\ndelta,6,{good}\nomega,,{bad}\n"
    report = read(view, text)
    assert [row.status for row in report.rows] == ["rejected", "accepted", "skipped"]
    assert report.rows[0].reason.startswith(f"column {header!r} says {bad!r} of the value")
    ignored = read(view, text, columns={header: "ignored"})
    assert [row.status for row in ignored.rows] == ["accepted", "accepted", "skipped"]


def test_an_outcome_says_more_than_such_a_column(view: CampaignView):
    (row,) = read(view, "word,IC50 (nM),QC,outcome\ngamma,5,fail,failed_qc\n").rows
    assert (row.status, row.result.outcome) == ("accepted", "failed_qc")


def test_the_status_of_a_candidate_in_a_batch_is_no_verdict_on_its_value(view: CampaignView):
    text = "candidate_id,word,status,IC50 (nM)\n11111111-1111-4111-8111-111111111111,alpha,rejected,5\n"
    assert [row.status for row in read(view, text).rows] == ["accepted"]


@pytest.mark.parametrize(
    ("header", "cells"), [("Pass", "0,1,2"), ("Use", "no,kinase,uk"), ("Included", "0,3,3")]
)
def test_short_words_are_no_verdict_beside_others(view: CampaignView, header: str, cells: str):
    rows = "".join(
        f"{word},5,{cell}\n" for word, cell in zip(("gamma", "delta", "omega"), cells.split(","), strict=True)
    )
    assert {row.status for row in read(view, f"word,IC50 (nM),{header}\n{rows}").rows} == {"accepted"}
