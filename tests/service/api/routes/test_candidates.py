"""Deciding about candidates, and releasing a batch."""

import hashlib
from typing import Any

import pytest
from api_actors import Api, Worker


@pytest.fixture
def batch(api: Api, worker: Worker) -> list[dict[str, Any]]:
    campaign = api.campaign()
    worker.finish(api.round(campaign["id"]))
    candidates: list[dict[str, Any]] = api.client.get(
        f"/v1/campaigns/{campaign['id']}/rounds/1/batch"
    ).json()["candidates"]
    return candidates


def _decide(api: Api, candidate: dict[str, Any], **decision: Any) -> Any:
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


def test_withdrawing_the_last_open_candidate_completes_the_round(
    api: Api, batch: list[dict[str, Any]]
) -> None:
    for candidate in batch:
        assert _decide(api, candidate, status="withdrawn", reason="no capacity").status_code == 200
    address = f"/v1/campaigns/{batch[0]['campaign_id']}/rounds/1"
    assert api.client.get(address).json()["state"] == "completed"
    assert _decide(api, batch[0], status="approved").status_code == 409


def test_a_round_without_a_batch_cannot_be_released(api: Api) -> None:
    campaign = api.campaign()
    api.round(campaign["id"])
    assert api.client.post(f"/v1/campaigns/{campaign['id']}/rounds/1/release").status_code == 409


@pytest.fixture
def reserved(api: Api, worker: Worker) -> str:
    """The address of a round with reserves."""
    campaign = api.campaign()
    worker.finish_with_reserves(api.round(campaign["id"]), ("1111", "1110", "0000"), ("0011", "0001"))
    return f"/v1/campaigns/{campaign['id']}/rounds/1"


def _batch(api: Api, address: str) -> dict[str, dict[str, Any]]:
    return {item["object"]: item for item in api.client.get(f"{address}/batch").json()["candidates"]}


def test_a_rejection_may_be_about_analogues_and_is_written_down(api: Api, reserved: str) -> None:
    batch = _batch(api, reserved)
    decided = _decide(api, batch["1111"], status="rejected", reason="toxic", analogues=True, similarity=0.7)
    assert decided.status_code == 200, decided.text
    assert decided.json()["analogues"] == [batch["1110"]["id"]]
    (record,) = api.client.get(f"/v1/candidates/{batch['1110']['id']}/decisions").json()["items"]
    told = {"status": "rejected", "reason": "toxic", "because_of": batch["1111"]["id"], "similarity": None}
    assert record == record | told
    assert record["decided_by"]
    wrong = _decide(api, batch["0000"], status="approved", analogues=True)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/analogues")


def test_the_next_best_takes_a_free_place(api: Api, reserved: str) -> None:
    batch = _batch(api, reserved)
    assert [item["object"] for item in api.client.get(f"{reserved}/batch").json()["reserves"]] == [
        "0011",
        "0001",
    ]
    address = f"/v1/candidates/{batch['0000']['id']}/replace"
    early = api.client.post(address)
    assert (early.status_code, "reject or withdraw it first" in early.json()["detail"]) == (409, True)
    _decide(api, batch["0000"], status="withdrawn", reason="the offer expired")
    taken = api.client.post(address, headers={"Idempotency-Key": "once"})
    assert (taken.status_code, taken.json()["object"], taken.json()["replaces"]) == (
        201,
        "0011",
        batch["0000"]["id"],
    )
    assert api.client.get(taken.headers["Location"]).json() == taken.json()
    again = api.client.post(address, headers={"Idempotency-Key": "once"})
    assert again.json()["id"] == taken.json()["id"]
    assert api.client.post(address).status_code == 409
    assert list(_batch(api, reserved)) == ["1111", "1110", "0000", "0011"]


def test_a_released_batch_is_frozen_and_can_be_checked_against_its_hash(api: Api, reserved: str) -> None:
    assert api.client.get(f"{reserved}/release").status_code == 404
    batch = _batch(api, reserved)
    _decide(api, batch["0000"], status="rejected", reason="toxic")
    released = api.client.post(f"{reserved}/release").json()
    frozen = api.client.get(f"{reserved}/release")
    assert hashlib.sha256(frozen.content).hexdigest() == released["batch_sha256"]
    assert frozen.headers["ETag"] == f'"{released["batch_sha256"]}"'
    assert [item["object"] for item in frozen.json()["candidates"]] == ["1111", "1110"]
    assert api.client.get(f"{reserved}/batch").json()["sha256"] == released["batch_sha256"]
    assert released["released_by"]
    for refused in (
        _decide(api, batch["0000"], status="approved"),
        _decide(api, batch["1111"], status="rejected", reason="late"),
        api.client.post(f"/v1/candidates/{batch['0000']['id']}/replace"),
        api.client.post(f"{reserved}/release"),
    ):
        assert refused.status_code == 409
        assert "frozen" in refused.json()["detail"]
    assert _decide(api, batch["1111"], status="withdrawn", reason="broken").status_code == 200
    assert api.client.get(f"{reserved}/release").content == frozen.content


def test_results_for_what_was_given_up_warn_and_keep_the_reason(api: Api, reserved: str) -> None:
    batch = _batch(api, reserved)
    _decide(api, batch["1111"], status="rejected", reason="toxic")
    _decide(api, batch["1110"], status="withdrawn", reason="no capacity")
    rows = [{"candidate_id": batch["1111"]["id"], "glow": 1}, {"switches": "1110", "glow": 2}]
    rows.append({"candidate_id": batch["0000"]["id"], "glow": 3})
    results = reserved.split("/rounds", maxsplit=1)[0] + "/results"
    report = api.client.post(results, json=rows).json()
    assert report["accepted"] == 3
    warned = [row["warnings"] for row in report["rows"]]
    assert warned[0] == ["the candidate was rejected (toxic): the result counts, and the decision is kept"]
    assert "the candidate was withdrawn (no capacity)" in warned[1][0]
    assert warned[2] == []
    told = _batch(api, reserved)["1111"]
    assert (told["status"], told["status_reason"]) == ("measured", "toxic")


def test_a_reader_decides_nothing(api: Api, new_key: Any, open_client: Any, reserved: str) -> None:
    item = _batch(api, reserved)["1111"]
    reader = open_client(new_key("read")[0])
    assert reader.post(f"/v1/candidates/{item['id']}/replace").status_code == 403
