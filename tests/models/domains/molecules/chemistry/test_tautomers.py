"""Standard tautomers: every form of a compound is read as the one that a chemist draws."""

from __future__ import annotations

import pytest
from rdkit import Chem

from models.domains.molecules.chemistry import tautomers
from models.domains.molecules.chemistry.reading import read_smiles

MERGED_NOTE = "read as its standard tautomer, which this campaign stores for all tautomers"


@pytest.mark.parametrize(
    ("standard", "others"),
    [
        ("O=c1cccc[nH]1", ["Oc1ccccn1"]),
        ("O=c1cc[nH]c2ccccc12", ["Oc1ccnc2ccccc12"]),
        ("Nc1ccccn1", ["N=c1cccc[nH]1"]),
        ("Nc1nccs1", ["N=c1[nH]ccs1"]),
        ("c1ccc2[nH]ncc2c1", ["c1ccc2n[nH]cc2c1"]),
        ("c1ccc2[nH]nnc2c1", ["c1ccc2n[nH]nc2c1"]),
        ("Cc1c[nH]cn1", ["Cc1cnc[nH]1"]),
        ("Nc1nc2[nH]cnc2c(=O)[nH]1", ["Nc1nc(=O)c2nc[nH]c2[nH]1", "Nc1nc(O)c2[nH]cnc2n1"]),
        ("O=c1[nH]cnc2ccccc12", ["O=c1nc[nH]c2ccccc12", "Oc1ncnc2ccccc12"]),
        ("S=c1[nH]c2ccccc2[nH]1", ["Sc1nc2ccccc2[nH]1"]),
        ("CN=C(N)c1ccccc1", ["CNC(=N)c1ccccc1", "C/N=C(/N)c1ccccc1"]),
        ("CC(=O)CC(C)=O", ["CC(O)=CC(C)=O", "C/C(O)=C/C(C)=O"]),
        ("O=C1NC(=O)C(c2ccccc2)N1", ["OC1=NC(=O)C(c2ccccc2)N1"]),
        ("CC(C)[C@H](N)C(=O)Nc1cc[nH]n1", ["CC(C)[C@H](N)C(O)=Nc1ccn[nH]1"]),
        ("Oc1ccc2ccccc2c1N=Nc1ccccc1", ["O=C1C=Cc2ccccc2C1=NNc1ccccc1"]),
    ],
)
def test_all_forms_are_one_compound_that_reads_as_itself(standard: str, others: list[str]) -> None:
    text = read_smiles(standard, "merged").text
    assert text == Chem.CanonSmiles(standard)
    for other in others:
        found = read_smiles(other, "merged")
        assert found.text == text
        assert MERGED_NOTE in found.warnings or "imidic acid" in found.warnings[0]
    assert read_smiles(standard, "merged").warnings == ()


@pytest.mark.parametrize(
    "text",
    ["C/C(=N/O)c1ccccc1", "O=C1OCC(O)=C1O", "O=C(NO)c1c[nH]cn1", "CNC(=O)/C=C/c1ccccc1", "CC(C)=O", "OC=C"],
)
def test_what_no_heteroatom_shift_reaches_stays(text: str) -> None:
    assert read_smiles(text, "merged").text == read_smiles(text).text


def test_tautomers_as_drawn_stay_apart_but_for_imidic_acids() -> None:
    assert read_smiles("Oc1ccccn1").text != read_smiles("O=c1cccc[nH]1").text
    assert read_smiles("OC1=NCCC1").text == "O=C1CCCN1"


def test_a_compound_with_too_many_tautomers_stays_as_drawn_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tautomers, "MOST_FORMS", 2)
    tautomers._enumerator.cache_clear()
    sent = "Nc1nc(O)c2[nH]c(CCCC)nc2n1"
    found = read_smiles(sent, "merged")
    tautomers._enumerator.cache_clear()
    assert found.text == read_smiles(sent).text
    assert found.warnings == ("more than 2 tautomers: stored as drawn, apart from its other tautomers",)
