"""Connectors over HTTP: made, changed and checked, without ever showing a secret."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from api_actors import Api
from connector_caller import CREDENTIALS, Lab
from made_up_lims import PASSWORD
from sqlalchemy import select

from service.store.session import Sessions
from service.store.tables import Connector, Secret, Workspace


def places(problem: dict[str, Any]) -> list[str]:
    return [item["pointer"] for item in problem["errors"]]


def test_the_kinds_say_which_settings_and_credentials_they_take(api: Api) -> None:
    found = {item["kind"]: item for item in api.client.get("/v1/connector-kinds").json()["items"]}
    made_up = found["made_up"]
    assert made_up["settings_schema"]["properties"]["floor"]["default"] is None
    assert set(made_up["credentials_schema"]["required"]) == {"user", "password"}
    assert made_up["manners"]["materials_per_call"] == 10


def test_a_connector_is_made_and_its_credentials_are_sealed_and_never_shown(
    lab: Lab, sessions: Sessions
) -> None:
    shown = lab("GET")
    authority = lab.lims.address.removeprefix("http://")
    assert (shown["secret"]["set"], shown["secret"]["authority"]) == (True, authority)
    assert (shown["status"], shown["standing"], shown["settings"]) == (
        "active",
        None,
        {"site": "main", "floor": None},
    )
    with sessions.begin() as session:
        row = session.get_one(Connector, UUID(lab.id))
        secret = session.get_one(Secret, row.secret_id)
        assert PASSWORD.encode() not in secret.sealed
    assert [item["id"] for item in lab.api.client.get("/v1/connectors").json()["items"]] == [lab.id]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"kind": "nothing"}, "/kind", "made_up"),
        ({"base_url": ""}, "/base_url", "needs an address"),
        ({"base_url": "http://10.1.2.3/api"}, "/base_url", "not listed"),
        ({"base_url": "http://lims.example.org/api"}, "/base_url", "https"),
        ({"base_url": "https://lims.example.org/api?x=1"}, "/base_url", "query"),
        ({"base_url": "ftp://lims.example.org"}, "/base_url", "http"),
        ({"settings": {"sight": "main"}}, "/settings/sight", "unknown"),
        ({"settings": {"floor": -1}}, "/settings/floor", "greater"),
        ({"credentials": {"user": "jo"}}, "/credentials/password", "required"),
        ({"credentials": {"user": "jo", "password": "hush"}}, "/credentials/password", "8"),
        ({"credentials": None}, "/credentials/user", "required"),
        ({"name": ""}, "/name", "1 character"),
    ],
)
def test_what_is_wrong_with_a_connector_is_named(
    api: Api, changes: dict[str, Any], pointer: str, words: str
) -> None:
    body = {
        "name": "LIMS",
        "kind": "made_up",
        "base_url": "https://lims.example.org",
        "credentials": CREDENTIALS,
    }
    response = api.client.post("/v1/connectors", json={**body, **changes})
    assert response.status_code == 422, response.text
    problem = response.json()
    assert pointer in places(problem)
    assert words in json.dumps(problem["errors"])
    assert "hush" not in response.text
    assert api.client.get("/v1/connectors").json()["items"] == []


def test_a_name_is_one_in_a_workspace_and_a_repeated_request_makes_one_connector(api: Api) -> None:
    body = {
        "name": "LIMS",
        "kind": "made_up",
        "base_url": "https://lims.example.org",
        "credentials": CREDENTIALS,
    }
    first, again = (
        api.client.post("/v1/connectors", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert api.client.post("/v1/connectors", json=body).status_code == 409


def test_another_host_drops_the_credentials_and_new_ones_mend_the_connector(
    lab: Lab, sessions: Sessions
) -> None:
    moved = lab.patch({"base_url": lab.lims.base_url + "/"})
    assert moved["secret"]["set"] is True, "the host is the same"
    assert lab.patch({"name": "Other", "settings": {"floor": 3}})["settings"] == {"site": "main", "floor": 3}
    assert lab.patch({"settings": {"floor": None}})["settings"]["floor"] is None
    away = lab.patch({"base_url": "https://evil.example.org/api"})
    assert away["secret"] == {"set": False, "authority": None, "rotated_at": None}
    assert (away["status"], "credentials" in away["problem"]["detail"]) == ("broken", True)
    with sessions.begin() as session:
        owner = session.get_one(Connector, UUID(lab.id)).workspace_id
        assert session.scalars(select(Secret).where(Secret.workspace_id == owner)).all() == []
    lab("POST", "/resume", 409)
    back = lab.patch({"base_url": lab.lims.base_url, "credentials": CREDENTIALS})
    assert (back["status"], back["problem"], back["secret"]["set"]) == ("active", None, True)
    downgraded = lab.patch({"base_url": "http://lims.example.org"}, 200)
    assert downgraded["secret"]["set"] is False
    lab.patch({"credentials": CREDENTIALS}, 422)
    lab.patch({"kind": "other"}, 422)
    lab("PATCH", "", 428, json={"name": "x"})
    lab("PATCH", "", 412, json={"name": "x"}, headers={"If-Match": '"0"'})


def test_credentials_are_an_administrators_and_links_a_writers(
    lab: Lab, campaign: str, new_key: Callable[..., Any], open_client: Callable[..., Any], sessions: Sessions
) -> None:
    with sessions.begin() as session:
        name = session.get_one(Workspace, lab.api.workspace_id).name
    writer = open_client(new_key("read", "write", workspace=name)[0])
    reader = open_client(new_key("read", workspace=name)[0])
    stranger = open_client(new_key()[0])
    path, body = f"/v1/connectors/{lab.id}", {"name": "x"}
    assert writer.patch(path, json=body, headers={"If-Match": "*"}).status_code == 403
    assert writer.post(f"{path}/pause").status_code == 403
    assert reader.post(f"{path}/links", json={"campaign_id": campaign}).status_code == 403
    assert reader.get(path).status_code == 200
    for call in (path, f"{path}/links", f"{path}/outbox", f"{path}/receipts", f"{path}/fields"):
        assert stranger.get(call).status_code == 404
    assert writer.post(f"{path}/links", json={"campaign_id": campaign}).status_code == 201
    other = stranger.post("/v1/campaigns", json={**lab.api.campaign()["spec"]}).json()
    assert writer.post(f"{path}/links", json={"campaign_id": other.get("id", campaign)}).status_code == 404


def test_a_check_says_who_we_are_and_which_fields_there_are(lab: Lab) -> None:
    assert lab("GET", "/fields") == {"checked_at": None, "fields": []}
    done = lab.job("/checks")
    assert (done["state"], done["n_fields"]) == ("succeeded", 2)
    standing = lab("GET")["standing"]
    assert standing == done["standing"]
    assert (standing["outcome"], standing["identity"], standing["server"]) == ("working", "jo", "made-up 1.0")
    assert standing["warnings"] == ["no orders"]
    fields = lab("GET", "/fields")["fields"]
    assert [(item["schema"], item["name"], item["is_required"]) for item in fields] == [
        ("molecule", "SMILES", True),
        ("Glow", "Status", False),
    ]
    assert fields[1]["options"] == ["done", "no fit"]
    entries = lab("GET", "/exchanges")["items"]
    assert [(item["method"], item["path"], item["status"]) for item in entries] == [
        ("GET", "/api/whoami", 200),
        ("POST", "/api/login", 200),
    ]


def test_a_check_breaks_a_connector_that_is_denied_and_mends_one_that_works_again(lab: Lab) -> None:
    lab.patch({"credentials": {"user": "jo", "password": "not that one"}})
    denied = lab.job("/checks")
    assert (denied["standing"]["outcome"], lab("GET")["status"]) == ("denied", "broken")
    lab.patch({"credentials": CREDENTIALS})
    assert lab("GET")["status"] == "active"
    lab("POST", "/pause")
    assert lab.job("/checks")["standing"]["outcome"] == "working"
    assert lab("GET")["status"] == "paused", "a person paused it"
    lab("POST", "/resume")
    lab.lims.close()
    unreachable = lab.job("/checks")
    assert (unreachable["standing"]["outcome"], lab("GET")["status"]) == ("unreachable", "active")


def test_credentials_that_are_one_of_two_are_asked_for(api: Api) -> None:
    """A model may require one of several credentials although none of them alone is required."""
    settings = {"space": "LAB", "project": "SCREENING", "material_type": "COMPOUND", "order_type": "SCREEN"}
    body = {
        "name": "openBIS",
        "kind": "openbis",
        "base_url": "https://lims.example.org",
        "settings": settings,
    }
    refused = api.client.post("/v1/connectors", json=body)
    assert refused.status_code == 422
    assert any(place.startswith("/credentials") for place in places(refused.json())), refused.text
