"""Campaigns over HTTP."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

import pytest
from api_actors import Api

from models.specs.decisions import BatchSpec


def test_a_campaign_is_created_and_read_back(api: Api, campaign_spec: dict[str, Any]) -> None:
    created = api.client.post("/v1/campaigns", json=campaign_spec)
    assert created.status_code == 201
    body = created.json()
    assert created.headers["Location"] == f"/v1/campaigns/{body['id']}"
    assert body["name"] == "Many lights"
    assert body["state"] == "active"
    assert (body["rounds"], body["results"]) == (0, 0)
    assert body["spec"]["batch"]["size"] == 24
    assert body["spec"]["objectives"][0]["units"] == "mW"
    read = api.client.get(created.headers["Location"])
    assert read.json() == body
    assert read.headers["ETag"] == created.headers["ETag"]


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        (
            {"objectives": [{"name": "glow", "units": "bananas"}]},
            "/objectives/0/units",
            "unknown units 'bananas'",
        ),
        ({"objectives": [{"name": "glow", "units": "9^9^9 nM"}]}, "/objectives/0/units", "unknown units"),
        (
            {"guardrails": [{"name": "g", "type": "glow", "max": 10, "units": "uM"}]},
            "/guardrails/0/units",
            "cannot convert 'uM'",
        ),
        (
            {"constraints": [{"property": "ones", "max": 1, "units": "kDa"}]},
            "/constraints/0/units",
            "is computed",
        ),
        (
            {"guardrails": [{"name": "g", "type": "heat", "max": 10, "units": "lots"}]},
            "/guardrails/0/units",
            "unknown units 'lots'",
        ),
    ],
)
def test_units_that_are_unknown_or_contradict_each_other_are_refused(
    api: Api, campaign_spec: dict[str, Any], change: dict[str, Any], pointer: str, detail: str
) -> None:
    refused = api.client.post("/v1/campaigns", json=campaign_spec | change)
    assert refused.status_code == 422
    (place,) = refused.json()["errors"]
    assert place["pointer"] == pointer
    assert detail in place["detail"]
    created = api.client.post("/v1/campaigns", json=campaign_spec)
    tag = {"If-Match": created.headers["ETag"], "Content-Type": "application/merge-patch+json"}
    patched = api.client.patch(created.headers["Location"], json=change, headers=tag)
    assert (patched.status_code, patched.json()["errors"][0]["pointer"]) == (422, pointer)


def test_bounds_in_the_same_units_however_they_are_spelled_are_taken(
    api: Api, campaign_spec: dict[str, Any]
) -> None:
    bounds = {"constraints": [{"type": "glow", "max": 10, "units": "milliwatt", "probability": 0.5}]}
    assert api.client.post("/v1/campaigns", json=campaign_spec | bounds).status_code == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"objectives": [{"name": "glow", "direction": "up"}]}, "/objectives/0/direction"),
        ({"domain": {"kind": "switches", "n": 4, "colour": "red"}}, "/domain/colour"),
        ({"domain": {"kind": "switches", "n": "many"}}, "/domain/n"),
        ({"domain": {"kind": "proteins"}}, "/domain"),
        ({"domain": {"n": 4}}, "/domain"),
        ({"name": ""}, "/name"),
        ({"deadline": "soon"}, "/deadline"),
        ({"objectives": []}, "/objectives"),
        ({"constraints": [{"property": "ones"}]}, "/constraints/0"),
        ({"sampler": {"loss": "magic"}}, "/sampler/loss"),
        ({"batch": {"size": 0}}, "/batch/size"),
        ({"objectives": [{"name": "a/b~c", "a/b~c": 1}]}, "/objectives/0/a~1b~0c"),
    ],
)
def test_a_wrong_specification_is_answered_with_the_place(
    api: Api, campaign_spec: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    response = api.client.post("/v1/campaigns", json=campaign_spec | change)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    places = response.json()["errors"]
    assert pointer in [place["pointer"] for place in places]
    assert all(place["pointer"].startswith(pointer.rsplit("/", 1)[0]) for place in places)
    assert api.client.get("/v1/campaigns").json()["items"] == []


def test_a_missing_field_is_named(api: Api, campaign_spec: dict[str, Any]) -> None:
    del campaign_spec["objectives"]
    places = api.client.post("/v1/campaigns", json=campaign_spec).json()["errors"]
    assert places == [{"pointer": "/objectives", "detail": "Field required"}]


def test_a_list_whose_item_is_wrong_is_not_called_too_short(api: Api, campaign_spec: dict[str, Any]) -> None:
    campaign_spec["objectives"] = [{"name": "glow", "direction": "up"}]
    places = api.client.post("/v1/campaigns", json=campaign_spec).json()["errors"]
    assert [place["pointer"] for place in places] == ["/objectives/0/direction"]


def test_lists_are_paged_newest_first_and_stable_while_others_are_added(api: Api) -> None:
    ids = [api.campaign(name=f"campaign {index}")["id"] for index in range(5)]
    first = api.client.get("/v1/campaigns", params={"limit": 2})
    assert [item["id"] for item in first.json()["items"]] == [ids[4], ids[3]]
    api.campaign(name="late")
    assert first.links["next"]["rel"] == "next"
    second = api.client.get(first.links["next"]["url"])
    assert [item["id"] for item in second.json()["items"]] == [ids[2], ids[1]]
    third = api.client.get("/v1/campaigns", params={"limit": 2, "cursor": second.json()["next_cursor"]})
    assert [item["id"] for item in third.json()["items"]] == [ids[0]]
    assert third.json()["next_cursor"] is None
    assert "Link" not in third.headers


def _cursor(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", 10**9),
        ("limit", "ten"),
        ("cursor", "bogus"),
        ("cursor", "\u00e9"),
        ("cursor", "A" * 501),
        ("cursor", _cursor()),
        ("cursor", _cursor(1, 2, 3)),
        ("cursor", _cursor("0001-01-01T00:00:00", "x")),
        ("cursor", _cursor(["nested"], {})),
    ],
)
def test_a_bad_page_is_named(api: Api, name: str, value: Any) -> None:
    response = api.client.get("/v1/campaigns", params={name: value})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == f"/{name}"


def test_a_change_needs_the_current_etag(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    tag = api.client.get(address).headers["ETag"]
    assert api.client.patch(address, json={"name": "Few lights"}).status_code == 428
    assert api.client.patch(address, json={"name": "x"}, headers={"If-Match": '"0"'}).status_code == 412
    changed = api.client.patch(address, json={"name": "Few lights"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["name"] == changed.json()["spec"]["name"] == "Few lights"
    assert changed.headers["ETag"] not in ("", tag)
    assert api.client.patch(address, json={"name": "Late"}, headers={"If-Match": tag}).status_code == 412
    anyway = api.client.patch(address, json={"name": "Anyway"}, headers={"If-Match": "*"})
    assert anyway.json()["name"] == "Anyway"


def test_a_merge_patch_changes_what_it_names_only(api: Api) -> None:
    created = api.campaign(batch={"size": 5, "diversity": 0.9})
    response = api.client.patch(
        f"/v1/campaigns/{created['id']}",
        content=b'{"batch": {"size": 7}}',
        headers={"If-Match": "*", "Content-Type": "application/merge-patch+json"},
    )
    assert response.json()["spec"]["batch"] == BatchSpec(size=7, diversity=0.9).model_dump(mode="json")


def test_a_wrong_change_is_refused_whole(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    wrong = {"name": "New", "domain": {"n": 99}}
    response = api.client.patch(address, json=wrong, headers={"If-Match": "*"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/domain/n"
    assert api.client.get(address).json()["name"] == "Many lights"


def test_an_archived_campaign_can_only_be_read(api: Api) -> None:
    campaign = api.campaign()
    address = f"/v1/campaigns/{campaign['id']}"
    archived = api.client.post(f"{address}/archive")
    assert (archived.status_code, archived.json()["state"]) == (200, "archived")
    assert api.client.post(f"{address}/rounds").status_code == 409
    assert api.client.post(f"{address}/results", json=[]).status_code == 409
    assert api.client.patch(address, json={"name": "x"}, headers={"If-Match": "*"}).status_code == 409
    assert api.client.get(address).json()["state"] == "archived"


@pytest.mark.parametrize(
    "path", ["{}", "{}/rounds", "{}/rounds/1", "{}/rounds/1/batch", "{}/rounds/1/events", "{}/results"]
)
@pytest.mark.parametrize("campaign_id", [str(uuid4()), "not-an-id"])
def test_an_unknown_campaign_is_not_found(api: Api, path: str, campaign_id: str) -> None:
    response = api.client.get(f"/v1/campaigns/{path.format(campaign_id)}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("part", ["9" * 30, "-" + "9" * 30, "NaN", "\x00"])
@pytest.mark.parametrize("kept", ["rounds", "results"])
def test_a_cursor_with_an_impossible_number_is_named(api: Api, part: str, kept: str) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/{kept}"
    response = api.client.get(address, params={"cursor": _cursor(part)})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/cursor"


def test_a_cursor_with_a_character_that_cannot_be_stored_is_unprocessable(api: Api) -> None:
    assert api.client.get("/v1/api-keys", params={"cursor": _cursor("a\x00")}).status_code == 422


def test_the_campaign_that_training_begins_from_is_one_of_the_caller_s(
    api: Api, campaign_spec: dict[str, Any]
) -> None:
    earlier = api.campaign()["id"]
    begun = campaign_spec | {"sampler": {"start_from": earlier}}
    assert api.client.post("/v1/campaigns", json=begun).status_code == 201
    for start_from, detail in ((str(uuid4()), "no campaign "), ("last", "the id of a campaign")):
        refused = api.client.post(
            "/v1/campaigns", json=campaign_spec | {"sampler": {"start_from": start_from}}
        )
        assert refused.status_code == 422, refused.text
        (place,) = refused.json()["errors"]
        assert place["pointer"] == "/sampler/start_from"
        assert detail in place["detail"]
    assert api.campaign()["spec"]["sampler"]["start_from"] == "previous"
