"""Workbooks and structures over HTTP: up, reported by row and column, and down."""

import io
import json
from typing import Any

import pytest
from api_actors import SPEC, Api, Worker
from openpyxl import Workbook, load_workbook
from rdkit import Chem

XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SDF = {"Content-Type": "chemical/x-mdl-sdfile"}
MOLECULES = {"domain": {"kind": "molecules"}, "objectives": [{"name": "logS"}]}


def sheet(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def structures(*records: tuple[str, str]) -> bytes:
    blocks = [
        (Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)) if smiles else "nothing\n\n\n", value)
        for smiles, value in records
    ]
    return "".join(f"{block}>  <logS>\n{value}\n\n$$$$\n" for block, value in blocks).encode()


def locations(body: dict[str, Any]) -> list[tuple[int, str | None]]:
    return [(location["row"], location["column"]) for location in body["errors"]]


def test_a_workbook_of_results_is_taken_whole_or_in_part(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/results"
    content = sheet(["Switches", "glow (uW)"], ["0101", 3000], [], ["0011", "1,5"], [12, 7], ["1111", "<2000"])
    refused = api.client.post(address, content=content, headers=XLSX)
    assert refused.status_code == 422, refused.text
    assert locations(refused.json()) == [(4, "glow (uW)"), (5, "switches")]
    assert api.client.get(address).json()["items"] == []
    report = api.client.post(address, content=content, headers=XLSX, params={"mode": "partial"}).json()
    assert (report["accepted"], report["rejected"]) == (2, 2)
    stored = {item["object"]: (item["value"], item["relation"]) for item in api.client.get(address).json()["items"]}
    assert stored == {"0101": (3, "="), "1111": (2, "<")}


@pytest.mark.parametrize(
    ("content", "location"),
    [
        (b"switches,glow\n", {}),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), {}),
        (sheet(["switches", None, "glow"], ["0101", "x1", 1]), {"row": 1, "column": "B"}),
        (sheet(["switches", "glow", "Glow"]), {"column": "Glow"}),
    ],
    ids=["text", "protected", "unnamed", "twice"],
)
def test_a_workbook_that_is_no_table_is_a_problem_with_its_location(
    api: Api, content: bytes, location: dict[str, Any]
) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/results"
    response = api.client.post(address, content=content, headers=XLSX)
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert error == location | {"detail": response.json()["detail"]}


def test_a_batch_as_a_workbook_filled_in_is_a_valid_upload(api: Api, worker: Worker) -> None:
    campaign = api.campaign()
    worker.finish(api.round(campaign["id"]))
    address = f"/v1/campaigns/{campaign['id']}"
    file = api.client.get(f"{address}/rounds/1/batch", params={"format": "xlsx"})
    assert file.headers["Content-Type"] == XLSX["Content-Type"]
    assert file.headers["Content-Disposition"].endswith('-round-1.xlsx"')
    accepted = api.client.get(f"{address}/rounds/1/batch", headers={"Accept": XLSX["Content-Type"]})
    assert accepted.headers["Content-Type"] == XLSX["Content-Type"]
    book = load_workbook(io.BytesIO(file.content))
    header = [cell.value for cell in book.active[1]]
    csv = api.client.get(f"{address}/rounds/1/batch", params={"format": "csv"}).text
    own = ("glow_relation", "glow_units")
    assert [name for name in header if name not in own] == csv.splitlines()[0].split(",")
    assert [row[header.index("switches")].value for row in book.active.iter_rows(2)] == ["1111", "1110", "0111"]
    for row in book.active.iter_rows(2):
        row[header.index("glow")].value = 1.25
    report = api.client.post(f"{address}/results", content=saved(book), headers=XLSX)
    assert (report.status_code, report.json()["accepted"], report.json()["warnings"]) == (200, 3, [])
    assert api.client.get(f"{address}/rounds/1").json()["state"] == "completed"


