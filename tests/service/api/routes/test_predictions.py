"""Asking what a campaign believes of one's own objects."""

import json
from typing import Any

import pytest
from api_actors import Api, Worker, judged

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    worker.train(api.client.post(f"{address}/rounds").json())
    return address


def test_objects_are_accepted_and_bad_ones_reported_at_once(api: Api, campaign: str) -> None:
    objects = [{"switches": "1010"}, {"switches": "12"}, {"switches": ""}, {"switches": "1111"}]
    response = api.client.post(f"{campaign}/predictions", json={"objects": objects})
    assert response.status_code == 202, response.text
    told = response.json()
    assert response.headers["Location"] == f"{campaign}/predictions/{told['id']}"
    assert (told["state"], told["rows"], told["request"]["round"]) == ("queued", None, 1)
    assert (told["request"]["accepted"], told["request"]["rejected"]) == (2, 1)
    statuses = [(row["row"], row["status"]) for row in told["report"]["rows"]]
    assert statuses == [(1, "accepted"), (2, "rejected"), (3, "skipped"), (4, "accepted")]
    assert told["report"]["rows"][1]["column"] == "switches"
    assert told["report"]["rows"][1]["reason"]
    assert api.client.get(response.headers["Location"]).json() == told
    listed = api.client.get(f"{campaign}/predictions").json()["items"]
    assert [item["id"] for item in listed] == [told["id"]]
    assert not listed[0].keys() & {"rows", "report"}


def test_finished_predictions_come_as_json_and_as_a_table(api: Api, campaign: str, worker: Worker) -> None:
    content = "note,switches\nfirst,1010\nsecond,1111\n"
    told = api.client.post(f"{campaign}/predictions?filename=mine.csv", content=content, headers=CSV).json()
    assert told["request"]["filename"] == "mine.csv"
    assert told["request"]["media_type"] == "text/csv"
    worker.answer(told, {"rows": [judged(2, "1010"), judged(3, "1111")]})
    address = f"{campaign}/predictions/{told['id']}"
    done = api.client.get(address).json()
    assert (done["state"], done["rows"][1]["refused"]) == ("succeeded", ["measured already"])
    assert done["rows"][0]["predictions"]["glow"]["low"] == 0.7
    file = api.client.get(address, params={"format": "csv"})
    assert file.headers["Content-Type"].startswith("text/csv")
    header, first, second = file.text.strip().splitlines()
    assert header == (
        "row,switches,glow_mean,glow_sd,glow_low,glow_high,ones,acquisition,feasibility,nearest_measured,"
        "nearest_similarity,in_domain,refused"
    )
    assert first == "2,1010,1.5,0.5,0.7,2.3,2,0.1,1,0000,0.5,true,"
    assert second.endswith("true,measured already")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([{"switches": "1010"}], "/objects"),
        ({}, "/objects"),
        ({"objects": {"switches": "1010"}}, "/objects"),
        ({"objects": [{"switches": "1010"}], "colour": "red"}, "/colour"),
        ({"objects": [{"switches": " "}]}, "/objects"),
        ({"objects": [{"switches": "1010"}] * 10_001}, "/objects"),
    ],
)
def test_a_wrong_body_is_named(api: Api, campaign: str, body: Any, pointer: str) -> None:
    content = json.dumps(body, separators=(",", ":"))
    response = api.client.post(
        f"{campaign}/predictions", content=content, headers={"Content-Type": "application/json"}
    )
    expected = 413 if len(content) > 200_000 else 422
    assert response.status_code == expected, response.text
    if expected == 422:
        assert response.json()["errors"][0]["pointer"] == pointer
    assert api.client.get(f"{campaign}/predictions").json()["items"] == []


def test_more_objects_than_are_predicted_at_once_are_refused(api: Api, campaign: str) -> None:
    content = "switches\n" + "1010\n" * 10_001
    response = api.client.post(f"{campaign}/predictions", content=content, headers=CSV)
    assert response.status_code == 422
    assert "at most 10000" in response.json()["detail"]


def test_all_or_nothing_on_request_and_nothing_of_nothing(api: Api, campaign: str) -> None:
    mixed = {"objects": [{"switches": "1010"}, {"switches": "12"}]}
    refused = api.client.post(f"{campaign}/predictions?mode=atomic", json=mixed)
    assert refused.status_code == 422
    assert (refused.json()["errors"][0]["row"], refused.json()["accepted"]) == (2, 1)
    all_bad = api.client.post(f"{campaign}/predictions", json={"objects": [{"switches": "12"}]})
    assert (all_bad.status_code, all_bad.json()["errors"][0]["column"]) == (422, "switches")
    no_column = api.client.post(f"{campaign}/predictions", json={"objects": [{"smiles": "CCO"}]})
    assert (no_column.status_code, "switches" in no_column.json()["detail"]) == (422, True)
    assert api.client.get(f"{campaign}/predictions").json()["items"] == []


def test_other_formats_are_refused(api: Api, campaign: str) -> None:
    response = api.client.post(f"{campaign}/predictions", content=b"x", headers={"Content-Type": "image/png"})
    assert response.status_code == 415


def test_results_alone_are_enough_and_nothing_is_not(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    body = {"objects": [{"switches": "1010"}]}
    assert api.client.post(f"{address}/predictions", json=body).status_code == 409
    rows = [{"switches": "0000", "type": "glow", "value": 1}]
    assert api.client.post(f"{address}/results", json=rows).status_code == 200
    told = api.client.post(f"{address}/predictions", json=body)
    assert (told.status_code, told.json()["request"]["round"]) == (202, None)


def test_predictions_are_cancelled_and_hidden_from_others(
    api: Api, campaign: str, new_key: Any, open_client: Any
) -> None:
    told = api.client.post(f"{campaign}/predictions", json={"objects": [{"switches": "1010"}]}).json()
    address = f"{campaign}/predictions/{told['id']}"
    stranger = open_client(new_key()[0])
    assert stranger.get(address).status_code == stranger.post(f"{address}/cancel").status_code == 404
    assert api.client.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert api.client.post(f"{address}/cancel").status_code == 409
