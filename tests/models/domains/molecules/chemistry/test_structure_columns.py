"""Tables that give a structure twice: with and without its stereochemistry, or two structures by mistake."""

import pytest

from models.domains.contract import InvalidObjectError
from models.domains.molecules.domain import Molecules
from models.domains.molecules.spec import MoleculesSpec

DOMAIN = Molecules(MoleculesSpec())
FLAT, LEFT, RIGHT = "CC(N)C(=O)O", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"smiles": FLAT, "isomeric_smiles": LEFT}, LEFT),
        ({"smiles": LEFT, "canonical_smiles": FLAT}, LEFT),
        ({"smiles": "[NH3+]C(C)C([O-])=O", "isomeric_smiles": f"{RIGHT}.Cl"}, RIGHT),
        ({"smiles": "CCO", "isomeric_smiles": "[2H]CCO"}, "[2H]CCO"),
        ({"smiles": "CC=CC(C)O", "isomeric_smiles": "C/C=C/[C@H](C)O"}, "C/C=C/[C@H](C)O"),
        ({"canonical_smiles": FLAT, "isomeric_smiles": LEFT}, LEFT),
    ],
)
def test_the_more_detailed_structure_is_read_with_a_warning(fields: dict[str, str], text: str):
    result = DOMAIN.read_object(fields)
    assert result.text == text
    assert "stereochemistry or isotopes" in result.warnings[-1]


@pytest.mark.parametrize(
    "fields",
    [
        {"smiles": LEFT, "canonical_smiles": "OC(=O)[C@H](C)N"},
        {"smiles": LEFT, "isomeric_smiles": "n/a"},
        {"isomeric_smiles": LEFT},
        {"smiles": "n/a", "isomeric_smiles": LEFT},
    ],
)
def test_equal_and_unstated_structures_need_no_word(fields: dict[str, str]):
    assert DOMAIN.names_object(fields)
    assert DOMAIN.read_object(fields).warnings == ()
    assert DOMAIN.parse(fields) == LEFT


@pytest.mark.parametrize(
    ("fields", "column", "said"),
    [
        ({"smiles": LEFT, "isomeric_smiles": RIGHT}, "isomeric_smiles", "which is it"),
        ({"smiles": "CCO", "canonical_smiles": "CCN"}, "canonical_smiles", "another compound"),
        ({"smiles": "CC=CC(C)O", "isomeric_smiles": "C/C=C/C(C)N"}, "smiles", "another compound"),
        ({"smiles": "CCO", "isomeric_smiles": "ethanol"}, "isomeric_smiles", "not a valid SMILES"),
        ({"isomeric_smiles": "-"}, "smiles", "empty"),
    ],
)
def test_structures_that_differ_are_refused_by_column(fields: dict[str, str], column: str, said: str):
    with pytest.raises(InvalidObjectError, match=said) as refused:
        DOMAIN.read_object(fields)
    assert refused.value.column == column
