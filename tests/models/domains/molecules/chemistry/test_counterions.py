"""The list of counterions and solvents: every entry is valid, unique and recognised in any drawing."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from rdkit import Chem

from models.domains.molecules.chemistry.counterions import ORDER, counterion, metals, sort_out
from models.domains.molecules.chemistry.normal_form import normal_form
from models.domains.molecules.chemistry.reading import read_smiles

ROWS = list(csv.DictReader((files("models.domains.molecules.chemistry") / "counterions.csv").read_text().splitlines()))
ORGANIC = [row for row in ROWS if row["kind"] != "inorganic"]


def test_the_list_is_well_formed():
    texts = [Chem.MolToSmiles(normal_form(Chem.MolFromSmiles(row["smiles"]))) for row in ORGANIC]
    assert len(ROWS) > 150
    assert len(set(texts)) == len(texts)
    assert {row["kind"] for row in ROWS} == set(ORDER)
    assert all(row["name"] == row["name"].strip() != "" for row in ROWS)
    assert {"Na", "K", "Ca", "Mg"} <= set(metals())
    assert not {"Fe", "Pt", "Pd", "Hg", "H"} & set(metals())


@pytest.mark.parametrize("row", ROWS, ids=[f"{index} {row['name']}" for index, row in enumerate(ROWS)])
def test_every_entry_is_left_out_beside_a_compound(row: dict[str, str]):
    compound = "O=C(NC1CC1)c1cccs1"
    result = read_smiles(f"{compound}.{row['smiles']}")
    assert result.text == compound
    assert result.warnings[0] == f"left out as counterion or solvent: {row['name']}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("OC(=O)[C@H](O)[C@@H](O)C(=O)O", "tartaric acid"),
        ("[2H]C([2H])([2H])C(=O)O", "acetic acid"),
        ("CCCCCCCCC=CCCCCCCCC(=O)O", "oleic acid"),
        ("CCN", None),
        ("Oc1ccccc1", None),
        ("c1ccncc1", None),
    ],
)
def test_configuration_and_isotopes_do_not_matter_but_the_constitution_does(text: str, name: str | None):
    result = counterion(normal_form(Chem.MolFromSmiles(text)))
    assert (result.name if result else None) == name


def test_the_kind_that_comes_last_is_the_compound():
    parts = [Chem.MolFromSmiles(text) for text in ("O", "CCO", "CC(=O)O", "NCCO", "NCCO")]
    record = sort_out(parts)
    assert record.compounds == (3, 4)
    assert record.names == ("ethanolamine", "ethanolamine")
    assert record.left_out == {"water": 1, "ethanol": 1, "acetic acid": 1}
    assert sort_out([*parts, Chem.MolFromSmiles("CCN")]).compounds == (5,)
