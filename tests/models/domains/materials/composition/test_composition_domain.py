import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Composition

from models.domains.contract import Domain
from models.domains.materials import PLUGIN
from models.domains.materials.charge_balance.elements import DESCRIPTORS, descriptor_matrix, element_table

BAND_GAPS = Path(__file__).parents[5] / "examples" / "band_gaps.csv"


@pytest.fixture(scope="module")
def domain(open_spec: Callable[..., Domain]) -> Domain:
    return open_spec("composition", elements=["Zn", "Cd", "Ga", "S", "Se", "As"], max_elements=3, max_atoms=8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ZnS", None),
        ("ZnGa2S4", None),
        ("Ga2S3", None),
        ("NaCl", "not among the campaign's elements: Na, Cl"),
        ("ZnCdS2Se3", "4 elements, at most 3"),
        ("Zn5S5Se", "11 atoms"),
        ("GaS", "common oxidation state"),
    ],
)
def test_check_names_each_broken_limit(domain: Domain, text: str, words: str | None):
    reasons = [item.message for item in domain.check(domain.parse({"formula": text}))]
    assert (reasons == []) if words is None else any(words in reason for reason in reasons)


def test_properties_agree_with_pymatgen(domain: Domain):
    texts = ["GaAs", "ZnGa2S4", "CuInSe2", "Al2O3"]
    values = domain.properties(texts, list(domain.computed))
    for row, text in enumerate(texts):
        reference = Composition(text)
        elements = list(reference.elements)
        assert values["molar_mass"][row] == pytest.approx(float(reference.weight))
        assert values["n_atoms"][row] == reference.num_atoms
        assert values["n_elements"][row] == len(elements)
        assert values["mean_electronegativity"][row] == pytest.approx(reference.average_electroneg)
        spread = max(element.X for element in elements) - min(element.X for element in elements)
        assert values["electronegativity_difference"][row] == pytest.approx(spread)
        mean_z = sum(element.Z * reference.get_atomic_fraction(element) for element in elements)
        assert values["mean_atomic_number"][row] == pytest.approx(mean_z)


def test_features_are_fractions_and_statistics_by_hand(domain: Domain):
    features = domain.features(["Ga2S3"])[0]
    symbols, matrix = list(element_table()), descriptor_matrix()
    gallium, sulphur = symbols.index("Ga"), symbols.index("S")
    expected = np.zeros(len(symbols))
    expected[[gallium, sulphur]] = 0.4, 0.6
    np.testing.assert_allclose(features[: len(symbols)], expected)
    mean = 0.4 * matrix[gallium] + 0.6 * matrix[sulphur]
    deviation = 0.4 * np.abs(matrix[gallium] - mean) + 0.6 * np.abs(matrix[sulphur] - mean)
    spread = np.abs(matrix[gallium] - matrix[sulphur])
    np.testing.assert_allclose(features[len(symbols) :], np.hstack([mean, deviation, spread]), atol=1e-12)
    assert matrix.shape[1] == len(DESCRIPTORS)


def test_features_do_not_depend_on_company(domain: Domain):
    texts = ["GaAs", "ZnS", "Al2O3", "CaH2O2", "NaCl"]
    together = domain.features(texts)
    np.testing.assert_allclose(
        together, np.vstack([domain.features([text]) for text in texts]), rtol=0, atol=1e-12
    )


def test_similarity_ranks_as_a_chemist_would(domain: Domain):
    nearest = domain.similarity(["GaAs"], ["GaP", "InAs", "ZnSe", "NaCl", "MgO"])[0]
    assert min(nearest[:2]) > max(nearest[2:])
    assert nearest[2] > max(nearest[3:])


def test_formula_list_has_one_line_each(domain: Domain):
    content = domain.formats["txt"].write([{"object": "ZnS"}, {"object": "Ga2S3"}])
    assert content == b"ZnS\nGa2S3\n"


def test_drawing_escapes_and_counts_cards(domain: Domain):
    drawn = domain.draw(["ZnS", "Ga2S3"], ["1.2 < 3 & more", "b"])
    assert "1.2 &lt; 3 &amp; more" in drawn
    assert "Ga₂S₃" in drawn
    assert drawn.count("<g ") == 2


def test_measured_band_gaps_are_readable_distinct_and_cited():
    domain = PLUGIN.open(PLUGIN.spec.model_validate(PLUGIN.examples[3][0]))
    with BAND_GAPS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({domain.parse(row) for row in rows}) == len(rows) >= 45
    assert all(row["type"] == "band_gap" and row["units"] == "eV" and row["comment"] for row in rows)
    assert all(0 < float(row["value"]) < 10 for row in rows)
    assert sum(domain.check(domain.parse(row)) == [] for row in rows) >= 45
