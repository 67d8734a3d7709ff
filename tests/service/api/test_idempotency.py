"""A POST that is sent twice happens once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from api_actors import Api, Worker
from sqlalchemy import text

from service.campaigns import commands
from service.store import idempotency
from service.store.session import Sessions


@pytest.fixture
def key() -> str:
    return uuid4().hex


def _count(api: Api) -> int:
    return len(api.client.get("/v1/campaigns").json()["items"])


def test_the_stored_answer_is_replayed(api: Api, campaign_spec: dict[str, Any], key: str) -> None:
    first = api.client.post("/v1/campaigns", json=campaign_spec, headers={"Idempotency-Key": key})
    again = api.client.post("/v1/campaigns", json=campaign_spec, headers={"Idempotency-Key": key})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _count(api) == 1


def test_another_payload_is_refused(api: Api, campaign_spec: dict[str, Any], key: str) -> None:
    api.client.post("/v1/campaigns", json=campaign_spec, headers={"Idempotency-Key": key})
    other = api.client.post("/v1/campaigns", json=campaign_spec | {"seed": 8}, headers={"Idempotency-Key": key})
    assert other.status_code == 422
    assert other.json()["errors"][0] == other.json()["errors"][0] | {"in": "header", "pointer": "/Idempotency-Key"}
    assert _count(api) == 1


def test_another_address_is_another_request(api: Api, key: str) -> None:
    campaigns = [api.campaign()["id"] for _ in range(2)]
    headers = {"Idempotency-Key": key}
    assert api.client.post(f"/v1/campaigns/{campaigns[0]}/rounds", headers=headers).status_code == 202
    assert api.client.post(f"/v1/campaigns/{campaigns[1]}/rounds", headers=headers).status_code == 422


def test_a_refused_request_leaves_the_key_free(api: Api, campaign_spec: dict[str, Any], key: str) -> None:
    headers = {"Idempotency-Key": key}
    assert api.client.post("/v1/campaigns", json={"name": "x"}, headers=headers).status_code == 422
    assert api.client.post("/v1/campaigns", json=campaign_spec, headers=headers).status_code == 201


def test_a_conflict_is_not_stored_as_the_answer(api: Api, worker: Worker, key: str) -> None:
    campaign = api.campaign()
    address = f"/v1/campaigns/{campaign['id']}/rounds"
    started = api.round(campaign["id"])
    assert api.client.post(address, headers={"Idempotency-Key": key}).status_code == 409
    worker.finish(started)
    second = api.client.post(address, headers={"Idempotency-Key": key})
    assert (second.status_code, second.json()["number"]) == (202, 2)
    again = api.client.post(address, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json()) == (202, second.json())


def test_results_are_stored_once(api: Api, key: str) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/results"
    rows = [{"switches": "0101", "type": "glow", "value": 3}]
    for _ in range(3):
        assert api.client.post(address, json=rows, headers={"Idempotency-Key": key}).json()["accepted"] == 1
    assert len(api.client.get(address).json()["items"]) == 1
    dry = api.client.post(address, json=rows, params={"dry_run": True}, headers={"Idempotency-Key": key})
    assert dry.status_code == 422


def test_keys_belong_to_a_workspace(api: Api, open_client: Any, new_key: Any, campaign_spec: Any, key: str) -> None:
    headers = {"Idempotency-Key": key}
    first = api.client.post("/v1/campaigns", json=campaign_spec, headers=headers)
    second = open_client(new_key()[0]).post("/v1/campaigns", json=campaign_spec, headers=headers)
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_a_secret_is_neither_stored_nor_shown_twice(api: Api, sessions: Sessions, key: str) -> None:
    headers = {"Idempotency-Key": key}
    first = api.client.post("/v1/api-keys", json={"name": "reader"}, headers=headers).json()
    again = api.client.post("/v1/api-keys", json={"name": "reader"}, headers=headers).json()
    assert again == first | {"secret": None}
    with sessions.begin() as session:
        stored = session.execute(text("SELECT body FROM idempotency_keys")).scalars().all()
    assert all(first["secret"].encode() not in bytes(body) for body in stored)


@pytest.mark.parametrize("given", ["", "a" * 256, "two words"])
def test_a_malformed_key_is_named(api: Api, campaign_spec: dict[str, Any], given: str) -> None:
    response = api.client.post("/v1/campaigns", json=campaign_spec, headers={"Idempotency-Key": given})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/Idempotency-Key"


def test_a_request_in_flight_is_a_conflict(api: Api, sessions: Sessions, campaign_spec: Any, key: str) -> None:
    headers = {"Idempotency-Key": key}
    with sessions.begin() as session:
        assert idempotency.try_lock(session, api.workspace_id, key)
        response = api.client.post("/v1/campaigns", json=campaign_spec, headers=headers)
        assert response.status_code == 409
        assert "in flight" in response.json()["detail"]
    assert api.client.post("/v1/campaigns", json=campaign_spec, headers=headers).status_code == 201


def test_of_many_at_once_one_happens(api: Api, open_client: Any, campaign_spec: dict[str, Any], key: str) -> None:
    together = threading.Barrier(8)
    bearer = api.client.headers["Authorization"].removeprefix("Bearer ")

    def send(_: int) -> tuple[int, str]:
        client = open_client(bearer)
        together.wait()
        response = client.post("/v1/campaigns", json=campaign_spec, headers={"Idempotency-Key": key})
        return response.status_code, response.json().get("id", "")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    counted = Counter(status for status, _ in answers)
    assert set(counted) <= {201, 409}
    assert counted[201] >= 1
    assert len({actual for status, actual in answers if status == 201}) == 1
    assert _count(api) == 1


def test_a_crash_between_work_and_answer_leaves_nothing_behind(
    api: Api, monkeypatch: pytest.MonkeyPatch, campaign_spec: dict[str, Any], key: str
) -> None:
    def crash(*_args: Any) -> None:
        raise MemoryError("planted")

    headers = {"Idempotency-Key": key}
    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "save", crash)
        response = api.client.post("/v1/campaigns", json=campaign_spec, headers=headers)
        assert response.status_code == 500
        assert "planted" not in response.text
    assert _count(api) == 0
    assert api.client.post("/v1/campaigns", json=campaign_spec, headers=headers).status_code == 201


def test_a_commit_that_fails_is_not_answered_as_success(
    api: Api, monkeypatch: pytest.MonkeyPatch, campaign_spec: dict[str, Any]
) -> None:
    create = commands.create_campaign

    def create_then_break(session: Any, *args: Any) -> Any:
        campaign = create(session, *args)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.connection().connection.driver_connection.close()
        return campaign

    with monkeypatch.context() as patched:
        patched.setattr(commands, "create_campaign", create_then_break)
        response = api.client.post("/v1/campaigns", json=campaign_spec)
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert _count(api) == 0
