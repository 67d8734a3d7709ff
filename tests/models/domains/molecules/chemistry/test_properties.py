"""Computed properties against values that a chemist counts by hand."""

import math

import pytest

from models.domains.molecules.chemistry.ionisation import charges, ionisation
from models.domains.molecules.chemistry.molecules import groups, molecule, properties
from models.domains.molecules.chemistry.properties import COMPUTED, function_of

IBUPROFEN = "CC(C)Cc1ccc(C(C)C(=O)O)cc1"
GLYCINE = "NCC(=O)O"
NITROBENZENE = "O=[N+]([O-])c1ccccc1"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("largest_ring", "C1CCCCCCCCC1", 10),
        ("largest_ring", "CCO", 0),
        ("aliphatic_rings", "c1ccc(C2CCNCC2)cc1", 1),
        ("heteroatoms", "OCCN", 2),
        ("formal_charge", "C[N+](C)(C)C", 1),
        ("stereocentres", IBUPROFEN, 1),
        ("undefined_stereocentres", IBUPROFEN, 1),
        ("undefined_stereocentres", "CC(C)Cc1ccc([C@H](C)C(=O)O)cc1", 0),
        ("undefined_stereocentres", "CC=CC", 1),
        ("rule_of_five_violations", "C" * 40, 2),
        ("rule_of_five_violations", IBUPROFEN, 0),
        ("veber_violations", "C" * 20, 1),
        ("charge_at_ph_7.4", IBUPROFEN, -1),
        ("charge_at_ph_2.0", IBUPROFEN, 0),
        ("charge_at_ph_7.4", GLYCINE, 0),
        ("acidic_groups_at_ph_7.4", GLYCINE, 1),
        ("basic_groups_at_ph_7.4", GLYCINE, 1),
        ("acidic_groups_at_ph_7.4", NITROBENZENE, 0),
        ("brenk_alerts", NITROBENZENE, 2),
        ("pains_alerts", IBUPROFEN, 0),
    ],
)
def test_a_property_has_the_value_counted_by_hand(name: str, text: str, value: float):
    assert properties([text], [name])[name].tolist() == [value]


def test_natural_products_score_higher_than_synthetic_ones():
    oestradiol = "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc43)[C@@H]1CC[C@@H]2O"
    synthetic = "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1"
    scores = properties([oestradiol, synthetic], ["np_likeness"])["np_likeness"]
    assert scores[0] > 1 > -1 > scores[1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [(IBUPROFEN, "acid"), ("CCNCC", "base"), (GLYCINE, "zwitterion"), (NITROBENZENE, "neutral")],
)
def test_the_ionisation_of_a_molecule_is_a_group(text: str, kind: str):
    assert ionisation(molecule(text)) == kind
    assert groups([text], "ionisation") == [kind]


def test_charges_without_an_answer_are_no_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dimorphite_dl.protonate_smiles", lambda *_, **__: [])
    assert math.isnan(charges.__wrapped__("CCO", 7.4).net)


def test_every_property_is_computed_and_lies_in_its_usual_range():
    for name, known in COMPUTED.items():
        value = function_of(name)(molecule(IBUPROFEN))
        if known.range is not None:
            assert known.range[0] <= value <= known.range[1], name
