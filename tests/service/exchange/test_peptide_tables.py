"""Tables of peptides as databases export them: end groups in columns of their own."""

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, read_objects, read_results

SPEC = CampaignSpec.model_validate(
    {"name": "p", "domain": {"kind": "peptides"}, "objectives": [{"name": "MIC"}]}
)
DOMAIN = open_domain(SPEC.domain)
CANDIDATE = "0" * 8 + "-0000-4000-8000-" + "0" * 12


@pytest.mark.parametrize(
    "headers",
    [("N terminus", "C terminus"), ("N-term", "C-term"), ("NTERM", "CTERM"), ("N_terminal", "C Terminal")],
)
def test_end_groups_are_part_of_the_object(headers: tuple[str, str]) -> None:
    table = f"sequence,{','.join(headers)},MIC\nKLAKL,ACT,AMD,4\nKLAKL,,AMD,8\nKLAKL,palmitoyl,,1\n"
    report = read_results(table.encode(), "text/csv", CampaignView(SPEC, DOMAIN))
    assert [(row.status, row.object) for row in report.rows] == [
        ("accepted", "Ac-KLAKL-NH2"),
        ("accepted", "H-KLAKL-NH2"),
        ("rejected", None),
    ]
    assert report.rows[2].column == headers[0]
    assert report.warnings == ()


def test_an_end_group_alone_describes_no_object() -> None:
    view = CampaignView(SPEC, DOMAIN, {CANDIDATE: "KLAKL"})
    table = f"candidate_id,sequence,N terminus,MIC\n{CANDIDATE},,free,4\n,,free,5\n"
    known, nameless = read_results(table.encode(), "text/csv", view).rows
    assert (known.status, known.object) == ("accepted", "KLAKL")
    assert (nameless.status, nameless.column) == ("rejected", "candidate_id")
    (skipped,) = read_objects(b"sequence,N terminus\n,free\n", "text/csv", DOMAIN).rows
    assert skipped.status == "skipped"


def test_two_chains_in_one_cell_are_no_peptide() -> None:
    table = b"sequence,MIC\nKLAKLAK GIGKFLHS,4\n"
    (row,) = read_results(table, "text/csv", CampaignView(SPEC, DOMAIN)).rows
    assert (row.status, row.column) == ("rejected", "sequence")
    assert row.reason is not None
    assert "two chains" in row.reason
