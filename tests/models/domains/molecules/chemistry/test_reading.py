"""Standardisation of submitted SMILES: counterions, mixtures, isotopes, non-organic input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rdkit import Chem

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.fragments import build_vocabulary

if TYPE_CHECKING:
    from models.domains.molecules.domain import Molecules

TAFAMIDIS = "O=C(O)c1ccc2nc(-c3cc(Cl)cc(Cl)c3)oc2c1"
FOSFOMYCIN = "C[C@@H]1O[C@@H]1P(=O)(O)O"


@pytest.mark.parametrize(
    ("sent", "stored", "left_out"),
    [
        ("CCN.OC(=O)/C=C/C(=O)O", "CCN", "fumaric acid"),
        ("CCN.OC(=O)/C=C\\C(=O)O", "CCN", "maleic acid"),
        ("CCN.OC(=O)C=CC(=O)O", "CCN", "fumaric or maleic acid"),
        ("CNC.Cc1ccc(cc1)S(=O)(=O)O", "CNC", "p-toluenesulfonic acid"),
        (f"{TAFAMIDIS}.CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO", TAFAMIDIS, "meglumine"),
        (f"{FOSFOMYCIN}.NC(CO)(CO)CO", FOSFOMYCIN, "tromethamine"),
        ("NCCc1c[nH]cn1.OC(=O)CC(O)(CC(=O)O)C(=O)O", "NCCc1c[nH]cn1", "citric acid"),
        ("NCCc1c[nH]cn1.OC(=O)C(F)(F)F.OC(=O)C(F)(F)F", "NCCc1c[nH]cn1", "2 x trifluoroacetic acid"),
        ("CCN.OC(=O)c1cc2ccccc2c(Cc2c(O)c(cc3ccccc23)C(=O)O)c1O", "CCN", "pamoic acid"),
        ("CCN.O[C@H]([C@@H](O)C(=O)O)C(=O)O", "CCN", "tartaric acid"),
        ("CCN.OCl(=O)(=O)=O", "CCN", "perchloric acid"),
        ("CN.F[P-](F)(F)(F)(F)F", "CN", "hexafluorophosphate"),
        ("CCN.O", "CCN", "water"),
        ("CCN.[2H]O[2H]", "CCN", "water"),
        ("CCN.C[S+](C)[O-]", "CCN", "dimethyl sulfoxide"),
        ("CCC(=O)CCC(=O)O[Na]", "CCC(=O)CCC(=O)O", "sodium"),
        ("CCC(=O)CCC(=O)[O-].[Na+]", "CCC(=O)CCC(=O)O", "sodium"),
        ("CCC(=O)CCC(=O)O.[Na]", "CCC(=O)CCC(=O)O", "sodium"),
        ("CCC(=O)CCC(=O)O[Mg]OC(=O)CCC(=O)CC", "CCC(=O)CCC(=O)O", "magnesium"),
        ("[K+].F[B-](F)(F)c1ccccc1", "F[B-](F)(F)c1ccccc1", "potassium"),
    ],
)
def test_listed_counterions_and_solvents_are_left_out_by_name(sent: str, stored: str, left_out: str):
    result = read_smiles(sent)
    assert result.text == stored
    assert f"left out as counterion or solvent: {left_out}" in result.warnings


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("OC(=O)/C=C/C(=O)O", "O=C(O)/C=C/C(=O)O"),
        ("CCO", "CCO"),
        ("CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO", "CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO"),
    ],
)
def test_a_counterion_alone_is_a_compound(sent: str, stored: str):
    assert read_smiles(sent) == read_smiles(stored)
    assert (read_smiles(sent).text, read_smiles(sent).warnings) == (stored, ())


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("[Na+].CC(=O)[O-]", "CC(=O)O"),
        ("CCO.O", "CCO"),
        ("CCO.CC(=O)O", "CC(=O)O"),
        ("CCNCC.Cc1ccc(cc1)S(=O)(=O)O", "CCNCC"),
        ("NCCCC[C@H](N)C(=O)O.CC(=O)O.O", "NCCCC[C@H](N)C(=O)O"),
    ],
)
def test_among_counterions_alone_the_order_of_kinds_decides_with_a_warning(sent: str, stored: str):
    result = read_smiles(sent)
    assert result.text == stored
    assert any("counterions and solvents only: read as" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("sent", "parts"),
    [
        ("c1ccncc1.Oc1ccccc1", ("c1ccncc1", "Oc1ccccc1")),
        ("c1ccncc1.Oc1ccccc1.Cl", ("c1ccncc1", "Oc1ccccc1")),
        (
            "CC(=O)Oc1ccccc1C(=O)O.Cn1cnc2c1c(=O)n(C)c(=O)n2C",
            ("CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"),
        ),
        ("C1CNCCN1.OC(=O)CC(O)(CC(=O)O)C(=O)O", ("piperazine", "citric acid")),
        ("C[N+](C)(C)CCO.[O-]C(=O)c1ccccc1O", ("choline", "salicylic acid")),
    ],
)
def test_several_compounds_are_refused_by_name_with_what_to_do(sent: str, parts: tuple[str, ...]):
    with pytest.raises(InvalidObjectError, match="send the one that was measured") as caught:
        read_smiles(sent)
    assert all(part in caught.value.detail for part in parts)


@pytest.mark.parametrize(
    ("sent", "copies"), [("CCO.CCO", 2), ("CCN.CCN.OS(=O)(=O)O", 2), ("CCN.CC[NH3+].CCN.[Cl-]", 3)]
)
def test_copies_of_one_compound_are_one(sent: str, copies: int):
    result = read_smiles(sent)
    assert result.text in ("CCO", "CCN")
    assert f"{copies} copies of the compound are in the record: stored as one" in result.warnings


def test_a_neutralised_charge_gives_a_warning():
    assert read_smiles("CC[NH3+].[Cl-]").warnings[-1] == "charges were neutralised by moving protons"
    assert read_smiles("[NH3+]CC(=O)[O-]").warnings == ("charges were neutralised by moving protons",)
    assert read_smiles("C[n+]1ccccc1.[I-]").warnings[-1].startswith("stored as an ion of charge +1")
    assert read_smiles("C[N+](=O)[O-]").warnings == read_smiles("C[S+](C)[O-]").warnings == ()


@pytest.mark.parametrize("sent", ["[2H]C([2H])([2H])Oc1ccccc1", "[13CH3]Oc1ccccc1", "[13CH3]Oc1ccccc1.Cl"])
def test_labelled_compounds_are_distinct_and_give_a_warning(sent: str):
    result = read_smiles(sent)
    assert result.text != read_smiles("COc1ccccc1").text
    assert read_smiles(result.text).text == result.text
    assert any("isotopes are kept" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("C~C", "query"),
        ("C$C", "query"),
        ("C:C", "query"),
        ("C1CCCCC1 |rb:0:*|", "query"),
        ("C1CCCCC1.CO |Z:0|", "query"),
        ("C1CCCCC1 |LN:0:1.3|", "repeating"),
        ("[CH3]", "radical"),
        ("CC |^1:0|", "radical"),
        ("CC1(C)CCCC(C)(C)N1[O]", "radical"),
        ("[Cl].CCN", "radical"),
        ("[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1", "contains Fe"),
        ("C12C3C4C5C1[Fe]23451234C5C1C2C3C45", "contains Fe"),
        ("CCN.[Pt+2]", "contains Pt"),
        ("CC[Na]", "contains Na in a bond"),
        ("C[Mg]Br", "contains Mg in a bond"),
        ("[Li+].[CH2-]CCC", "carbon anion"),
        ("[Na+].c1cc[cH-]c1", "carbon anion"),
        ("N->[Zn+2].CC", "contains Zn in a bond"),
        ("[Na+].[Na+].[O-]C([O-])=O", "sodium, carbonic acid"),
        ("[Na+].[Cl-].O", "no carbon"),
        ("C[N+](C)(C)C.I[I-]I", r"I\[IH\]I' contains no carbon.*tetramethylammonium"),
        ("C[N+](C)(C)C.[BH4-]", "no carbon"),
        ("NCC(=O)O.OI(=O)=O", "no carbon.*glycine"),
        ("NCCO.OP(=O)(O)OP(=O)(O)OP(=O)(O)O", "no carbon.*ethanolamine"),
        ("CCO.[H][H]", "no carbon.*ethanol"),
        ("ferrocene", "not a valid SMILES"),
        ("CC |Sg:n:0:2:ht|", "repeating"),
        ("CC(N)=[N+](C)C" * 30, "more than 20 charges"),
        (
            "C" + "[C@H](O)" * 9 + "F |" + ",".join(f"o{i}:{2 * i + 1}" for i in range(9)) + "|",
            "stereo groups",
        ),
    ],
)
def test_what_is_no_organic_molecule_is_refused(sent: str, reason: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(InvalidObjectError, match=reason) as caught:
        read_smiles(sent)
    assert caught.value.column == "smiles"
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("OC1=NC(=O)C(c2ccccc2)N1", "O=C1NC(=O)C(c2ccccc2)N1"),
        ("O=C1N=C(O)C(c2ccccc2)N1", "O=C1NC(=O)C(c2ccccc2)N1"),
        ("C/C(O)=N/C", "CNC(C)=O"),
        ("CC([O-])=NC.[Na+]", "CNC(C)=O"),
        ("SC(=N)N", "NC(N)=S"),
        ("C[C@H](N)C(O)=NC", "CNC(=O)[C@H](C)N"),
        ("OC(O)=NC", "CNC(=O)O"),
    ],
)
def test_an_imidic_acid_is_its_amide_and_is_never_proposed(domain: Molecules, sent: str, stored: str):
    result = read_smiles(sent)
    assert result.text == stored
    assert "drawn as an imidic acid: read as its amide tautomer" in result.warnings
    assert any("an imidic acid" in str(reason) for reason in domain.check("OC1=NCCN1"))


def test_tautomers_of_aromatic_rings_are_two_objects():
    assert read_smiles("Oc1ccccn1").text != read_smiles("O=c1cccc[nH]1").text


def test_words_after_a_smiles_give_a_warning():
    assert read_smiles("CCO ethanol").warnings == ("'ethanol' after the SMILES was read as a name",)
    assert read_smiles(" CCC ").warnings == ()


def test_common_molecules_have_one_text_whatever_their_spelling():
    n_read = 0
    for index, raw in enumerate(list(build_vocabulary._raw_smiles())[::20]):
        try:
            text = read_smiles(raw).text
        except InvalidObjectError:
            continue
        n_read += 1
        assert read_smiles(text).text == text
        for other in Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(raw), 3, randomSeed=index + 1):
            assert read_smiles(other).text == text
    assert n_read > 150