def test_structures_are_results_of_molecules_only(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign(**MOLECULES)['id']}/results"
    content = structures(("OCC", "-0.5"), ("", "1"), ("c1ccccc1", "soluble"), ("CCN", "1"))
    refused = api.client.post(address, content=content, headers=SDF)
    assert refused.status_code == 422, refused.text
    assert locations(refused.json()) == [(2, None), (3, "logS")]
    report = api.client.post(address, content=content, headers=SDF, params={"mode": "partial"}).json()
    assert [(row["row"], row["status"]) for row in report["rows"]] == [
        (1, "accepted"),
        (2, "rejected"),
        (3, "rejected"),
        (4, "accepted"),
    ]
    assert [item["object"] for item in api.client.get(address).json()["items"]] == ["CCO", "CCN"]
    elsewhere = f"/v1/campaigns/{api.campaign()['id']}/results"
    other = api.client.post(elsewhere, content=content, headers=SDF)
    assert other.status_code == 415
    assert XLSX["Content-Type"] in other.json()["detail"]


def test_objects_to_be_predicted_come_in_both(api: Api, worker: Worker) -> None:
    campaign = f"/v1/campaigns/{api.campaign()['id']}"
    worker.train(api.client.post(f"{campaign}/rounds").json())
    content = sheet(["note", "switches"], ["x", "0101"], ["y", "12"], ["z", None], ["z", "1111"])
    reported = api.client.post(f"{campaign}/predictions", content=content, headers=XLSX)
    assert reported.status_code == 202, reported.text
    assert [(row["row"], row["status"], row["column"]) for row in reported.json()["report"]["rows"]] == [
        (2, "accepted", None),
        (3, "rejected", "switches"),
        (4, "skipped", None),
        (5, "accepted", None),
    ]
    assert api.client.post(f"{campaign}/predictions?mode=atomic", content=content, headers=XLSX).status_code == 422
    assert api.client.post(f"{campaign}/predictions", content=structures(("C", "")), headers=SDF).status_code == 415
    molecules = f"/v1/campaigns/{api.campaign(**MOLECULES)['id']}"
    rows = [{"smiles": "CCO", "logS": 1}, {"smiles": "CCN", "logS": 2}]
    assert api.client.post(f"{molecules}/results", json=rows).status_code == 200
    content = structures(("OCC", ""), ("", ""), ("CCCl", ""))
    requested = api.client.post(f"{molecules}/predictions", content=content, headers=SDF)
    assert requested.status_code == 202, requested.text
    assert [row["object"] for row in requested.json()["report"]["rows"]] == ["CCO", None, "CCCl"]
    assert requested.json()["request"]["media_type"] == SDF["Content-Type"]


@pytest.mark.parametrize("sent_as", [XLSX["Content-Type"], "application/octet-stream"])
def test_a_backtest_takes_a_workbook_by_its_type_or_its_name(api: Api, sent_as: str) -> None:
    rows = [[f"{index:04b}", index] for index in range(16)]
    spec = {**SPEC, "objectives": [{"name": "glow"}]}
    plan = {"rounds": "2", "batch_size": "2", "initial": "4", "seeds": "2", "methods": "random"}
    files = {"table": ("table.XLSX", sheet(["switches", "glow"], *rows), sent_as)}
    response = api.client.post("/v1/backtests", data={**plan, "spec": json.dumps(spec)}, files=files)
    assert response.status_code == 202, response.text
    assert response.json()["objects"] == 16


