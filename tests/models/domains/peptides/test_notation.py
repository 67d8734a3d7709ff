"""Peptide notation: every accepted spelling means one object, others are refused with their column."""

import pytest

from models.domains.contract import InvalidObjectError, Violation
from models.domains.peptides.domain import Peptides
from models.domains.peptides.spec import PeptidesSpec

FREE = Peptides(PeptidesSpec())
CAPPED = Peptides(PeptidesSpec(n_terminus="acetyl", c_terminus="amide"))


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("sequence", "ACDKW"),
        ("sequence", " ACDKW\n"),
        ("sequence", "Ala Cys Asp Lys Trp"),
        ("sequence", "ALA CYS ASP LYS TRP"),
        ("sequence", "AlaCysAspLysTrp"),
        ("sequence", "NH2-ACDKW-COOH"),
        ("sequence", "H2N - ACDKW - CO2H"),
        ("sequence", "H\u2013ACDKW\u2013OH"),
        ("sequence", "Ala-Cys-Asp-Lys-Trp"),
        ("sequence", "ALA-CYS-ASP-LYS-TRP"),
        ("sequence", "H-ACDKW-OH"),
        ("sequence", "H-Ala-Cys-Asp-Lys-Trp-OH"),
        ("sequence", "ACDKW-OH"),
        ("helm", "PEPTIDE1{A.C.D.K.W}$$$$V2.0"),
        ("helm", "PEPTIDE1{A.C.D.K.W}$$$$"),
        ("helm", " PEPTIDE1{A.C.D.K.W}$$$$V2.0\n"),
    ],
)
def test_spellings_of_one_peptide(column: str, written: str):
    assert FREE.parse({column: written}) == "ACDKW"


@pytest.mark.parametrize("written", ["Ac-ACDKW-NH2", "ac-ACDKW-am", "Ac-Ala-Cys-Asp-Lys-Trp-NH2", "Ac-ACDKW", "ACDKW"])
def test_a_bare_sequence_has_the_campaigns_ends(written: str):
    assert CAPPED.parse({"sequence": written}) == "ACDKW"
    assert CAPPED.parse({"helm": "PEPTIDE1{[ac].A.C.D.K.W.[am]}$$$$V2.0"}) == "ACDKW"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"sequence": "ACD", "n_terminus": "Acetyl", "c_terminus": "NH2"}, "Ac-ACD-NH2"),
        ({"sequence": "ACD", "n_terminus": "ACT"}, "Ac-ACD-OH"),
        ({"sequence": "ACD", "c_terminus": "AMD"}, "H-ACD-NH2"),
        ({"sequence": "ACD", "n_terminus": "free amine", "c_terminus": "-OH"}, "ACD"),
        ({"sequence": "Ac-ACD", "n_terminus": "acetyl"}, "Ac-ACD-OH"),
        ({"helm": "PEPTIDE1{[ac].A.C.D}$$$$V2.0", "n_terminus": "Ac"}, "Ac-ACD-OH"),
        ({"sequence": "H2N-ACD-CONH2"}, "H-ACD-NH2"),
    ],
)
def test_ends_may_stand_in_columns_of_their_own(fields: dict[str, str], text: str):
    assert FREE.parse(fields) == text
    assert FREE.parse({"sequence": text}) == text


@pytest.mark.parametrize(
    ("fields", "column", "said"),
    [
        ({"sequence": "ACD", "n_terminus": "palmitoyl"}, "n_terminus", "'palmitoyl' is not supported"),
        ({"sequence": "Ac-ACD", "n_terminus": "free"}, "n_terminus", "which is it"),
        ({"sequence": "ACD-NH2", "c_terminus": "OH"}, "c_terminus", "which is it"),
        ({"helm": "PEPTIDE1{A.C}$$$$V2.0", "n_terminus": "acetyl"}, "n_terminus", "which is it"),
        ({"n_terminus": "acetyl"}, "sequence", "needs a sequence"),
    ],
)
def test_ends_that_contradict_or_are_not_known_are_refused(fields: dict[str, str], column: str, said: str):
    with pytest.raises(InvalidObjectError, match=said) as refused:
        FREE.parse(fields)
    assert refused.value.column == column


def test_other_ends_are_other_objects():
    free, half = CAPPED.parse({"helm": "PEPTIDE1{A.C}$$$$V2.0"}), FREE.parse({"sequence": "Ac-AC"})
    assert free == "H-AC-OH"
    assert half == "Ac-AC-OH"
    assert CAPPED.parse({"sequence": free}) == free
    assert CAPPED.display(free) == "PEPTIDE1{A.C}$$$$V2.0"
    assert FREE.display(half) == "PEPTIDE1{[ac].A.C}$$$$V2.0"
    assert CAPPED.similarity([free], ["AC"])[0, 0] < 1


@pytest.mark.parametrize("written", ["ALACYSASP", "PHEGLY", "LYS", "ALA", "Ac-ALACYS-NH2", "H-GLY-OH"])
def test_capitals_that_may_be_one_or_three_letter_codes_are_refused(written: str):
    with pytest.raises(InvalidObjectError, match="residues in one-letter codes") as refused:
        FREE.parse({"sequence": written})
    assert refused.value.column == "sequence"


def test_a_tripeptide_that_is_a_code_is_read_where_only_chains_are_looked_for():
    short = Peptides(PeptidesSpec(min_length=3, max_length=3))
    read = short.read_object({"sequence": "ALA"})
    assert read.text == "ALA"
    assert "one-letter codes" in read.warnings[0]
    assert short.read_object({"sequence": "AGL"}).warnings == ()
    with pytest.raises(InvalidObjectError, match="residues in one-letter codes"):
        Peptides(PeptidesSpec(min_length=1, max_length=3)).parse({"sequence": "ALA"})
    with pytest.raises(InvalidObjectError, match="residues in one-letter codes"):
        short.parse({"sequence": "H-ALA-OH"})


