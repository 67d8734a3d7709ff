"""Uploading and reading results."""

import gzip
from typing import Any

import pytest
from api_actors import Api, Worker

from models.specs.result_metadata import RESULT_METADATA

CSV = {"Content-Type": "text/csv"}
NO_UNITS = ["no units are given for glow: its values were read in the campaign's mW"]


@pytest.fixture
def address(api: Api) -> str:
    return f"/v1/campaigns/{api.campaign()['id']}/results"


def test_json_rows_are_stored_verbatim_and_standardised(api: Api, address: str) -> None:
    rows = [
        {
            "switches": "0101",
            "type": "glow",
            "relation": "<",
            "value": 3000,
            "units": "uW",
            "external_id": "A-1",
        }
    ]
    report = api.client.post(address, json=rows)
    assert report.status_code == 200
    assert report.json()["accepted"] == 1
    assert (
        report.json()["rows"][0] | {"row": 1, "status": "accepted", "object": "0101"}
        == report.json()["rows"][0]
    )
    stored = api.client.get(address).json()["items"]
    assert len(stored) == 1
    assert stored[0]["verbatim"]["units"] == "uW"
    assert stored[0]["value"] == pytest.approx(3.0)
    assert (stored[0]["units"], stored[0]["relation"], stored[0]["external_id"]) == ("mW", "<", "A-1")
    campaign = api.client.get(address.removesuffix("/results")).json()
    assert campaign["results"] == 1


def test_csv_is_read(api: Api, address: str) -> None:
    table = "Switches,Type,Value,Outcome\n0101,glow,3,\n1111,glow,,insoluble\n"
    report = api.client.post(address, content=table, headers=CSV).json()
    assert (report["accepted"], report["rejected"]) == (2, 0)
    outcomes = {
        item["object"]: (item["outcome"], item["value"]) for item in api.client.get(address).json()["items"]
    }
    assert outcomes == {"0101": ("ok", 3.0), "1111": ("insoluble", None)}


def test_an_atomic_upload_with_a_bad_row_stores_nothing(api: Api, address: str) -> None:
    table = "switches,type,value\n0101,glow,3\nblue,glow,4\n0001,glow,bright\n"
    response = api.client.post(address, content=table, headers=CSV)
    body = response.json()
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (body["accepted"], body["rejected"]) == (1, 2)
    assert [row["status"] for row in body["rows"]] == ["accepted", "rejected", "rejected"]
    assert [(place["row"], place["column"]) for place in body["errors"]] == [(3, "switches"), (4, "value")]
    assert api.client.get(address).json()["items"] == []


def test_a_partial_upload_stores_the_good_rows(api: Api, address: str) -> None:
    rows = [
        {"switches": "0101", "type": "glow", "value": 3},
        {"switches": "blue", "type": "glow", "value": 4},
    ]
    response = api.client.post(address, json=rows, params={"mode": "partial"})
    assert (response.status_code, response.json()["accepted"], response.json()["rejected"]) == (200, 1, 1)
    assert [item["object"] for item in api.client.get(address).json()["items"]] == ["0101"]


@pytest.mark.parametrize("mode", ["atomic", "partial"])
def test_a_dry_run_reports_and_stores_nothing(api: Api, address: str, mode: str) -> None:
    rows = [{"switches": "0101", "type": "glow", "value": 3}]
    response = api.client.post(address, json=rows, params={"dry_run": "true", "mode": mode})
    assert (response.status_code, response.json()["accepted"]) == (200, 1)
    assert api.client.get(address).json()["items"] == []


def test_a_repeated_external_id_is_a_duplicate(api: Api, address: str) -> None:
    rows = [{"switches": "0101", "type": "glow", "value": 3, "external_id": "A-1"}]
    assert api.client.post(address, json=rows).json()["accepted"] == 1
    again = api.client.post(address, json=rows)
    assert again.status_code == 200
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 1)
    assert again.json()["rows"][0]["status"] == "duplicate"
    assert len(api.client.get(address).json()["items"]) == 1


