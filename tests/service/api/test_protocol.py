"""What holds for every request: problems, limits, headers, ids, logs."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from api_actors import Api, serving
from fastapi import FastAPI
from pydantic import SecretStr

from service.app import create_app
from service.campaigns import queries
from service.presence import ROLES
from service.settings import Settings

JSON = {"Content-Type": "application/json"}
MEMBERS = {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/campaigns/", 404),
        ("GET", "/docs", 404),
        ("PUT", "/v1/campaigns", 405),
        ("DELETE", "/health/live", 405),
        ("GET", "/v1/audit", 404),
    ],
)
def test_the_routers_own_errors_are_problems(api: Api, method: str, path: str, status: int) -> None:
    response = api.client.request(method, path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json().keys() >= MEMBERS
    assert response.json()["status"] == status
    assert response.json()["instance"] == path


def test_a_refused_method_names_all_that_are_allowed(api: Api) -> None:
    assert api.client.put("/v1/campaigns").headers["Allow"] == "GET, POST"
    assert api.client.put(f"/v1/campaigns/{api.campaign()['id']}").headers["Allow"] == "GET, PATCH"


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"null",
        b"\xff\xfe",
        b'{"name": "\xc3"}',
        b"[" * 200_000,
        b'{"a":' * 30_000,
        b'{"seed": 1e999}',
        b'{"seed": NaN}',
        b'{"seed": ' + b"9" * 10_000 + b"}",
        b'{"name": "a\\u0000b"}',
        b'{"name": "\\ud800"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_body_that_is_not_strict_json_is_unprocessable(api: Api, content: bytes) -> None:
    response = api.client.post("/v1/campaigns", content=content, headers=JSON)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["pointer"] == ""


def test_a_change_that_is_nested_deeply_is_unprocessable(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    for depth in (31, 32, 500, 900):
        content = b'{"batch":' * depth + b"1" + b"}" * depth
        response = api.client.patch(address, content=content, headers={**JSON, "If-Match": "*"})
        assert response.status_code == 422, depth


def test_escapes_that_only_look_like_nul_are_kept(api: Api) -> None:
    assert api.campaign(name="a\\u0000 \U0001f4a1")["name"] == "a\\u0000 \U0001f4a1"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
def test_models_are_read_from_json_only(api: Api, campaign_spec: dict[str, Any], media_type: str) -> None:
    body = json.dumps(campaign_spec).encode()
    response = api.client.post("/v1/campaigns", content=body, headers={"Content-Type": media_type})
    assert response.status_code == 415


def test_a_body_over_the_limit_is_refused_before_it_is_read(base_url: str) -> None:
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n{")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer


def test_no_body_is_requested_without_a_key(base_url: str) -> None:
    address = urlsplit(base_url)
    head = b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"application/problem+json" in answer


def test_what_is_below_the_guarded_address_needs_a_key_even_if_it_is_not_there(
    open_client: Any, api: Api
) -> None:
    for path in ("/v1", "/v1/nowhere", "/v1/campaigns/nowhere/else"):
        assert open_client(None).get(path).status_code == 401
        assert api.client.get(path).status_code == 404
    assert open_client(None).get("/nowhere").status_code == 404


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(api: Api, base_url: str) -> None:
    results = f"/v1/campaigns/{api.campaign()['id']}/results"
    address = urlsplit(base_url)
    lines = (
        f"POST {results} HTTP/1.1",
        "Host: x",
        f"Authorization: {api.client.headers['Authorization']}",
        "Content-Type: text/csv",
        "Content-Length: 1000",
        "",
        "switches,type,value\n0101,glow,3\n1111,glow,4\n",
    )
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
    time.sleep(0.3)
    assert api.client.get(results).json()["items"] == []


def test_models_have_a_smaller_limit_than_tables(settings: Settings, new_key: Any) -> None:
    with (
        serving(create_app(settings)) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {new_key()[0]}"}) as client,
    ):
        response = client.post("/v1/campaigns", content=b'{"name": "' + b"x" * 2**20 + b'"}', headers=JSON)
    assert response.status_code == 413


def test_every_answer_has_safe_headers_and_an_id(api: Api) -> None:
    for response in (
        api.client.get("/health/live"),
        api.client.get("/nowhere"),
        api.client.get("/v1/campaigns"),
    ):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"
        assert len(response.headers["X-Request-ID"]) == 32


def test_a_request_id_is_taken_over_if_it_is_harmless(api: Api) -> None:
    given = api.client.get("/health/live", headers={"X-Request-ID": "from-the-proxy.17"})
    assert given.headers["X-Request-ID"] == "from-the-proxy.17"
    odd = api.client.get("/health/live", headers={"X-Request-ID": "a" * 100})
    assert odd.headers["X-Request-ID"] != "a" * 100


def _await(is_there: Callable[[], bool]) -> None:
    """Give the server a moment: its log line may come after the answer."""
    deadline = time.monotonic() + 10
    while not is_there() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_an_unexpected_error_leaks_nothing_and_is_logged_with_its_id(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_args: Any) -> None:
        raise ZeroDivisionError("the secret recipe")

    monkeypatch.setattr(queries, "list_campaigns", break_down)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        response = api.client.get("/v1/campaigns")
        _await(lambda: "unexpected_error" in [line["event"] for line in lines])
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "recipe" not in response.text
    assert "Traceback" not in response.text
    reported = response.json()["request_id"]
    assert reported == response.headers["X-Request-ID"]
    logged = next(line for line in lines if line["event"] == "unexpected_error")
    assert logged["request_id"] == reported
    assert logged["exc_info"]


def test_no_key_reaches_the_log(api: Api) -> None:
    with structlog.testing.capture_logs() as lines:
        api.client.get("/v1/campaigns?limit=1")
        api.client.post("/v1/api-keys", json={"name": "x"})
        _await(lambda: [line["event"] for line in lines].count("request") == 2)
    assert [line["event"] for line in lines].count("request") == 2
    assert "af_" not in repr(lines)


def test_an_unavailable_database_is_reported(settings: Settings) -> None:
    away = settings.model_copy(
        update={"database_url": SecretStr("postgresql+psycopg://nobody@127.0.0.1:1/none")}
    )
    with serving(create_app(away)) as url, httpx.Client(base_url=url) as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        checks = ready.json()["checks"]
        assert [name for name in ("database", "migrations", "broker") if checks[name] == "ok"] == ["broker"]
        requested = client.get(
            "/v1/campaigns", headers={"Authorization": "Bearer af_000000000000_" + "0" * 64}
        )
        assert requested.status_code == 503
        assert "127.0.0.1" not in requested.text
        assert client.get("/metrics").status_code == 200


def test_an_unavailable_broker_is_reported_and_stops_no_campaign(settings: Settings, new_key: Any) -> None:
    away = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    headers = {"Authorization": f"Bearer {new_key()[0]}"}
    with serving(create_app(away)) as url, httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        checks = client.get("/health/ready").json()["checks"]
        assert [name for name, reported in checks.items() if reported == "ok"] == ["database", "migrations"]
        campaign = Api(client, None).campaign()  # type: ignore[arg-type]
        assert Api(client, None).round(campaign["id"])["state"] == "queued"  # type: ignore[arg-type]


def test_health_and_metrics_need_no_key(open_client: Any, api: Api, app: FastAPI) -> None:
    campaign = f"/v1/campaigns/{api.campaign()['id']}"
    api.round(campaign.rsplit("/", 1)[1])
    api.client.post(f"{campaign}/results", json=[{"switches": "0000", "type": "glow", "value": 1}])
    api.client.post(f"{campaign}/predictions", json={"objects": [{"switches": "0001"}]})
    client = open_client(None)
    assert client.get("/health/live").json() == {"status": "ok"}
    assert set(client.get("/health/ready").json()["checks"]) == {"database", "migrations", "broker", *ROLES}
    figures = client.get("/metrics")
    assert figures.headers["Content-Type"].startswith("text/plain")
    assert 'assayflow_rounds{state="queued"}' in figures.text
    assert 'assayflow_jobs{kind="predictions",state="queued"}' in figures.text
    assert 'assayflow_requests_total{method="POST",route="/v1/campaigns",status="201"}' in figures.text
    assert str(api.workspace_id) not in figures.text
    assert app.state.metrics is not None
