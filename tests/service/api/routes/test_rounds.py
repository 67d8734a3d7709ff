"""Starting, following, stopping and repeating rounds."""

import json
import threading
import time
from typing import Any

import pytest
from api_actors import Api, Worker
from fastapi import FastAPI

from models.messages.message import as_summary, message


def _events(text: str) -> list[tuple[int, dict[str, Any]]]:
    """Return (id, data) of every event."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            found.append((int(fields["id"]), json.loads(fields["data"])))
    return found


@pytest.fixture
def campaign(api: Api) -> str:
    return f"/v1/campaigns/{api.campaign()['id']}"


@pytest.mark.parametrize("body", [None, {}])
def test_a_round_is_accepted_and_can_be_followed(api: Api, campaign: str, body: Any) -> None:
    response = api.client.post(f"{campaign}/rounds", json=body)
    assert response.status_code == 202
    assert response.headers["Location"] == f"{campaign}/rounds/1"
    started = response.json()
    assert started["campaign_id"] == campaign.rsplit("/", 1)[1]
    assert (started["number"], started["state"], started["progress"]) == (1, "queued", 0)
    assert started["summary"] is started["failure"] is started["started_at"] is started["finished_at"] is None
    read = api.client.get(response.headers["Location"])
    assert read.json() == started
    assert read.headers["ETag"]


def test_a_summary_is_answered_typed_with_its_messages(api: Api, campaign: str, worker: Worker) -> None:
    summary = {
        "version": 1,
        "cold_start": ["glow"],
        "refused": {"already measured": 3},
        **as_summary([message("cold_start", type="glow")]),
    }
    worker.finish(api.client.post(f"{campaign}/rounds").json(), summary=summary)
    (listed,) = api.client.get(f"{campaign}/rounds").json()["items"]
    read = api.client.get(f"{campaign}/rounds/1").json()["summary"]
    assert listed["summary"] == read
    assert {name: read[name] for name in summary} == summary
    assert read["messages"][0]["code"] == "cold_start"
    assert read["stopping"] is read["sampled"] is None
    candidate = api.client.get(f"{campaign}/rounds/1/batch").json()["candidates"][0]
    assert candidate["messages"] == []


def test_a_summary_of_another_release_breaks_no_answer(api: Api, campaign: str, worker: Worker) -> None:
    summary = {"statements": ["It was dark."], "training": "long", "old": {"key": 1}}
    worker.finish(api.client.post(f"{campaign}/rounds").json(), summary=summary)
    read = api.client.get(f"{campaign}/rounds/1").json()["summary"]
    assert (read["version"], read["statements"], read["messages"]) == (0, ["It was dark."], [])
    assert (read["training"], read["unread"], read["old"]) == (None, ["training"], {"key": 1})
    assert api.client.get(f"{campaign}/insights").status_code == 200


def test_an_unknown_wish_for_a_round_is_named(api: Api, campaign: str) -> None:
    response = api.client.post(f"{campaign}/rounds", json={"colour": "red"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/colour"
    assert api.client.get(f"{campaign}/rounds").json()["items"] == []


def test_one_round_is_computed_at_a_time(api: Api, campaign: str, worker: Worker) -> None:
    started = api.client.post(f"{campaign}/rounds").json()
    lease = worker.claim(started)
    worker.report_progress(lease, "training", 0.5)
    refused = api.client.post(f"{campaign}/rounds")
    assert refused.status_code == 409
    assert "round 1" in refused.json()["detail"]
    worker.fail(lease)
    assert api.client.post(f"{campaign}/rounds").json()["number"] == 2


def test_progress_is_seen(api: Api, campaign: str, worker: Worker) -> None:
    started = api.client.post(f"{campaign}/rounds").json()
    before = api.client.get(f"{campaign}/rounds/1").headers["ETag"]
    worker.report_progress(worker.claim(started), "training", 0.25)
    seen = api.client.get(f"{campaign}/rounds/1")
    assert (seen.json()["state"], seen.json()["progress"]) == ("training", 0.25)
    assert seen.json()["message"] == "training goes on"
    assert seen.json()["started_at"] is not None
    assert seen.headers["ETag"] != before


def test_a_round_that_awaits_results_does_not_block_the_next(api: Api, campaign: str, worker: Worker) -> None:
    worker.finish(api.client.post(f"{campaign}/rounds").json())
    assert api.client.get(f"{campaign}/rounds/1").json()["state"] == "awaiting_results"
    assert api.client.post(f"{campaign}/rounds").status_code == 202
    numbers = [item["number"] for item in api.client.get(f"{campaign}/rounds").json()["items"]]
    assert numbers == [2, 1]
    assert api.client.get(campaign).json()["rounds"] == 2


def test_rounds_are_paged(api: Api, campaign: str, worker: Worker) -> None:
    for text in ("1111", "1110", "0001"):
        worker.finish(api.client.post(f"{campaign}/rounds").json(), (text,))
    first = api.client.get(f"{campaign}/rounds", params={"limit": 2})
    second = api.client.get(first.links["next"]["url"])
    assert [item["number"] for item in first.json()["items"] + second.json()["items"]] == [3, 2, 1]


def test_a_queued_round_is_cancelled_at_once_and_can_be_repeated(api: Api, campaign: str) -> None:
    started = api.client.post(f"{campaign}/rounds").json()
    cancelled = api.client.post(f"{campaign}/rounds/1/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert api.client.post(f"{campaign}/rounds/1/cancel").status_code == 409
    again = api.client.post(f"{campaign}/rounds/1/retry")
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    assert again.json()["seed"] == started["seed"]
    assert api.client.post(f"{campaign}/rounds/1/retry").status_code == 409


def test_a_running_round_is_asked_to_stop(api: Api, campaign: str, worker: Worker) -> None:
    lease = worker.claim(api.client.post(f"{campaign}/rounds").json())
    assert worker.report_progress(lease, "fitting", 0.1) == "held"
    assert api.client.post(f"{campaign}/rounds/1/cancel").status_code == 202
    assert worker.report_progress(lease, "training", 0.2) == "cancelled"


def test_a_failure_is_a_problem(api: Api, campaign: str, worker: Worker) -> None:
    worker.fail(worker.claim(api.client.post(f"{campaign}/rounds").json()))
    failed = api.client.get(f"{campaign}/rounds/1").json()
    assert failed["state"] == "failed"
    assert {"type", "title", "status", "detail"} <= failed["failure"].keys()


@pytest.mark.parametrize("number", ["0", "2", "-1", "one", str(2**31), str(10**30)])
@pytest.mark.parametrize("call", ["", "/batch", "/events"])
def test_a_round_that_is_not_there_is_not_found(
    api: Api, campaign: str, worker: Worker, number: str, call: str
) -> None:
    worker.finish(api.client.post(f"{campaign}/rounds").json())
    assert api.client.get(f"{campaign}/rounds/{number}{call}").status_code == 404


def test_the_events_of_a_round_end_with_it(api: Api, campaign: str, worker: Worker) -> None:
    started = api.client.post(f"{campaign}/rounds").json()
    address = f"{campaign}/rounds/1/events"
    received: list[str] = []

    def follow() -> None:
        with api.client.stream("GET", address) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            received.extend(response.iter_text())

    follower = threading.Thread(target=follow)
    follower.start()
    time.sleep(0.2)
    lease = worker.claim(started)
    worker.report_progress(lease, "training", 0.5)
    api.client.post(f"{campaign}/rounds/1/cancel")
    assert follower.is_alive()
    worker.stop(lease)
    follower.join(5)
    assert not follower.is_alive()
    states = [data["state"] for _, data in _events("".join(received))]
    assert states == ["queued", "fitting", "training", "training", "cancelled"]
    ids = [number for number, _ in _events("".join(received))]
    assert ids == sorted(set(ids))


def test_events_resume_after_the_last_one_that_was_seen(api: Api, campaign: str, worker: Worker) -> None:
    worker.finish(api.client.post(f"{campaign}/rounds").json())
    everything = _events(api.client.get(f"{campaign}/rounds/1/events").text)
    assert everything[-1][1]["state"] == "awaiting_results"
    assert everything[-1][1]["progress"] == 1
    seen = everything[0][0]
    rest = api.client.get(f"{campaign}/rounds/1/events", headers={"Last-Event-ID": str(seen)})
    assert _events(rest.text) == everything[1:]
    last = {"Last-Event-ID": str(everything[-1][0])}
    assert api.client.get(f"{campaign}/rounds/1/events", headers=last).status_code == 204


@pytest.mark.parametrize("given", ["x", "-1", str(2**70)])
def test_a_bad_last_event_id_is_named(api: Api, campaign: str, given: str) -> None:
    api.client.post(f"{campaign}/rounds")
    response = api.client.get(f"{campaign}/rounds/1/events", headers={"Last-Event-ID": given})
    assert response.status_code == 422
    assert response.json()["errors"][0] == response.json()["errors"][0] | {
        "in": "header",
        "pointer": "/Last-Event-ID",
    }


def test_a_follower_holds_no_transaction_open(api: Api, app: FastAPI, campaign: str, worker: Worker) -> None:
    started = api.client.post(f"{campaign}/rounds").json()
    with api.client.stream("GET", f"{campaign}/rounds/1/events") as response:
        next(response.iter_text())
        time.sleep(0.3)
        assert app.state.sessions.kw["bind"].pool.checkedout() == 0
        worker.finish(started)
