"""Asking for a campaign to be replayed on a measured table."""

import itertools
import json
from typing import Any

import pytest
from api_actors import Api, Worker

SPEC = {"name": "Replayed", "domain": {"kind": "switches", "n": 4}, "objectives": [{"name": "glow"}]}
TEXTS = ["".join(bits) for bits in itertools.product("01", repeat=4)]
ROWS = [{"switches": text, "glow": text.count("1")} for text in TEXTS]
CSV = "switches,glow\n" + "".join(f"{text},{text.count('1')}\n" for text in TEXTS)
PLAN = {"rounds": 2, "batch_size": 2, "initial": 4, "seeds": 2, "methods": ["random", "greedy"]}
BODY = {"spec": SPEC, "table": ROWS, **PLAN}


@pytest.mark.parametrize("table", [ROWS, CSV], ids=["rows", "csv"])
def test_a_backtest_is_accepted_with_its_table(api: Api, table: Any) -> None:
    response = api.client.post("/v1/backtests", json={**BODY, "table": table})
    assert response.status_code == 202, response.text
    told = response.json()
    assert response.headers["Location"] == f"/v1/backtests/{told['id']}"
    assert (told["state"], told["result"], told["objects"]) == ("queued", None, 16)
    assert {name: told["request"][name] for name in PLAN} == PLAN
    assert told["request"]["spec"]["name"] == "Replayed"
    assert (told["report"]["accepted"], told["report"]["rows"]) == (16, [])
    read = api.client.get(response.headers["Location"])
    assert read.json() == told
    assert read.headers["ETag"]


def test_a_form_says_the_same(api: Api) -> None:
    fields = {name: str(value) for name, value in PLAN.items() if name != "methods"} | {
        "methods": "random, greedy"
    }
    files = {"table": ("table.csv", CSV.encode(), "text/csv")}
    response = api.client.post("/v1/backtests", data={**fields, "spec": json.dumps(SPEC)}, files=files)
    assert response.status_code == 202, response.text
    assert {name: response.json()["request"][name] for name in PLAN} == PLAN
    as_file = {**files, "spec": ("spec.json", json.dumps(SPEC).encode(), "application/json")}
    assert api.client.post("/v1/backtests", data=fields, files=as_file).json()["objects"] == 16
    excel = {"table": ("table.csv", CSV.encode(), "application/vnd.ms-excel")}
    assert (
        api.client.post("/v1/backtests", data={**fields, "spec": json.dumps(SPEC)}, files=excel).status_code
        == 202
    )


def test_rows_that_are_no_results_are_told(api: Api) -> None:
    rows = [*ROWS, {"switches": "12", "glow": 1}, {"switches": "1111", "glow": "bright"}]
    told = api.client.post("/v1/backtests", json={**BODY, "table": rows}).json()
    assert (told["objects"], told["report"]["accepted"], told["report"]["rejected"]) == (16, 16, 2)
    assert [(row["row"], row["column"]) for row in told["report"]["rows"]] == [(17, "switches"), (18, "glow")]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rounds": 0}, "/rounds"),
        ({"methods": ["random", "luck"]}, "/methods/1"),
        ({"colour": "red"}, "/colour"),
        ({"initial": 16}, "/initial"),
        ({"table": 5}, "/table"),
        ({"table": [{"switches": "12", "glow": 1}]}, "/table"),
        (
            {"spec": {**SPEC, "objectives": [{"name": "glow", "direction": "up"}]}},
            "/spec/objectives/0/direction",
        ),
        ({"spec": None}, "/spec"),
    ],
)
def test_everything_is_checked_before_it_waits(api: Api, change: dict[str, Any], pointer: str) -> None:
    response = api.client.post("/v1/backtests", json={**BODY, **change})
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert api.client.get("/v1/backtests").json()["items"] == []


def test_a_table_that_says_nothing_of_the_campaign_is_refused_with_its_rows(api: Api) -> None:
    bad = api.client.post("/v1/backtests", json={**BODY, "table": "switches,glow\n12,1\n"})
    assert bad.status_code == 422
    assert {"row": 2, "column": "switches"}.items() <= bad.json()["errors"][1].items()
    no_column = api.client.post("/v1/backtests", json={**BODY, "table": "switches,warmth\n1111,1\n"})
    assert (no_column.status_code, "glow" in no_column.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"\xff", "application/json", 422),
        (CSV.encode(), "text/csv", 415),
        (b"x", "multipart/form-data", 422),
        (b"x", "multipart/form-data; boundary=y", 422),
        (
            b'--y\r\nContent-Disposition: form-data; name="table"\r\n\r\nno file\r\n--y--',
            "multipart/form-data; boundary=y",
            422,
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(api: Api, content: bytes, media_type: str, status: int) -> None:
    response = api.client.post("/v1/backtests", content=content, headers={"Content-Type": media_type})
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_finished_backtest_has_figures_and_a_picture(api: Api, worker: Worker) -> None:
    told = api.client.post("/v1/backtests", json=BODY).json()
    address = f"/v1/backtests/{told['id']}"
    assert api.client.get(address, params={"format": "svg"}).status_code == 409
    curves = [{"method": "random", "round": 1, "seeds": 1, "hits": 2.0, "hits_half": None}]
    answer = {"objects": 16, "rows_rejected": 0, "curves": curves, "rows": []}
    worker.answer(told, {"answer": answer, "picture": "<svg/>"})
    done = api.client.get(address).json()
    assert (done["state"], done["result"]) == ("succeeded", answer)
    drawn = api.client.get(address, headers={"Accept": "image/svg+xml"})
    assert (drawn.headers["Content-Type"], drawn.text) == ("image/svg+xml", "<svg/>")
    assert api.client.get(address, params={"format": "png"}).status_code == 406


def test_a_backtest_happens_once_is_cancelled_and_belongs_to_its_workspace(
    api: Api, new_key: Any, open_client: Any
) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (api.client.post("/v1/backtests", json=BODY, headers=headers).json() for _ in range(2))
    assert first["id"] == second["id"]
    address = f"/v1/backtests/{first['id']}"
    stranger = open_client(new_key()[0])
    assert stranger.get(address).status_code == stranger.post(f"{address}/cancel").status_code == 404
    assert stranger.get("/v1/backtests").json()["items"] == []
    assert [item["id"] for item in api.client.get("/v1/backtests").json()["items"]] == [first["id"]]
    assert api.client.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert api.client.post(f"{address}/cancel").status_code == 409
    reader = open_client(new_key("read")[0])
    assert reader.post("/v1/backtests", json=BODY).status_code == 403


def test_a_list_tells_backtests_without_their_specifications(api: Api) -> None:
    made = api.client.post("/v1/backtests", json=BODY).json()
    (item,) = api.client.get("/v1/backtests").json()["items"]
    assert item["request"] == {name: value for name, value in made["request"].items() if name != "spec"}
    assert item["name"] == made["request"]["spec"]["name"]
    assert {name: item[name] for name in ("id", "state", "created_at")} == {
        name: made[name] for name in ("id", "state", "created_at")
    }
