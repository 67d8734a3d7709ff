"""Downloading a batch."""

import csv
import io

import pandas as pd
import pytest
from api_actors import Api, Worker
from openpyxl import load_workbook
from sqlalchemy import text

from service.exchange.formats import parquet, workbook
from service.store.session import Sessions


@pytest.fixture
def address(api: Api, worker: Worker) -> str:
    campaign = api.campaign(name="Lights & señales / 1")
    worker.finish(api.round(campaign["id"]))
    return f"/v1/campaigns/{campaign['id']}/rounds/1/batch"


def test_json_tells_everything_about_each_candidate(api: Api, address: str) -> None:
    batch = api.client.get(address).json()
    assert (batch["round"], batch["state"]) == (1, "awaiting_results")
    assert batch["campaign_id"] == address.split("/")[3]
    assert [item["rank"] for item in batch["candidates"]] == [1, 2, 3]
    second = batch["candidates"][1]
    assert second == second | {
        "object": "1110",
        "display": "1110",
        "status": "proposed",
        "predictions": {"glow": {"mean": 3.0, "sd": 0.5, "low": 1.0, "high": 3.0}},
        "computed": {"ones": 3.0},
        "acquisition": 1.5,
        "feasibility": 0.9,
        "guardrails": {},
        "condition": {"beta": 8.0, "preference": {"glow": 0.7, "ones": 0.3}},
        "log_reward": -1.0,
        "log_pf": -2.0,
        "nearest_measured": {"object": "0000", "similarity": 0.25},
        "reason": "it has many lights",
        "purpose": "exploit",
        "in_domain": None,
    }
    assert batch["candidates"][0]["nearest_measured"] is None


def test_csv_filled_in_is_a_valid_upload(api: Api, address: str) -> None:
    file = api.client.get(address, params={"format": "csv"})
    assert file.headers["Content-Type"].startswith("text/csv")
    assert file.headers["Content-Disposition"] == 'attachment; filename="lights-se-ales-1-round-1.csv"'
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [row["switches"] for row in rows] == ["1111", "1110", "0111"]
    assert list(rows[0])[-5:] == ["glow", "relation", "units", "outcome", "comment"]
    for number, row in enumerate(rows):
        row["glow"] = str(number)
    filled = io.StringIO()
    writer = csv.DictWriter(filled, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    results = address.split("/rounds", maxsplit=1)[0] + "/results"
    report = api.client.post(results, content=filled.getvalue(), headers={"Content-Type": "text/csv"})
    assert (report.status_code, report.json()["accepted"]) == (200, 3)
    assert api.client.get(address).json()["state"] == "completed"


def test_the_domains_own_format_is_offered(api: Api, address: str) -> None:
    file = api.client.get(address, params={"format": "txt"})
    assert file.text == "1111\n1110\n0111\n"
    assert file.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.2, text/plain", "text/plain"),
        ("text/html, application/*;q=0.5", "application/json"),
    ],
)
def test_accept_chooses_the_format(api: Api, address: str, accept: str, expected: str) -> None:
    response = api.client.get(address, headers={"Accept": accept})
    assert response.headers["Content-Type"].split(";")[0] == expected


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0"])
def test_a_media_type_that_is_not_offered_is_not_acceptable(api: Api, address: str, accept: str) -> None:
    response = api.client.get(address, headers={"Accept": accept})
    assert response.status_code == 406
    assert "text/csv" in response.json()["detail"]


@pytest.mark.parametrize("extension", ["sdf", "exe", "../csv", ""])
def test_a_format_that_the_domain_lacks_is_not_acceptable(api: Api, address: str, extension: str) -> None:
    response = api.client.get(address, params={"format": extension})
    assert response.status_code == 406
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("extension", ["json", "csv", "txt"])
def test_a_round_without_a_batch_is_a_conflict(api: Api, worker: Worker, extension: str) -> None:
    campaign = api.campaign()
    worker.report_progress(worker.claim(api.round(campaign["id"])), "training", 0.5)
    response = api.client.get(f"/v1/campaigns/{campaign['id']}/rounds/1/batch", params={"format": extension})
    assert response.status_code == 409
    assert "training" in response.json()["detail"]


