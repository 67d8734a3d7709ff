"""What a specification says of units, before anything is stored."""

from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from service.campaigns.quantities import check_units, in_read_units
from service.errors import UnprocessableError

SPEC: dict[str, Any] = {
    "name": "Switches",
    "domain": {"kind": "switches", "n": 4},
    "objectives": [{"name": "glow", "units": "mW"}],
}


def problems(change: dict[str, Any], below: str = "") -> list[tuple[str, str]]:
    try:
        check_units(CampaignSpec.model_validate(SPEC | change), below)
    except UnprocessableError as error:
        return [(place["pointer"], place["detail"]) for place in error.errors]
    return []


@pytest.mark.parametrize("kind", ["pIC50", "pEC50", "logS", "LogD", "log solubility"])
@pytest.mark.parametrize("units", ["nM", "umol/L", "mg/mL"])
@pytest.mark.parametrize("field", ["objectives", "constraints", "guardrails"])
def test_a_logarithm_has_no_concentration_as_units(field: str, kind: str, units: str):
    entry = {
        "objectives": {"name": "x", "type": kind, "units": units},
        "constraints": {"type": kind, "units": units, "min": 1, "probability": 0.5},
        "guardrails": {"name": "x", "type": kind, "units": units, "min": 1},
    }[field]
    ((pointer, detail),) = problems({field: [entry]})
    assert pointer == f"/{field}/0/units"
    assert f"{kind} is a logarithm and has no units" in detail


@pytest.mark.parametrize(("kind", "units"), [("logS", "-log M"), ("pIC50", "log M"), ("pKd", "log10(mol/L)")])
def test_units_of_a_logarithm_have_the_sign_of_its_name(kind: str, units: str):
    ((pointer, detail),) = problems({"objectives": [{"name": "x", "type": kind, "units": units}]}, "/spec")
    assert pointer == "/spec/objectives/0/units"
    assert "turn the sign of the values" in detail


@pytest.mark.parametrize(
    ("kind", "units"),
    [("pIC50", "-log M"), ("logS", "log M"), ("logP", "log units"), ("pCO2", "mmHg"), ("login time", "min")],
)
def test_other_units_stay_allowed(kind: str, units: str):
    assert problems({"objectives": [{"name": "x", "type": kind, "units": units}]}) == []


def test_bounds_are_converted_to_the_units_in_which_values_are_read():
    spec = CampaignSpec.model_validate(
        SPEC
        | {
            "objectives": [{"name": "x", "type": "IC50", "units": "nM", "range": [1, 1000]}],
            "constraints": [{"type": "IC50", "units": "uM", "max": 10, "probability": 0.5}],
            "guardrails": [{"name": "safe", "type": "IC50", "units": "pM", "min": 5}],
        }
    )
    check_units(spec)
    found = in_read_units(spec)
    assert (found.constraints[0].units, found.constraints[0].max) == ("nM", 10_000)
    assert (found.guardrails[0].units, found.guardrails[0].min) == ("nM", 0.005)
    assert found.objectives == spec.objectives
    assert in_read_units(spec, before=spec) == spec


def test_bounds_that_cannot_be_converted_are_named():
    bound = {"type": "glow", "units": "g", "max": 10, "probability": 0.5}
    ((pointer, detail),) = problems({"constraints": [bound]})
    assert pointer == "/constraints/0/units"
    assert "cannot convert 'g'" in detail


def process(*variables: dict[str, Any]) -> dict[str, Any]:
    return {"domain": {"kind": "materials", "space": "mixture", "process": list(variables)}}


NUMBER = {"name": "T", "type": "continuous", "low": 0, "high": 10, "resolution": 1}
ORDINAL = {"name": "T", "type": "ordinal", "values": [1, 2]}
CHOICE = {"name": "speed", "type": "categorical", "values": ["slow", "fast"]}


@pytest.mark.parametrize("units", ["bananas", "9^9^9 nM", "MM", "deg see", "uM or so"])
@pytest.mark.parametrize("variable", [NUMBER, ORDINAL, CHOICE])
def test_units_of_a_process_variable_are_known(variable: dict[str, Any], units: str):
    other = {"name": "time", "type": "ordinal", "values": [1, 2], "units": "min"}
    ((pointer, detail),) = problems(process(other, variable | {"units": units}), "/spec")
    assert pointer == "/spec/domain/process/1/units"
    assert f"unknown units {units!r}" in detail


@pytest.mark.parametrize(
    "units",
    [
        *(
            "°C",
            "K",
            "min",
            "mL/min",
            "rpm",
            "mol%",
            "wt %",
            "at.%",
            "%",
            "% v/v",
            "%RH",
            "equiv",
            "eq",
            "sccm",
            "mTorr",
        ),
        *(
            "mA/cm2",
            "V",
            "pH",
            "OD",
            "layers",
            "-",
            "a.u.",
            "",
            "µL",
            "log units",
            "°C/min",
            "psi",
            "ppm",
            "mTorr",
        ),
    ],
)
def test_units_of_settings_that_are_in_use_are_taken(units: str):
    assert problems(process(NUMBER | {"units": units})) == []


def test_what_is_stored_does_not_stand_in_the_way_of_a_change():
    stored = {
        **SPEC,
        **process(NUMBER | {"units": "bananas"}),
        "objectives": [{"name": "pIC50", "units": "nM"}],
    }
    before = CampaignSpec.from_stored(stored)
    guarded = stored | {"guardrails": [{"name": "g", "type": "heat", "max": 1, "units": "W"}]}
    check_units(CampaignSpec.model_validate(guarded), before=before)
    with pytest.raises(UnprocessableError):
        check_units(CampaignSpec.model_validate(guarded))
    wrong = guarded | {"guardrails": [{"name": "g", "type": "heat", "max": 1, "units": "lots"}]}
    with pytest.raises(UnprocessableError) as refused:
        check_units(CampaignSpec.model_validate(wrong), before=before)
    assert [place["pointer"] for place in refused.value.errors] == ["/guardrails/0/units"]
