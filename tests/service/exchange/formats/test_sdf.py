"""Structures with data fields: every record a row, whatever the others hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdDepictor

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Prediction, ProposedCandidate
from service.exchange import (
    BatchRow,
    CampaignView,
    TableError,
    UnknownFormatError,
    read_objects,
    read_results,
    read_table,
    write_batch,
)
from service.exchange.formats import sdf

MEDIA_TYPE = "chemical/x-mdl-sdfile"
NOTHING = "\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"
OBJECTIVES = [{"name": "potency", "type": "IC50", "units": "nM"}, {"name": "logS"}]


@pytest.fixture(scope="module")
def view():
    body = {"name": "m", "domain": {"kind": "molecules"}, "objectives": OBJECTIVES}
    spec = CampaignSpec.model_validate(body)
    return CampaignView(spec, open_domain(spec.domain), {"id-1": "CCO"})


def record(smiles: str, *, sanitize: bool = True, v3000: bool = False, **fields: Any):
    mol = Chem.MolFromSmiles(smiles, sanitize=sanitize)
    if sanitize:
        rdDepictor.Compute2DCoords(mol)
    return with_fields(Chem.MolToMolBlock(mol, forceV3000=v3000, kekulize=sanitize), **fields)


def with_fields(block: str, **fields: Any):
    return block + "".join(f">  <{name}>\n{value}\n\n" for name, value in fields.items()) + "$$$$\n"


def rows_of(*records: str):
    return read_table("".join(records).encode(), MEDIA_TYPE).rows


def test_structures_and_fields_are_columns():
    content = record("C[C@H](N)C(=O)O", ID=1, **{"IC50 (µM)": "< 3"}) + record(
        "c1ccccc1O", v3000=True, note="two\nlines"
    )
    table = read_table(content.encode(), MEDIA_TYPE)
    assert table.columns == ("smiles", "ID", "IC50 (µM)", "note")
    first, second = (dict(row.cells) for row in table.rows)
    assert first == {"smiles": "C[C@H](N)C(=O)O", "ID": "1", "IC50 (µM)": "< 3"}
    assert second == {"smiles": "Oc1ccccc1", "note": "two\nlines"}
    assert table.warnings == ()


def test_records_that_cannot_be_read_stop_no_other(view: CampaignView):
    query = Chem.MolToMolBlock(Chem.MolFromSmarts("[C,N]CO"))
    content = "".join(
        [
            record("CCO", IC50="3", units="uM"),
            record("C(C)(C)(C)(C)C", sanitize=False, IC50="3"),
            with_fields("garbage\n\n\n", IC50="3"),
            with_fields(query, IC50="3"),
            record("CCN", IC50="high"),
            record("CC[Na]", IC50="3"),
            record("CCCl", IC50=""),
            record("CCCN", IC50="> 5", logS="-2,5").replace("\n", "\r\n"),
            record("CCCO", IC50="7").removesuffix("$$$$\n"),
        ]
    )
    report = read_results(content.encode(), MEDIA_TYPE, view)
    told = [(row.row, row.status, row.column) for row in report.rows]
    assert told == [
        (1, "accepted", None),
        (2, "rejected", None),
        (3, "rejected", None),
        (4, "rejected", None),
        (5, "rejected", "IC50"),
        (6, "rejected", "smiles"),
        (7, "skipped", None),
        (8, "accepted", None),
        (8, "rejected", "logS"),
        (9, "accepted", None),
    ]
    assert "Explicit valence for atom # 0 C, 5" in report.rows[1].reason
    assert "no MDL connection table" in report.rows[2].reason
    assert "a query" in report.rows[3].reason
    assert (report.rows[0].result.object, report.rows[0].result.value) == ("CCO", 3000)
    assert (report.rows[7].result.relation, report.rows[9].result.value) == (">", 7)


def test_a_record_without_a_structure_may_name_its_candidate_or_smiles(view: CampaignView):
    content = with_fields(NOTHING, candidate_id="id-1", potency=3) + with_fields(
        NOTHING, SMILES="CCN", potency=4
    )
    content += with_fields(NOTHING, potency=5)
    report = read_results(content.encode(), MEDIA_TYPE, view)
    assert [(row.status, row.object) for row in report.rows] == [
        ("accepted", "CCO"),
        ("accepted", "CCN"),
        ("rejected", None),
    ]


def test_what_the_structure_does_not_say_is_told_and_stereo_groups_are_passed_on():
    mixture = Chem.MolToMolBlock(Chem.MolFromSmiles("C[C@H](O)CC |&1:1|"), forceV3000=True) + "$$$$\n"
    table = read_table(
        (record("CCO", SMILES="OCC") + record("CCO", Smiles="CCN") + mixture).encode(), MEDIA_TYPE
    )
    assert table.columns == ("smiles",)
    assert table.warnings == ("record 2 has a field smiles that differs; the structure was read",)
    assert table.rows[2].cells["smiles"] == "CC[C@H](C)O |&1:2|"


def test_records_are_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sdf, "MAX_RECORD", 2_000)
    monkeypatch.setattr(sdf, "MAX_ATOMS", 3)
    long, large, small = rows_of(record("CC", note="x" * 2_000), record("CCCC"), record("CCO"))
    assert "longer than 2000" in (long.problem or "")
    assert "4 atoms" in (large.problem or "")
    assert small.problem is None
    monkeypatch.setattr(sdf, "MAX_ROWS", 2)
    with pytest.raises(TableError, match="at most 2 records"):
        rows_of(record("C"), record("C"), record("C"))


def test_a_file_without_records_or_that_is_no_text_is_refused():
    for content in (b"", b"\n \n", b"\0\0"):
        with pytest.raises(TableError):
            read_table(content, MEDIA_TYPE)


def test_only_campaigns_of_structures_read_it_and_the_others_say_what_they_read():
    peptides = open_domain(
        CampaignSpec.model_validate(
            {"name": "p", "domain": {"kind": "peptides"}, "objectives": OBJECTIVES}
        ).domain
    )
    assert "smiles" not in peptides.object_columns
    with pytest.raises(UnknownFormatError, match=r"text/csv.*spreadsheetml") as caught:
        read_objects(record("CCO").encode(), MEDIA_TYPE, peptides)
    assert "send one of" in str(caught.value)
    assert MEDIA_TYPE not in str(caught.value).partition("send one of")[2]


def test_objects_alone_come_as_structures_too(view: CampaignView):
    content = record("OCC", note="x") + with_fields("garbage\n\n\n") + record("c1ccccc1", v3000=True)
    report = read_objects(content.encode(), MEDIA_TYPE, view.domain)
    assert [(row.row, row.status, row.object) for row in report.rows] == [
        (1, "accepted", "CCO"),
        (2, "rejected", None),
        (3, "accepted", "c1ccccc1"),
    ]


@settings(max_examples=40)
@given(
    st.integers(0, 600), st.sampled_from(["", "0", "\n", "$$$$\n", "M  END\n", "-", "\u00b5", "> <", "99"])
)
def test_a_changed_file_leaves_rows_or_a_table_error(place: int, new: str):
    text = record("CC(=O)Nc1ccc(O)cc1", IC50="3") + record("CCO", IC50="4")
    table = read_table((text[:place] + new + text[place + len(new) :]).encode(), MEDIA_TYPE)
    assert all(row.problem or set(row.cells) <= set(table.columns) for row in table.rows)


def candidate(text: str):
    return ProposedCandidate(
        rank=1,
        object=text,
        predictions={"potency": Prediction(12.5, 0.3, 4.0, 40.0)},
        computed={"qed": 0.5},
        acquisition=0.5,
        feasibility=1.0,
        guardrails={},
        beta=8.0,
        preference={"potency": 0.5, "logS": 0.5},
        log_reward=1.0,
        log_pf=-3.0,
        nearest_measured=None,
        reason="a sentence",
    )


def test_a_filled_in_download_comes_back(view: CampaignView):
    objects = {"id-1": "CCO", "id-2": "C[C@H](N)C(=O)O", "id-3": "C/C=C/Cl", "id-4": "C[N+](C)(C)CC(=O)[O-]"}
    texts = {key: view.domain.parse({"smiles": text}) for key, text in objects.items()}
    rows = [BatchRow(key, "released", candidate(text)) for key, text in texts.items()]
    content = write_batch(rows, view.spec, view.domain, "sdf").content.decode()
    values = iter(("1.5", "<2", "3", ""))
    content = re.sub(r"(>  <potency>[^\n]*\n)[^\n]*", lambda found: found[1] + next(values), content)
    report = read_results(content.encode(), MEDIA_TYPE, CampaignView(view.spec, view.domain, texts))
    assert report.warnings == ()
    assert [(row.candidate_id, row.object, row.status) for row in report.rows] == [
        *((key, text, "accepted") for key, text in list(texts.items())[:3]),
        ("id-4", None, "skipped"),
    ]
    assert [row.result.value for row in report.rows[:3]] == [1.5, 2, 3]
