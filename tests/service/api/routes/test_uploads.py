"""Long tables of results: a job with the same report as a short table, stored once or not at all."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_actors import Api
from fastapi import FastAPI

from service.app import create_app
from service.campaigns import uploads
from service.settings import Settings
from workers.context import WorkerContext
from workers.jobs import do_job

SHORT = 4
TABLE = [{"switches": f"{number:04b}", "type": "glow", "value": number} for number in range(9)]


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings.model_copy(update={"direct_rows": SHORT}))


@pytest.fixture(scope="module")
def context(settings: Settings) -> Iterator[WorkerContext]:
    made = WorkerContext(settings)
    yield made
    made.reader.close()
    made.sessions.kw["bind"].dispose()


def ask(api: Api, campaign: str, rows: list[dict[str, Any]], **query: Any) -> httpx.Response:
    return api.client.post(f"/v1/campaigns/{campaign}/results", json=rows, params=query)


def done(api: Api, context: WorkerContext, accepted: httpx.Response) -> dict[str, Any]:
    """Do the job that was accepted and return it as it is then."""
    assert accepted.status_code == 202, accepted.text
    do_job(context, UUID(accepted.json()["id"]))
    found: dict[str, Any] = api.client.get(accepted.headers["location"]).json()
    return found


def test_a_short_table_is_answered_at_once_and_a_long_one_as_a_job_with_the_same_report(
    api: Api, context: WorkerContext
):
    campaign, other = api.campaign()["id"], api.campaign()["id"]
    short = ask(api, campaign, TABLE[: SHORT - 1])
    assert short.status_code == 200
    job = done(api, context, ask(api, other, TABLE, filename="plates.json"))
    assert (job["state"], job["failure"], job["request"]["filename"]) == ("succeeded", None, "plates.json")
    assert job["report"]["accepted"] == len(TABLE)
    assert job["report"]["rows"][: SHORT - 1] == short.json()["rows"]
    stored = api.client.get(f"/v1/campaigns/{other}/results").json()["items"]
    assert [item["value"] for item in stored] == [row["value"] for row in TABLE]
    tags = {api.client.get(f"/v1/campaigns/{other}/uploads/{job['id']}").headers["etag"] for _ in range(2)}
    assert len(tags) == 1
    listed = api.client.get(f"/v1/campaigns/{other}/uploads").json()["items"]
    assert [item["id"] for item in listed] == [job["id"]]


def test_a_bad_row_stores_nothing_in_atomic_mode_and_only_itself_in_partial(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    rows = [*TABLE, {"switches": "0001", "type": "glow", "value": "bright"}]
    refused = done(api, context, ask(api, campaign, rows))
    assert refused["state"] == "failed"
    assert refused["failure"]["status"] == 422
    assert refused["failure"]["errors"] == [{"row": 10, "column": "value", "detail": "'bright' is not a number"}]
    assert (refused["report"]["accepted"], refused["report"]["rejected"]) == (9, 1)
    assert api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"] == []
    partial = done(api, context, ask(api, campaign, rows, mode="partial"))
    assert (partial["state"], partial["report"]["rejected"]) == ("succeeded", 1)
    assert len(api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]) == 9


def test_a_dry_run_stores_nothing_and_a_job_delivered_twice_stores_once(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    dry = done(api, context, ask(api, campaign, TABLE, dry_run=True))
    assert dry["report"]["accepted"] == len(TABLE)
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == 0
    accepted = ask(api, campaign, TABLE)
    done(api, context, accepted)
    done(api, context, accepted)
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == len(TABLE)


def test_the_same_key_brings_the_same_job(api: Api):
    campaign = api.campaign()["id"]
    headers = {"Idempotency-Key": "plate-7"}
    address = f"/v1/campaigns/{campaign}/results"
    first = api.client.post(address, json=TABLE, headers=headers)
    again = api.client.post(address, json=TABLE, headers=headers)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["location"] == first.headers["location"]
    assert api.client.post(address, json=TABLE[:-1], headers=headers).status_code == 422


def test_a_caller_may_wait_for_a_long_table(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    answers: list[httpx.Response] = []

    def wait() -> None:
        address = f"/v1/campaigns/{campaign}/results"
        answers.append(api.client.post(address, json=TABLE, headers={"Prefer": "wait=20"}))

    waiting = threading.Thread(target=wait)
    waiting.start()
    items: list[dict[str, Any]] = []
    while not items:
        items = api.client.get(f"/v1/campaigns/{campaign}/uploads").json()["items"]
    do_job(context, UUID(items[0]["id"]))
    waiting.join(30)
    assert answers[0].status_code == 200
    assert answers[0].json()["report"]["accepted"] == len(TABLE)


def test_a_cancelled_upload_stores_nothing(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    accepted = ask(api, campaign, TABLE)
    cancelled = api.client.post(f"{accepted.headers['location']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    job = done(api, context, accepted)
    assert (job["state"], job["report"]) == ("cancelled", None)
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == 0


def test_a_running_upload_is_cancelled_in_the_middle_of_an_object(api: Api, context: WorkerContext):
    molecules = {"domain": {"kind": "molecules"}, "objectives": [{"name": "glow"}]}
    campaign = api.campaign(**molecules)["id"]
    accepted = ask(api, campaign, [{"smiles": f"C1{'C' * (1_800 + n)}C1", "glow": n} for n in range(100)])
    working = threading.Thread(target=do_job, args=(context, UUID(accepted.json()["id"])))
    working.start()
    where = accepted.headers["location"]
    while api.client.get(where).json()["state"] == "queued":
        time.sleep(0.05)
    assert api.client.post(f"{where}/cancel").status_code == 202
    working.join(60)
    assert not working.is_alive()  # a hundred such rings take minutes
    job = api.client.get(where).json()
    assert (job["state"], job["report"]) == ("cancelled", None)
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == 0


def test_a_table_that_cannot_be_read_fails_its_job_with_the_reason(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    content = "nothing,of,this\n" + "1,2,3\n" * 9
    address = f"/v1/campaigns/{campaign}/results"
    accepted = api.client.post(address, content=content, headers={"Content-Type": "text/csv"})
    job = done(api, context, accepted)
    assert (job["state"], job["failure"]["status"]) == ("failed", 422)
    assert "no column" in job["failure"]["detail"]


def test_an_upload_belongs_to_its_campaign_and_workspace(api: Api, new_key: Any, open_client: Any):
    campaign, other = api.campaign()["id"], api.campaign()["id"]
    accepted = ask(api, campaign, TABLE)
    name = accepted.json()["id"]
    assert api.client.get(f"/v1/campaigns/{other}/uploads/{name}").status_code == 404
    stranger, _ = new_key()
    assert open_client(stranger).get(accepted.headers["location"]).status_code == 404


def test_a_long_table_is_kept_under_the_id_of_its_job_and_noticed_when_it_comes_again(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    job = done(api, context, ask(api, campaign, TABLE))
    address = f"/v1/campaigns/{campaign}/uploads/{job['id']}"
    (uploaded,) = {item["upload_id"] for item in api.client.get(f"/v1/campaigns/{campaign}/results").json()["items"]}
    assert uploaded == job["id"]
    assert api.client.get(f"{address}/file").json() == TABLE
    refused = ask(api, campaign, TABLE)
    assert refused.status_code == 409
    assert job["id"] in refused.json()["detail"]
    again = done(api, context, ask(api, campaign, TABLE, again=True))
    assert (again["report"]["accepted"], again["report"]["duplicates"]) == (0, len(TABLE))
    withdrawn = api.client.post(f"{address}/withdrawal", json={"reason": "another plate"})
    assert withdrawn.json()["withdrawn"] == len(TABLE)
    rows = [row | {"external_id": f"E-{row['value']}"} for row in TABLE]
    assert done(api, context, ask(api, campaign, rows))["report"]["accepted"] == len(TABLE)
    rows[0]["value"] = 100
    query = {"on_conflict": "correct", "reason": "dilution"}
    corrected = done(api, context, ask(api, campaign, rows, **query))
    assert (corrected["report"]["accepted"], corrected["report"]["duplicates"]) == (1, len(TABLE) - 1)
    assert corrected["request"]["on_conflict"] == "correct"
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == len(TABLE)


def test_of_two_equal_long_tables_at_once_one_is_stored(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    asked = [ask(api, campaign, TABLE) for _ in range(2)]
    first, second = (done(api, context, accepted) for accepted in asked)
    assert first["state"] == "succeeded"
    assert (second["state"], second["failure"]["status"]) == ("failed", 409)
    assert first["id"] in second["failure"]["detail"]
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == len(TABLE)


def test_a_job_reads_by_what_was_kept_when_it_was_sent(api: Api, context: WorkerContext):
    campaign = api.campaign()["id"]
    kept = f"/v1/campaigns/{campaign}/readings/lab"
    api.client.put(kept, json={"words": {"dark": "missing"}, "columns": {"light": "glow (mW)"}})
    rows = [{"switches": f"{number:04b}", "light": number or "dark"} for number in range(9)]
    accepted = ask(api, campaign, rows, reading="lab")
    assert accepted.json()["request"]["reading"]["words"] == {"dark": "missing"}
    api.client.put(kept, json={})
    job = done(api, context, accepted)
    assert (job["state"], job["report"]["accepted"], job["report"]["skipped"]) == ("succeeded", 8, 1)


def test_a_job_of_before_says_its_sheet_and_decimal_sign_itself():
    request = {"media_type": "text/csv", "filename": None, "sheet": "Run", "decimal": "comma", "mode": "atomic"}
    file = uploads.claimed_file(SimpleNamespace(id=None, request=request | {"dry_run": True}), b"")  # type: ignore[arg-type]
    assert (file.reading.stated(), file.dry_run) == ({"sheet": "Run", "decimal": "comma"}, True)
