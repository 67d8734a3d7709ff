"""The installed domains, as a client sees them."""

from typing import Any

import pytest
from api_actors import Api

from models.domains import installed


@pytest.fixture
def domains(api: Api) -> dict[str, dict[str, Any]]:
    response = api.client.get("/v1/domains")
    assert response.status_code == 200
    return {item["kind"]: item for item in response.json()["items"]}


def test_every_installed_domain_is_described(domains: dict[str, dict[str, Any]]) -> None:
    assert set(domains) == set(installed())
    for domain in domains.values():
        assert domain["summary"]
        assert domain["json_schema"].keys() & {"properties", "oneOf", "anyOf"}
        assert {"json", "csv"} <= {item["name"] for item in domain["formats"]}
        assert domain["computed"]
        assert domain["object_columns"]


def test_a_domain_in_a_folder_of_its_own_is_found(domains: dict[str, dict[str, Any]]) -> None:
    switches = domains["switches"]
    assert switches["computed"] == [
        {
            "name": "ones",
            "description": "number of switches that are on",
            "units": None,
            "range": [0.0, 3.0],
            "is_on_request": False,
        }
    ]
    assert switches["json_schema"]["properties"]["n"]["maximum"] == 16
    assert {"name": "txt", "media_type": "text/plain"} in switches["formats"]


@pytest.mark.parametrize("kind", sorted(installed()))
def test_the_examples_can_be_used_as_they_are(
    api: Api, domains: dict[str, dict[str, Any]], kind: str
) -> None:
    for example in domains[kind]["examples"]:
        campaign = api.campaign(domain=example["spec"], objectives=[{"name": "activity"}])
        rows = [{**columns, "type": "activity", "value": 1} for columns in example["objects"]]
        report = api.client.post(f"/v1/campaigns/{campaign['id']}/results", json=rows)
        assert report.status_code == 200, report.text
        assert report.json()["accepted"] == len(rows)
