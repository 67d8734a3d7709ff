"""Descriptors against published values, over odd molecules, and as named parts."""

import numpy as np
import pytest
from rdkit.Chem import MolFromSmiles

from models.domains.contract import MOST_PARTS
from models.domains.molecules.chemistry import atom_environments
from models.domains.molecules.chemistry.descriptors import N_DESCRIPTORS, SPREADS, descriptors
from models.domains.molecules.chemistry.features import N_AMOUNTS
from models.domains.molecules.chemistry.fingerprints import N_COUNTS, count_fingerprints
from models.domains.molecules.domain import Molecules

PARACETAMOL, DIAZEPAM, IBUPROFEN = (
    "CC(=O)Nc1ccc(O)cc1",
    "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21",
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
)
DRUGS = [
    PARACETAMOL,
    DIAZEPAM,
    IBUPROFEN,
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(C)NCC(O)COc1cccc2ccccc12",
    "CN(C)CCCN1c2ccccc2CCc2ccccc21",
    "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O",
    "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
    "CC12CCC3C(CCC4=CC(=O)CCC43C)C1CCC2O",
    "NC(=O)c1cccnc1",
    "CNC(=O)c1cc(Oc2ccc(NC(=O)Nc3ccc(Cl)c(C(F)(F)F)c3)cc2)ccn1",
]
CYCLOSPORIN = (
    "CC=CCC(C)C(O)C1C(=O)NC(CC)C(=O)N(C)CC(=O)N(C)C(CC(C)C)C(=O)NC(C(C)C)C(=O)N(C)C(CC(C)C)C(=O)NC(C)"
    "C(=O)NC(C)C(=O)N(C)C(CC(C)C)C(=O)N(C)C(CC(C)C)C(=O)N(C)C(C(C)C)C(=O)N1C"
)
ODD = {
    "one atom": "C",
    "ion": "[NH4+]",
    "zwitterion": "C[N+](C)(C)CC(=O)[O-]",
    "many charges": "C[N+](C)(C)CCCC[N+](C)(C)C",
    "radical": "C[CH2]",
    "metal": "CC[Hg]CC",
    "bond to a metal": "CC(=O)O[Pt](N)(N)Cl",
    "ferrocene": "[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1",
    "boron": "OB(O)c1ccccc1",
    "silicon": "C[Si](C)(C)C",
    "phosphonium": "C[P+](C)(C)C",
    "isotopes": "[2H]C([2H])([2H])[13CH3]",
    "all halogens": "FC(Cl)(Br)I",
    "hypervalent sulphur": "FS(F)(F)(F)(F)c1ccccc1",
    "crown": "C1COCCOCCOCCOCCOCCO1",
    "macrocycle": CYCLOSPORIN,
    "long chain": "C" * 60,
    "cage": "C12C3C4C1C5C2C3C45",
}


def told(text: str) -> dict[str, float]:
    return dict(zip(SPREADS, descriptors([text])[0] * list(SPREADS.values()), strict=True))


def test_descriptors_agree_with_published_values() -> None:
    assert told(PARACETAMOL) == pytest.approx(
        {
            "log P": 1.35,
            "molar refractivity": 42.41,
            "heavy atoms": 11,
            "polar surface area": 49.33,
            "rotatable bonds": 2,
            "hydrogen-bond donors": 2,
            "hydrogen-bond acceptors": 3,
            "aromatic rings": 1,
            "rings": 1,
            "share of sp3 carbons": 1 / 8,
            "halogens": 0,
            "net charge": 0,
        },
        abs=0.01,
    )
    assert told(DIAZEPAM)["halogens"] == 1
    assert told(IBUPROFEN)["log P"] == pytest.approx(3.07, abs=0.01)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_descriptors_of_odd_molecules_are_finite_and_of_ordinary_size(text: str) -> None:
    assert MolFromSmiles(text) is not None
    row = descriptors([text])
    assert row.shape == (1, N_DESCRIPTORS)
    assert np.isfinite(row).all()
    assert float(np.abs(row).max()) < 16.0  # a value far out would decide all distances
    np.testing.assert_array_equal(descriptors([PARACETAMOL, text])[1], row[0])


def test_the_net_charge_has_its_sign() -> None:
    charges = [told(ODD[name])["net charge"] for name in ("ion", "zwitterion", "many charges")]
    assert charges == [1, 0, 2]


def test_spreads_bring_drugs_to_one_scale() -> None:
    """No column of usual molecules is so wide or so narrow that it alone, or never, decides a distance."""
    spread = dict(zip(SPREADS, descriptors(DRUGS).std(axis=0), strict=True))
    assert spread.pop("net charge") == 0
    assert all(0.4 < value < 1.6 for value in spread.values()), spread


def test_features_are_counts_then_configurations_then_descriptors(domain: Molecules) -> None:
    rows = domain.features(DRUGS)
    np.testing.assert_array_equal(rows[:, :N_COUNTS], count_fingerprints(DRUGS))
    np.testing.assert_array_equal(rows[:, N_AMOUNTS:], descriptors(DRUGS))
    assert domain.n_amounts == N_AMOUNTS


def test_parts_name_the_descriptors_that_vary_before_the_environments(domain: Molecules) -> None:
    parts = domain.parts(DRUGS)
    assert len(parts) <= MOST_PARTS
    assert parts[len(SPREADS) - 1 :] == atom_environments.parts_of(DRUGS)[: MOST_PARTS - len(SPREADS) + 1]
    varying = [part for part in parts if part.columns[0] >= N_AMOUNTS]
    assert {part.name for part in varying} == set(SPREADS) - {"net charge"}
    assert list(parts[: len(varying)]) == varying
    names = list(SPREADS)
    assert all(part.columns == (N_AMOUNTS + names.index(part.name),) for part in varying)
    alkanes = domain.parts(["CCCCCC", "CCCCCCC"])
    assert "log P" in {part.name for part in alkanes}
    assert "rings" not in {part.name for part in alkanes}