def test_rows_that_are_sent_again_without_an_external_id_are_told(api: Api, address: str) -> None:
    rows = [
        {"switches": "0101", "type": "glow", "value": 3},
        {"switches": "0110", "type": "glow", "value": 3},
    ]
    assert api.client.post(address, json=rows).json()["warnings"] == NO_UNITS
    for parameters in ({"dry_run": True}, {}):
        again = api.client.post(address, json=[*rows, rows[0] | {"value": 4}], params=parameters).json()
        assert again["accepted"] == 3
        (warning,) = [text for text in again["warnings"] if text not in NO_UNITS]
        assert warning.startswith("2 results without external_id say what is stored already (rows 1, 2)")
    other = [rows[0] | {"replicate": 2}, rows[1] | {"external_id": "A-1"}]
    assert api.client.post(address, json=other).json()["warnings"] == NO_UNITS


def test_rows_that_say_the_same_as_each_other_are_warned_of(api: Api, address: str) -> None:
    rows = [{"switches": "0101", "type": "glow", "value": 3, "units": "mW"}] * 3
    report = api.client.post(address, json=[*rows, rows[0] | {"value": 4}]).json()
    assert report["accepted"] == 4
    (warning,) = report["warnings"]
    assert warning.startswith("3 results without external_id say the same as another row (rows 1, 2, 3)")
    numbered = [row | {"replicate": number, "lot": "L-2"} for number, row in enumerate(rows)]
    assert api.client.post(address, json=numbered).json()["warnings"] == []


def test_a_value_that_a_stored_bound_excludes_is_warned_of_unless_a_retest_replaces_it(api: Api) -> None:
    row = {"switches": "0101", "type": "glow", "units": "mW"}
    for policy, expected in (("join", 1), ("replace", 0)):
        campaign = api.campaign(proxies={"retests": {"glow": policy}})["id"]
        place = f"/v1/campaigns/{campaign}/results"
        api.client.post(place, json=[row | {"value": "<5"}])
        assert api.client.post(place, json=[row | {"value": 4}]).json()["warnings"] == []
        told = api.client.post(place, json=[row | {"value": 8}]).json()["rows"][0]["warnings"]
        assert len([text for text in told if "contradicts what is stored (< 5)" in text]) == expected


@pytest.mark.parametrize("mode", ["atomic", "partial"])
def test_another_result_under_a_stored_external_id_is_a_conflict_that_names_both(
    api: Api, address: str, mode: str
) -> None:
    row = {"switches": "0101", "type": "glow", "value": 3, "external_id": "A-1"}
    api.client.post(address, json=[row])
    response = api.client.post(address, json=[row | {"value": 4}], params={"mode": mode})
    assert response.status_code == (422 if mode == "atomic" else 200)
    (told,) = response.json()["rows"]
    assert (told["status"], told["column"]) == ("rejected", "external_id")
    assert "= 3 mW of 0101; here it is = 4 mW of 0101" in told["reason"]
    assert [item["value"] for item in api.client.get(address).json()["items"]] == [3]


def test_a_file_that_can_be_read_in_two_ways_is_asked_about_once(api: Api, address: str) -> None:
    table = "switches;type;value;units\n" + "0101;glow;1.234;mW\n" * 50
    asked = api.client.post(address, content=table, headers=CSV, params={"mode": "partial"})
    assert asked.status_code == 422
    (question,) = asked.json()["errors"]
    assert (question["in"], question["pointer"], question["choices"]) == (
        "query",
        "/decimal",
        ["point", "comma"],
    )
    for decimal, value in (("point", 1.234), ("comma", 1234)):
        answered = api.client.post(address, content=table, headers=CSV, params={"decimal": decimal})
        assert (answered.status_code, answered.json()["accepted"]) == (200, 50)
        assert answered.json()["reading"]["decimal"] == decimal
        assert api.client.get(address, params={"limit": 200}).json()["items"][-1]["value"] == value
        upload = answered.headers["Location"].removesuffix("/file")
        assert (
            api.client.post(f"{upload}/withdrawal", json={"reason": "read wrongly"}).json()["withdrawn"] == 50
        )
    assert api.client.post(address, content=table, headers=CSV, params={"decimal": "dot"}).status_code == 422


