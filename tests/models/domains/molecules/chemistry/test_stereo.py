"""Racemates, mixtures of isomers and isomers of unknown configuration: reported, never another compound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rdkit import Chem

from models.domains.molecules.chemistry.files import write_sdf
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.fragments.fragmentation import cut

if TYPE_CHECKING:
    from models.domains.molecules.domain import Molecules

TRANS, CIS = "C[C@@H]1CCCC[C@H]1O", "C[C@H]1CCCC[C@H]1O"
MIRRORED = "C[C@H]1CCCC[C@@H]1O"


@pytest.mark.parametrize("sent", ["C[C@H](O)CC.C[C@@H](O)CC", "C[C@H](O)CC |&1:1|", "C[C@@H](O)CC |&1:1|"])
def test_a_racemate_of_one_centre_is_the_flat_compound(sent: str):
    result = read_smiles(sent)
    assert result.text == "CCC(C)O"
    assert any("mixture of both configurations of a stereocentre" in warning for warning in result.warnings)


def test_a_racemate_keeps_its_relative_configuration():
    sent = [f"{TRANS}.{MIRRORED}", f"{TRANS} |&1:1,6|", f"{MIRRORED} |&3:1,6|", f"{TRANS}.{MIRRORED}.Cl.O"]
    (text,) = {read_smiles(item).text for item in sent}
    assert text not in {
        read_smiles(item).text for item in (TRANS, MIRRORED, CIS, "CC1CCCCC1O", f"{CIS} |&1:1,6|")
    }
    assert "both enantiomers are in the record: a racemate" in read_smiles(sent[0]).warnings
    assert all(any("mixture" in warning for warning in read_smiles(item).warnings) for item in sent)
    assert read_smiles(text).text == text


def test_an_isomer_of_unknown_configuration_is_none_of_the_known_ones():
    left, right = (read_smiles(f"C[C{mark}H](O)CC |o1:1|") for mark in ("@", "@@"))
    assert left == right
    assert left.text not in ("CC[C@H](C)O", "CC[C@@H](C)O", "CCC(C)O")
    assert "unknown configuration" in left.warnings[0]


@pytest.mark.parametrize(
    ("sent", "stored", "lost"),
    [
        ("C/C=C/C.C/C=C\\C", "CC=CC", "double bond configuration"),
        ("C[C@H](O)/C=C/C.C[C@H](O)/C=C\\C", "CC=C[C@H](C)O", "double bond configuration"),
        ("C[C@H](O)[C@H](F)Cl.C[C@@H](O)[C@H](F)Cl", "CC(O)C(F)Cl", "configuration of its centres"),
        ("C[C@H](O)/C=C/C.C[C@@H](O)/C=C\\C", "CC=CC(C)O", "stereochemistry"),
    ],
)
def test_a_mixture_of_other_isomers_loses_what_differs(sent: str, stored: str, lost: str):
    assert read_smiles(sent).text == stored
    assert read_smiles(sent).warnings == (
        f"2 stereoisomers are in the record: a mixture, stored without {lost}",
    )


def test_a_group_of_known_configuration_changes_nothing():
    assert read_smiles("C[C@H](O)CC |a:1|") == read_smiles("C[C@H](O)CC")


@pytest.mark.parametrize("extension", ["|&1:1|", "|o1:1|", "|r|"])
def test_a_group_without_a_stereocentre_gives_a_warning(extension: str):
    result = read_smiles(f"CN1CCOCC1=O {extension}")
    assert result.text == "CN1CCOCC1=O"
    assert any("mixture of stereoisomers" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "sent",
    [
        f"{TRANS} |o1:1,6|",
        "C[C@H](O)[C@@H](F)Cl |o1:1,o2:3|",
        "C[C@H](O)[C@@H](F)[C@H](Br)Cl |a:1,&1:3,5|",
        "C[C@H](O)[C@@H](F)[C@H](Br)Cl |o1:1,&1:3,5|",
    ],
)
def test_groups_have_one_text_however_they_are_drawn(sent: str):
    text = read_smiles(sent).text
    assert "|" in text
    assert read_smiles(text).text == text
    mol = Chem.MolFromSmiles(sent)
    n = mol.GetNumAtoms()
    for shift in range(n):
        turned = Chem.RenumberAtoms(mol, [(index * (n - 1) + shift) % n for index in range(n)])
        assert read_smiles(Chem.MolToCXSmiles(turned)).text == text


def test_a_text_with_groups_is_a_molecule_everywhere(domain: Molecules):
    text = domain.parse({"smiles": f"{TRANS} |&1:1,6|"})
    assert domain.check(text) == domain.check("CC1CCCCC1O")
    assert domain.properties([text], ["qed"])["qed"] == domain.properties(["CC1CCCCC1O"], ["qed"])["qed"]
    assert cut(text) == cut("CC1CCCCC1O")
    assert domain.similarity([text], [text, MIRRORED]).tolist()[0][0] == 1
    supplier = Chem.SDMolSupplier()
    supplier.SetData(write_sdf([{"object": text}]).decode())
    (mol,) = supplier
    assert read_smiles(Chem.MolToCXSmiles(mol)).text == text