def test_title_case_hyphens_and_helm_distinguish_codes():
    assert FREE.parse({"sequence": "Ala"}) == "A"
    assert FREE.parse({"sequence": "ALA-CYS"}) == "AC"
    assert FREE.parse({"sequence": "ALA", "helm": "PEPTIDE1{A.L.A}$$$$V2.0"}) == "ALA"
    assert FREE.parse({name: str(cell) for name, cell in FREE.columns("ALACYS").items()}) == "ALACYS"
    assert FREE.parse({"sequence": "ALAC"}) == "ALAC"
    with pytest.raises(InvalidObjectError, match="another peptide"):
        FREE.parse({"sequence": "ALA", "helm": "PEPTIDE1{A}$$$$V2.0"})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("acdkw", "D-residues"),
        ("ala-cys-asp", "D-residues"),
        ("ala cys asp", "D-residues"),
        ("NLVSGLIEARKYLEQLHRKLKNCKV ENREVPPGFTALIKTLRKCKII", "two chains"),
        ("ACD\nKW", "two chains"),
        ("ACD KWL", "two chains"),
        ("Ala Xaa Asp", "two chains|Xaa"),
        ("AC-DEF", "gap"),
        ("ACD-EFG", "gap"),
        ("c(RGDfK)", "cyclic peptides are not supported"),
        ("cyclo(RGDFK)", "cyclic peptides are not supported"),
        ("Cyclo-RGDFK", "cyclic peptides are not supported"),
        ("A(Aib)C", "'Aib' is not supported"),
        ("S[Phospho]A", "'Phospho' is not supported"),
        ("pGlu-ACD", "pGlu"),
        ("ACdKW", "D-residues"),
        ("ACXKW", "'X'"),
        ("ACD*", "'\\*'"),
        ("A-C-D", "three-letter"),
        ("Ala-Xaa-Asp", "Xaa"),
        ("D-Ala-Gly", "three-letter"),
        ("H-OH", "three-letter|no residues|unknown"),
        ("-", "three-letter"),
        ("", "no residues"),
        ("A" * 201, "201 residues"),
        ("AC\u00e9", "D-residues|unknown"),
    ],
)
def test_other_sequences_are_refused(written: str, said: str):
    with pytest.raises(InvalidObjectError, match=said) as refused:
        FREE.parse({"sequence": written})
    assert refused.value.column == "sequence"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ACD", "linear chain"),
        ("RNA1{R(A)P}$$$$V2.0", "linear chain"),
        ("PEPTIDE1{C.A.C}$PEPTIDE1,PEPTIDE1,1:R3-3:R3$$$V2.0", "disulfides are not supported.* linear chain"),
        ("PEPTIDE1{A.G.K}$PEPTIDE1,PEPTIDE1,1:R1-3:R2$$$V2.0", "cyclic peptides are not supported"),
        ("PEPTIDE1{A.G.K}$PEPTIDE1,PEPTIDE1,3:R2-1:R1$$$V2.0", "cyclic peptides are not supported"),
        ("PEPTIDE1{A}|PEPTIDE2{C}$$$$V2.0", "several chains are not supported.* linear chain"),
        ("PEPTIDE1{[Sar].A.C}$$$$V2.0", "'Sar' is not supported"),
        ("PEPTIDE1{A.[dC].D}$$$$V2.0", "dC"),
        ("PEPTIDE1{A.[am].D}$$$$V2.0", "am"),
        ("PEPTIDE1{}$$$$V2.0", "monomer ''|no residues"),
        ("PEPTIDE1{[ac]}$$$$V2.0", "no residues"),
        ("PEPTIDE1{A.X}$$$$V2.0", "'X'"),
    ],
)
def test_other_helm_is_refused(written: str, said: str):
    with pytest.raises(InvalidObjectError, match=said) as refused:
        FREE.parse({"helm": written})
    assert refused.value.column == "helm"


def test_sequence_and_helm_must_agree():
    assert FREE.parse({"sequence": "AC", "helm": "PEPTIDE1{A.C}$$$$V2.0"}) == "AC"
    with pytest.raises(InvalidObjectError, match="another peptide"):
        FREE.parse({"sequence": "AC", "helm": "PEPTIDE1{C.A}$$$$V2.0"})


def test_formats_hold_every_candidate():
    rows = [{"object": "ACD", "candidate_id": "c 1", "rank": 7}, {"object": "Ac-KW-NH2", "candidate_id": "", "rank": 2}]
    fasta = FREE.formats["fasta"].write(rows).decode()
    assert fasta == ">c_1 rank=7 PEPTIDE1{A.C.D}$$$$V2.0\nACD\n>2 PEPTIDE1{[ac].K.W.[am]}$$$$V2.0\nKW\n"
    assert FREE.formats["helm"].write(rows).decode().splitlines()[0] == "PEPTIDE1{A.C.D}$$$$V2.0\tc_1 rank=7"


def test_violated_limits_are_listed_one_by_one():
    domain = Peptides(PeptidesSpec(min_length=3, max_length=4, alphabet="KL", n_terminus="acetyl", fixed={1: "C"}))
    assert domain.check("CKL") == []
    assert domain.check("CCL") == [Violation("alphabet", "residues C are outside the alphabet")]
    short, misplaced = Violation("length", "length 2 is outside 3-4"), Violation("fixed", "position 1 is not C")
    assert domain.check("KL") == [short, misplaced]
    assert domain.check("H-CKL-OH") == [Violation("n_terminus", "the N-terminus is free, not acetyl")]
    assert domain.check("Ac-CKL-NH2") == [Violation("c_terminus", "the C-terminus is amide, not free")]