def test_results_are_paged_in_the_order_of_the_file(api: Api, address: str) -> None:
    rows = [{"switches": f"{index:04b}", "type": "glow", "value": index} for index in range(7)]
    api.client.post(address, json=rows)
    values, cursor = [], None
    while True:
        page = api.client.get(address, params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        values += [item["value"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert values == list(range(7))


@pytest.mark.parametrize("media_type", ["application/xml", "image/png", "", "chemical/x-mdl-sdfile"])
def test_other_formats_are_refused(api: Api, address: str, media_type: str) -> None:
    response = api.client.post(address, content=b"x", headers={"Content-Type": media_type})
    assert response.status_code == 415
    assert "text/csv" in response.json()["detail"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b'{"lines": []}', "application/json"),
        (b'[{"switches": "01", "type": "glow", "value": NaN}]', "application/json"),
        (b"[" * 50_000, "application/json"),
        (b'[{"a": "\xff"}]', "application/json"),
        (b"a,b\n\x00,1\n", "text/csv"),
        (b"\xff\xfe\xfa", "text/csv; charset=utf-8"),
        (b"", "text/csv"),
        (b"colour,taste\nred,sweet\n", "text/csv"),
    ],
)
def test_what_is_no_table_of_results_is_unprocessable(
    api: Api, address: str, content: bytes, media_type: str
) -> None:
    response = api.client.post(address, content=content, headers={"Content-Type": media_type})
    assert response.status_code == 422, response.text
    assert response.json()["errors"]
    assert api.client.get(address).json()["items"] == []


@pytest.mark.parametrize(("name", "value"), [("mode", "careless"), ("dry_run", "perhaps")])
def test_a_wrong_option_is_named(api: Api, address: str, name: str, value: Any) -> None:
    response = api.client.post(address, json=[], params={name: value})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == f"/{name}"


def test_an_upload_over_the_limit_is_too_large(api: Api, address: str) -> None:
    response = api.client.post(address, content=b"x" * 200_001, headers=CSV)
    assert response.status_code == 413
    chunks = (b"y" * 50_000 for _ in range(5))
    assert api.client.post(address, content=chunks, headers=CSV).status_code == 413
    assert (
        api.client.post(address, json=[{"switches": "0101", "type": "glow", "value": 3}]).status_code == 200
    )


def test_results_reach_their_candidates_and_complete_the_round(api: Api, worker: Worker) -> None:
    campaign = api.campaign()
    address = f"/v1/campaigns/{campaign['id']}"
    worker.finish(api.round(campaign["id"]))
    batch = api.client.get(f"{address}/rounds/1/batch").json()["candidates"]
    rows = [
        {"candidate_id": batch[0]["id"], "type": "glow", "value": 5},
        {"switches": batch[1]["object"], "type": "glow", "value": 2},
        {"candidate_id": batch[2]["id"], "type": "glow", "outcome": "failed_synthesis"},
    ]
    dry = api.client.post(f"{address}/results", json=rows, params={"dry_run": True}).json()
    report = api.client.post(f"{address}/results", json=rows).json()
    assert [row.pop("would_store")["outcome"] for row in dry["rows"]] == ["ok", "ok", "failed_synthesis"]
    assert [row.pop("would_store") for row in report["rows"]] == [None] * 3
    assert report == dry
    assert [row["candidate_id"] for row in report["rows"]] == [item["id"] for item in batch]
    after = api.client.get(f"{address}/rounds/1/batch").json()
    assert [item["status"] for item in after["candidates"]] == ["measured", "measured", "failed"]
    assert after["state"] == "completed"


def test_another_campaigns_candidate_is_rejected(api: Api, worker: Worker) -> None:
    first, second = api.campaign(), api.campaign()
    worker.finish(api.round(first["id"]))
    stranger = api.client.get(f"/v1/campaigns/{first['id']}/rounds/1/batch").json()["candidates"][0]["id"]
    rows = [{"candidate_id": stranger, "type": "glow", "value": 5}]
    response = api.client.post(f"/v1/campaigns/{second['id']}/results", json=rows)
    assert response.status_code == 422
    assert response.json()["errors"][0]["column"] == "candidate_id"


def test_a_wide_table_stores_every_objective_of_a_row(api: Api) -> None:
    objectives = [{"name": "glow", "units": "mW"}, {"name": "heat", "units": "K"}]
    address = f"/v1/campaigns/{api.campaign(objectives=objectives)['id']}/results"
    table = "switches,glow (mW),heat (K)\n0101,3,300\n1111,4,310\n"
    assert api.client.post(address, content=table, headers=CSV).json()["accepted"] == 4
    stored = [
        (item["object"], item["type"], item["value"]) for item in api.client.get(address).json()["items"]
    ]
    assert sorted(stored) == [
        ("0101", "glow", 3),
        ("0101", "heat", 300),
        ("1111", "glow", 4),
        ("1111", "heat", 310),
    ]


def test_an_object_is_found_by_the_id_that_it_was_stored_with(api: Api, address: str) -> None:
    first = "Compound ID,switches,type,value\nLAB-1,0101,glow,3\nLAB-2,0111,glow,4\n"
    assert api.client.post(address, content=first, headers=CSV).json()["accepted"] == 2
    later = "Compound ID,glow (mW)\nLAB-2,5\nLAB-3,6\n"
    report = api.client.post(address, content=later, headers=CSV, params={"mode": "partial"}).json()
    assert [(row["status"], row["object"]) for row in report["rows"]] == [
        ("accepted", "0111"),
        ("rejected", None),
    ]


def test_a_form_a_packed_file_and_lines_of_json_are_read(api: Api, address: str) -> None:
    table = b"switches,type,value\n0101,glow,3\n"
    form = {"table": ("run.csv", table, "application/vnd.ms-excel")}
    answers = [
        api.client.post(address, files=form, params={"dry_run": True}),
        api.client.post(address, content=gzip.compress(table), headers=CSV, params={"dry_run": True}),
        api.client.post(
            address,
            content=b'{"switches": "0101", "glow (mW)": 3}\n',
            headers={"Content-Type": "application/x-ndjson"},
            params={"dry_run": True},
        ),
    ]
    assert [answer.json()["rows"][0]["would_store"]["value"] for answer in answers] == [3, 3, 3]


def test_every_declared_column_is_read_stored_and_answered(api: Api, address: str) -> None:
    cells = {"text": "seven", "count": "7", "moment": "2026-03-01T08:00:00Z"}
    given = {name: cells[column.kind] for name, column in RESULT_METADATA.items()}
    report = api.client.post(address, json=[{"switches": "0101", "type": "glow", "value": 3, **given}])
    assert report.json()["accepted"] == 1
    (stored,) = api.client.get(address).json()["items"]
    assert {name: stored[name] for name in given} == given


MESSY = [
    "switches;glow (uW);comment\n0101;1.234,5;first\n1111;>12,5;\n",
    "Exported by: A. Person\n\nswitches,glow,Qualifier,UOM\n0101,3,>,mW\n1111,500,,uW\n",
    "switches,glow rep1 (mW),glow rep2 (mW),lot\n0101,3,4,007\n1111,5 ± 0.5,n.d.,8\n",
    "switches,type,value,units,external_id\n0101,glow,10-20,mW,R-1\n1111,glow,insoluble,,R-2\n0111,heat,3,K,R-3\n",
    "switches,glow,units,compound_id\n0101,3,mW,L-1\n,4,mW,L-1\n",
]


@pytest.mark.parametrize("text", MESSY)
def test_a_dry_run_shows_what_is_stored_afterwards(api: Api, address: str, text: str) -> None:
    tried = api.client.post(address, content=text, headers=CSV, params={"dry_run": "true"}).json()
    stored = api.client.post(address, content=text, headers=CSV).json()
    assert (tried["accepted"], tried["rejected"]) == (stored["accepted"], 0)
    would = [
        {"object": row["object"], **row["would_store"]}
        for row in tried["rows"]
        if row["status"] == "accepted"
    ]
    items = api.client.get(address).json()["items"]
    kept = [{name: item[name] for name in each} for each, item in zip(would, items, strict=True)]
    assert sorted(map(str, kept)) == sorted(map(str, would))


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_fractions_in_a_campaign_of_percent_are_a_question_of_the_file(api: Api, dry_run: str) -> None:
    campaign = api.campaign(objectives=[{"name": "glow", "units": "%"}])
    address = f"/v1/campaigns/{campaign['id']}/results"
    table = "switches,glow\n0101,0.45\n1111,0.9\n"
    response = api.client.post(address, content=table, headers=CSV, params={"dry_run": dry_run})
    assert response.status_code == 422
    assert response.json()["errors"][0]["choices"] == ['{"glow": "glow (%)"}', '{"glow": "glow (fraction)"}']
    assert api.client.get(address).json()["items"] == []