def test_a_sheet_is_chosen_by_name_for_results_and_objects(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    book = Workbook()
    for name, switches, glow in (("Plate 1", "0101", 1), ("Plate 2", "1111", 2)):
        page = book.create_sheet(name)
        page.append(["switches", "glow (mW)"])
        page.append([switches, glow])
    del book["Sheet"]
    content = saved(book)
    first = api.client.post(f"{address}/results", content=content, headers=XLSX, params={"dry_run": True}).json()
    assert [row["object"] for row in first["rows"]] == ["0101"]
    assert "'Plate 2'" in first["warnings"][0]
    key = {"Idempotency-Key": "one-file"}
    chosen = api.client.post(f"{address}/results?sheet=plate 2", content=content, headers={**XLSX, **key})
    assert chosen.status_code == 200, chosen.text
    assert [row["object"] for row in chosen.json()["rows"]] == ["1111"]
    assert chosen.json()["warnings"] == []
    other = api.client.post(f"{address}/results?sheet=Plate 1", content=content, headers={**XLSX, **key})
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    requested = api.client.post(f"{address}/predictions?sheet=Plate 2", content=content, headers=XLSX)
    assert requested.status_code == 202, requested.text
    assert [row["object"] for row in requested.json()["report"]["rows"]] == ["1111"]
    assert requested.json()["request"]["sheet"] == "Plate 2"


@pytest.mark.parametrize("path", ["results", "predictions"])
@pytest.mark.parametrize(
    ("media_type", "requested", "said"),
    [
        (XLSX["Content-Type"], "Plate 3", "'Sheet'"),
        ("text/csv", "Plate 3", "no sheets"),
        ("text/csv", "", "at least 1 character"),
    ],
)
def test_a_sheet_that_is_not_there_is_a_problem_of_the_query(
    api: Api, path: str, media_type: str, requested: str, said: str
) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/{path}"
    content = sheet(["switches", "glow"], ["0101", 1]) if media_type == XLSX["Content-Type"] else b"switches\n0101\n"
    refused = api.client.post(
        address, content=content, headers={"Content-Type": media_type}, params={"sheet": requested}
    )
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["in"], error["pointer"]) == ("query", "/sheet")
    assert said in error["detail"]
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_backtest_takes_a_sheet_by_its_name(api: Api) -> None:
    book = Workbook()
    book.active.append(["nothing", "of", "use"])
    page = book.create_sheet("Plates")
    for row in (["switches", "glow"], *([f"{index:04b}", index] for index in range(16))):
        page.append(row)
    spec = {**SPEC, "objectives": [{"name": "glow"}]}
    plan = {"rounds": "2", "batch_size": "2", "initial": "4", "seeds": "2", "methods": "random"}
    form, files = {**plan, "spec": json.dumps(spec)}, {"table": ("table.xlsx", saved(book), XLSX["Content-Type"])}
    response = api.client.post("/v1/backtests", data={**form, "sheet": "Plates"}, files=files)
    assert response.status_code == 202, response.text
    assert (response.json()["objects"], response.json()["request"]["sheet"]) == (16, "Plates")
    refused = api.client.post("/v1/backtests", data={**form, "sheet": "Wells"}, files=files)
    rows = {"spec": spec, "table": "switches,glow\n0101,1\n", "sheet": "Plates"}
    for answer, said in ((refused, "'Sheet', 'Plates'"), (api.client.post("/v1/backtests", json=rows), "no sheets")):
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/sheet"
        assert "in" not in error
        assert said in error["detail"]


def test_the_description_names_what_is_read_and_written(api: Api) -> None:
    paths = api.client.get("/openapi.json").json()["paths"]
    one = "/v1/campaigns/{campaign_id}"
    for path in (f"{one}/results", f"{one}/predictions"):
        content = paths[path]["post"]["requestBody"]["content"]
        assert {"application/json", "text/csv", XLSX["Content-Type"], SDF["Content-Type"]} <= content.keys()
        assert "workbook" in {item["name"]: item for item in paths[path]["post"]["parameters"]}["sheet"]["description"]
    forms = paths["/v1/backtests"]["post"]["requestBody"]["content"]
    assert all("sheet" in form["schema"]["properties"] for form in forms.values())
    for path in (f"{one}/rounds/{{number}}/batch", f"{one}/samples/{{job_id}}", f"{one}/predictions/{{job_id}}"):
        content = paths[path]["get"]["responses"]["200"]["content"]
        assert {"application/json", "text/csv", XLSX["Content-Type"]} <= content.keys()
