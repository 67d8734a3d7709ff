"""What a campaign has brought, over HTTP: numbers, sentences and figures of campaigns in every state."""

import os
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from api_actors import Api, Worker

FIGURES = ("pareto", "hypervolume", "best", "calibration", "hits", "diversity", "importance", "convergence")
FIRST = [format(number, "04b") for number in range(12)]


def _upload(api: Api, campaign: str, rows: list[dict[str, Any]]) -> None:
    response = api.client.post(f"{campaign}/results", json=rows)
    assert response.status_code == 200, response.text


@pytest.fixture
def campaign(api: Api) -> str:
    return f"/v1/campaigns/{api.campaign()['id']}"


@pytest.fixture
def measured(api: Api, campaign: str, worker: Worker) -> str:
    """A campaign with twelve first results, and a round of three: a value, a bound and a failure."""
    _upload(api, campaign, [{"switches": text, "type": "glow", "value": text.count("1")} for text in FIRST])
    worker.finish(api.client.post(f"{campaign}/rounds").json(), ("1111", "1101", "1110"))
    outcomes = {
        "1111": {"value": 5},
        "1101": {"relation": ">", "value": 3.5},
        "1110": {"outcome": "insoluble"},
    }
    candidates = api.client.get(f"{campaign}/rounds/1/batch").json()["candidates"]
    _upload(
        api,
        campaign,
        [{"candidate_id": item["id"], "type": "glow", **outcomes[item["object"]]} for item in candidates],
    )
    return campaign


def test_an_empty_campaign_says_so(api: Api, campaign: str) -> None:
    told = api.client.get(f"{campaign}/insights")
    assert told.status_code == 200
    assert told.headers["ETag"]
    body = told.json()
    assert body["rounds"] == body["pareto"]["front"] == []
    assert body["initial"]["measured"] == 0
    assert body["importance"] is None
    assert "nothing to compare" in body["statements"][0]


def test_a_measured_round_is_told(api: Api, measured: str) -> None:
    told = api.client.get(f"{measured}/insights").json()
    assert told["initial"]["measured"] == 12
    (first,) = told["rounds"]
    assert first["measured"] == 2
    assert first["success"]["counts"] == {"measured": 2, "failed": 1, "waiting": 0, "withdrawn": 0}
    glow = first["best"]["glow"]
    assert (glow["best"], glow["value"], glow["object"], glow["is_bound"]) == (5, 5, "1111", False)
    assert (told["initial"]["best"]["glow"]["best"], glow["so_far"]) == (3, 5)
    assert glow["random"]["expected"] == pytest.approx(_expected_largest([text.count("1") for text in FIRST]))
    assert told["initial"]["hypervolume"]["so_far"] == pytest.approx(3 / 5 * 3 / 4)
    assert first["hypervolume"]["proposed"] == first["hypervolume"]["so_far"] == pytest.approx(1.0)
    assert {point["object"]: point["round"] for point in told["pareto"]["front"]}["1111"] == 1
    bound = [
        point for point in told["pareto"]["front"] + told["pareto"]["others"] if point["object"] == "1101"
    ]
    assert bound[0]["bounds"] == ["glow"]
    assert first["novelty"]["mean"] == pytest.approx(0.75)
    assert first["calibration"]["glow"]["n"] == 1


def _expected_largest(values: list[int]) -> float:
    """Return the expected largest of two draws by going through all pairs."""
    return sum(max(a, b) for a in values for b in values) / len(values) ** 2


def test_thresholds_say_what_a_hit_is(api: Api, measured: str) -> None:
    told = api.client.get(f"{measured}/insights", params={"threshold": ["glow:3", "ones:3"]}).json()
    assert told["hits"]["thresholds"] == {"glow": 3, "ones": 3}
    assert told["hits"]["rule"] == "glow at least 3 and ones at least 3"
    hits = told["rounds"][0]["hits"]
    assert (hits["n"], hits["of"]) == (2, 2)
    assert (told["initial"]["hits"]["n"], told["initial"]["hits"]["of"]) == (2, 12)
    assert hits["enrichment"]["value"] == pytest.approx(6)


@pytest.mark.parametrize("asked", ["dark:3", "glow", "glow:much", "glow:"])
def test_a_threshold_that_means_nothing_is_refused(api: Api, measured: str, asked: str) -> None:
    response = api.client.get(f"{measured}/insights", params={"threshold": asked})
    assert response.status_code == 422
    assert response.json()["errors"][0]["in"] == "query"


def test_an_objective_has_one_threshold(api: Api, measured: str) -> None:
    response = api.client.get(f"{measured}/insights", params={"threshold": ["glow:3", "glow:4"]})
    assert response.status_code == 422


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_linked_and_drawn(api: Api, measured: str, campaign: str, figure: str) -> None:
    links = {item["name"]: item for item in api.client.get(f"{measured}/insights").json()["figures"]}
    svg, png = (api.client.get(links[figure][name]) for name in ("svg", "png"))
    assert svg.headers["Content-Type"] == "image/svg+xml"
    assert ET.fromstring(svg.text).tag.endswith("svg")  # noqa: S314 - our own drawing
    assert png.headers["Content-Type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    empty = api.client.get(
        f"/v1/campaigns/{api.campaign()['id']}/insights/{figure}", headers={"Accept": "image/png"}
    )
    assert empty.content.startswith(b"\x89PNG")
    assert len(links) == len(FIGURES)
    assert campaign == measured


@pytest.mark.parametrize(("params", "accept"), [({"format": "gif"}, "*/*"), ({}, "text/csv")])
def test_other_pictures_are_not_acceptable(
    api: Api, campaign: str, params: dict[str, str], accept: str
) -> None:
    response = api.client.get(f"{campaign}/insights/pareto", params=params, headers={"Accept": accept})
    assert response.status_code == 406


def test_what_is_not_there_is_not_found(api: Api, campaign: str) -> None:
    assert api.client.get(f"{campaign}/insights/portrait").status_code == 404
    assert api.client.get("/v1/campaigns/00000000-0000-4000-8000-000000000000/insights").status_code == 404


TORCH_FREE = """
import sys
import service.app
before = {"torch", "matplotlib"} & set(sys.modules)
import service.figures, models.insights.build
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import History
spec = {"name": "x", "domain": {"kind": "switches"}, "objectives": [{"name": "glow"}]}
spec = CampaignSpec.model_validate(spec)
told = models.insights.build.insights(spec, open_domain(spec.domain), History(), [])
service.figures.draw(told, "pareto", "svg")
print(sorted(before), "torch" in sys.modules)
"""


def test_insights_load_no_torch_and_the_application_no_matplotlib() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", TORCH_FREE], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "False"]
