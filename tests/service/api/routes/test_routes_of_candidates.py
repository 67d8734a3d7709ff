"""A candidate's route: stored with it, told by the API, and flat in files that are valid uploads."""

import csv
import io
from typing import Any

import pytest
from api_actors import SWITCHES, Api, Worker
from openpyxl import load_workbook

ROUTE = {
    "steps": [
        {
            "template": "amide",
            "conditions": "HATU, DMF",
            "expected_yield": 0.8,
            "reactants": ["CC(=O)O", "CN"],
            "product": "CNC(C)=O",
        }
    ],
    "blocks": [
        {"smiles": "CC(=O)O", "catalogue_number": "A-1", "supplier": "ACME", "price": 0.1, "amount": None},
        {"smiles": "CN", "catalogue_number": None, "supplier": None, "price": None, "amount": None},
    ],
    "cost": 3.5,
    "expected_yield": 0.8,
    "n_routes": 2,
}


def route_of(_domain: object, text: str) -> dict[str, Any] | None:
    return ROUTE if text != "0000" else None


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_route_stays_with_its_candidate_and_a_file_with_routes_is_a_valid_upload(
    api: Api, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(SWITCHES), "route", route_of)
    campaign = api.campaign()["id"]
    worker.finish_with_reserves(api.round(campaign), ("1111", "0000"), ("0110",))
    address = f"/v1/campaigns/{campaign}/rounds/1/batch"
    batch = api.client.get(address).json()
    first, bare = batch["candidates"]
    assert (first["route"], bare["route"], batch["reserves"][0]["route"]) == (ROUTE, None, ROUTE)
    rows = rows_of(api.client.get(address, params={"format": "csv"}).text)
    assert (
        rows[0]
        | {
            "route_steps": "1",
            "route_reactions": "1. amide: CC(=O)O + CN >> CNC(C)=O (HATU, DMF)",
            "route_blocks": "CC(=O)O (ACME A-1); CN",
            "route_cost": "3.5",
            "route_yield": "0.8",
            "n_routes": "2",
        }
        == rows[0]
    )
    assert {rows[1][name] for name in rows[1] if name.startswith("route_")} == {""}
    sheet = load_workbook(io.BytesIO(api.client.get(address, params={"format": "xlsx"}).content)).worksheets[
        0
    ]
    assert {cell.value: below.value for cell, below in zip(sheet[1], sheet[2], strict=True)}[
        "route_cost"
    ] == 3.5
    for number, row in enumerate(rows):
        row["glow"] = str(number)
    filled = io.StringIO()
    writer = csv.DictWriter(filled, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    sent = {"content": filled.getvalue(), "headers": {"Content-Type": "text/csv"}}
    report = api.client.post(f"/v1/campaigns/{campaign}/results", **sent).json()
    assert (report["accepted"], report["warnings"]) == (2, [])


def test_a_reserve_brings_its_route_and_a_release_keeps_it(
    api: Api, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(SWITCHES), "route", route_of)
    campaign = api.campaign()["id"]
    worker.finish_with_reserves(api.round(campaign), ("1111", "0000"), ("0110",))
    batch = api.client.get(f"/v1/campaigns/{campaign}/rounds/1/batch").json()["candidates"]
    decided = f"/v1/candidates/{batch[1]['id']}"
    tag = {"If-Match": api.client.get(decided).headers["etag"]}
    api.client.patch(decided, json={"status": "rejected", "reason": "no"}, headers=tag)
    taken = api.client.post(f"{decided}/replace")
    assert (taken.status_code, taken.json()["route"]) == (201, ROUTE)
    released = api.client.post(f"/v1/campaigns/{campaign}/rounds/1/release")
    assert released.status_code == 200, released.text
    kept = api.client.get(f"/v1/campaigns/{campaign}/rounds/1/release").json()
    assert [item.get("route") for item in kept["candidates"]] == [ROUTE, ROUTE]
