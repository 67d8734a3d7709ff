"""Conditions as they really were.

41.7 degrees for 40 is the same candidate, another candidate's recipe is not.
"""

import uuid

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, read_results
from service.exchange.results_so_far import so_far_columns
from service.records import StandardResult

SPEC = CampaignSpec.model_validate(
    {
        "name": "films",
        "domain": {
            "kind": "materials",
            "space": "mixture",
            "components": ["water", "ethanol"],
            "process": [
                {
                    "name": "temperature",
                    "units": "°C",
                    "type": "continuous",
                    "low": 20,
                    "high": 80,
                    "resolution": 5,
                },
                {"name": "solvent", "type": "categorical", "values": ["DMF", "DMSO"]},
            ],
        },
        "objectives": [{"name": "yield", "units": "%"}],
    }
)
DOMAIN = open_domain(SPEC.domain)
ASKED = [
    DOMAIN.parse({"water": "0.5", "ethanol": "0.5", "temperature": at, "solvent": "DMF"})
    for at in ("40", "45")
]
IDS = [str(uuid.UUID(int=number + 1, version=4)) for number in range(2)]
VIEW = CampaignView(SPEC, DOMAIN, dict(zip(IDS, ASKED, strict=True)))
HEADER = "candidate_id,water,ethanol,temperature,solvent,yield\n"


def read(line: str):
    (row,) = read_results((HEADER + f"{IDS[0]},{line},50\n").encode(), "text/csv", VIEW).rows
    return row


def test_what_was_really_set_is_stored_with_the_result_of_the_candidate() -> None:
    row = read("0.5,0.5,41.7,DMF")
    assert (row.status, row.candidate_id) == ("accepted", IDS[0])
    assert DOMAIN.columns(row.result.object)["temperature"] == 41.7
    assert row.warnings == ("stored as it was really made: temperature 41.7 °C for 40",)


def test_what_was_asked_for_is_the_candidate_itself() -> None:
    row = read("0.5,0.5,40.0,DMF")
    assert (row.result.object, row.warnings) == (ASKED[0], ())


@pytest.mark.parametrize(
    "line",
    ["0.5,0.5,60,DMF", "0.5,0.5,41.7,DMSO", "0.4,0.6,41.7,DMF", "0.5,0.5,45,DMF"],
    ids=["far off", "another choice", "another mixture", "another candidate's recipe"],
)
def test_another_recipe_under_the_id_is_refused(line: str) -> None:
    content = (HEADER + f"{IDS[0]},{line},50\n{IDS[1]},0.5,0.5,45,DMF,60\n").encode()
    first, second = read_results(content, "text/csv", VIEW).rows
    assert (first.status, second.status) == ("rejected", "accepted")
    assert "candidate_id names" in first.reason


def test_results_so_far_say_how_it_was_really_made() -> None:
    real = DOMAIN.parse({"water": "0.5", "ethanol": "0.5", "temperature": "41.7", "solvent": "DMF"})
    results = [
        StandardResult(object=real, type="yield", value=50.0, units="%"),
        StandardResult(object=ASKED[0], type="yield", value=40.0, upper_value=45.0, units="%"),
        StandardResult(object=ASKED[0], type="other", value=1.0),
    ]
    told = so_far_columns(results, ASKED[0], SPEC, DOMAIN)
    assert told == {"yield_so_far": "50 % (temperature 41.7 °C for 40); 40 to 45 %"}
