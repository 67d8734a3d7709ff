"""Computed properties against chemistry software, definitions and cases that can be solved by hand."""

from itertools import pairwise

import numpy as np
import pytest
from rdkit.Chem import MolFromHELM
from rdkit.Chem.Descriptors import MolWt

from models.domains.peptides import residues
from models.domains.peptides.domain import Peptides
from models.domains.peptides.notation import Ends, Peptide, write_helm
from models.domains.peptides.properties import charge
from models.domains.peptides.spec import PeptidesSpec

FREE = Peptides(PeptidesSpec())
CAPPED = Peptides(PeptidesSpec(n_terminus="acetyl", c_terminus="amide"))
MELITTIN = "GIGAVLKVLTTGLPALISWIKRKRQQ"


def _value(domain: Peptides, text: str, name: str) -> float:
    return float(domain.properties([text], [name])[name][0])


def test_tables_have_the_moments_their_authors_give():
    assert residues.HYDROPATHY.mean() == pytest.approx(-0.49)
    assert residues.CONSENSUS_HYDROPHOBICITY.mean() == pytest.approx(0.0, abs=0.01)
    assert residues.CONSENSUS_HYDROPHOBICITY.std(ddof=1) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("ends", [Ends(n, c) for n in ("free", "acetyl") for c in ("free", "amide")])
def test_mass_is_that_of_the_structure(ends: Ends):
    domain = Peptides(PeptidesSpec(n_terminus=ends.n_terminus, c_terminus=ends.c_terminus))
    for sequence in (residues.RESIDUES, MELITTIN, "G"):
        structure = MolFromHELM(write_helm(Peptide(sequence, ends)))
        assert _value(domain, sequence, "molecular_weight") == pytest.approx(MolWt(structure), abs=0.01)


def test_mass_of_melittin_amide():
    assert _value(FREE, f"H-{MELITTIN}-NH2", "molecular_weight") == pytest.approx(2846.5, abs=0.1)


@pytest.mark.parametrize(("residue", "pka"), [*residues.ACID_PKA.items(), *residues.BASE_PKA.items()])
def test_a_side_chain_is_half_charged_at_its_pk(residue: str, pka: float):
    peptide = Peptide(f"G{residue}G", Ends("acetyl", "amide"))
    assert abs(charge([peptide], pka)[0]) == pytest.approx(0.5)


def test_isoelectric_point_lies_midway_between_an_acid_and_a_base():
    assert _value(CAPPED, "DGK", "isoelectric_point") == pytest.approx((3.90 + 10.40) / 2, abs=1e-3)
    assert _value(FREE, "GGG", "isoelectric_point") == pytest.approx((3.67 + 8.00) / 2, abs=1e-3)


def test_isoelectric_point_without_groups_or_without_crossing():
    assert _value(CAPPED, "GGG", "isoelectric_point") == 7.0
    assert _value(CAPPED, "GKG", "isoelectric_point") == pytest.approx(14.0, abs=1e-6)
    assert _value(CAPPED, "GDG", "isoelectric_point") == pytest.approx(0.0, abs=1e-6)


def test_charge_falls_with_ph():
    peptide = [FREE.read(residues.RESIDUES)]
    charges = [charge(peptide, ph)[0] for ph in np.linspace(0, 14, 29)]
    assert all(high > low for high, low in pairwise(charges))


def test_amidation_takes_one_negative_charge():
    difference = _value(FREE, "H-KLK-NH2", "net_charge") - _value(FREE, "KLK", "net_charge")
    assert difference == pytest.approx(1.0, abs=1e-3)


def test_means_over_the_chain():
    assert _value(FREE, "AR", "hydrophobicity") == pytest.approx((1.8 - 4.5) / 2)
    assert _value(FREE, "AFWY", "aromaticity") == 0.75
    assert _value(FREE, "AFWY", "length") == 4.0


def test_moment_is_zero_after_whole_turns_and_large_for_one_sided_helices():
    assert _value(FREE, "L" * 18, "hydrophobic_moment") == pytest.approx(0.0, abs=1e-9)
    assert _value(FREE, "LKKLLKLLKKLLKL", "hydrophobic_moment") > 3 * _value(
        FREE, "LKLKLKLKLKLKLK", "hydrophobic_moment"
    )
