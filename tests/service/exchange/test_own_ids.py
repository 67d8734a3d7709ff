"""Ids that a laboratory gives its objects.

Kept with results, and enough where the object is known by them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from service.exchange import TableError, read_results

if TYPE_CHECKING:
    from service.exchange import CampaignView, Report

ALPHA = "11111111-1111-4111-8111-111111111111"


def read(view: CampaignView, table: str) -> Report:
    return read_results(table.encode(), "text/csv", view)


@pytest.mark.parametrize(
    "header", ["Compound ID", "Molecule Name", "sample_id", "Verbindung", "FORMATTED_ID"]
)
def test_an_object_is_known_by_the_id_that_it_was_stored_with(header: str, view: CampaignView):
    known = replace(view, own_ids={"LAB-1": {"alpha"}})
    report = read(known, f"{header},IC50 (nM)\nLAB-1,5\nLAB-2,6\n")
    assert [(row.status, row.object, row.candidate_id) for row in report.rows] == [
        ("accepted", "alpha", ALPHA),
        ("rejected", None, None),
    ]
    assert (report.rows[1].column, "no object is known as 'LAB-2'" in (report.rows[1].reason or "")) == (
        header,
        True,
    )


def test_an_id_beside_an_object_names_it_in_later_rows(view: CampaignView):
    report = read(view, "word,Compound ID,type,value\ngamma,LAB-7,logS,-1\n,LAB-7,logS,-2\n,LAB-8,logS,-3\n")
    assert [row.object for row in report.rows] == ["gamma", "gamma", None]
    assert report.rows[0].verbatim["compound_id"] == "LAB-7"


def test_a_control_is_no_id_of_an_object(view: CampaignView):
    report = read(view, "word,Compound,type,value\ngamma,Control,logS,-1\n,Control,logS,-2\n")
    assert [row.status for row in report.rows] == ["accepted", "rejected"]
    assert "summary or control row" in (report.rows[1].reason or "")


def test_an_id_of_two_objects_names_none(view: CampaignView):
    known = replace(view, own_ids={"LAB-1": {"alpha", "beta"}})
    (row,) = read(known, "Compound ID,IC50 (nM)\nLAB-1,5\n").rows
    assert row.reason == "'LAB-1' was the id of 2 objects: send the structure"


def test_the_structure_counts_where_both_are_given(view: CampaignView):
    known = replace(view, own_ids={"LAB-1": {"beta"}})
    (row,) = read(known, "word,Compound ID,IC50 (nM)\nalpha,LAB-1,5\n").rows
    assert row.object == "alpha"


def test_a_table_without_object_and_id_is_refused(view: CampaignView):
    with pytest.raises(TableError, match="no column says which object was measured"):
        read(view, "well,IC50 (nM)\nA1,5\n")
    with pytest.raises(TableError, match="no object of this campaign is known by an id such as 'LAB-1'"):
        read(view, "Compound ID,IC50 (nM)\nLAB-1,5\nLAB-2,6\n")
    (row,) = read(view, "Compound ID,IC50 (nM)\n,5\n").rows
    assert row.column == "candidate_id"
