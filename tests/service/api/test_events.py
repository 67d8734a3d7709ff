"""Following jobs as server-sent events; those of rounds are beside the rounds."""

import json
import threading
import time
from typing import Any
from uuid import UUID

import pytest
from api_actors import SPEC, Api, Worker
from fastapi import FastAPI

from service.campaigns import jobs, leases


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (id, data) of every event."""
    found = []
    *blocks, _unfinished = text.replace("\r\n", "\n").split("\n\n")
    for block in blocks:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            assert fields["event"] == "progress"
            found.append((fields["id"], json.loads(fields["data"])))
    return found


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    """A campaign whose first round has a policy."""
    address = f"/v1/campaigns/{api.campaign()['id']}"
    worker.train(api.client.post(f"{address}/rounds").json())
    return address


def requested_job(api: Api, campaign: str, kind: str) -> tuple[str, dict[str, Any]]:
    """Request a job of a kind, and return its address and its representation."""
    bodies: dict[str, Any] = {
        "samples": {"n": 2},
        "predictions": {"objects": [{"switches": "0101"}]},
        "backtests": {
            "spec": {**SPEC, "objectives": [{"name": "glow"}]},
            "table": [{"switches": f"{index:04b}", "glow": index} for index in range(16)],
            "initial": 4,
            "methods": ["random"],
        },
    }
    response = api.client.post("/v1/backtests" if kind == "backtests" else f"{campaign}/{kind}", json=bodies[kind])
    assert response.status_code == 202, response.text
    return response.headers["Location"], response.json()


class Follower:
    """Reads a stream in a separate thread."""

    def __init__(self, api: Api, address: str) -> None:
        self._api = api
        self._address = address
        self._parts: list[str] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    @property
    def received(self) -> list[tuple[str, dict[str, Any]]]:
        """All events so far."""
        return events("".join(self._parts))

    def wait_for(self, n: int) -> None:
        """Return once n events were received."""
        deadline = time.monotonic() + 10
        while len(self.received) < n:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def wait_for_end(self) -> None:
        """Return once the stream has ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _listen(self) -> None:
        with self._api.client.stream("GET", self._address) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            for part in response.iter_text():
                self._parts.append(part)


@pytest.mark.parametrize("kind", ["samples", "predictions", "backtests"])
def test_the_events_of_a_job_report_its_steps_and_end_with_it(
    api: Api, app: FastAPI, campaign: str, worker: Worker, kind: str
) -> None:
    address, job = requested_job(api, campaign, kind)
    follower = Follower(api, f"{address}/events")
    follower.wait_for(1)
    lease = jobs.lease_of(UUID(job["id"]), "by hand", 60.0)
    with worker.sessions.begin() as session:
        assert jobs.claim(session, lease, {"assayflow": "test"})
        assert leases.report_progress(session, lease, "running", 0.5, "halfway") == "held"
    follower.wait_for(2)

    def connections() -> int:
        time.sleep(0.02)
        return int(app.state.sessions.kw["bind"].pool.checkedout())

    assert 0 in [connections() for _ in range(10)]  # a stream polls, and holds no connection in between
    with worker.sessions.begin() as session:
        assert jobs.finish(session, lease, {"rows": [], "samples": [], "summary": {}})
    follower.wait_for_end()
    assert [(data["state"], data["progress"], data["message"]) for _, data in follower.received] == [
        ("queued", 0, job["message"]),
        ("running", 0.5, "halfway"),
        ("succeeded", 1, "done"),
    ]
    assert len({name for name, _ in follower.received}) == 3


def test_a_resumed_stream_sends_only_new_events(api: Api, campaign: str, worker: Worker) -> None:
    address, job = requested_job(api, campaign, "samples")
    with api.client.stream("GET", f"{address}/events") as response:
        ((first, _),) = events(next(response.iter_text()))
    worker.answer(job, worker.samples("1010"))
    rest = api.client.get(f"{address}/events", headers={"Last-Event-ID": first})
    ((last, data),) = events(rest.text)
    assert data == {"state": "succeeded", "progress": 1, "message": "done"}
    assert events(api.client.get(f"{address}/events").text) == [(last, data)]
    again = api.client.get(f"{address}/events", headers={"Last-Event-ID": last})
    assert (again.status_code, again.text) == (204, "")


def test_what_is_not_there_cannot_be_followed(api: Api, campaign: str) -> None:
    address, job = requested_job(api, campaign, "samples")
    elsewhere = f"/v1/campaigns/{api.campaign()['id']}/samples/{job['id']}/events"
    for wrong in (elsewhere, f"{campaign}/predictions/{job['id']}/events", f"{address[:-4]}0000/events"):
        assert api.client.get(wrong).status_code == 404
    refused = api.client.get(f"{address}/events", headers={"Last-Event-ID": "x" * 65})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/Last-Event-ID"


def test_the_description_covers_the_events_of_jobs(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    one = "/v1/campaigns/{campaign_id}"
    for path in (f"{one}/samples/{{job_id}}", f"{one}/predictions/{{job_id}}", "/v1/backtests/{job_id}"):
        answers = document["paths"][f"{path}/events"]["get"]["responses"]
        data = answers["200"]["content"]["text/event-stream"]["schema"]["properties"]["data"]
        assert data["contentSchema"] == {"$ref": "#/components/schemas/JobEvent"}
        assert "204" in answers
    assert set(document["components"]["schemas"]["JobEvent"]["properties"]) == {"state", "progress", "message"}
