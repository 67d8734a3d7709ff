"""Plates over HTTP: laid out, filled by robots, read, and what becomes of their results."""

import csv
import io
import math
from typing import Any

import pytest
from api_actors import Api, Worker
from plate_calls import CSV, LAYOUT, echo_report, laid_out, results, stored_report, truth
from plate_readings import grid, long, simulated

OBJECTIVES = [
    {"name": "potency", "type": "IC50", "units": "nM", "transform": "log10", "direction": "minimize"}
]
STOCKS = {"concentrations": [10, 0.1, 0.002], "assay_volume_ul": 50}


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    """A campaign whose first round has a batch of three."""
    made = api.campaign(objectives=OBJECTIVES)
    worker.finish(api.round(made["id"]))
    return made["id"]


@pytest.fixture
def address(campaign: str) -> str:
    return f"/v1/campaigns/{campaign}/rounds/1/plates"


def test_wells_become_ic50s_of_their_candidates(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    true = truth(api, address)
    text = grid(simulated(plate["layout"], true, noise=3.0))
    response = api.client.post(f"{address}/{plate['id']}/wells", content=text, headers=CSV)
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["report"]["accepted"], report["report"]["rejected"]) == (3, 0)
    assert report["quality"]["z_prime"] > 0.7
    (kept,) = api.client.get(f"/v1/campaigns/{campaign}/uploads/files").json()["items"]
    file = api.client.get(f"/v1/campaigns/{campaign}/uploads/{kept['id']}/file")
    assert (file.text, file.headers["Content-Type"].partition(";")[0]) == (text, "text/csv")
    stored = results(api, campaign)
    for candidate_id, ic50 in true.items():
        result = stored[candidate_id]
        assert (result["units"], result["plate"], result["outcome"]) == ("nM", "P-1", "ok")
        if ic50 is None:
            assert (result["relation"], result["value"]) == (">", 10_000.0)
        else:
            assert result["relation"] == "="
            assert math.log10(result["value"] / (1000 * ic50)) == pytest.approx(0, abs=0.1)
            assert 0 < result["standard_error"] < 0.3 * result["value"]
    read = api.client.get(f"{address}/{plate['id']}").json()
    assert read["state"] == "read"
    assert {item["candidate_id"] for item in read["analysis"]["findings"]} == set(true)
    assert api.client.get(f"/v1/campaigns/{campaign}/rounds/1").json()["state"] == "completed"


