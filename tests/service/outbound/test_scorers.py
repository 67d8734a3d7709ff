"""A campaign's scorers are checked against the operator's rules without calls; names must be unambiguous."""

from typing import Any

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import NearestMeasured, Prediction, ProposedCandidate
from models.specs.columns import FIELDS, SYNONYMS
from models.specs.scorers import ScorerSpec
from service.errors import UnprocessableError
from service.exchange.batch import BatchRow, flat_rows
from service.outbound.scorers import check_scorer, check_scorers
from service.settings import Settings

SETTINGS = Settings(
    scorer_hosts="public, inside, 10.0.0.0/8",
    scorer_secrets={
        "dock": {"host": "dock.example.org", "authorization": "Bearer hush"},
        "inside": {"host": "inside:8000", "authorization": "Bearer hush"},
    },
)


def scorer(**fields: Any) -> ScorerSpec:
    return ScorerSpec.model_validate({"name": "docking", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://dock.example.org/score", "secret": "dock"},
        {"url": "http://inside:8000/score", "secret": "inside"},
        {"url": "http://10.1.2.3:99/"},
        {"entry_point": "pairs"},
    ],
)
def test_what_may_be_used(fields: dict[str, Any]):
    check_scorers([scorer(**fields)], SETTINGS)


@pytest.mark.parametrize(
    ("fields", "pointer", "why"),
    [
        ({"url": "http://127.0.0.1/"}, "/url", "not a public one"),
        ({"url": "https://93.184.216.34:22/"}, "/url", "port 22"),
        ({"url": "https://a:b@dock.example.org/"}, "/url", "user name"),
        ({"url": "https://evil.example.org/", "secret": "dock"}, "/secret", "not for evil.example.org"),
        ({"url": "http://inside/", "secret": "inside"}, "/secret", "not for inside"),
        ({"url": "https://dock.example.org/", "secret": "none"}, "/secret", "no secret 'none'"),
        ({"url": "http://dock.example.org/", "secret": "dock"}, "/url", "over https"),
        ({"entry_point": "none"}, "/entry_point", "assayflow.scorers"),
    ],
)
def test_a_refused_scorer_is_reported_with_its_field(fields: dict[str, Any], pointer: str, why: str):
    with pytest.raises(UnprocessableError) as caught:
        check_scorers([scorer(entry_point="pairs"), scorer(**fields)], SETTINGS, "/spec")
    (location,) = caught.value.errors
    assert location["pointer"] == f"/spec/scorers/1{pointer}"
    assert why in location["detail"]
    assert "hush" not in location["detail"]


def test_every_error_is_reported():
    with pytest.raises(UnprocessableError) as caught:
        check_scorers([scorer(url="http://127.0.0.1/"), scorer(entry_point="none")], SETTINGS)
    assert [location["pointer"] for location in caught.value.errors] == ["/scorers/0/url", "/scorers/1/entry_point"]


def test_an_address_is_taken_apart():
    target = check_scorer(scorer(url="https://dock.example.org/score"), SETTINGS)
    assert target is not None
    assert (target.host, target.port) == ("dock.example.org", 443)
    assert check_scorer(scorer(entry_point="pairs"), SETTINGS) is None


def test_no_scorer_can_have_the_name_of_another_column():
    objectives = [{"name": "glow"}, {"name": "sum", "computed": "ones"}]
    spec = CampaignSpec.model_validate(
        {"name": "Lights", "domain": {"kind": "switches", "n": 4}, "objectives": objectives}
    )
    nearest = NearestMeasured("0000", 0.5)
    predictions = {name: Prediction(1.0, 0.1, 0.8, 1.2) for name in ("glow", "sum")}
    candidate = ProposedCandidate(1, "0101", predictions, {}, 1.0, 1.0, {}, 1.0, {"glow": 1.0}, 0.0, 0.0, nearest, "so")
    (row,) = flat_rows([BatchRow("id", "proposed", candidate)], spec, open_domain(spec.domain))
    for column in {*row, *FIELDS, *SYNONYMS}:
        with pytest.raises(ValueError, match=r"stands for something else|read as a column"):
            CampaignSpec.model_validate(spec.model_dump() | {"scorers": [{"name": column, "entry_point": "pairs"}]})
