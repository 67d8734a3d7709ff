from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from models.campaign.spec import CampaignSpec
from models.domains.materials.spec import CompositionSpec, MaterialsSpec, MixtureSpec

ZINC_SULFIDE = {"kind": "materials", "space": "composition", "elements": ["Zn", "S"]}
SOLVENTS = {"kind": "materials", "space": "mixture", "components": ["water", "ethanol"]}
HEAT = {"name": "heat", "type": "continuous", "low": 0.1, "high": 0.5, "resolution": 0.1}


def refusal(spec: dict[str, Any]) -> tuple[tuple[Any, ...], str]:
    with pytest.raises(ValidationError) as refused:
        MaterialsSpec.model_validate(spec)
    error = refused.value.errors()[0]
    return error["loc"], error["msg"]


def test_space_chooses_the_class():
    assert type(MaterialsSpec.model_validate(ZINC_SULFIDE)) is CompositionSpec
    assert type(MaterialsSpec.model_validate(SOLVENTS)) is MixtureSpec


def test_a_campaign_keeps_the_fields_of_the_space():
    body = {"name": "x", "domain": {**ZINC_SULFIDE, "max_atoms": 7}, "objectives": [{"name": "y"}]}
    campaign = CampaignSpec.model_validate(body)
    assert campaign.model_dump()["domain"]["max_atoms"] == 7
    assert CampaignSpec.model_validate_json(campaign.model_dump_json()) == campaign


@pytest.mark.parametrize(
    ("change", "location", "words"),
    [
        ({"elements": ["Zn", "Xx"]}, ("elements",), "'Xx'"),
        ({"elements": ["Zn", "He"]}, ("elements",), "'He'"),
        ({"elements": ["Zn", "zn"]}, ("elements",), "'zn' is named twice"),
        ({"elements": []}, ("elements",), "at least 1"),
        ({"max_atoms": 0}, ("max_atoms",), "greater than or equal to 1"),
        ({"oxidation_states": "some"}, ("oxidation_states",), "'common'"),
        ({"components": ["a"]}, ("components",), "not permitted"),
        ({"elements": ["Zn", "Rn"]}, (), "Rn has no common oxidation state"),
        ({"elements": ["Zn"]}, (), "no valid composition exists"),
        ({"max_atoms": 1}, (), "no valid composition exists"),
        ({"max_elements": 1}, (), "no valid composition exists"),
        ({"oxidation_states": "custom"}, (), "custom_oxidation_states is required"),
        ({"custom_oxidation_states": {"Zn": [2], "S": [-2]}}, (), "only then"),
        ({"oxidation_states": "custom", "custom_oxidation_states": {"Zn": [2]}}, (), "exactly the elements"),
        (
            {"oxidation_states": "custom", "custom_oxidation_states": {"Zn": [20], "S": [-2]}},
            ("custom_oxidation_states",),
            "between -9 and 9",
        ),
    ],
)
def test_composition_is_refused_by_field(change: dict[str, Any], location: tuple[str, ...], words: str):
    loc, message = refusal({**ZINC_SULFIDE, **change})
    assert loc == location
    assert words in message


@pytest.mark.parametrize(
    ("change", "location", "words"),
    [
        ({"components": ["water", "Water"]}, ("components",), "'Water' is named twice"),
        ({"components": ["Value"]}, ("components",), "column of the result table"),
        ({"components": []}, (), "nothing to vary"),
        ({"grid": 0}, ("grid",), "greater than or equal to 1"),
        ({"process": [{**HEAT, "name": "water"}]}, (), "'water' is named twice"),
        ({"process": [HEAT, HEAT]}, ("process",), "'heat' is named twice"),
        ({"process": [{**HEAT, "name": "units"}]}, ("process",), "column of the result table"),
        ({"process": [{**HEAT, "resolution": 0.3}]}, ("process", 0, "continuous"), "whole number of steps"),
        ({"process": [{**HEAT, "high": 0.1}]}, ("process", 0, "continuous"), "low must be below high"),
        ({"process": [{**HEAT, "resolution": 1e-6}]}, ("process", 0, "continuous"), "too fine"),
        ({"process": [{"name": "t", "type": "ordinal", "values": [2, 1]}]}, ("process", 0, "ordinal"), "ascending"),
        (
            {"process": [{"name": "t", "type": "categorical", "values": ["a", "A"]}]},
            ("process", 0, "categorical"),
            "unique",
        ),
        ({"process": [{"name": "t"}]}, ("process", 0), "'type'"),
    ],
)
def test_mixture_is_refused_by_field(change: dict[str, Any], location: tuple[str, ...], words: str):
    loc, message = refusal({**SOLVENTS, **change})
    assert loc == location
    assert words in message


@pytest.mark.parametrize("spec", [{"kind": "materials"}, {"kind": "materials", "space": "alloys"}])
def test_an_unknown_space_is_refused(spec: dict[str, Any]):
    _, message = refusal(spec)
    assert "space" in message


def test_continuous_levels_are_exact_decimals():
    spec = MaterialsSpec.model_validate({**SOLVENTS, "process": [HEAT]})
    assert isinstance(spec, MixtureSpec)
    assert spec.process[0].levels == (0.1, 0.2, 0.3, 0.4, 0.5)


def test_json_schema_points_at_both_spaces_by_name():
    schema = TypeAdapter(CampaignSpec).json_schema()
    spaces = schema["$defs"]["MaterialsSpec"]["discriminator"]
    assert spaces["propertyName"] == "space"
    assert spaces["mapping"] == {"composition": "#/$defs/CompositionSpec", "mixture": "#/$defs/MixtureSpec"}
    kinds = schema["properties"]["domain"]["discriminator"]["mapping"]
    assert kinds["materials"] == "#/$defs/MaterialsSpec"
    assert {"space", "elements"} <= set(schema["$defs"]["CompositionSpec"]["required"])
