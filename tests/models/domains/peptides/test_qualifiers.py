"""Columns that qualify a peptide: read where the meaning is certain, else the row is refused."""

import pytest

from models.domains.contract import InvalidObjectError
from models.domains.peptides.domain import Peptides
from models.domains.peptides.qualifiers import QUALIFYING_COLUMNS
from models.domains.peptides.spec import PeptidesSpec

FREE = Peptides(PeptidesSpec())
CAPPED = Peptides(PeptidesSpec(n_terminus="acetyl", c_terminus="amide"))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"n_term_mod": "Ac"}, "Ac-ACD-OH"),
        ({"n_term": "", "n_terminus": "acetyl"}, "Ac-ACD-OH"),
        ({"n_term": "Ac", "n_terminus": ""}, "Ac-ACD-OH"),
        ({"n_terminus_modification": "Acetylation", "c_terminus_modification": "Amidation"}, "Ac-ACD-NH2"),
        ({"n_terminus_modification": "none"}, "ACD"),
        ({"amino_terminus": "acetyl"}, "Ac-ACD-OH"),
        ({"amidated": "Yes"}, "H-ACD-NH2"),
        ({"amidated": "no"}, "ACD"),
        ({"amidated": "TRUE", "acetylated": "1"}, "Ac-ACD-NH2"),
        ({"end_groups": "Ac/NH2"}, "Ac-ACD-NH2"),
        ({"end_groups": "H- / -OH"}, "ACD"),
        ({"end_groups": "Ac-NH2"}, "Ac-ACD-NH2"),
        ({"end_groups": "free amine and free acid"}, "ACD"),
        ({"end_groups": "free"}, "ACD"),
        ({"modification": "N-acetyl; C-amide"}, "Ac-ACD-NH2"),
        ({"modification": "C-terminal amidation"}, "H-ACD-NH2"),
        ({"modifications": "None"}, "ACD"),
        ({"cyclic": "No", "disulfide": "0", "chirality": "all-L"}, "ACD"),
        ({"cyclic": "linear", "n_terminus": "Ac", "n_term_mod": "acetyl"}, "Ac-ACD-OH"),
    ],
)
def test_what_is_certain_is_read(fields: dict[str, str], text: str):
    assert FREE.parse({"sequence": "ACD", **fields}) == text


@pytest.mark.parametrize("unstated", ["n/a", "N/A", "?", "-", "\u2013", "--", "unknown", "n.d."])
def test_an_end_that_is_not_stated_is_the_campaigns(unstated: str):
    columns = ("n_terminus", "c_terminus", "n_term_mod", "amidated", "end_groups", "modification", "cyclic")
    for column in columns:
        assert CAPPED.parse({"sequence": "ACD", column: unstated}) == "ACD"
        assert FREE.parse({"sequence": "Ac-ACD", column: unstated}) == "Ac-ACD-OH"


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("n_term_mod", "palmitoyl", "end group 'palmitoyl' is not supported"),
        ("c_terminus_modification", "AMC", "it is free or amide"),
        ("amidated", "partly", "not supported"),
        ("end_groups", "Ac", "write both"),
        ("end_groups", "Fmoc/NH2", "write both"),
        ("modification", "D-Ala3", "'D-Ala3' is not supported"),
        ("modification", "acetylation", "not supported"),
        ("modifications", "N-acetyl, pSer4", "'pSer4'"),
        ("phosphorylation", "S3", "not supported"),
        ("cyclic", "yes", "cyclic"),
        ("cyclization", "head-to-tail", "cyclic"),
        ("disulfide", "C2-C5", "bridged"),
        ("disulfide_bonds", "1", "bridged"),
        ("chirality", "D", "D-residues"),
        ("d_residues", "3,5", "D-residues"),
    ],
)
def test_what_no_linear_chain_of_l_residues_has_is_refused_by_its_column(column: str, cell: str, said: str):
    for fields in ({"sequence": "ACDKC"}, {"helm": "PEPTIDE1{A.C.D.K.C}$$$$V2.0"}):
        with pytest.raises(InvalidObjectError, match=said) as refused:
            FREE.parse({**fields, column: cell})
        assert refused.value.column == column


@pytest.mark.parametrize(
    "fields",
    [
        {"n_terminus": "Ac", "n_term_mod": "none"},
        {"c_terminus": "OH", "amidated": "yes"},
        {"end_groups": "H/OH", "modification": "C-amide"},
        {"sequence": "ACD-OH", "amidated": "yes"},
        {"helm": "PEPTIDE1{A.C.D}$$$$V2.0", "amidated": "yes"},
    ],
)
def test_what_contradicts_is_refused(fields: dict[str, str]):
    with pytest.raises(InvalidObjectError, match="which is it") as refused:
        FREE.parse({"sequence": "ACD", **fields})
    assert refused.value.column == list(fields)[-1]


def test_no_header_stands_for_two_columns():
    headers = [header for headers in QUALIFYING_COLUMNS.values() for header in headers]
    assert len(set(headers)) == len(headers)
    assert not FREE.names_object({"cyclic": "yes", "n_term_mod": "Ac"})