def test_an_empty_batch_is_told_as_such(api: Api, worker: Worker) -> None:
    campaign = api.campaign()
    worker.finish(api.round(campaign["id"]), ())
    batch = api.client.get(f"/v1/campaigns/{campaign['id']}/rounds/1/batch")
    assert (batch.json()["state"], batch.json()["candidates"]) == ("completed", [])


def test_a_control_has_no_condition(api: Api, worker: Worker) -> None:
    campaign = api.campaign()
    worker.finish(api.round(campaign["id"]), ("1111",), purpose="control")
    address = f"/v1/campaigns/{campaign['id']}/rounds/1/batch"
    (item,) = api.client.get(address).json()["candidates"]
    told = {"purpose": "control", "in_domain": None, "condition": None, "log_reward": None, "log_pf": None}
    assert item == item | told
    (row,) = csv.DictReader(io.StringIO(api.client.get(address, params={"format": "csv"}).text))
    assert (row["purpose"], row["beta"], row["preference_glow"], row["in_domain"]) == ("control", "", "", "")


def test_a_batch_of_an_older_version_is_still_read(api: Api, sessions: Sessions, address: str) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE candidates SET payload = payload - 'in_domain'"))
    item = api.client.get(address).json()["candidates"][0]
    assert (item["purpose"], item["in_domain"]) == ("exploit", None)
    assert api.client.get(address, params={"format": "csv"}).status_code == 200


def test_a_batch_downloaded_again_shows_its_results_so_far(api: Api, address: str) -> None:
    results = address.split("/rounds", maxsplit=1)[0] + "/results"
    first = api.client.get(address).json()["candidates"][0]
    sent = api.client.post(results, json=[{"candidate_id": first["id"], "glow": "> 5", "comment": "odd"}])
    assert sent.status_code == 200, sent.text
    told = api.client.get(address).json()["candidates"]
    (result,) = told[0]["results"]
    assert result == result | {"object": "1111", "type": "glow", "relation": ">", "value": 5.0, "units": "mW"}
    assert told[1]["results"] == []
    rows = list(csv.DictReader(io.StringIO(api.client.get(address, params={"format": "csv"}).text)))
    assert [row["glow_so_far"] for row in rows] == ["> 5 mW", "", ""]
    assert [row["glow"] for row in rows] == ["", "", ""]
    again = api.client.get(address, params={"format": "xlsx"}).content
    report = api.client.post(results, content=again, headers={"Content-Type": workbook.MEDIA_TYPE}).json()
    assert [row["status"] for row in report["rows"]] == ["skipped"] * 3
    assert report["warnings"] == []


def test_a_workbook_has_the_sheets_that_a_lab_works_with(api: Api, address: str) -> None:
    file = api.client.get(address, params={"format": "xlsx"})
    assert file.headers["Content-Disposition"].endswith('-round-1.xlsx"')
    book = load_workbook(io.BytesIO(file.content))
    assert book.sheetnames == ["Results", "Samples", "Plate map", "Request"]
    own = ["glow", "glow_relation", "glow_units"]
    assert [cell.value for cell in book["Results"][1]][-7:] == [
        *own,
        "relation",
        "units",
        "outcome",
        "comment",
    ]
    assert book["Request"]["B2"].value == address.split("/")[3]


def test_parquet_is_read_by_programs(api: Api, address: str) -> None:
    file = api.client.get(address, headers={"Accept": parquet.MEDIA_TYPE})
    frame = pd.read_parquet(io.BytesIO(file.content))
    assert list(frame["switches"]) == ["1111", "1110", "0111"]
    assert frame["glow_mean"].dtype == "float64"


def test_a_format_that_objects_cannot_have_is_refused_with_the_reason(api: Api, worker: Worker) -> None:
    spec = {
        "domain": {"kind": "materials", "space": "composition", "elements": ["Na", "Cl"]},
        "objectives": [{"name": "gap", "units": "eV"}],
    }
    campaign = api.campaign(**spec)
    worker.finish(api.round(campaign["id"]), ("NaCl",))
    refused = api.client.get(f"/v1/campaigns/{campaign['id']}/rounds/1/batch", params={"format": "cif"})
    assert refused.status_code == 406
    assert "it has no structure" in refused.json()["detail"]
