"""Deciding about candidates, and releasing a batch."""

from typing import Any

import pytest
from api_actors import Api, Worker


@pytest.fixture
def batch(api: Api, worker: Worker) -> list[dict[str, Any]]:
    campaign = api.campaign()
    worker.finish(api.round(campaign["id"]))
    candidates: list[dict[str, Any]] = api.client.get(f"/v1/campaigns/{campaign['id']}/rounds/1/batch").json()[
        "candidates"
    ]
    return candidates


def _decide(api: Api, candidate: dict[str, Any], **decision: str) -> Any:
    address = f"/v1/candidates/{candidate['id']}"
    tag = api.client.get(address).headers["ETag"]
    return api.client.patch(address, json=decision, headers={"If-Match": tag})


def test_a_candidate_is_read_as_in_its_batch(api: Api, batch: list[dict[str, Any]]) -> None:
    response = api.client.get(f"/v1/candidates/{batch[0]['id']}")
    assert response.json() == batch[0]
    assert response.headers["ETag"]


def test_a_candidate_is_approved_and_the_approval_taken_back(api: Api, batch: list[dict[str, Any]]) -> None:
    approved = _decide(api, batch[0], status="approved")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert _decide(api, batch[0], status="proposed").json()["status"] == "proposed"


@pytest.mark.parametrize("status", ["rejected", "withdrawn"])
def test_a_candidate_is_refused_with_a_reason(api: Api, batch: list[dict[str, Any]], status: str) -> None:
    silent = _decide(api, batch[0], status=status)
    assert silent.status_code == 422
    assert silent.json()["errors"][0]["pointer"] == "/reason"
    told = _decide(api, batch[0], status=status, reason="too bright")
    assert (told.json()["status"], told.json()["status_reason"]) == (status, "too bright")


def test_a_status_that_only_results_give_is_refused(api: Api, batch: list[dict[str, Any]]) -> None:
    response = _decide(api, batch[0], status="measured")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/status"


def test_a_decision_needs_the_current_etag(api: Api, batch: list[dict[str, Any]]) -> None:
    address = f"/v1/candidates/{batch[0]['id']}"
    tag = api.client.get(address).headers["ETag"]
    assert api.client.patch(address, json={"status": "approved"}).status_code == 428
    assert _decide(api, batch[0], status="approved").status_code == 200
    late = api.client.patch(address, json={"status": "rejected", "reason": "x"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert api.client.get(address).json()["status"] == "approved"


def test_a_batch_is_released_without_the_rejected(api: Api, batch: list[dict[str, Any]]) -> None:
    address = f"/v1/campaigns/{batch[0]['campaign_id']}/rounds/1"
    _decide(api, batch[0], status="rejected", reason="too bright")
    released = api.client.post(f"{address}/release")
    assert released.status_code == 200
    assert released.json()["released_at"] is not None
    statuses = [item["status"] for item in api.client.get(f"{address}/batch").json()["candidates"]]
    assert statuses == ["rejected", "released", "released"]
    assert api.client.post(f"{address}/release").status_code == 409


def test_withdrawing_the_last_open_candidate_completes_the_round(api: Api, batch: list[dict[str, Any]]) -> None:
    for candidate in batch:
        assert _decide(api, candidate, status="withdrawn", reason="no capacity").status_code == 200
    address = f"/v1/campaigns/{batch[0]['campaign_id']}/rounds/1"
    assert api.client.get(address).json()["state"] == "completed"
    assert _decide(api, batch[0], status="approved").status_code == 409


def test_a_round_without_a_batch_cannot_be_released(api: Api) -> None:
    campaign = api.campaign()
    api.round(campaign["id"])
    assert api.client.post(f"/v1/campaigns/{campaign['id']}/rounds/1/release").status_code == 409
