"""Readings that a campaign keeps, over HTTP: stored, chosen by name, and overruled by the request."""

import pytest
from api_actors import Api

CSV = {"Content-Type": "text/csv"}
TABLE = b"switches;Lamp X;measured_at\n0101;1,5;05.01.2025\n0111;inactive;06.01.2025\n"
OPTIONS = {
    "decimal": "comma",
    "date_order": "day_first",
    "columns": {"Lamp X": "glow (mW)"},
    "words": {"inactive": "missing"},
}


@pytest.fixture
def campaign(api: Api) -> str:
    return f"/v1/campaigns/{api.campaign()['id']}"


def test_a_reading_is_kept_listed_replaced_and_deleted(api: Api, campaign: str) -> None:
    address = f"{campaign}/readings/kinase-lab"
    made = api.client.put(address, json=OPTIONS)
    assert (made.status_code, made.json()["name"], made.json()["options"]["words"]) == (
        201,
        "kinase-lab",
        {"inactive": "missing"},
    )
    replaced = api.client.put(address, json={"decimal": "point"})
    assert (replaced.status_code, replaced.json()["options"]["words"]) == (200, {})
    assert [item["name"] for item in api.client.get(f"{campaign}/readings").json()["items"]] == ["kinase-lab"]
    assert api.client.get(address).json() == replaced.json()
    assert api.client.delete(address).status_code == 204
    assert api.client.get(address).status_code == 404
    assert api.client.delete(address).status_code == 404


@pytest.mark.parametrize("options", [{"decimal": "dot"}, {"colums": {}}, {"header_row": 0}, {"words": {"x": 1}}])
def test_what_is_no_reading_is_refused(api: Api, campaign: str, options: dict[str, object]) -> None:
    assert api.client.put(f"{campaign}/readings/x", json=options).status_code == 422
    assert api.client.put(f"{campaign}/readings/a%20b", json={}).status_code == 404
    elsewhere = "/v1/campaigns/00000000-0000-4000-8000-000000000000/readings/x"
    assert api.client.put(elsewhere, json={}).status_code == 404


@pytest.mark.parametrize("name", ["kinase-lab", "default"])
def test_an_upload_is_read_as_it_is_kept(api: Api, campaign: str, name: str) -> None:
    api.client.put(f"{campaign}/readings/{name}", json=OPTIONS)
    chosen = {} if name == "default" else {"reading": name}
    report = api.client.post(
        f"{campaign}/results", content=TABLE, headers=CSV, params={"dry_run": True, **chosen}
    ).json()
    assert (report["accepted"], report["skipped"]) == (1, 1)
    stored = report["rows"][0]["would_store"]
    assert (stored["value"], stored["measured_at"]) == (1.5, "2025-01-05T00:00:00Z")
    assert report["reading"]["stated"] == OPTIONS
    assert api.client.get(f"{campaign}/results").json()["items"] == []


def test_what_the_request_says_counts_more(api: Api, campaign: str) -> None:
    api.client.put(f"{campaign}/readings/default", json=OPTIONS)
    params = {"mode": "partial", "words": '{"inactive": "assay_failed"}'}
    report = api.client.post(f"{campaign}/results", content=TABLE, headers=CSV, params=params).json()
    assert report["accepted"] == 2
    results = api.client.get(f"{campaign}/results").json()["items"]
    assert [(item["outcome"], item["value"]) for item in results] == [("ok", 1.5), ("assay_failed", None)]
    assert results[1]["verbatim"]["value"] == "inactive"


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"reading": "nobody"}, "/reading"),
        ({"words": "no JSON"}, "/words"),
        ({"columns": '["a"]'}, "/columns"),
        ({"date_order": "sideways"}, "/date_order"),
        ({"words": '{"": "missing"}'}, "/words"),
    ],
)
def test_a_parameter_that_is_none_is_named(api: Api, campaign: str, params: dict[str, str], pointer: str) -> None:
    response = api.client.post(f"{campaign}/results", content=TABLE, headers=CSV, params=params)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_question_names_its_parameter_and_its_choices(api: Api, campaign: str) -> None:
    table = b"switches,glow (mW),measured_at\n0101,1,05.01.2025\n"
    error = api.client.post(f"{campaign}/results", content=table, headers=CSV).json()["errors"][0]
    assert (error["pointer"], error["choices"]) == ("/date_order", ["year_first", "day_first", "month_first"])
    answered = api.client.post(f"{campaign}/results", content=table, headers=CSV, params={"date_order": "day_first"})
    assert answered.json()["reading"]["date_order"] == "day_first"


def test_readers_cannot_write_readings(api: Api, campaign: str) -> None:
    assert (
        api.client.put(f"{campaign}/readings/x", json={}, headers={"Authorization": "Bearer nobody"}).status_code == 401
    )


@pytest.mark.parametrize(
    ("options", "pointer", "reason"),
    [
        ({"words": {"ok": "missing", "no fit": "nonsense"}}, "/words/no fit", "must mean missing"),
        ({"encoding": "martian"}, "/encoding", "unknown charset"),
        ({"encoding": "zlib"}, "/encoding", "unknown charset"),
        ({"limits": {"glow": "2 mW"}}, "/limits/glow", "LOD, LLOQ or ULOQ"),
        ({"limits": {"glow LOD": "NaN mW"}}, "/limits/glow LOD", "not a number"),
        ({"limits": {"glow LOD": "2 blinks"}}, "/limits/glow LOD", "blinks"),
        ({"limits": {"glow LOD": "2 nM"}}, "/limits/glow LOD", "cannot be converted to mW"),
        ({"limits": {"glow LOD": "> 2 mW"}}, "/limits/glow LOD", "relation"),
    ],
)
def test_no_reading_is_kept_that_refuses_every_file(
    api: Api, campaign: str, options: dict[str, object], pointer: str, reason: str
) -> None:
    refused = api.client.put(f"{campaign}/readings/lab", json=options)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == pointer
    assert reason in error["detail"]
    assert api.client.get(f"{campaign}/readings").json()["items"] == []


def test_a_field_that_is_misspelt_is_named(api: Api, campaign: str) -> None:
    refused = api.client.put(f"{campaign}/readings/lab", json={"colums": {}})
    assert refused.json()["detail"] == "/colums: unknown field: check its spelling, or leave it out"
