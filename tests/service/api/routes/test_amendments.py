"""Correcting and withdrawing results, and files as they were sent."""

import gzip
import hashlib
from typing import Any

import httpx
import pytest
from api_actors import SPEC, Api, Worker, judged
from sqlalchemy import select

from service.store.session import Sessions
from service.store.tables import Blob

CSV = {"Content-Type": "text/csv"}
ROWS = [
    {"switches": "0101", "type": "glow", "value": 3, "units": "mW", "external_id": "A-1"},
    {"switches": "0110", "type": "glow", "value": 4, "units": "mW", "external_id": "A-2"},
]


@pytest.fixture
def campaign(api: Api) -> str:
    return f"/v1/campaigns/{api.campaign()['id']}"


@pytest.fixture
def stored(api: Api, campaign: str) -> list[dict[str, Any]]:
    assert api.client.post(f"{campaign}/results", json=ROWS).json()["accepted"] == 2
    return results(api, campaign)


def results(api: Api, campaign: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.client.get(f"{campaign}/results", params=query).json()["items"]
    return items


def upload_of(response: httpx.Response) -> str:
    """Return the id of the upload that was stored."""
    assert response.status_code == 200, response.text
    return response.headers["Location"].split("/")[-2]


def told(items: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(item["external_id"], item["value"], item["status"]) for item in items]


def test_a_correction_says_what_is_otherwise_why_by_whom_and_when(
    api: Api, campaign: str, stored: list[dict[str, Any]]
) -> None:
    address = f"{campaign}/results/{stored[0]['id']}/correction"
    response = api.client.post(address, json={"row": {"value": "<5000", "units": "uW"}, "reason": "misread the axis"})
    assert response.status_code == 201, response.text
    made = response.json()
    assert (made["value"], made["relation"], made["units"], made["object"]) == (5.0, "<", "mW", "0101")
    assert (made["external_id"], made["revision"], made["verbatim"]["units"]) == ("A-1", 1, "uW")
    assert (made["status"], made["supersedes"]) == ("current", stored[0]["id"])
    read = api.client.get(response.headers["Location"])
    assert read.json() == made
    before = api.client.get(f"{campaign}/results/{stored[0]['id']}").json()
    assert (before["value"], before["status"], before["superseded_by"]) == (3.0, "corrected", made["id"])
    assert before["status_reason"] == "misread the axis"
    assert before["status_by"]
    assert before["status_at"]
    assert before["history"] == made["history"]
    assert [item["kind"] for item in made["history"]] == ["correction"]
    assert told(results(api, campaign)) == [
        ("A-1", 3.0, "corrected"),
        ("A-2", 4.0, "current"),
        ("A-1", 5.0, "current"),
    ]
    assert told(results(api, campaign, status="current")) == [("A-2", 4.0, "current"), ("A-1", 5.0, "current")]
    assert api.client.get(campaign).json()["results"] == 2


@pytest.mark.parametrize(
    ("row", "pointer", "text"),
    [
        ({}, "/row", "at least 1"),
        ({"colour": "red"}, "/row/colour", "no 'colour'"),
        ({"units": "uW"}, "/row/units", "give both"),
        ({"value": 3, "units": "mW"}, "/row", "otherwise"),
        ({"value": 3, "Value": 4}, "/row/Value", "twice"),
    ],
)
def test_a_correction_that_says_nothing_or_too_much_is_refused_at_its_place(
    api: Api, campaign: str, stored: list[dict[str, Any]], row: dict[str, Any], pointer: str, text: str
) -> None:
    address = f"{campaign}/results/{stored[0]['id']}/correction"
    response = api.client.post(address, json={"row": row, "reason": "typo"})
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert error["pointer"] == pointer
    assert text in error["detail"]
    assert told(results(api, campaign)) == [("A-1", 3.0, "current"), ("A-2", 4.0, "current")]


def test_a_row_that_cannot_be_read_corrects_nothing(api: Api, campaign: str, stored: list[dict[str, Any]]) -> None:
    address = f"{campaign}/results/{stored[0]['id']}/correction"
    for row in ({"value": "bright"}, {"switches": "blue"}, {"value": None}, {"measured_at": "yesterday"}):
        response = api.client.post(address, json={"row": row, "reason": "typo"})
        assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["column"] == "measured_at"
    assert api.client.post(address, json={"row": {"value": 5}}).status_code == 422
    assert api.client.post(address, json={"row": {"value": 5}, "reason": " "}).status_code == 422
    assert told(results(api, campaign)) == [("A-1", 3.0, "current"), ("A-2", 4.0, "current")]


def test_a_correction_can_change_traits_the_object_and_the_outcome(
    api: Api, campaign: str, stored: list[dict[str, Any]]
) -> None:
    def correct(result_id: str, **row: Any) -> dict[str, Any]:
        address = f"{campaign}/results/{result_id}/correction"
        answer = api.client.post(address, json={"row": row, "reason": "typo"})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    lot = correct(stored[0]["id"], lot="L-7", relation=">")
    assert (lot["lot"], lot["relation"], lot["value"], lot["units"]) == ("L-7", ">", 3.0, "mW")
    moved = correct(lot["id"], switches="1111", lot=None)
    assert (moved["object"], moved["lot"], moved["value"], moved["relation"]) == ("1111", None, 3.0, ">")
    failed = correct(moved["id"], outcome="failed_qc")
    assert (failed["outcome"], failed["value"], failed["object"]) == ("failed_qc", None, "1111")
    assert [item["kind"] for item in failed["history"]] == ["correction"] * 3


def test_a_file_that_corrects_takes_the_place_of_what_its_external_ids_stand_for(
    api: Api, campaign: str, stored: list[dict[str, Any]]
) -> None:
    rows = [ROWS[0] | {"value": 30}, ROWS[1], {"switches": "1111", "type": "glow", "value": 9, "external_id": "A-3"}]
    query = {"on_conflict": "correct", "reason": "diluted"}
    dry = api.client.post(f"{campaign}/results", json=rows, params={**query, "dry_run": True}).json()
    assert [row["corrects"] for row in dry["rows"]] == [stored[0]["id"], None, None]
    assert told(results(api, campaign)) == [("A-1", 3.0, "current"), ("A-2", 4.0, "current")]
    refused = api.client.post(f"{campaign}/results", json=rows)
    assert refused.status_code == 422
    report = api.client.post(f"{campaign}/results", json=rows, params=query).json()
    assert [row["status"] for row in report["rows"]] == ["accepted", "duplicate", "accepted"]
    assert "corrects the stored = 3 mW of 0101 by = 30 mW of 0101" in report["rows"][0]["warnings"][-1]
    assert told(results(api, campaign, status="current")) == [
        ("A-2", 4.0, "current"),
        ("A-1", 30.0, "current"),
        ("A-3", 9.0, "current"),
    ]
    (corrected,) = results(api, campaign, status="corrected")
    assert (corrected["id"], corrected["status_reason"]) == (stored[0]["id"], "diluted")
    again = api.client.post(f"{campaign}/results", json=rows, params=query).json()
    assert again["duplicates"] == 3


def test_a_reason_without_a_correction_is_refused(api: Api, campaign: str) -> None:
    refused = api.client.post(f"{campaign}/results", json=ROWS, params={"reason": "diluted"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/reason"
    assert results(api, campaign) == []


def test_a_file_does_not_correct_itself(api: Api, campaign: str) -> None:
    rows = [ROWS[0], ROWS[0] | {"value": 9}]
    response = api.client.post(f"{campaign}/results", json=rows, params={"on_conflict": "correct"})
    assert response.status_code == 422
    assert response.json()["rows"][1]["status"] == "rejected"


def test_a_withdrawal_is_kept_with_its_reason_and_replayed_by_its_key(
    api: Api, campaign: str, stored: list[dict[str, Any]]
) -> None:
    address = f"{campaign}/results/{stored[0]['id']}/withdrawal"
    headers = {"Idempotency-Key": "w-1"}
    first = api.client.post(address, json={"reason": "wrong plate"}, headers=headers)
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["status_reason"]) == ("withdrawn", "wrong plate")
    assert api.client.post(address, json={"reason": "wrong plate"}, headers=headers).json() == first.json()
    assert api.client.post(address, json={"reason": "another"}, headers=headers).status_code == 422
    assert api.client.post(address, json={"reason": "wrong plate"}).status_code == 409
    for reason in ({}, {"reason": ""}, {"reason": "x", "why": "y"}):
        assert api.client.post(address, json=reason).status_code == 422
    assert told(results(api, campaign, status="withdrawn")) == [("A-1", 3.0, "withdrawn")]
    assert api.client.get(campaign).json()["results"] == 1
    again = api.client.post(f"{campaign}/results", json=ROWS).json()
    assert [row["status"] for row in again["rows"]] == ["accepted", "duplicate"]


def test_a_round_says_what_changed_since_and_the_next_reads_it(api: Api, campaign: str, worker: Worker) -> None:
    stored = upload_of(api.client.post(f"{campaign}/results", json=ROWS))
    first, second = results(api, campaign)
    worker.finish(api.round(campaign.rsplit("/", 1)[1]))
    before = api.client.get(f"{campaign}/rounds/1")
    assert before.json()["results_changed_since"] == {"withdrawn": 0, "corrected": 0}
    api.client.post(f"{campaign}/results/{first['id']}/withdrawal", json={"reason": "wrong plate"})
    api.client.post(f"{campaign}/results/{second['id']}/correction", json={"row": {"value": 8}, "reason": "typo"})
    after = api.client.get(f"{campaign}/rounds/1")
    assert after.json()["results_changed_since"] == {"withdrawn": 1, "corrected": 1}
    assert after.headers["ETag"] != before.headers["ETag"]
    worker.finish(api.round(campaign.rsplit("/", 1)[1]), objects=("0001",))
    listed = api.client.get(f"{campaign}/rounds").json()["items"]
    assert [item["results_changed_since"] for item in listed] == [
        {"withdrawn": 0, "corrected": 0},
        {"withdrawn": 1, "corrected": 1},
    ]
    withdrawal = f"{campaign}/uploads/{stored}/withdrawal"
    assert api.client.post(withdrawal, json={"reason": "another file"}).status_code == 409


def test_a_file_is_kept_byte_for_byte_with_its_name_and_what_was_not_read(
    api: Api, campaign: str, sessions: Sessions
) -> None:
    content = ("switches;type;value;units;Operator name;colour\n" + "0101;glow;3,5;mW;Müller;=1+1\n" * 40).encode(
        "cp1252"
    )
    query = {"filename": "Platte 7 (März).csv"}
    headers = {"Content-Type": "text/csv; charset=windows-1252"}
    upload = upload_of(api.client.post(f"{campaign}/results", content=content, headers=headers, params=query))
    address = f"{campaign}/uploads/{upload}"
    file = api.client.get(f"{address}/file")
    assert file.content == content
    assert file.headers["Content-Type"] == "text/csv; charset=windows-1252"
    assert file.headers["Content-Disposition"] == 'attachment; filename="platte-7-m-rz.csv"'
    digest = hashlib.sha256(content).hexdigest()
    assert file.headers["ETag"] == f'"{digest}"'
    (listed,) = api.client.get(f"{campaign}/uploads/files").json()["items"]
    assert (listed["id"], listed["sha256"], listed["bytes"]) == (upload, digest, len(content))
    assert (listed["filename"], listed["n_accepted"], listed["n_withdrawn"]) == ("Platte 7 (März).csv", 40, 0)
    assert listed["api_key_id"]
    first = results(api, campaign, limit=1)[0]
    assert first["other_columns"] == {"Operator name": "Müller", "colour": "=1+1"}
    assert first["verbatim"]["switches"] == "0101"
    with sessions() as session:
        packed = session.scalars(select(Blob.content).where(Blob.sha256 == digest)).one()
    assert len(packed) < len(content)
    assert gzip.decompress(packed) == content


def test_the_same_bytes_twice_are_noticed_and_only_what_is_new_is_taken(api: Api, campaign: str) -> None:
    table = "switches,type,value,units\n0101,glow,1,mW\n0110,glow,2,mW\n0101,glow,1,mW\n"

    def post(**query: Any) -> Any:
        return api.client.post(f"{campaign}/results", content=table, headers=CSV, params=query)

    dry = post(dry_run=True)
    assert not [text for text in dry.json()["warnings"] if "same bytes" in text]
    posted = post(filename="plate.csv")
    assert posted.json()["accepted"] == 3
    first = upload_of(posted)
    refused = post()
    assert refused.status_code == 409
    assert f"upload {first} (plate.csv)" in refused.json()["detail"]
    assert "?again=true" in refused.json()["detail"]
    dry = post(dry_run=True)
    assert dry.status_code == 200
    assert [text for text in dry.json()["warnings"] if first in text]
    again = post(again=True)
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 3)
    assert "Location" not in again.headers
    (one, *_) = results(api, campaign)
    api.client.post(f"{campaign}/results/{one['id']}/withdrawal", json={"reason": "by mistake"})
    again = post(again=True).json()
    assert (again["accepted"], again["duplicates"]) == (1, 2)
    assert len(results(api, campaign, status="current")) == 3
    elsewhere = f"/v1/campaigns/{api.campaign()['id']}/results"
    assert api.client.post(elsewhere, content=table, headers=CSV).status_code == 200


def test_a_withdrawn_upload_can_be_sent_anew(api: Api, campaign: str) -> None:
    rows = [{"switches": "0101", "type": "glow", "value": 1}]
    first = upload_of(api.client.post(f"{campaign}/results", json=rows))
    assert api.client.post(f"{campaign}/results", json=rows).status_code == 409
    withdrawn = api.client.post(f"{campaign}/uploads/{first}/withdrawal", json={"reason": "too early"})
    assert (withdrawn.status_code, withdrawn.json()) == (201, {"upload_id": first, "withdrawn": 1})
    assert api.client.post(f"{campaign}/results", json=rows).status_code == 200
    assert [item["n_withdrawn"] for item in api.client.get(f"{campaign}/uploads/files").json()["items"]] == [0, 1]


def test_nothing_is_kept_of_a_dry_run_or_of_what_was_refused(api: Api, campaign: str) -> None:
    rows = [{"switches": "0101", "type": "glow", "value": 1}]
    api.client.post(f"{campaign}/results", json=rows, params={"dry_run": True})
    api.client.post(f"{campaign}/results", json=[*rows, {"switches": "blue", "type": "glow", "value": 1}])
    assert api.client.get(f"{campaign}/uploads/files").json()["items"] == []


def test_another_workspace_finds_nothing_and_a_reader_amends_nothing(
    api: Api, campaign: str, stored: list[dict[str, Any]], new_key: Any, open_client: Any
) -> None:
    upload, result = stored[0]["upload_id"], stored[0]["id"]
    stranger = open_client(new_key()[0])
    why = {"reason": "mine"}
    own = f"/v1/campaigns/{stranger.post('/v1/campaigns', json=SPEC).json()['id']}"
    for place in (campaign, own):
        assert stranger.get(f"{place}/results/{result}").status_code == 404
        assert stranger.get(f"{place}/uploads/{upload}/file").status_code == 404
        assert stranger.post(f"{place}/results/{result}/withdrawal", json=why).status_code == 404
        assert stranger.post(f"{place}/uploads/{upload}/withdrawal", json=why).status_code == 404
        correction = {**why, "row": {"value": 1}}
        assert stranger.post(f"{place}/results/{result}/correction", json=correction).status_code == 404
    assert stranger.get(f"{campaign}/uploads/files").status_code == 404
    assert told(results(api, campaign)) == [("A-1", 3.0, "current"), ("A-2", 4.0, "current")]
    key, _ = new_key("read")
    reader = open_client(key)
    assert reader.post(f"{own}/results/{result}/withdrawal", json=why).status_code == 403
    archived = api.client.post(f"{campaign}/archive")
    assert archived.status_code == 200
    assert api.client.post(f"{campaign}/results/{result}/withdrawal", json=why).status_code == 409


def test_the_id_that_a_laboratory_gave_an_object_goes_with_its_results_and_predictions(
    api: Api, campaign: str, worker: Worker
) -> None:
    table = "Compound ID,switches,type,value,units\nLAB-0001,1010,glow,1,mW\n,1010,glow,2,mW\n,1111,glow,3,mW\n"
    assert api.client.post(f"{campaign}/results", content=table, headers=CSV).json()["accepted"] == 3
    found = [(item["object"], item["compound_id"]) for item in results(api, campaign)]
    assert found == [("1010", "LAB-0001"), ("1010", "LAB-0001"), ("1111", None)]
    asked = api.client.post(f"{campaign}/predictions", json={"objects": [{"switches": "1010"}, {"switches": "1111"}]})
    worker.answer(asked.json(), {"rows": [judged(1, "1010"), judged(2, "1111")]})
    address = asked.headers["Location"]
    assert [row["compound_id"] for row in api.client.get(address).json()["rows"]] == ["LAB-0001", None]
    table = api.client.get(address, params={"format": "csv"}).text.splitlines()
    assert [line.split(",")[:3] for line in table] == [
        ["row", "compound_id", "switches"],
        ["1", "LAB-0001", "1010"],
        ["2", "", "1111"],
    ]
    worker.finish(api.round(campaign.rsplit("/", 1)[1]), objects=("1010", "0001"), purpose="control")
    batch = api.client.get(f"{campaign}/rounds/1/batch").json()["candidates"]
    assert [item["compound_id"] for item in batch] == ["LAB-0001", None]
    assert api.client.get(f"/v1/candidates/{batch[0]['id']}").json()["compound_id"] == "LAB-0001"
    (first, *_) = results(api, campaign)
    api.client.post(f"{campaign}/results/{first['id']}/withdrawal", json={"reason": "another compound"})
    assert api.client.get(address).json()["rows"][0]["compound_id"] is None
    again = api.client.post(f"{campaign}/results", json=[{"Compound ID": "LAB-0001", "type": "glow", "value": 1}])
    assert again.status_code == 422
