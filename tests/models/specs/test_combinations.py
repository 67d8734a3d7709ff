"""Derived objectives are weighted sums of their parts on one scale, with units between them."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.specs.combinations import is_p_value

POTENCY = {"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"}


def _spec(*objectives: dict[str, Any]) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {"name": "derived", "domain": {"kind": "molecules"}, "objectives": list(objectives)}
    )


def _value(spec: CampaignSpec, measured: dict[str, float], computed: dict[str, float] | None = None) -> float:
    """Return the last objective of one object, from values in the units in which its parts are read."""
    objective = spec.objectives[-1]
    found = spec.combination_of(objective)
    assert found is not None
    scales = spec.quantities()
    modelled = {
        kind: np.array([math.log10(value) if scales[kind].transform == "log10" else value])
        for kind, value in measured.items()
    }
    value = float(found.of(modelled, {name: np.array([v]) for name, v in (computed or {}).items()})[0])
    return 10**value if spec.transform_of(objective) == "log10" else value


@pytest.mark.parametrize(
    ("derived", "measured", "expected"),
    [
        ({"ratio": ["hERG", "IC50"]}, {"hERG": 9000.0, "IC50": 3.0}, 3000.0),
        ({"ratio": ["hERG", "potency"]}, {"hERG": 9000.0, "IC50": 3.0}, 3000.0),
        (
            {"ratio": ["hERG", "IC50"], "parts": {"hERG": {"units": "uM"}}},
            {"hERG": 9.0, "IC50": 3.0},
            3000.0,
        ),
        (
            {"ratio": ["hERG", "IC50"], "parts": {"hERG": {"units": "µmol/L"}}},
            {"hERG": 9.0, "IC50": 3.0},
            3000.0,
        ),
        ({"ratio": ["IC50", "pKi"]}, {"IC50": 100.0, "pKi": 9.0}, 100.0),
        ({"ratio": ["pKi", "IC50"]}, {"IC50": 100.0, "pKi": 9.0}, 0.01),
        ({"ratio": ["pKi", "pEC50"]}, {"pKi": 6.0, "pEC50": 8.0}, 100.0),
        ({"product": {"IC50": 1, "CL": 0.5}}, {"IC50": 10.0, "CL": 4.0}, 20.0),
        ({"difference": ["pKi", "pEC50"]}, {"pKi": 6.0, "pEC50": 8.0}, -2.0),
        ({"sum": {"a": 2, "b": -0.5}}, {"a": 1.0, "b": 4.0}, 0.0),
    ],
)
def test_a_derived_value_is_what_one_calculates_by_hand(
    derived: dict[str, Any], measured: dict[str, float], expected: float
):
    spec = _spec(POTENCY, {"name": "derived", "derived": derived})
    assert _value(spec, measured) == pytest.approx(expected)


def test_a_computed_property_can_be_a_part():
    spec = _spec({"name": "pIC50"}, {"name": "lle", "derived": {"difference": ["pIC50", "logp"]}})
    assert _value(spec, {"pIC50": 8.0}, {"logp": 3.5}) == pytest.approx(4.5)
    assert spec.computed_in_use() == {"logp"}
    assert set(spec.quantities()) == {"pIC50"}


def test_parts_are_read_as_assays_in_the_units_of_their_partner():
    spec = _spec(POTENCY, {"name": "selectivity", "derived": {"ratio": ["hERG", "IC50"]}})
    assert {kind: (q.units, q.transform) for kind, q in spec.quantities().items()} == {
        "IC50": ("nM", "log10"),
        "hERG": ("nM", "log10"),
    }
    assert spec.objectives[-1].assay_type is None
    assert spec.types_of(spec.objectives[-1]) == ("hERG", "IC50")
    assert CampaignSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("objective", "pointer", "words"),
    [
        (
            {"derived": {"ratio": ["CL", "IC50"], "parts": {"CL": {"units": "mL/min"}}}},
            "/derived/ratio/1",
            "no common units",
        ),
        ({"derived": {"difference": ["IC50", "logp"]}}, "/derived/difference/0", "use ratio or product"),
        ({"derived": {"difference": ["pKi", "LogP"]}}, "/derived/difference/1", "write 'logp'"),
        ({"derived": {"product": {"IC50": 1, "pKi": 1}}}, "/derived/product/pKi", "use sum"),
        ({"derived": {"ratio": ["IC50", "potency"]}}, "/derived", "two parts are the same"),
        ({"derived": {"ratio": ["IC50", "worth"]}}, "/derived/ratio/1", "is derived itself"),
        ({"derived": {"ratio": ["IC50", "ic50"]}}, "/derived/ratio/1", "one column of a table"),
        ({"derived": {"ratio": ["tpsa", "logp"]}}, "/derived", "all parts are computed"),
        (
            {"derived": {"ratio": ["a", "IC50"], "parts": {"a": {"transform": "none"}}}},
            "/derived/ratio/0",
            "transform log10",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named(objective: dict[str, Any], pointer: str, words: str):
    with pytest.raises(ValidationError, match=words) as error:
        _spec(POTENCY, {"name": "worth"} | objective)
    assert error.value.errors()[0]["ctx"]["pointer"] == f"/objectives/1{pointer}"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"derived": {"ratio": ["a", "b"], "sum": {"a": 1}}}, "give one of"),
        ({"derived": {"ratio": ["a", "a"]}}, "both parts"),
        ({"derived": {"sum": {"a": 0}}}, "weight 0"),
        ({"derived": {"ratio": ["a", "b"], "parts": {"c": {}}}}, "no part of the ratio"),
        ({"derived": {"ratio": ["a", "b"]}, "computed": "qed"}, "measured, computed or derived"),
        ({"derived": {"ratio": ["a", "b"]}, "transform": "log10"}, "leave transform out"),
        ({"derived": {"ratio": ["a", "b"]}, "units": "nM"}, "a ratio has no units"),
        ({"derived": {"ratio": ["a", "b"]}, "range": [-1, 10]}, "must be positive"),
    ],
)
def test_a_derived_objective_that_contradicts_itself_is_refused(extra: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words):
        _spec({"name": "worth"} | extra)


def test_p_values_are_known_by_their_names():
    assert all(map(is_p_value, ("pIC50", "pKi", "pEC50 (hERG)", "pKd")))
    assert not any(map(is_p_value, ("pH", "potency", "IC50", "plasma", "pIC50s and more")))
