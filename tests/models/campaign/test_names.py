"""No column of a table can be read as two things.

Names that differ only for the eye are refused in new campaigns.
"""

from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec

PEPTIDES = {"kind": "peptides", "min_length": 2, "max_length": 4}
NM = {"units": "nM"}


def mixture(*components: str, process: str | None = None) -> dict[str, Any]:
    variables = [{"name": process, "type": "categorical", "values": ["a", "b"]}] if process else []
    return {"kind": "materials", "space": "mixture", "components": components, "process": variables}


def campaign(
    *objectives: dict[str, Any], domain: dict[str, Any] | None = None, **rest: Any
) -> dict[str, Any]:
    return {"name": "n", "domain": domain or PEPTIDES, "objectives": objectives or [{"name": "y"}], **rest}


def at_least(kind: str) -> dict[str, Any]:
    return {"constraints": [{"type": kind, "min": 1, "probability": 0.5}]}


REFUSED = [
    *(
        (campaign({"name": name}), "/objectives/0/name", "have for something else")
        for name in ("plate", "outcome")
    ),
    *(
        (campaign({"name": name}), "/objectives/0/name", "have for something else")
        for name in ("units", "UOM", "sd")
    ),
    *(
        (campaign({"name": name}), "/objectives/0/name", "have for something else")
        for name in ("relation", "sd", "UOM")
    ),
    (campaign({"name": "y", "type": "plate id"}), "/objectives/0/type", "have for something else"),
    (campaign(**at_least("comment")), "/constraints/0/type", "have for something else"),
    (campaign({"name": "y", "type": "()"}), "/objectives/0/type", "no letter, digit or sign"),
    (campaign({"name": "a"}, {"name": "a_mean"}), "/objectives/1/name", "beside its own"),
    (campaign({"name": "a"}, {"name": "a_mean", "type": "a"}), "/objectives/1/name", "beside its own"),
    (campaign({"name": "a_units"}, {"name": "a"}), "/objectives/0/name", "beside its own"),
    (campaign({"name": "a"}, {"name": "A_SEM"}), "/objectives/1/name", "beside its own"),
    (
        campaign({"name": "a", "type": "b"}, {"name": "c", "type": "b relation"}),
        "/objectives/1/type",
        "beside its own",
    ),
    (campaign({"name": "a"}, {"name": "A"}), "/objectives/1/name", "one name among the objectives"),
    (
        campaign({"name": "a", "type": "IC50", **NM}, {"name": "b", "type": "ic50", "units": "uM"}),
        "/objectives/1/type",
        "would be one column",
    ),
    (campaign({"name": "IC50", **NM}, **at_least("ic50")), "/constraints/0/type", "would be one column"),
    (
        campaign({"name": "a", "type": "IC 50"}, **at_least("IC_50")),
        "/constraints/0/type",
        "would be one column",
    ),
    (
        campaign({"name": "Ki", "type": "x"}, {"name": "z", "type": "Ki"}),
        "/objectives/1/type",
        "would be one column",
    ),
    (
        campaign(
            guardrails=[{"name": "g", "type": "tox", "max": 1}, {"name": "G", "type": "hERG", "max": 1}]
        ),
        "/guardrails/1/name",
        "one name among the guardrails",
    ),
    (
        campaign({"name": "y", "type": "IC50"}, domain=mixture(process="ic50")),
        "/objectives/0/type",
        "column of the object",
    ),
    (
        campaign({"name": "y", "type": "IC50"}, domain=mixture(process="IC50 relation")),
        "/objectives/0/type",
        "column of the object",
    ),
    (campaign(domain=mixture("A", "B"), **at_least("a")), "/constraints/0/type", "column of the object"),
    (campaign(domain=mixture("N i", "N_i")), "/domain", "one name among the columns of the object"),
    (campaign(domain=mixture("A", "()")), "/domain", "no letter, digit or sign"),
]


@pytest.mark.parametrize(("document", "pointer", "reason"), REFUSED)
def test_names_of_one_column_are_refused_in_new_campaigns_only(
    document: dict[str, Any], pointer: str, reason: str
):
    with pytest.raises(ValidationError, match=reason) as caught:
        CampaignSpec.model_validate(document)
    assert [error["ctx"]["pointer"] for error in caught.value.errors()] == [pointer]
    assert CampaignSpec.from_stored(document).name == "n"


@pytest.mark.parametrize(
    "document",
    [
        campaign({"name": "value"}),
        campaign({"name": "a", "type": "ERα"}, {"name": "b", "type": "ERβ"}),  # noqa: RUF001 - Greek
        campaign(
            {"name": "IC50", **NM}, {"name": "window", "type": "IC50", "direction": "target", "target": 3}
        ),
        campaign({"name": "IC50", **NM}, **at_least("IC50")),
        campaign({"name": "a"}, {"name": "amean"}, {"name": "a2"}),
        campaign(domain=mixture("Li", "Li+", "水", "乙醇", "(-)-A", "(+)-A")),
        campaign(domain=mixture("α", "β", process="a")),  # noqa: RUF001 - Greek
        campaign(guardrails=[{"name": "g", "type": "tox", "max": 1}, {"name": "h", "type": "tox", "min": 0}]),
    ],
)
def test_names_that_can_be_told_apart_are_accepted(document: dict[str, Any]):
    assert CampaignSpec.model_validate(document).name == "n"
