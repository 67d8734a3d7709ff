"""End groups in columns of their own are part of the peptide."""

from __future__ import annotations

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, read_objects, read_results


@pytest.fixture(scope="module")
def view():
    spec = CampaignSpec.model_validate(
        {"name": "p", "domain": {"kind": "peptides"}, "objectives": [{"name": "MIC"}]}
    )
    return CampaignView(spec, open_domain(spec.domain))


@pytest.mark.parametrize(
    ("header", "cells", "text"),
    [
        ("N-term,C-term", "Ac,NH2", "Ac-KWK-NH2"),
        ("n_terminus,c_terminus", "acetyl,amide", "Ac-KWK-NH2"),
        ("N-terminal modification,C-terminal modification", "free,amidated", "H-KWK-NH2"),
        ("N-Terminus,C-Terminus", "H,OH", "KWK"),
        ("N-term,C-term", ",", "KWK"),
        ("N-term,C-term", "n/a,?", "KWK"),
        ("N-term mod,C-terminus modification", "Ac,amidation", "Ac-KWK-NH2"),
        ("Amidated,Modification(s)", "yes,N-acetyl", "Ac-KWK-NH2"),
        ("Cyclic,Disulfide,Chirality", "no,none,L", "KWK"),
    ],
)
def test_end_groups_in_columns_are_read(view: CampaignView, header: str, cells: str, text: str):
    content = f"sequence,{header},MIC\nKWK,{cells},5\n".encode()
    report = read_results(content, "text/csv", view)
    assert [row.object for row in report.rows] == [text]
    assert report.warnings == ()
    assert [row.object for row in read_objects(content, "text/csv", view.domain).rows] == [text]


def test_an_end_group_that_is_not_known_is_rejected_with_its_column(view: CampaignView):
    report = read_results(b"sequence,N-term,MIC\nKWK,Fmoc,5\n", "text/csv", view)
    assert [(row.status, row.column) for row in report.rows] == [("rejected", "N-term")]
    assert "'Fmoc' is not supported" in report.rows[0].reason


@pytest.mark.parametrize("text", ["AVERAGE", "MEAN", "QC", "NC", "CV", "TEST", "PLATE"])
def test_summary_rows_are_no_peptides_and_others_are(view: CampaignView, text: str):
    report = read_results(f"sequence,MIC\n{text},5\nNA,6\nND,7\nNAN,8\n".encode(), "text/csv", view)
    assert [row.status for row in report.rows] == ["rejected", "accepted", "accepted", "accepted"]


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Modification(s)", "D-Ala3"),
        ("Cyclic", "yes"),
        ("Disulfide", "C1-C3"),
        ("Chirality", "D"),
        ("End groups", "Ac"),
    ],
)
def test_what_no_plain_chain_has_is_rejected_by_its_header(view: CampaignView, header: str, cell: str):
    report = read_results(f"sequence,{header},MIC\nKWK,{cell},5\nKWK,,5\n".encode(), "text/csv", view)
    assert [(row.status, row.column) for row in report.rows] == [("rejected", header), ("accepted", None)]
