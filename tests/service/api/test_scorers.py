"""Campaigns with their own scorers over HTTP: refused with the field, reported like any computed property."""

import csv
import io
from typing import Any

import pytest
from api_actors import Api, Worker
from fastapi import FastAPI

SCORERS = [{"name": "docking", "url": "https://dock.example.org/score"}, {"name": "pairs", "entry_point": "pairs"}]


def test_a_campaign_keeps_its_scorers(api: Api):
    created = api.campaign(scorers=SCORERS, constraints=[{"property": "docking", "max": 0}])
    assert [item["name"] for item in created["spec"]["scorers"]] == ["docking", "pairs"]
    assert created["spec"]["scorers"][0]["url"] == SCORERS[0]["url"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://169.254.169.254/latest/meta-data"}, "/scorers/0/url"),
        ({"url": "http://127.0.0.1:5432/"}, "/scorers/0/url"),
        ({"url": "http://localhost/"}, "/scorers/0/url"),
        ({"url": "https://dock.example.org:25/"}, "/scorers/0/url"),
        ({"url": "ftp://dock.example.org/"}, "/scorers/0/url"),
        ({"url": "https://dock.example.org/", "secret": "any"}, "/scorers/0/secret"),
        ({"entry_point": "not_installed"}, "/scorers/0/entry_point"),
        ({"name": "rank", "entry_point": "pairs"}, "/scorers/0/name"),
    ],
)
def test_a_refused_scorer_is_rejected_when_the_campaign_is_created_or_changed(
    api: Api, campaign_spec: dict[str, Any], change: dict[str, Any], pointer: str
):
    wrong = [{"name": "docking", **change}]
    response = api.client.post("/v1/campaigns", json=campaign_spec | {"scorers": wrong})
    assert response.status_code == 422
    assert [location["pointer"] for location in response.json()["errors"]] == [pointer]
    assert api.client.get("/v1/campaigns").json()["items"] == []
    created = api.campaign()
    address = f"/v1/campaigns/{created['id']}"
    match = {"If-Match": api.client.get(address).headers["ETag"]}
    response = api.client.patch(address, json={"scorers": wrong}, headers=match)
    assert response.status_code == 422
    assert [location["pointer"] for location in response.json()["errors"]] == [pointer]
    assert api.client.get(address).json()["spec"]["scorers"] == []


def test_a_backtest_s_scorers_are_judged_as_well(api: Api, campaign_spec: dict[str, Any]):
    scorers = [{"name": "docking", "url": "http://[::1]/"}]
    table = [{"switches": f"{i:04b}", "type": "glow", "value": str(i)} for i in range(1, 16)]
    body = {"spec": campaign_spec | {"scorers": scorers}, "table": table, "rounds": 1, "initial": 2, "batch_size": 2}
    response = api.client.post("/v1/backtests", json=body)
    assert response.status_code == 422
    assert [location["pointer"] for location in response.json()["errors"]] == ["/spec/scorers/0/url"]


def test_a_downloaded_batch_is_still_a_valid_upload(api: Api, worker: Worker):
    scorers = [{"name": "docking", "url": "https://dock.example.org/score"}]
    created = api.campaign(scorers=scorers)
    worker.finish(api.round(created["id"]), computed={"ones": 3.0, "docking": -7.5})
    address = f"/v1/campaigns/{created['id']}"
    batch = api.client.get(f"{address}/rounds/1/batch").json()
    assert batch["candidates"][0]["computed"]["docking"] == -7.5
    table = api.client.get(f"{address}/rounds/1/batch?format=csv").text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["docking"] for row in rows] == ["-7.5"] * 3
    for row in rows:
        row["glow"] = "4"
    filled = io.StringIO()
    writer = csv.DictWriter(filled, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    answer = api.client.post(f"{address}/results", content=filled.getvalue(), headers={"Content-Type": "text/csv"})
    assert answer.status_code in (200, 201)
    report = answer.json()
    assert (report["accepted"], report["rejected"]) == (3, 0)
    assert not [text for text in report["warnings"] if "docking" in str(text)]


def test_secrets_are_in_no_description_of_the_interface(app: FastAPI):
    assert "authorization" not in app.openapi()["components"]["schemas"]["ScorerSpec"]["properties"]
