"""Matching of patterns is bounded: by linear time, or by a number of comparisons."""

from typing import Any

import pytest
from rdkit import Chem

from models.campaign.requests import SampleRequest
from models.domains import installed, open_domain
from models.domains.molecules.chemistry import matching
from models.domains.molecules.chemistry.matching import TooComplexError
from models.inference.filters import request_filters

FULLERENE = (
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4"
    "c9c5c1c1c6c2c3c41"
)
ENDLESS = "*" + "~*" * 40 + "~[#8]"


def domain(kind: str, **spec: Any) -> Any:
    return open_domain(installed()[kind].spec.model_validate({"kind": kind, **spec}))


@pytest.mark.parametrize("text", ["([A-Z]+)+!", "(.*)*.*!", "(A|AA)+$!", "(([A-Z])*)*x"])
def test_a_peptide_pattern_that_backtracks_for_ever_elsewhere_is_searched_at_once(text: str):
    test = domain("peptides").pattern(text)
    assert not any(test("A" * 60) for _ in range(100))


@pytest.mark.parametrize("text", [r"(?=K)A", r"(?<!K)A", r"(A)\1", "(?P<a>K)(?P=a)"])
def test_what_no_linear_engine_does_is_refused_with_the_reason(text: str):
    with pytest.raises(ValueError, match="RE2 has no look-around and no back-references"):
        domain("peptides").pattern(text)


@pytest.mark.parametrize("text", ["A" * 1_001, "(((A{1000}){1000}){1000}){1000}", "A{999}" * 150, "(", "A**"])
def test_a_pattern_that_is_too_large_or_none_is_refused(text: str):
    with pytest.raises(ValueError, match=r"at most 1000|no regular expression"):
        domain("peptides").pattern(text)


def test_letters_of_either_case_and_groups_match():
    test = domain("peptides").pattern(" k[^p]{2}(?:W|y)$ ")
    assert test("AAKGGY")
    assert not test("AAKPGY")


def test_a_search_that_would_not_end_is_given_up_and_refuses_the_object():
    test = domain("molecules").pattern(ENDLESS)
    with pytest.raises(TooComplexError, match=f"{matching.MOST_CHECKS} comparisons"):
        test(FULLERENE)
    assert not test("CCO")
    (rule,) = request_filters(SampleRequest(avoid=(ENDLESS,)), domain("molecules"))
    assert "cannot be compared" in str(rule(FULLERENE))


def test_a_recursive_search_is_counted_too():
    test = domain("molecules").pattern(f"[$({ENDLESS})]")
    with pytest.raises(TooComplexError):
        test(FULLERENE)


@pytest.mark.parametrize("smarts", ["C(=O)N", "[$(c1ccccc1)]CN", "c1ccc2ccccc2c1", "[#6;R]~[#7;!R]", "[CX4]-[NX3;H1]"])
@pytest.mark.parametrize("smiles", ["CC(=O)Nc1ccccc1", "NCc1ccccc1", "c1ccc2ccccc2c1", "CNC1CCCC1", "CCO"])
def test_counting_changes_no_answer(smarts: str, smiles: str):
    mol = Chem.MolFromSmiles(smiles)
    expected = mol.HasSubstructMatch(Chem.MolFromSmarts(smarts))
    assert domain("molecules").pattern(smarts)(smiles) == expected
    assert bool(matching.matches(mol, matching.read_smarts(smarts), 1)) == expected


@pytest.mark.parametrize(
    ("smarts", "reason"),
    [
        ("C" * 1_001, "1001 characters; at most 1000"),
        ("C" * 101, "101 atoms; at most 100"),
        ("[$(" * 9 + "C" + ")]" * 9, "more than 8 deep"),
        ("", "is no SMARTS"),
        ("C(", "is no SMARTS"),
    ],
)
def test_a_large_smarts_is_refused_before_it_is_searched(smarts: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        domain("molecules").pattern(smarts)
    assert domain("molecules").pattern("[$([$([$(C)])])]")("CC")
