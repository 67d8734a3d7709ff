"""Webhooks over HTTP: registered, changed, tried, replayed; what happens in a campaign arrives signed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_actors import Api, Worker, serving
from fastapi import FastAPI
from sqlalchemy import select, text
from webhook_receivers import Receiver, webhook_receiver

from service.app import create_app
from service.outbox.events import EVENT_TYPES
from service.schemas.events import MESSAGES
from service.sealing import make_keys
from service.settings import Settings
from service.store.session import Sessions
from service.store.tables import Secret, WebhookEndpoint
from workers.context import WorkerContext
from workers.endpoints import drain_endpoint

HOOKS = "/v1/webhooks"
LISTED = "public, inside:8000, 127.0.0.1, 10.0.0.0/8"


@pytest.fixture(scope="module")
def operated(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    keys = tmp_path_factory.mktemp("keys") / "keys"
    make_keys(keys)
    return settings.model_copy(update={"secret_keys_file": keys, "webhook_hosts": LISTED})


@pytest.fixture(scope="module")
def app(operated: Settings) -> FastAPI:
    return create_app(operated)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as made:
        yield made


def made(api: Api, url: str = "https://lab.example.org/hook", **fields: Any) -> dict[str, Any]:
    response = api.client.post(HOOKS, json={"url": url, **fields})
    assert response.status_code == 201, response.text
    return response.json()


def deliver(operated: Settings, sessions: Sessions, hook: dict[str, Any]) -> None:
    """Deliver what waits, as the worker does that gets the task."""
    context = WorkerContext(operated)
    context.sessions = sessions
    drain_endpoint(context, UUID(hook["id"]))


def upload(api: Api, campaign: str, *rows: dict[str, Any], **query: str) -> Any:
    return api.client.post(f"/v1/campaigns/{campaign}/results", json=list(rows), params=query)


def row(switches: str = "0011", value: object = 1.5) -> dict[str, Any]:
    return {"switches": switches, "type": "glow", "value": value}


def test_a_webhook_is_registered_changed_and_deleted(api: Api, sessions: Sessions) -> None:
    response = api.client.post(HOOKS, json={"url": "https://lab.example.org/hook?sig=hush", "types": []})
    hook = response.json()
    assert hook["secret"].startswith("whsec_")
    assert hook["url"] == "https://lab.example.org/hook?sig=***"
    assert (hook["status"], hook["waiting"], hook["types"]) == ("active", 0, [])
    address = response.headers["Location"]
    shown = api.client.get(address)
    assert shown.json() == {name: value for name, value in hook.items() if name != "secret"}
    assert api.client.get(HOOKS).json()["items"] == [shown.json()]
    change = {"types": ["round.failed", "batch.ready"], "description": "the robots"}
    assert api.client.patch(address, json=change).status_code == 428
    stale = {"If-Match": '"0"'}
    assert api.client.patch(address, json=change, headers=stale).status_code == 412
    changed = api.client.patch(address, json=change, headers={"If-Match": shown.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["types"], changed.json()["description"]) == (
        ["round.failed", "batch.ready"],
        "the robots",
    )
    assert changed.headers["ETag"] != shown.headers["ETag"]
    assert api.client.delete(address, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert api.client.delete(address, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    assert api.client.get(address).status_code == 404
    with sessions() as session:
        assert session.scalars(select(Secret).where(Secret.workspace_id == api.workspace_id)).all() == []


def test_a_secret_is_shown_once_and_stored_sealed(api: Api, sessions: Sessions) -> None:
    body, key = {"url": "https://lab.example.org/hook"}, {"Idempotency-Key": "one"}
    first = api.client.post(HOOKS, json=body, headers=key).json()
    again = api.client.post(HOOKS, json=body, headers=key).json()
    assert again == {**first, "secret": None}
    rotate = f"{HOOKS}/{first['id']}/rotate"
    rotated = api.client.post(rotate, headers={"Idempotency-Key": "two"}).json()
    assert api.client.post(rotate, headers={"Idempotency-Key": "two"}).json() == {**rotated, "secret": None}
    assert rotated["secret"] != first["secret"]
    until = datetime.fromisoformat(rotated["old_secret_until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < until <= timedelta(hours=24)
    revoked = api.client.post(rotate, json={"revoke": True}).json()
    assert revoked["old_secret_until"] is None
    with sessions() as session:
        stored = [repr(session.execute(text(f"SELECT * FROM {name}")).all()) for name in TABLES]  # noqa: S608
    for secret in (first["secret"], rotated["secret"], revoked["secret"]):
        assert not any(secret.removeprefix("whsec_") in rows for rows in stored)


TABLES = ("secrets", "webhook_endpoints", "outbox", "events", "exchanges", "idempotency_keys")


@pytest.mark.parametrize("method", ["create", "patch"])
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.2/", "not a public one"),
        ("http://169.254.169.254/latest", "not a public one"),
        ("http://[::1]/", "not a public one"),
        ("https://localhost/", "this machine"),
        ("https://93.184.216.34:22/", "port 22"),
        ("https://a:b@lab.example.org/", "user name"),
        ("http://lab.example.org/hook", "over https"),
        ("http://inside/", "over https"),
        ("ftp://lab.example.org/", "http"),
        ("https://lab.example.org/#here", "#"),
        ("gopher://lab.example.org/", "http"),
        ("https://0x7f000001/", "no host"),
        ("https://lab.example.org/a b", "plain letters"),
        ("nonsense", "http"),
    ],
)
def test_a_refused_address_is_named(api: Api, url: str, why: str, method: str) -> None:
    if method == "create":
        response = api.client.post(HOOKS, json={"url": url})
    else:
        hook = made(api)
        response = api.client.patch(f"{HOOKS}/{hook['id']}", json={"url": url}, headers={"If-Match": "*"})
        assert api.client.get(f"{HOOKS}/{hook['id']}").json()["url"] == hook["url"]
    assert response.status_code == 422
    (place,) = response.json()["errors"]
    assert place["pointer"] == "/url"
    assert why in place["detail"]


@pytest.mark.parametrize(
    "url", ["http://inside:8000/hook", "http://10.1.2.3:99/", "https://93.184.216.34/", "http://127.0.0.1:9/"]
)
def test_what_the_operator_has_listed_may_be_called_without_tls(api: Api, url: str) -> None:
    assert made(api, url)["url"] == url


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": ""},
        {"url": "https://lab.example.org/", "types": ["batch.read"]},
        {"url": "https://lab.example.org/", "secret": "whsec_mine"},
        {"url": "https://lab.example.org/" + "x" * 2000},
        {"url": None},
    ],
)
def test_a_wrong_request_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.client.post(HOOKS, json=body).status_code == 422
    assert api.client.get(HOOKS).json()["items"] == []


def test_only_an_administrator_changes_and_a_reader_looks(api: Api, new_key: Any, open_client: Any) -> None:
    hook = made(api)
    with_name = api.client.get("/v1/api-keys").json()["items"]
    assert with_name
    key = api.client.post("/v1/api-keys", json={"name": "writer", "scopes": ["read", "write"]}).json()
    writer, stranger = open_client(key["secret"]), open_client(new_key()[0])
    one = f"{HOOKS}/{hook['id']}"
    some = "00000000-0000-0000-0000-000000000000"
    reads = (HOOKS, one, f"{one}/deliveries", "/v1/events")
    changes = [("POST", f"{one}/{action}") for action in ("pause", "resume", "rotate", "test", "replay")] + [
        ("PATCH", one),
        ("DELETE", one),
        ("POST", f"{one}/deliveries/{some}/replay"),
        ("POST", f"{one}/deliveries/{some}/skip"),
    ]
    for address in reads:
        assert writer.get(address).status_code == 200, address
    for method, address in [("POST", HOOKS), *changes]:
        body = {"since": "2026-01-01T00:00:00Z"} if address.endswith("y") else {"url": "https://x.example"}
        response = writer.request(method, address, json=body, headers={"If-Match": "*"})
        assert response.status_code == 403, (method, address)
    for method, address in [*changes, ("GET", one), ("GET", f"{one}/deliveries")]:
        body = {"since": "2026-01-01T00:00:00Z"} if address.endswith("/replay") else {}
        body = {"reason": "why"} if address.endswith("/skip") else body
        json = {} if method == "GET" else {"json": body}
        response = stranger.request(method, address, headers={"If-Match": "*"}, **json)
        assert response.status_code == 404, (method, address, response.text)


def test_a_key_of_one_campaign_sees_neither_webhooks_nor_events_of_others(
    api: Api, open_client: Any, campaign_spec: dict[str, Any]
) -> None:
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    wanted = {"name": "reader", "scopes": ["read", "write", "admin"], "campaign_id": campaign}
    key = api.client.post("/v1/api-keys", json=wanted)
    assert key.status_code == 201, key.text
    narrow = open_client(key.json()["secret"])
    for address in (HOOKS, f"{HOOKS}/{made(api)['id']}", "/v1/events"):
        assert narrow.get(address).status_code == 403, address
    assert narrow.post(HOOKS, json={"url": "https://lab.example.org/"}).status_code == 403


def test_without_a_file_of_keys_nothing_is_registered(
    settings: Settings, new_key: Any, sessions: Sessions
) -> None:
    key, workspace_id = new_key()
    headers = {"Authorization": f"Bearer {key}"}
    with serving(create_app(settings.model_copy(update={"secret_keys_file": None}))) as url:
        response = httpx.post(f"{url}{HOOKS}", json={"url": "https://lab.example.org/"}, headers=headers)
    assert response.status_code == 503
    assert "ASSAYFLOW_SECRET_KEYS_FILE" in response.json()["detail"]
    with sessions() as session:
        query = select(WebhookEndpoint).where(WebhookEndpoint.workspace_id == workspace_id)
        assert session.scalars(query).all() == []


def test_what_happens_in_a_campaign_arrives_and_is_in_the_archive(
    api: Api,
    worker: Worker,
    operated: Settings,
    sessions: Sessions,
    receiver: Receiver,
    campaign_spec: dict[str, Any],
) -> None:
    hook = made(api, receiver.url)
    picky = made(api, receiver.url, types=["campaign.completed"])
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    assert upload(api, campaign, row(), row("0111")).status_code == 200
    assert upload(api, campaign, row(), row("0001", "nonsense")).status_code == 422  # stores and says nothing
    assert upload(api, campaign, row("0110"), row("0001", "nonsense"), mode="partial").status_code == 200
    assert upload(api, campaign, row("0001", "nonsense"), mode="partial").status_code == 200
    assert upload(api, campaign, row("1001"), dry_run="true").status_code == 200
    started = api.client.post(f"/v1/campaigns/{campaign}/rounds").json()
    worker.fail(worker.claim(started))
    api.client.post(f"/v1/campaigns/{campaign}/rounds/1/retry")
    worker.finish(started)
    assert api.client.post(f"/v1/campaigns/{campaign}/rounds/1/release").status_code == 200
    assert api.client.post(f"/v1/campaigns/{campaign}/archive").status_code == 200
    deliver(operated, sessions, hook)
    messages = [item.verified(hook["secret"]) for item in receiver.arrived]
    expected = ["results.stored", "results.stored", "results.rejected", "results.rejected", "round.failed"]
    expected += ["batch.ready", "batch.released", "campaign.completed"]
    assert [message["type"] for message in messages] == expected
    for message in messages:
        MESSAGES[message["type"]].model_validate(message)
        if message["data"]["href"]:
            assert api.client.get(message["data"]["href"]).status_code == 200, message
    archive = api.client.get("/v1/events").json()["items"]
    assert [(item["id"], item["type"], item["data"]) for item in archive] == [
        (item.id, message["type"], message["data"])
        for item, message in zip(receiver.arrived, messages, strict=True)
    ]
    assert "0111" not in str(messages)
    deliver(operated, sessions, picky)
    assert len(receiver.arrived) == len(expected) + 1
    assert receiver.arrived[-1].id == archive[-1]["id"]


def test_the_archive_is_read_by_type_page_and_last_known_event(
    api: Api, open_client: Any, new_key: Any, campaign_spec: dict[str, Any]
) -> None:
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    for number in range(3):
        upload(api, campaign, row(f"{number:04b}"))
    api.client.post(f"/v1/campaigns/{campaign}/archive")
    every = api.client.get("/v1/events").json()["items"]
    assert len(every) == 4
    page = api.client.get("/v1/events", params={"limit": 3, "type": "results.stored"})
    assert page.json()["items"] == every[:3]
    first = api.client.get("/v1/events", params={"limit": 2}).json()
    rest = api.client.get("/v1/events", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert first["items"] + rest["items"] == every
    assert rest["next_cursor"] is None
    after = api.client.get("/v1/events", params={"after": every[1]["id"], "limit": 1}).json()
    assert after["items"] == every[2:3]
    onwards = {"after": every[1]["id"], "limit": 1, "cursor": after["next_cursor"]}
    assert api.client.get("/v1/events", params=onwards).json()["items"] == every[3:]
    assert api.client.get("/v1/events", params={"after": every[3]["id"]}).json()["items"] == []
    assert api.client.get(f"/v1/events/{every[0]['id']}").json() == every[0]
    stranger = open_client(new_key()[0])
    assert stranger.get("/v1/events").json()["items"] == []
    assert stranger.get(f"/v1/events/{every[0]['id']}").status_code == 404
    assert stranger.get("/v1/events", params={"after": every[0]["id"]}).status_code == 404
    assert api.client.get("/v1/events", params={"type": "batch.read"}).status_code == 422


def test_deliveries_are_followed_tried_and_replayed(
    api: Api, operated: Settings, sessions: Sessions, receiver: Receiver, campaign_spec: dict[str, Any]
) -> None:
    hook = made(api, receiver.url)
    one = f"{HOOKS}/{hook['id']}"
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    receiver.answers(502, b"the body of an answer")
    upload(api, campaign, row())
    assert api.client.get(one).json()["waiting"] == 1
    deliver(operated, sessions, hook)
    tried = api.client.post(f"{one}/test")
    assert tried.status_code == 202, tried.text
    deliver(operated, sessions, hook)
    test, stored = api.client.get(f"{one}/deliveries").json()["items"]
    assert api.client.get(tried.headers["Location"]).json() == test
    assert (test["type"], test["state"], test["tries"]) == ("webhook.test", "dead", 1)
    assert (stored["type"], stored["state"], stored["tries"]) == ("results.stored", "waiting", 1)
    assert stored["problem"]["detail"] == "the receiver answered 502"
    (attempt,) = stored["attempts"]
    assert (attempt["status"], attempt["problem"]) == (502, None)
    assert api.client.get(one).json()["problem"] == stored["problem"]
    assert "the body" not in api.client.get(f"{one}/deliveries").text
    receiver.answers(204)
    again = api.client.post(f"{one}/deliveries/{stored['id']}/replay")
    assert again.status_code == 202
    assert again.headers["Location"] == f"{one}/deliveries/{stored['id']}"
    deliver(operated, sessions, hook)
    (done,) = api.client.get(f"{one}/deliveries", params={"state": "done"}).json()["items"]
    assert (done["id"], len(done["attempts"]), done["problem"]) == (stored["id"], 2, None)
    assert receiver.ids.count(done["message_id"]) == 2
    body = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    assert api.client.post(f"{one}/replay", json={**body, "which": "undelivered"}).json() == {"replayed": 0}
    assert api.client.post(f"{one}/replay", json=body).json() == {"replayed": 1}
    assert api.client.post(f"{one}/replay", json={"since": "2026-01-01T00:00:00"}).status_code == 422
    deliver(operated, sessions, hook)
    assert receiver.ids.count(done["message_id"]) == 3
    some = "00000000-0000-0000-0000-000000000000"
    assert api.client.post(f"{one}/deliveries/{some}/replay").status_code == 404


def test_a_message_that_is_skipped_holds_up_no_other(
    api: Api, operated: Settings, sessions: Sessions, receiver: Receiver, campaign_spec: dict[str, Any]
) -> None:
    hook = made(api, receiver.url)
    one = f"{HOOKS}/{hook['id']}"
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    receiver.answers(500)
    upload(api, campaign, row())
    deliver(operated, sessions, hook)
    upload(api, campaign, {**row(), "comment": "again"})
    second, first = api.client.get(f"{one}/deliveries").json()["items"]
    address = f"{one}/deliveries/{first['id']}/skip"
    skipped = api.client.post(address, json={"reason": "no longer known there"}).json()
    assert (skipped["state"], "no longer known" in skipped["problem"]["detail"]) == ("skipped", True)
    assert api.client.post(address, json={"reason": "once more"}).status_code == 409
    receiver.answers(204)
    deliver(operated, sessions, hook)
    assert [receiver.ids.count(item["message_id"]) for item in (first, second)] == [1, 1], "tried once each"


def test_pausing_and_resuming(
    api: Api, operated: Settings, sessions: Sessions, receiver: Receiver, campaign_spec: dict[str, Any]
) -> None:
    hook = made(api, receiver.url)
    one = f"{HOOKS}/{hook['id']}"
    for _ in range(2):
        assert api.client.post(f"{one}/pause").json()["status"] == "paused"
    refused = api.client.post(f"{one}/test")
    assert refused.status_code == 409
    campaign = api.client.post("/v1/campaigns", json=campaign_spec).json()["id"]
    upload(api, campaign, row())
    deliver(operated, sessions, hook)
    assert receiver.arrived == []
    for _ in range(2):
        assert api.client.post(f"{one}/resume").json()["status"] == "active"
    receiver.answers(410)
    deliver(operated, sessions, hook)
    broken = api.client.get(one)
    assert broken.json()["status"] == "broken"
    assert "410" in broken.json()["problem"]["detail"]
    assert api.client.post(f"{one}/pause").status_code == 409
    receiver.answers(200)
    assert api.client.post(f"{one}/resume").json()["problem"] is None
    deliver(operated, sessions, hook)
    assert len(receiver.arrived) == 2
    assert api.client.get(one).json()["waiting"] == 0


def test_every_message_is_declared_with_its_schema(app: FastAPI) -> None:
    document = app.openapi()
    assert set(document["webhooks"]) == {*EVENT_TYPES, "webhook.test"} == set(MESSAGES)
    for event_type, path in document["webhooks"].items():
        call = path["post"]
        content = call["requestBody"]["content"]["application/json"]["schema"]
        name = content["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][name]["properties"]["type"]["const"] == event_type
        (example,) = call["requestBody"]["content"]["application/json"]["examples"].values()
        assert call["summary"]
        headers = {item["name"] for item in call["parameters"]}
        assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        MESSAGES[event_type].model_validate(example["value"])
