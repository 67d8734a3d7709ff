"""Uploads of structures as chemists send them: what is stored, what is told, and what was sent."""

from __future__ import annotations

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, read_objects, read_results

OBJECTIVES = [{"name": "IC50", "type": "IC50", "units": "nM"}, {"name": "logS"}]
CSV = "text/csv"


@pytest.fixture(scope="module")
def view():
    body = {"name": "m", "domain": {"kind": "molecules"}, "objectives": OBJECTIVES}
    spec = CampaignSpec.model_validate(body)
    return CampaignView(spec, open_domain(spec.domain), {"id-1": "CCN"})


def test_salts_are_told_in_their_rows_and_kept_as_sent(view: CampaignView):
    sent = [
        "OC(=O)/C=C/C(=O)O",
        "CCN.OC(=O)/C=C/C(=O)O",
        "CCN.O",
        "c1ccncc1.Oc1ccccc1",
        "CCN.CCN.OS(=O)(=O)O",
    ]
    table = "smiles,IC50 (nM),comment\n" + "".join(
        f"{text},{place},x\n" for place, text in enumerate(sent, 5)
    )
    report = read_results(table.encode(), CSV, view)
    assert [(row.status, row.object) for row in report.rows] == [
        ("accepted", "O=C(O)/C=C/C(=O)O"),
        ("accepted", "CCN"),
        ("accepted", "CCN"),
        ("rejected", None),
        ("accepted", "CCN"),
    ]
    assert [row.verbatim["smiles"] for row in report.rows] == sent
    assert [len(row.warnings) for row in report.rows] == [0, 1, 1, 0, 2]
    assert report.rows[3].column == "smiles"
    assert "'c1ccncc1', 'Oc1ccccc1'" in (report.rows[3].reason or "")
    assert "row 3: left out as counterion or solvent: fumaric acid" in report.all_warnings()


def test_a_salt_of_a_candidate_is_that_candidate(view: CampaignView):
    report = read_results(
        b"candidate_id,smiles,IC50\nid-1,CC[NH3+].[Cl-],5\nid-1,CCO,5\n,CCN.Cl,6\n", CSV, view
    )
    assert [(row.status, row.candidate_id) for row in report.rows] == [
        ("accepted", "id-1"),
        ("rejected", "id-1"),
        ("accepted", "id-1"),
    ]


def test_isomers_are_three_compounds_and_a_racemate_the_flat_one(view: CampaignView):
    table = "smiles,IC50\nO=C(O)[C@@]([H])(N)C,5\nO=C(O)[C@]([H])(N)C,50\nO=C(O)C(N)C,20\n"
    table += "C[C@H](N)C(=O)O.C[C@@H](N)C(=O)O,20\n"
    report = read_results(table.encode(), CSV, view)
    assert [row.object for row in report.rows] == [
        "C[C@H](N)C(=O)O",
        "C[C@@H](N)C(=O)O",
        *["CC(N)C(=O)O"] * 2,
    ]
    assert [bool(row.warnings) for row in report.rows] == [False, False, False, True]


def test_tables_of_structures_alone_tell_the_same(view: CampaignView):
    report = read_objects(b"smiles\nCCN.Cl\nC~C\n", CSV, view.domain)
    assert report.rows[0].warnings == ("left out as counterion or solvent: hydrogen chloride",)
    assert (report.rows[1].status, report.rows[1].column) == ("rejected", "smiles")


def test_the_richer_of_two_structure_columns_is_read(view: CampaignView):
    header = "Canonical SMILES,Isomeric SMILES,IC50 (nM)"
    rows = ["CC(N)C(=O)O,C[C@H](N)C(=O)O,5", "CCO,CCS,5", "CCO,n/a,5", ",CCO,5"]
    report = read_results("\n".join((header, *rows)).encode(), CSV, view)
    assert [row.object for row in report.rows] == ["C[C@H](N)C(=O)O", None, "CCO", "CCO"]
    assert "isomeric_smiles was read" in report.rows[0].warnings[0]
    assert report.rows[1].column == "Isomeric SMILES"
    assert "another compound" in report.rows[1].reason
    alone = read_results(b"Isomeric SMILES,IC50 (nM)\nC[C@H](N)C(=O)O,5\n", CSV, view)
    assert [row.object for row in alone.rows] == ["C[C@H](N)C(=O)O"]


def test_a_candidate_comes_back_as_the_isomer_or_the_mixture_that_was_made(view: CampaignView):
    proposed = CampaignView(view.spec, view.domain, {"flat": "CCC(C)O", "known": "CC[C@H](C)N"})
    rows = ["flat,CC[C@H](C)O,5", "known,CCC(C)N,6", "known,CC[C@@H](C)N,7", "flat,CCC(C)N,8", "flat,,9"]
    report = read_results("\n".join(("candidate_id,smiles,IC50 (nM)", *rows)).encode(), CSV, proposed)
    made = [(row.candidate_id, row.object) for row in report.rows if row.status == "accepted"]
    assert made == [("flat", "CC[C@H](C)O"), ("known", "CCC(C)N"), ("flat", "CCC(C)O")]
    assert report.rows[0].warnings == ("stored as it was really made: one stereoisomer of what was proposed",)
    assert "a mixture of stereoisomers that contains the proposed one" in report.rows[1].warnings[0]
    assert all("candidate_id names" in report.rows[place].reason for place in (2, 3))


def test_tautomers_are_one_object_and_the_change_is_told(view: CampaignView):
    report = read_results(b"smiles,IC50 (nM)\nOc1ccccn1,5\nO=c1cccc[nH]1,6\n", CSV, view)
    assert [row.object for row in report.rows] == ["O=c1cccc[nH]1"] * 2
    assert "standard tautomer" in report.rows[0].warnings[0]
    assert report.rows[0].verbatim["smiles"] == "Oc1ccccn1"


def test_a_candidate_stored_before_a_rule_of_reading_changed_is_still_itself(view: CampaignView):
    old = CampaignView(view.spec, view.domain, {"id-1": "C[S+]([O-])c1ccccc1"})
    table = b"candidate_id,smiles,IC50 (nM)\nid-1,C[S+]([O-])c1ccccc1,5\nid-1,CS(=O)c1ccccc1,6\nid-1,CCO,7\n"
    report = read_results(table, CSV, old)
    assert [row.status for row in report.rows] == ["accepted", "accepted", "rejected"]
    assert [row.object for row in report.rows] == ["C[S+]([O-])c1ccccc1"] * 2 + [None]
    assert "candidate_id names C[S+]([O-])c1ccccc1, smiles CCO" in report.rows[2].reason
