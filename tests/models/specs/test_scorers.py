"""A campaign names its scorers like columns.

Each name means one thing, and a mistake is told with its place.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.specs.scorers import ScorerSpec

SCORER = {"name": "docking", "url": "https://dock.example.org/score"}


def campaign(*scorers: dict[str, Any], **changes: Any) -> CampaignSpec:
    return CampaignSpec.model_validate(
        {
            "name": "Lights",
            "domain": {"kind": "switches", "n": 4},
            "objectives": [{"name": "glow", "type": "lux"}, {"name": "pose", "computed": "ones"}],
            "guardrails": [{"name": "heat", "type": "watt", "max": 5}],
            "scorers": scorers,
            **changes,
        }
    )


def test_a_scorer_s_property_is_as_good_as_the_domain_s():
    spec = campaign(
        SCORER,
        objectives=[{"name": "pose", "computed": "docking"}],
        constraints=[{"property": "docking", "max": 0}],
        batch={"limits": [{"kind": "budget", "property": "docking", "max": 9}]},
    )
    assert spec.computed() == ("ones", "docking")
    assert CampaignSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"objectives": [{"name": "pose", "computed": "docking"}]}, "/objectives/0/computed"),
        ({"constraints": [{"property": "docking", "max": 0}]}, "/constraints/0/property"),
        (
            {"batch": {"limits": [{"kind": "budget", "property": "docking", "max": 9}]}},
            "/batch/limits/0/property",
        ),
    ],
)
def test_without_it_the_property_is_unknown(changes: dict[str, Any], pointer: str):
    with pytest.raises(ValidationError) as caught:
        campaign({**SCORER, "name": "other"}, **changes)
    error = caught.value.errors()[0]
    assert error["ctx"]["pointer"] == pointer
    assert "ones, other" in error["msg"]


@pytest.mark.parametrize(
    "name",
    [
        *("ones", "Ones", "switches", "rank", "value", "reason", "object", "glow", "GLOW", "lux", "watt"),
        *(
            "glow_mean",
            "pose_high",
            "preference_pose",
            "guardrail_heat",
            "glow_result",
            "lux_relation",
            "watt_units",
        ),
    ],
)
def test_a_name_that_means_something_else_is_refused(name: str):
    with pytest.raises(ValidationError) as caught:
        campaign({**SCORER, "name": "fine"}, {**SCORER, "name": name})
    assert caught.value.errors()[0]["ctx"]["pointer"] == "/scorers/1/name"


def test_two_scorers_have_two_names():
    with pytest.raises(ValidationError) as caught:
        campaign(SCORER, {**SCORER, "name": "Docking"})
    assert caught.value.errors()[0]["ctx"]["pointer"] == "/scorers/1/name"


@pytest.mark.parametrize("name", ["pose", "pose_score", "glowing", "luxury"])
def test_a_name_that_is_merely_alike_is_fine(name: str):
    assert campaign({**SCORER, "name": name}).scorers[0].name == name


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": None}, ""),
        ({"entry_point": "dock"}, ""),
        ({"url": "ftp://dock.example.org/"}, "url"),
        ({"url": "https://dock example.org/"}, "url"),
        ({"url": "https://d" + "x" * 3000}, "url"),
        ({"url": None, "entry_point": "dock", "secret": "key"}, "/secret"),
        ({"url": None, "entry_point": "dock", "timeout_seconds": 3}, "/timeout_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 601}, "timeout_seconds"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 10_001}, "batch_size"),
        ({"range": [2, 1]}, "/range"),
        ({"range": [0, float("nan")]}, "range"),
        ({"name": "two words"}, "name"),
        ({"headers": {}}, "headers"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], place: str):
    with pytest.raises(ValidationError) as caught:
        ScorerSpec.model_validate(SCORER | change)
    error = caught.value.errors()[0]
    assert place in (error.get("ctx", {}).get("pointer"), *error["loc"])
