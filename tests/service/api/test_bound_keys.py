"""Keys of one campaign: every route of the application is called with every kind of key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from api_actors import Api, Worker
from fastapi import FastAPI

from service.api.examples import REQUESTS
from service.campaigns.uploads import Owner, ResultsFile, enqueue_upload
from service.store.session import Sessions

OF_A_CAMPAIGN = "/{campaign_id}"
Call = tuple[str, str, str]


@dataclass(frozen=True)
class Lab:
    """A workspace with two campaigns; `others` are ids of what belongs to the second or to the workspace."""

    api: Api
    base_url: str
    own: str
    other: str
    others: Mapping[str, str]

    def key(self, *scopes: str, campaign: str | None = None) -> dict[str, Any]:
        wanted = {"name": "bound", "scopes": list(scopes), "campaign_id": campaign}
        response = self.api.client.post("/v1/api-keys", json=wanted)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def client(self, *scopes: str, campaign: str | None = None) -> httpx.Client:
        secret = self.key(*scopes, campaign=campaign)["secret"]
        return httpx.Client(base_url=self.base_url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)


@pytest.fixture
def lab(api: Api, worker: Worker, sessions: Sessions, base_url: str) -> Lab:
    own, other = api.campaign()["id"], api.campaign(name="Secret lights")["id"]
    for campaign in (own, other):
        worker.finish(api.round(campaign))
    batch = api.client.get(f"/v1/campaigns/{other}/rounds/1/batch").json()
    others = {
        "campaign_id": other,
        "candidate_id": batch["candidates"][0]["id"],
        "key_id": api.client.post("/v1/api-keys", json={"name": "whole"}).json()["id"],
        "job_id": queued_upload(api, sessions, other, "somebody"),
        "number": "1",
    }
    return Lab(api, base_url, own, other, others)


def queued_upload(api: Api, sessions: Sessions, campaign: str, sender: str) -> str:
    with sessions.begin() as session:
        file = ResultsFile(content=sender.encode(), media_type="text/csv", filename="long.csv")
        return str(enqueue_upload(session, Owner(api.workspace_id, sender), UUID(campaign), file).id)


@pytest.fixture
def calls(app: FastAPI) -> list[Call]:
    """Return method, path and name of every route that needs a key."""
    return [
        (method.upper(), path, call["operationId"])
        for path, methods in app.openapi()["paths"].items()
        for method, call in methods.items()
        if call["security"]
    ]


def answered(client: httpx.Client, call: Call, values: Mapping[str, str]) -> httpx.Response:
    """Call a route with these path parameters, others made up, and the example of its body."""
    method, path, name = call
    filled = re.sub(r"{(\w+)}", lambda match: values.get(match[1], str(uuid4())), path)
    body = REQUESTS.get(name)
    with client.stream(method, filled, json=body) if body else client.stream(method, filled) as response:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            response.read()
        return response


def test_the_matrix_has_every_route(calls: list[Call]):
    assert len(calls) > 50
    assert ("POST", "/v1/campaigns/{campaign_id}/results", "upload_results") in calls


def test_a_bound_key_finds_no_other_campaign(lab: Lab, calls: list[Call]):
    with lab.client("read", "write", "admin", campaign=lab.own) as client:
        for call in calls:
            method, path, _ = call
            response = answered(client, call, lab.others)
            told = f"{method} {path}: {response.status_code}"
            if OF_A_CAMPAIGN in path:
                assert response.status_code == 404, told
                assert response.json()["detail"] == f"no campaign {lab.other}", told
            elif method != "GET":
                assert response.status_code in (403, 404), told
            elif response.status_code not in (403, 404):
                secret = [item for name, item in lab.others.items() if name != "number"]
                assert not [item for item in secret if item in response.text], told
    left = lab.api.client.get(f"/v1/campaigns/{lab.other}").json()
    assert (left["rounds"], left["results"], left["state"]) == (1, 0, "active")
    assert lab.api.client.get(f"/v1/api-keys/{lab.others['key_id']}").json()["revoked_at"] is None


def test_another_campaign_looks_like_none_and_like_one_of_another_workspace(
    lab: Lab, calls: list[Call], new_key: Any, open_client: Any
):
    foreign = open_client(new_key()[0])
    with lab.client("read", "write", "admin", campaign=lab.own) as client:
        for call in calls:
            theirs = answered(foreign, call, lab.others)
            if theirs.status_code == 404 and OF_A_CAMPAIGN in call[1]:
                assert "no campaign" not in theirs.text or theirs.json() == (
                    answered(client, call, lab.others).json() | {"instance": theirs.json().get("instance")}
                )
            assert theirs.status_code in (403, 404, 412, 422, 428) or not [
                item for name, item in lab.others.items() if name != "number" and item in theirs.text
            ]


def test_a_bound_key_may_do_everything_in_its_campaign(lab: Lab, calls: list[Call]):
    batch = lab.api.client.get(f"/v1/campaigns/{lab.own}/rounds/1/batch").json()
    values = {"campaign_id": lab.own, "number": "1", "candidate_id": batch["candidates"][0]["id"]}
    inside = [call for call in calls if OF_A_CAMPAIGN in call[1] or "/{candidate_id}" in call[1]]
    inside.sort(key=lambda call: call[2] == "archive_campaign")
    with lab.client("read", "write", campaign=lab.own) as client:
        for call in inside:
            response = answered(client, call, values)
            told = f"{call[0]} {call[1]}: {response.status_code}"
            assert response.status_code not in (401, 403, 500), told
            if response.status_code == 404:
                assert "no campaign" not in response.text, told
                assert "no candidate" not in response.text, told


def test_lists_show_the_own_campaign_only(lab: Lab):
    with lab.client("read", "admin", campaign=lab.own) as client:
        (campaign,) = client.get("/v1/campaigns").json()["items"]
        assert campaign["id"] == lab.own
        (key,) = client.get("/v1/api-keys").json()["items"]
        assert key["campaign_id"] == lab.own
        assert client.get("/v1/domains").status_code == 200
    assert len(lab.api.client.get("/v1/campaigns").json()["items"]) == 2


def test_a_bound_admin_makes_keys_of_its_campaign(lab: Lab):
    with lab.client("admin", campaign=lab.own) as client:
        wanted = {"name": "reader", "scopes": ["results"]}
        made = client.post("/v1/api-keys", json={**wanted, "campaign_id": lab.own})
        assert made.status_code == 201
        assert made.json()["campaign_id"] == lab.own
        assert client.post("/v1/api-keys", json={**wanted, "campaign_id": lab.other}).status_code == 404
        assert client.post("/v1/api-keys", json={"name": "whole"}).status_code == 403
        address = f"/v1/api-keys/{made.json()['id']}"
        tag = client.get(address).headers["ETag"]
        assert client.delete(address, headers={"If-Match": tag}).status_code == 204


def test_a_narrow_key_posts_results_and_reads_its_reports_and_nothing_else(lab: Lab, calls: list[Call]):
    values = {**lab.others, "campaign_id": lab.own}
    with lab.client("results", campaign=lab.own) as client:
        admitted = {call[2] for call in calls if answered(client, call, values).status_code != 403}
        assert admitted == {"upload_results", "get_upload", "follow_upload", "get_current_api_key"}
        for call in calls:
            if call[2] != "get_current_api_key":  # it is of no campaign
                assert answered(client, call, lab.others).status_code in (403, 404)


def test_a_narrow_key_reads_reports_of_its_own_uploads(lab: Lab, sessions: Sessions):
    key = lab.key("results", campaign=lab.own)
    mine = queued_upload(lab.api, sessions, lab.own, key["id"])
    theirs = queued_upload(lab.api, sessions, lab.own, "somebody")
    headers = {"Authorization": f"Bearer {key['secret']}"}
    address = f"/v1/campaigns/{lab.own}"
    with httpx.Client(base_url=lab.base_url, headers=headers, timeout=30) as client:
        assert client.get(f"{address}/uploads/{mine}").json()["state"] == "queued"
        for path in (f"{address}/uploads/{theirs}", f"{address}/uploads/{theirs}/events"):
            assert client.get(path).status_code == 404
        rows = [{"switches": "1010", "glow": 1.5}]
        report = client.post(f"{address}/results", json=rows)
        assert (report.status_code, report.json()["accepted"]) == (200, 1)
    (result,) = lab.api.client.get(f"{address}/results").json()["items"]
    assert result["value"] == 1.5
    assert lab.api.client.get(f"{address}/uploads/{theirs}").status_code == 200


def test_a_narrow_key_needs_a_campaign_that_there_is(lab: Lab):
    refused = lab.api.client.post("/v1/api-keys", json={"name": "reader", "scopes": ["read", "results"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/campaign_id"
    unknown = {"name": "reader", "scopes": ["results"], "campaign_id": str(uuid4())}
    assert lab.api.client.post("/v1/api-keys", json=unknown).status_code == 404


def test_a_bound_key_begins_from_no_other_campaign(lab: Lab) -> None:
    """What another campaign's policy knows is as secret as its results, and so is that it exists."""
    with lab.client("read", "write", campaign=lab.own) as client:
        path = f"/v1/campaigns/{lab.own}"
        answers = []
        for other in (lab.other, str(uuid4())):
            match = client.get(path).headers["ETag"]
            refused = client.patch(path, json={"sampler": {"start_from": other}}, headers={"If-Match": match})
            assert refused.status_code == 422, refused.text
            answers.append(refused.json()["errors"][0]["detail"].replace(other, "…"))
        assert answers[0] == answers[1]
