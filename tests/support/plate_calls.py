"""Calls about plates over HTTP, and the true potencies behind their readings."""

from typing import Any

import httpx
from api_actors import Api

CSV = {"Content-Type": "text/csv"}
LAYOUT = {
    "name": "P-1",
    "type": "IC50",
    "doses": {"top": 10, "units": "uM", "points": 10, "factor": 3},
    "seed": 5,
}


def laid_out(api: Api, address: str, **changes: Any) -> dict[str, Any]:
    response = api.client.post(address, json={**LAYOUT, **changes})
    assert response.status_code == 201, response.text
    assert response.headers["Location"].endswith(f"/plates/{response.json()['id']}")
    return response.json()


def truth(api: Api, address: str) -> dict[str, float | None]:
    """The three candidates of the batch have IC50s of 0.05 and 1 uM, and none."""
    batch = api.client.get(address.replace("/plates", "/batch")).json()["candidates"]
    return dict(zip([item["id"] for item in batch], (0.05, 1.0, None), strict=True))


def results(api: Api, campaign: str) -> dict[str, dict[str, Any]]:
    items = api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]
    return {item["candidate_id"]: item for item in items}


def echo_report(plate: str, failed: list[str], moved: list[str]) -> str:
    head = "Run ID,17\nApplication Name,Echo Plate Reformat\n\n"
    columns = (
        "Source Plate Name,Source Plate Barcode,Source Well,Destination Plate Name,Destination Plate Barcode,"
        "Destination Well,Transfer Volume,Actual Volume,Transfer Status\n"
    )
    bad = "".join(f"S,S,A1,{plate},{plate},{well},25,0,MM0202007: Well not found\n" for well in failed)
    good = "".join(f"S,S,A1,{plate},{plate},{well},25,25,\n" for well in moved)
    return f"{head}[EXCEPTIONS]\n{columns}{bad}\n[DETAILS]\n{columns}{good}\nInstrument Name,E5XX\n"


def stored_report(response: httpx.Response) -> dict[str, Any]:
    """Return an answer without what only a dry run shows."""
    found: dict[str, Any] = response.json()
    assert [row.pop("would_store") for row in found["report"]["rows"]] == [None] * len(
        found["report"]["rows"]
    )
    return found
