"""Who may call, and what a workspace can see."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_actors import Api, Worker
from sqlalchemy import text

from service.store.session import Sessions


def test_without_a_valid_key_nothing_is_answered(open_client: Any, new_key: Any) -> None:
    key, _ = new_key()
    expired, _ = new_key(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    for wrong in (None, "af_000000000000_" + "0" * 64, key[:-1], key + "0", expired, "nonsense"):
        response = open_client(wrong).get("/v1/campaigns")
        assert response.status_code == 401, wrong
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.headers["Content-Type"] == "application/problem+json"
    basic = open_client(None).get("/v1/campaigns", headers={"Authorization": f"Basic {key}"})
    assert basic.status_code == 401
    assert open_client(key).get("/v1/campaigns").status_code == 200


def test_scopes_limit_what_a_key_may_do(
    open_client: Any, new_key: Any, campaign_spec: dict[str, Any]
) -> None:
    reader, writer = open_client(new_key("read")[0]), open_client(new_key("read", "write")[0])
    assert reader.get("/v1/campaigns").status_code == 200
    refused = reader.post("/v1/campaigns", json=campaign_spec)
    assert refused.status_code == 403
    assert "write" in refused.json()["detail"]
    assert writer.post("/v1/campaigns", json=campaign_spec).status_code == 201
    assert writer.get("/v1/api-keys").status_code == 403
    assert writer.post("/v1/api-keys", json={"name": "mine"}).status_code == 403


def test_a_key_is_made_used_and_revoked(api: Api, open_client: Any, sessions: Sessions) -> None:
    made = api.client.post("/v1/api-keys", json={"name": "plate reader", "scopes": ["read"]})
    assert made.status_code == 201
    key = made.json()
    assert key["secret"].startswith(f"af_{key['id']}_")
    used = open_client(key["secret"])
    assert used.get("/v1/campaigns").status_code == 200
    shown = api.client.get(made.headers["Location"])
    assert "secret" not in shown.json()
    assert shown.json()["last_used_at"] is not None
    assert key["id"] in [item["id"] for item in api.client.get("/v1/api-keys").json()["items"]]
    with sessions.begin() as session:
        stored = session.execute(text("SELECT * FROM api_keys")).all()
    assert key["secret"].rsplit("_", 1)[1] not in repr(stored)

    address = made.headers["Location"]
    assert api.client.delete(address).status_code == 428
    assert api.client.delete(address, headers={"If-Match": '"other"'}).status_code == 412
    assert api.client.delete(address, headers={"If-Match": made.headers["ETag"]}).status_code == 204
    assert used.get("/v1/campaigns").status_code == 401
    assert api.client.get(address).json()["revoked_at"] is not None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x", "scopes": ["root"]}, "/scopes/0"),
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x", "expires_at": "tomorrow"}, "/expires_at"),
        ({"name": "x", "expires_at": "2130-01-01T00:00:00"}, "/expires_at"),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "x", "expires_at": 4102444800}, "/expires_at"),
        ({"name": "x\u0000"}, ""),
        ([], ""),
    ],
)
def test_a_wrong_wish_for_a_key_is_named(api: Api, body: Any, pointer: str) -> None:
    response = api.client.post("/v1/api-keys", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


def test_another_workspace_sees_nothing(api: Api, worker: Worker, open_client: Any, new_key: Any) -> None:
    campaign = api.campaign()
    address = f"/v1/campaigns/{campaign['id']}"
    worker.finish(api.round(campaign["id"]))
    candidate = api.client.get(f"{address}/rounds/1/batch").json()["candidates"][0]["id"]
    own_key = api.client.get("/v1/api-keys").json()["items"][0]["id"]
    stranger = open_client(new_key()[0])
    for path in ("", "/results", "/rounds", "/rounds/1", "/rounds/1/events", "/rounds/1/batch"):
        assert stranger.get(address + path).status_code == 404
    for path in ("/archive", "/rounds", "/rounds/1/cancel", "/rounds/1/retry", "/rounds/1/release"):
        assert stranger.post(address + path).status_code == 404
    assert stranger.post(f"{address}/results", json=[]).status_code == 404
    assert stranger.patch(address, json={"name": "mine"}, headers={"If-Match": "*"}).status_code == 404
    assert stranger.get(f"/v1/candidates/{candidate}").status_code == 404
    decision = {"json": {"status": "approved"}, "headers": {"If-Match": "*"}}
    assert stranger.patch(f"/v1/candidates/{candidate}", **decision).status_code == 404
    assert stranger.delete(f"/v1/api-keys/{own_key}", headers={"If-Match": "*"}).status_code == 404
    assert stranger.get("/v1/campaigns").json()["items"] == []
