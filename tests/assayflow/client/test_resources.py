"""What each call sends, and what it returns."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from scripted_api import Kind, client_of, event, play

from assayflow import AssayflowError, ComputationError
from assayflow.client.frames import MEDIA_TYPES, flat
from assayflow.client.resources.plates import PlateAddress, PlateFile, WellsChoices
from service.exchange import media_types_by_extension

CANDIDATE: dict[str, Any] = {
    "id": "k",
    "rank": 1,
    "columns": {"smiles": "CCO"},
    "predictions": {"glow": {"mean": 2.0, "sd": 0.5, "low": 1.0, "high": 3.0}},
    "computed": {"weight": 46.0},
    "condition": {"beta": 8.0, "preference": {"glow": 1.0}},
    "nearest_measured": None,
}


class Recorder:
    """Answers everything with the same body, and keeps the requests."""

    def __init__(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._body = body
        self._status = status
        self._headers = headers or {}
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        content = {"content": self._body} if isinstance(self._body, bytes) else {"json": self._body}
        return httpx.Response(self._status, headers=self._headers, **content)

    @property
    def lines(self) -> list[str]:
        return [f"{each.method} {each.url.raw_path.decode().removeprefix('/v1')}" for each in self.sent]


REPORT = {"accepted": 1, "rejected": 0, "rows": []}


def test_all_pages_are_read_while_they_are_iterated(kind: Kind) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["status"] == "current"
        is_second = request.url.params.get("cursor") == "next"
        return httpx.Response(
            200, json={"items": [{"id": 2 if is_second else 1}], "next_cursor": None if is_second else "next"}
        )

    rows = play(kind, answer, lambda client: client.results.list("c", "current").all())
    assert [row["id"] for row in rows] == [1, 2]
    assert rows.to_pandas()["id"].tolist() == [1, 2]
    frame = play(kind, answer, lambda client: client.results.list("c", "current").to_pandas())
    assert frame["id"].tolist() == [1, 2]


def test_an_upload_says_how_it_is_read(kind: Kind, tmp_path: Path) -> None:
    table = tmp_path / "plates.csv"
    table.write_text("smiles,glow\nCCO,1\n")
    service = Recorder(REPORT)

    def upload(client: Any) -> Any:
        return client.results.upload(
            "c", table, dry_run=True, mode="partial", reading="reader 7", decimal="comma",
            columns={"glow": "IC50 (uM)"}, sheet=None,
        )  # fmt: skip

    assert play(kind, service, upload) == REPORT
    [request] = service.sent
    query = dict(request.url.params)
    assert json.loads(query.pop("columns")) == {"glow": "IC50 (uM)"}
    assert query == {
        "dry_run": "true", "mode": "partial", "reading": "reader 7", "decimal": "comma",
        "filename": "plates.csv",
    }  # fmt: skip
    assert request.headers["Content-Type"] == "text/csv"
    assert request.content == table.read_bytes()


def test_a_data_frame_is_uploaded_as_rows(kind: Kind) -> None:
    frame = pd.DataFrame(
        {
            "smiles": ["CCO", "CC"],
            "value": [np.float64(1.5), np.nan],
            "replicate": pd.array([1, None], dtype="Int64"),
            "measured_at": [pd.Timestamp("2026-01-05"), pd.NaT],
        }
    )
    service = Recorder(REPORT)
    play(kind, service, lambda client: client.results.upload("c", frame))
    assert service.sent[0].headers["Content-Type"] == "application/json"
    assert json.loads(service.sent[0].content) == [
        {"smiles": "CCO", "value": 1.5, "replicate": 1, "measured_at": "2026-01-05T00:00:00"},
        {"smiles": "CC"},
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame([[1, 2]], columns=["value", "value"]), "two columns 'value'"),
        ([{"value": float("inf")}], "a number that JSON does not have"),
        ([{"value": object()}], "no cell of a table"),
        ("results.docx", r"a table ends in \.csv"),
    ],
)
def test_a_table_that_cannot_be_sent_is_refused_before(table: Any, said: str, tmp_path: Path) -> None:
    service = Recorder(REPORT)
    given = tmp_path / table if isinstance(table, str) else table
    if isinstance(table, str):
        given.touch()
    with client_of(service) as client, pytest.raises(AssayflowError, match=said):
        client.results.upload("c", given)
    assert service.sent == []


def test_dates_and_numbers_of_numpy_are_plain() -> None:
    service = Recorder(REPORT)
    with client_of(service) as client:
        client.results.upload("c", [{"value": np.int64(3), "measured_at": dt.date(2026, 1, 5)}])
    assert json.loads(service.sent[0].content) == [{"value": 3, "measured_at": "2026-01-05"}]


def test_the_endings_of_tables_are_those_that_the_service_reads() -> None:
    assert media_types_by_extension() == MEDIA_TYPES


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_a_long_upload_is_followed_to_its_report(kind: Kind, state: str) -> None:
    requested: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requested.append(f"{request.method} {request.url.path}")
        job = {"id": "7", "state": "queued", "progress": 0.0, "message": "waiting", "failure": None}
        if request.method == "POST":
            return httpx.Response(202, json=job)
        if request.url.path.endswith("/events"):
            return httpx.Response(200, text=event(1, state))
        over = {"state": state, "report": REPORT} if len(requested) > 3 else {}
        failure = {
            "title": "The payload is not valid",
            "detail": "no column",
            "errors": [{"row": 2, "detail": "x"}],
        }
        return httpx.Response(200, json={**job, **over, "failure": failure if state == "failed" else None})

    def upload(client: Any) -> Any:
        return client.results.upload("c", b"smiles,glow\nCCO,1\n")

    if state == "succeeded":
        assert play(kind, answer, upload) == REPORT
    else:
        with pytest.raises(ComputationError, match=r"upload failed: .*(no column|row 2)") as raised:
            play(kind, answer, upload)
        assert raised.value.rows == [{"row": 2, "detail": "x"}]
    assert requested[:3] == [
        "POST /v1/campaigns/c/results",
        "GET /v1/campaigns/c/uploads/7",
        "GET /v1/campaigns/c/uploads/7/events",
    ]


def test_amendments_are_sent_once_with_their_reason(kind: Kind) -> None:
    service = Recorder({"id": "new", "withdrawn": 3}, 201)
    play(kind, service, lambda client: client.results.correct("c", "r", {"value": 3}, "typo"))
    play(kind, service, lambda client: client.results.withdraw("c", "r", "typo"))
    told = play(kind, service, lambda client: client.uploads.withdraw("c", "u", "typo"))
    assert told["withdrawn"] == 3
    assert service.lines == [
        "POST /campaigns/c/results/r/correction",
        "POST /campaigns/c/results/r/withdrawal",
        "POST /campaigns/c/uploads/u/withdrawal",
    ]
    assert json.loads(service.sent[0].content) == {"row": {"value": 3}, "reason": "typo"}
    assert all(request.headers["Idempotency-Key"] for request in service.sent)


def test_a_decision_is_sent_with_the_version_that_was_read(kind: Kind) -> None:
    service = Recorder({"id": "k", "status": "rejected"}, headers={"ETag": '"3"'})
    told = play(
        kind,
        service,
        lambda client: client.candidates.decide("k", "rejected", "toxic", analogues=True, similarity=0.6),
    )
    assert told["status"] == "rejected"
    read, decided = service.sent
    assert (read.method, decided.method, decided.headers["If-Match"]) == ("GET", "PATCH", '"3"')
    decision = {"status": "rejected", "reason": "toxic", "analogues": True, "similarity": 0.6}
    assert json.loads(decided.content) == decision


def test_a_revoked_key_is_deleted_with_its_version(kind: Kind) -> None:
    service = Recorder({"id": "k"}, headers={"ETag": '"3"'})
    play(kind, service, lambda client: client.keys.revoke("k"))
    assert service.lines == ["GET /api-keys/k", "DELETE /api-keys/k"]
    assert service.sent[1].headers["If-Match"] == '"3"'


@pytest.mark.parametrize(
    ("name", "sent", "expected"), [("order", "csv", "batch.order.csv"), ("csv", "csv", "batch.csv")]
)
def test_a_file_has_the_extension_that_programs_know(
    kind: Kind, tmp_path: Path, name: str, sent: str, expected: str
) -> None:
    headers = {"Content-Disposition": f'attachment; filename="films-round-1.{sent}"'}
    service = Recorder(b"a,b", headers=headers)
    path = play(
        kind, service, lambda client: client.batches.download("c", 1, name, tmp_path / f"batch.{name}")
    )
    assert path == tmp_path / expected
    assert path.read_bytes() == b"a,b"


def test_candidates_are_a_frame_with_the_columns_of_a_downloaded_csv(kind: Kind) -> None:
    service = Recorder({"candidates": [CANDIDATE]})
    rows = play(kind, service, lambda client: client.batches.candidates("c", 1))
    frame = rows.to_pandas()
    names = ["smiles", "glow_mean", "glow_high", "weight", "beta", "preference_glow"]
    assert frame.loc[0, names].tolist() == [
        "CCO", 2.0, 3.0, 46.0, 8.0, 1.0,
    ]  # fmt: skip
    assert flat({**CANDIDATE, "condition": None, "nearest_measured": {"object": "C", "similarity": 0.5}})[
        "nearest_similarity"
    ] == pytest.approx(0.5)


def test_own_objects_are_sent_as_rows_of_the_member_objects(kind: Kind) -> None:
    service = Recorder(
        {"id": "j", "state": "succeeded", "failure": None, "progress": 1.0, "message": "", "rows": []}
    )
    play(kind, service, lambda client: client.predictions.run("c", [{"smiles": "CCO"}], mode="partial"))
    assert json.loads(service.sent[0].content) == {"objects": [{"smiles": "CCO"}]}
    assert service.sent[0].url.params["mode"] == "partial"


def test_thresholds_of_insights_keep_their_digits(kind: Kind) -> None:
    service = Recorder({"statements": []})
    play(kind, service, lambda client: client.insights.get("c", {"glow": 0.1}))
    assert service.sent[0].url.params.get_list("threshold") == ["glow:0.1"]


def plates(request: httpx.Request) -> httpx.Response:
    """A campaign of two rounds; the first has two pages of plates, the second one plate."""
    if not request.url.path.endswith("/plates"):
        return httpx.Response(200, json={"rounds": 2})
    if "/rounds/2/" in request.url.path:
        return httpx.Response(200, json={"items": [{"id": "c", "name": "P-3"}], "next_cursor": None})
    is_second = request.url.params.get("cursor") == "next"
    item = {"id": "b", "name": "P-2"} if is_second else {"id": "a", "name": "P-1"}
    return httpx.Response(200, json={"items": [item], "next_cursor": None if is_second else "next"})


@pytest.mark.parametrize(("plate", "where"), [("P-1", (1, "a")), ("b", (1, "b")), ("P-3", (2, "c"))])
def test_a_plate_is_found_by_name_and_by_id_in_every_round(
    kind: Kind, plate: str, where: tuple[int, str]
) -> None:
    at = play(kind, plates, lambda client: client.plates.find("x", plate))
    assert at == PlateAddress("x", *where)


def test_a_plate_of_another_round_is_not_found_in_this_one() -> None:
    with client_of(plates) as client:
        with pytest.raises(AssayflowError, match="round 2 has no plate P-1"):
            client.plates.find("x", "P-1", 2)
        with pytest.raises(AssayflowError, match="the campaign has no plate P-9"):
            client.plates.find("x", "P-9")


def test_choices_that_are_not_made_are_left_to_the_service(kind: Kind) -> None:
    service = Recorder({})
    at, file = PlateAddress("x", 1, "a"), PlateFile(b"A1,1", filename="reader.csv")
    play(kind, service, lambda client: client.plates.upload_wells(at, file, WellsChoices(block="2")))
    assert dict(service.sent[0].url.params) == {
        "filename": "reader.csv", "dry_run": "false", "mode": "atomic", "block": "2",
    }  # fmt: skip


def test_a_method_is_also_a_function_of_its_class(kind: Kind) -> None:
    recorder = Recorder({"id": "c"})
    found = play(kind, recorder, lambda client: type(client.campaigns).get(client.campaigns, "c"))
    assert (found, recorder.lines) == ({"id": "c"}, ["GET /campaigns/c"])
