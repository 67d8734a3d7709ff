"""Described values of a categorical variable: similar ones are close, and a wrong entry is named."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from models.domains.materials.descriptors import DISTANCE, OWN_SHARE
from models.domains.materials.mixture.features import embedded_values
from models.domains.materials.process import Categorical

SOLVENTS = {"ethanol": "CCO", "propanol": "CCCO", "benzene": "c1ccccc1", "toluene": "Cc1ccccc1"}


def variable(**fields: Any) -> Categorical:
    """Return a solvent."""
    given = {"name": "solvent", "type": "categorical", "values": list(SOLVENTS), **fields}
    return Categorical.model_validate(given)


def distances(described: Categorical) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the distances between the values."""
    result = embedded_values(described)
    return np.linalg.norm(result[:, None] - result[None], axis=2)


@pytest.mark.parametrize(
    "fields",
    [
        {"smiles": SOLVENTS},
        {"descriptors": {"ethanol": [1, 0.1], "propanol": [2, 0.1], "benzene": [30, 0.8], "toluene": [31, 0.9]}},
        {"smiles": SOLVENTS, "descriptors": {"ethanol": [2], "propanol": [3], "benzene": [6], "toluene": [7]}},
    ],
)
def test_what_is_alike_is_near_and_the_scale_is_that_of_a_one_hot_code(fields: dict[str, Any]) -> None:
    result = distances(variable(**fields))
    assert result[0, 1] < result[0, 2]
    assert result[2, 3] < result[1, 3]
    pairs = result[np.triu_indices(4, 1)]
    assert np.sqrt(np.square(pairs).mean()) == pytest.approx(DISTANCE)


@pytest.mark.parametrize(
    ("one", "other", "flat"),
    [
        ("C[C@@H](N)c1ccccc1", "C[C@H](N)c1ccccc1", "CC(N)c1ccccc1"),
        ("CC(C)[C@@H]1COC(=N1)c1ccccc1P(C)C", "CC(C)[C@H]1COC(=N1)c1ccccc1P(C)C", "CC(C)C1COC(=N1)c1ccccc1P(C)C"),
        ("C/C=C/C", "C/C=C\\C", "CC=CC"),
    ],
)
def test_stereoisomers_lie_apart_and_nearer_than_strangers(one: str, other: str, flat: str) -> None:
    smiles = {"one": one, "other": other, "flat": flat, "bipyridine": "c1ccnc(-c2ccccn2)c1", "glyme": "COCCOC"}
    result = distances(variable(values=list(smiles), smiles=smiles))
    indistinguishable = DISTANCE * np.sqrt(OWN_SHARE)
    assert result[0, 1] > 1.5 * indistinguishable
    assert result[0, 2] == pytest.approx(result[1, 2], rel=0.05)
    assert result[0, 1] < min(result[0, 3], result[0, 4])


def test_units_do_not_matter() -> None:
    grams = {name: [float(i), float(i % 2)] for i, name in enumerate(SOLVENTS)}
    milligrams = {name: [1000 * first + 7, second] for name, (first, second) in grams.items()}
    np.testing.assert_allclose(
        distances(variable(descriptors=grams)), distances(variable(descriptors=milligrams)), atol=1e-9
    )


def test_descriptors_without_variation_give_no_coordinates() -> None:
    assert embedded_values(variable()).shape == (4, 0)
    assert embedded_values(variable(smiles=dict.fromkeys(SOLVENTS, "CCO"))).shape == (4, 0)
    assert embedded_values(variable(values=["water"], smiles={"water": "O"})).shape == (1, 0)


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"smiles": {"ethanol": "CCO"}}, "/smiles", "'propanol'"),
        ({"smiles": SOLVENTS | {"water/brine": "O"}}, "/smiles/water~1brine", "water/brine"),
        ({"smiles": SOLVENTS | {"benzene": "c1cccc1"}}, "/smiles/benzene", "c1cccc1"),
        ({"smiles": SOLVENTS | {"benzene": ""}}, "/smiles/benzene", "benzene"),
        ({"descriptors": {"ethanol": [1]}}, "/descriptors", "'propanol'"),
        ({"descriptors": {name: [1, 2] for name in SOLVENTS} | {"toluene": [1]}}, "/descriptors/toluene", "toluene"),
        ({"descriptors": {name: [] for name in SOLVENTS}}, "/descriptors/ethanol", "ethanol"),
    ],
)
def test_a_wrong_entry_is_named(fields: dict[str, Any], pointer: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        variable(**fields)
    (error,) = caught.value.errors()
    assert error["ctx"]["pointer"] == pointer
    assert message in error["msg"]