def test_a_dry_run_tells_everything_and_stores_nothing(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    text = long(simulated(plate["layout"], truth(api, address), noise=3.0))
    where = f"{address}/{plate['id']}/wells"
    told = api.client.post(where, content=text, headers=CSV, params={"dry_run": True}).json()
    assert told["report"]["accepted"] == 3
    assert results(api, campaign) == {}
    assert api.client.get(f"{address}/{plate['id']}").json()["state"] == "laid_out"
    assert all(row.pop("would_store") for row in told["report"]["rows"])
    assert stored_report(api.client.post(where, content=text, headers=CSV)) == told


def test_the_same_wells_again_are_duplicates_and_others_are_refused(
    api: Api, campaign: str, address: str
) -> None:
    plate = laid_out(api, address)
    where = f"{address}/{plate['id']}/wells"
    signals = simulated(plate["layout"], truth(api, address), noise=3.0)
    api.client.post(where, content=long(signals), headers=CSV)
    before = results(api, campaign)
    again = api.client.post(where, content=grid(signals), headers=CSV).json()
    assert (again["report"]["accepted"], again["report"]["duplicates"]) == (0, 3)
    other = simulated(plate["layout"], truth(api, address), noise=3.0, seed=1)
    refused = api.client.post(where, content=long(other), headers=CSV)
    assert refused.status_code == 422
    assert results(api, campaign) == before
    read = api.client.get(f"{address}/{plate['id']}").json()["analysis"]
    assert {well["well"]: well["signal"] for well in read["wells"]}["B2"] == pytest.approx(
        signals["B2"], abs=0.1
    )


def test_a_key_makes_wells_happen_once_and_readers_may_not_send_any(
    api: Api, address: str, new_key: Any, open_client: Any
) -> None:
    plate = laid_out(api, address)
    where = f"{address}/{plate['id']}/wells"
    text = long(simulated(plate["layout"], truth(api, address), noise=3.0))
    headers = {**CSV, "Idempotency-Key": "wells-1"}
    first = api.client.post(where, content=text, headers=headers)
    again = api.client.post(where, content=text, headers=headers)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    stranger, _ = new_key()
    assert open_client(stranger).post(where, content=text, headers=CSV).status_code == 404
    assert open_client(stranger).get(address).status_code == 404


def test_a_reader_may_look_and_not_write(api: Api, address: str, new_key: Any, open_client: Any) -> None:
    plate = laid_out(api, address)
    key, _ = new_key("read")
    client = open_client(key)
    assert client.post(f"{address}/{plate['id']}/wells", content="", headers=CSV).status_code == 403
    assert client.post(address, json=LAYOUT).status_code == 403


def test_percentages_at_one_dose_are_results_of_a_campaign_that_reads_them(api: Api, worker: Worker) -> None:
    objectives = [{"name": "inhibition", "type": "inhibition", "units": "%"}]
    made = api.campaign(objectives=objectives)
    worker.finish(api.round(made["id"]))
    address = f"/v1/campaigns/{made['id']}/rounds/1/plates"
    doses = {"top": 10, "units": "uM", "points": 1}
    plate = laid_out(api, address, type="inhibition", readout="percent_inhibition", doses=doses, replicates=4)
    true = truth(api, address)
    api.client.post(
        f"{address}/{plate['id']}/wells",
        content=grid(simulated(plate["layout"], true, noise=1.0)),
        headers=CSV,
    )
    stored = results(api, made["id"])
    for candidate_id, ic50 in true.items():
        expected = 0.0 if ic50 is None else 100.0 / (1.0 + ic50 / 10)
        assert stored[candidate_id]["value"] == pytest.approx(expected, abs=3.0)
        assert stored[candidate_id]["standard_error"] < 2.0


def test_a_campaign_of_pic50_gets_the_logarithm_with_its_error_and_the_relation_turned(
    api: Api, worker: Worker
) -> None:
    made = api.campaign(objectives=[{"name": "pIC50"}])
    worker.finish(api.round(made["id"]))
    address = f"/v1/campaigns/{made['id']}/rounds/1/plates"
    plate = laid_out(api, address, type="pIC50")
    true = truth(api, address)
    text = long(simulated(plate["layout"], true, noise=3.0))
    api.client.post(f"{address}/{plate['id']}/wells", content=text, headers=CSV)
    for candidate_id, ic50 in true.items():
        result = results(api, made["id"])[candidate_id]
        expected = 5.0 if ic50 is None else 6.0 - math.log10(ic50)
        assert result["value"] == pytest.approx(expected, abs=0.1)
        assert (result["relation"], result["units"]) == ("<" if ic50 is None else "=", None)
        assert (result["standard_error"] or 0.01) < 0.1


def test_a_plate_is_measured_in_what_the_campaign_reads(api: Api, address: str) -> None:
    for changes, pointer in (
        ({"type": "Ki"}, "/type"),
        ({"doses": {"top": 1, "units": "mg/mL"}}, "/doses/units"),
        ({"readout": "percent_inhibition", "doses": {"top": 1, "points": 1}}, "/readout"),
        ({"readout": "percent_inhibition"}, "/doses/points"),
    ):
        response = api.client.post(address, json={**LAYOUT, **changes})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer
    assert laid_out(api, address, type="ic50")["type"] == "IC50"


def test_what_does_not_fit_is_refused_with_what_would(api: Api, address: str) -> None:
    response = api.client.post(address, json={**LAYOUT, "wells": 96, "replicates": 3})
    assert response.status_code == 422
    assert "at most 1 in candidates" in response.json()["detail"]
    assert response.json()["errors"][0]["pointer"] == "/candidates"
    assert api.client.get(address).json()["items"] == []


def test_a_name_is_used_once_in_a_campaign(api: Api, address: str) -> None:
    laid_out(api, address)
    assert api.client.post(address, json=LAYOUT).status_code == 409


def test_candidates_are_those_of_the_batch_that_wait(api: Api, address: str, campaign: str) -> None:
    batch = api.client.get(f"/v1/campaigns/{campaign}/rounds/1/batch").json()["candidates"]
    first = batch[0]["id"]
    tag = api.client.get(f"/v1/candidates/{first}").headers["ETag"]
    decision = {"status": "rejected", "reason": "unstable"}
    assert (
        api.client.patch(f"/v1/candidates/{first}", json=decision, headers={"If-Match": tag}).status_code
        == 200
    )
    plate = laid_out(api, address)
    assert {well["candidate_id"] for well in plate["layout"]["wells"]} == {
        None,
        batch[1]["id"],
        batch[2]["id"],
    }
    refused = api.client.post(address, json={**LAYOUT, "name": "P-2", "candidates": [first]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/candidates/0")


def test_plates_are_listed_in_pages(api: Api, address: str) -> None:
    names = [laid_out(api, address, name=f"P-{number}")["name"] for number in range(3)]
    page = api.client.get(address, params={"limit": 2}).json()
    rest = api.client.get(address, params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [item["name"] for item in (*page["items"], *rest["items"])] == names
    assert {item["state"] for item in page["items"]} == {"laid_out"}


def test_pick_lists_are_files_of_the_robot(api: Api, address: str) -> None:
    plate = laid_out(api, address, stocks=STOCKS)
    echo = api.client.get(f"{address}/{plate['id']}/picklist", params={"format": "echo"})
    assert echo.headers["Content-Disposition"] == 'attachment; filename="p-1-echo.csv"'
    assert echo.text.splitlines()[0].startswith("Source Plate Name,Source Plate Barcode")
    assert len(echo.text.splitlines()) == 1 + len(plate["layout"]["transfers"])
    biomek = api.client.get(f"{address}/{plate['id']}/picklist", params={"format": "biomek"})
    assert (biomek.status_code, "planned for the echo" in biomek.json()["detail"]) == (409, True)
    bare = laid_out(api, address, name="P-2")
    assert api.client.get(f"{address}/{bare['id']}/picklist").status_code == 409


def test_a_plate_map_is_a_table_of_wells(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    table = api.client.get(f"{address}/{plate['id']}/map", params={"format": "csv"})
    assert table.headers["Content-Disposition"] == 'attachment; filename="p-1-map.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row["well"]: row["candidate_id"] for row in rows} == {
        well["well"]: well["candidate_id"] or "" for well in plate["layout"]["wells"]
    }
    assert {float(row["concentration (uM)"]) for row in rows if row["role"] == "sample"} >= {10.0, 3.33333}
    xlsx = api.client.get(f"{address}/{plate['id']}/map", params={"format": "xlsx"})
    assert xlsx.content.startswith(b"PK")
    assert api.client.get(f"{address}/{plate['id']}/map", params={"format": "pdf"}).status_code == 406


def test_a_plate_that_was_only_laid_out_can_be_deleted(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    where = f"{address}/{plate['id']}"
    assert api.client.delete(where).status_code == 428
    assert api.client.delete(where, headers={"If-Match": '"7"'}).status_code == 412
    tag = api.client.get(where).headers["ETag"]
    assert api.client.delete(where, headers={"If-Match": tag}).status_code == 204
    assert api.client.get(where).status_code == 404
    again = laid_out(api, address)
    where = f"{address}/{again['id']}"
    api.client.post(f"{where}/transfers", content=echo_report("P-1", [], ["B4"]), headers=CSV)
    kept = api.client.delete(where, headers={"If-Match": api.client.get(where).headers["ETag"]})
    assert kept.status_code == 409


def test_an_archived_campaign_takes_no_plates_and_no_wells(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    api.client.post(f"/v1/campaigns/{campaign}/archive")
    for path, body in (("transfers", echo_report("P-1", [], ["B4"])), ("wells", "Well,Signal\nB2,1\n")):
        assert (
            api.client.post(f"{address}/{plate['id']}/{path}", content=body, headers=CSV).status_code == 409
        )
    assert api.client.post(address, json={**LAYOUT, "name": "P-2"}).status_code == 409


def test_wells_that_were_not_filled_do_not_count(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    true = truth(api, address)
    lost, half, _ = true
    wells: dict[str, list[str]] = {}
    for well in plate["layout"]["wells"]:
        wells.setdefault(well["candidate_id"], []).append(well["well"])
    failed = [*wells[lost], *wells[half][:3]]
    report = echo_report("P-1", failed, wells[half][3:])
    where = f"{address}/{plate['id']}/transfers"
    told = api.client.post(where, content=report, headers=CSV, params={"dry_run": True}).json()
    assert results(api, campaign) == {}
    assert all(row.pop("would_store") for row in told["report"]["rows"])
    assert stored_report(api.client.post(where, content=report, headers=CSV)) == told
    assert (told["report"]["accepted"], set(told["failed_wells"])) == (1, set(failed))
    result = results(api, campaign)[lost]
    assert (result["outcome"], result["value"]) == ("assay_failed", None)
    assert "Well not found" in result["comment"]
    assert "0 of 25 nL" in result["comment"]

    text = long(simulated(plate["layout"], true, noise=3.0))
    read = api.client.post(f"{address}/{plate['id']}/wells", content=text, headers=CSV).json()
    assert (read["report"]["accepted"], read["report"]["duplicates"]) == (2, 1)
    found = {item["candidate_id"]: item for item in read["findings"]}
    assert found[lost]["verdict"] == "failed"
    assert found[half]["n_wells"] == 17
    assert "3 wells do not count" in results(api, campaign)[half]["comment"]
    assert api.client.post(where, content=report, headers=CSV).status_code == 409


def test_a_later_transfer_into_a_failed_well_makes_it_count(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    again, still = [well["well"] for well in plate["layout"]["wells"] if well["role"] == "sample"][:2]
    where = f"{address}/{plate['id']}"
    first = echo_report("P-1", [again, still], [])
    for report in (first, echo_report("P-1", [], [again])):
        assert api.client.post(f"{where}/transfers", content=report, headers=CSV).status_code == 200
    assert set(api.client.get(where).json()["failed_wells"]) == {still}
    told = api.client.post(f"{where}/transfers", content=first, headers=CSV).json()
    assert set(told["failed_wells"]) == {again, still}  # what this report says
    assert set(api.client.get(where).json()["failed_wells"]) == {still}  # it was counted already
    text = long(simulated(plate["layout"], truth(api, address), noise=3.0))
    api.client.post(f"{where}/wells", content=text, headers=CSV)
    excluded = {
        well["well"] for well in api.client.get(where).json()["analysis"]["wells"] if well["excluded"]
    }
    assert excluded == {still}


def test_a_stored_failure_is_not_undone_by_a_later_transfer(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    lost = min(truth(api, address))
    wells = [well["well"] for well in plate["layout"]["wells"] if well["candidate_id"] == lost]
    where = f"{address}/{plate['id']}"
    api.client.post(f"{where}/transfers", content=echo_report("P-1", wells, []), headers=CSV)
    late = api.client.post(f"{where}/transfers", content=echo_report("P-1", [], wells), headers=CSV).json()
    assert "on another plate" in late["warnings"][0]
    assert late["report"]["accepted"] == 0
    assert set(api.client.get(where).json()["failed_wells"]) == set(wells)
    text = long(simulated(plate["layout"], truth(api, address), noise=3.0))
    assert api.client.post(f"{where}/wells", content=text, headers=CSV).json()["report"]["accepted"] == 2
    assert results(api, campaign)[lost]["outcome"] == "assay_failed"


def test_wells_beyond_the_readers_range_are_left_out_and_named(api: Api, campaign: str, address: str) -> None:
    plate = laid_out(api, address)
    lost, some, _ = truth(api, address)
    signals: dict[str, Any] = simulated(plate["layout"], truth(api, address), noise=3.0)
    wells = {
        key: [w["well"] for w in plate["layout"]["wells"] if w["candidate_id"] == key] for key in (lost, some)
    }
    text = long(signals)
    for well in (*wells[lost], *wells[some][:2]):
        text = text.replace(f"\n{well},{signals[well]:.1f}\n", f"\n{well},>4.0\n")
    read = api.client.post(f"{address}/{plate['id']}/wells", content=text, headers=CSV)
    assert read.status_code == 200, read.text
    stored = results(api, campaign)
    assert (stored[lost]["outcome"], stored[lost]["value"]) == ("assay_failed", None)
    assert "'>4.0' is no number" in stored[lost]["comment"]
    assert (stored[some]["outcome"], stored[some]["relation"]) == ("ok", "=")
    assert "2 wells do not count" in stored[some]["comment"]


def test_a_report_of_another_plate_is_refused(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    for report, reason in (
        (echo_report("P-9", ["B2"], []), "P-9"),
        (echo_report("P-1", ["A1"], []), "leaves empty"),
    ):
        response = api.client.post(f"{address}/{plate['id']}/transfers", content=report, headers=CSV)
        assert (response.status_code, reason in response.json()["detail"]) == (422, True)


def test_several_readings_in_a_file_are_a_question(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    signals = simulated(plate["layout"], truth(api, address), noise=3.0)
    other = {well: value / 7 for well, value in signals.items()}
    text = grid(other, title="Read 1: 450 nm") + "\n" + grid(signals, title="Read 2: 570 nm")
    where = f"{address}/{plate['id']}/wells"
    asked = api.client.post(where, content=text, headers=CSV)
    assert asked.status_code == 422
    assert asked.json()["errors"][0]["choices"] == ["1: Read 1: 450 nm", "2: Read 2: 570 nm"]
    told = api.client.post(where, content=text, headers=CSV, params={"block": "2", "dry_run": True}).json()
    assert told["source"] == "Read 2: 570 nm"


@pytest.mark.parametrize("extension", ["png", "svg"])
def test_the_curve_of_a_candidate_is_a_picture(api: Api, address: str, extension: str) -> None:
    plate = laid_out(api, address)
    candidate_id = min(truth(api, address))
    where = f"{address}/{plate['id']}/curves/{candidate_id}.{extension}"
    assert api.client.get(where).status_code == 409
    text = long(simulated(plate["layout"], truth(api, address), noise=3.0))
    api.client.post(f"{address}/{plate['id']}/wells", content=text, headers=CSV)
    picture = api.client.get(where)
    assert picture.status_code == 200
    assert picture.content.startswith(b"\x89PNG" if extension == "png" else b"<?xml")
    assert api.client.get(where.replace(candidate_id, plate["id"])).status_code == 404


def test_files_of_instruments_need_an_environment_that_is_named(api: Api, address: str) -> None:
    plate = laid_out(api, address)
    response = api.client.post(
        f"{address}/{plate['id']}/wells", content="x", params={"vendor": "BMG_MARS"}, headers=CSV
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/vendor"
    assert "ASSAYFLOW_ALLOTROPY_PYTHON" in response.json()["detail"]
    assert "pip install allotropy" in response.json()["detail"]
