"""One vocabulary of table columns.

What tables have for something else, nobody may name a column of their own.
"""

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.records import NearestMeasured, Prediction, ProposedCandidate
from models.specs.columns import (
    BATCH_FIELDS,
    FIELDS,
    PREDICTED,
    RESERVED,
    SYNONYMS,
    columns_of_objective,
    is_reserved,
)
from service.exchange import BatchRow, flat_rows


def mixture(variable: str, objective: str = "y") -> CampaignSpec:
    process = [{"name": variable, "type": "categorical", "values": ["a", "b"]}]
    domain = {"kind": "materials", "space": "mixture", "process": process}
    return CampaignSpec.model_validate({"name": "m", "domain": domain, "objectives": [{"name": objective}]})


@pytest.mark.parametrize(
    "name",
    [
        "rank",
        "Plate",
        "plate id",
        "unit",
        "UOM",
        "purpose",
        "in_domain",
        "preference_y",
        "guardrail_tox",
        "Std Error",
    ],
)
def test_a_process_variable_cannot_take_a_column_of_the_tables(name: str):
    with pytest.raises(ValidationError, match="is a column of the result table"):
        mixture(name)


@pytest.mark.parametrize("name", [*(f"y_{part}" for part in PREDICTED), "y_relation", "Y units", "y_result"])
def test_a_process_variable_cannot_take_a_column_of_an_objective(name: str):
    with pytest.raises(ValidationError, match="would be lost among the columns of 'y'"):
        mixture(name)
    assert mixture(name, "z").objectives[0].name == "z"


def test_all_columns_that_a_batch_has_of_its_own_are_reserved():
    spec = mixture("solvent")
    prediction = Prediction(1.0, 0.1, 0.8, 1.2)
    nearest = NearestMeasured('{"solvent": "a"}', 0.5)
    candidate = ProposedCandidate(
        1,
        '{"solvent":"b"}',
        {"y": prediction},
        {},
        1.0,
        1.0,
        {"tox": 0.1},
        1.0,
        {"y": 1.0},
        0.0,
        0.0,
        nearest,
        "so",
    )

    class Solvents:
        formats = ()

        def columns(self, text: str) -> dict[str, str]:
            return {"solvent": text}

        def remarks(self, text: str) -> dict[str, str]:
            return {}

    (row,) = flat_rows([BatchRow("id", "proposed", candidate)], spec, Solvents())
    free = {name for name in row if not is_reserved(name) and name not in columns_of_objective("y")}
    assert free == {"solvent", "y"}


def test_the_vocabularies_are_one():
    assert {*FIELDS, *SYNONYMS, *BATCH_FIELDS} <= RESERVED
    assert set(SYNONYMS.values()) <= set(FIELDS)
    assert all(is_reserved(name) for name in RESERVED)
