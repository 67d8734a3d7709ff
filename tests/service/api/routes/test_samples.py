"""Asking a trained policy for more candidates."""

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from api_actors import Api, Worker


@pytest.fixture
def campaign(api: Api, worker: Worker) -> str:
    """A campaign whose first round left a policy."""
    address = f"/v1/campaigns/{api.campaign()['id']}"
    worker.train(api.client.post(f"{address}/rounds").json())
    return address


def ask(api: Api, campaign: str, **asked: Any) -> dict[str, Any]:
    response = api.client.post(f"{campaign}/samples", json=asked)
    assert response.status_code == 202, response.text
    told: dict[str, Any] = response.json()
    return told


def test_samples_are_accepted_with_every_choice_made(api: Api, campaign: str) -> None:
    response = api.client.post(f"{campaign}/samples", json={"n": 5, "preference": {"glow": 1}})
    assert response.status_code == 202
    told = response.json()
    assert response.headers["Location"] == f"{campaign}/samples/{told['id']}"
    assert (told["state"], told["progress"], told["samples"], told["failure"]) == ("queued", 0, None, None)
    assert (told["request"]["round"], told["request"]["n"], told["request"]["beta"]) == (1, 5, None)
    assert isinstance(told["request"]["seed"], int)
    read = api.client.get(response.headers["Location"])
    assert read.json() == told
    assert read.headers["ETag"]
    assert "samples" not in api.client.get(f"{campaign}/samples").json()["items"][0]


def test_finished_samples_look_like_a_batch_and_come_as_files(
    api: Api, campaign: str, worker: Worker
) -> None:
    told = ask(api, campaign, n=2)
    address = f"{campaign}/samples/{told['id']}"
    assert api.client.get(address, params={"format": "csv"}).status_code == 409
    worker.answer(told, worker.samples("1010", "0101"))
    done = api.client.get(address).json()
    assert (done["state"], done["progress"], done["summary"]["chosen"]) == ("succeeded", 1, 2)
    assert (done["summary"]["version"], done["summary"]["messages"]) == (0, [])
    first = done["samples"][0]
    assert (first["object"], first["display"], first["columns"]) == ("1010", "1010", {"switches": "1010"})
    assert (first["condition"]["beta"], first["log_pf"]) == (8.0, -2.0)
    assert not first.keys() & {"id", "status"}
    file = api.client.get(address, headers={"Accept": "text/csv"})
    assert f"samples-{told['id']}.csv" in file.headers["Content-Disposition"]
    header, row, _ = file.text.split("\n", 2)
    assert header.startswith("candidate_id,rank,switches,status,glow_mean")
    assert row.startswith(",1,1010,sampled,2,")
    upload = api.client.post(
        f"{campaign}/results?mode=partial", content=file.content, headers={"Content-Type": "text/csv"}
    )
    assert (upload.status_code, upload.json()["skipped"]) == (200, 2)
    assert api.client.get(address, params={"format": "cif"}).status_code == 406


def test_colder_and_bolder_are_relative_to_what_was_asked_last(api: Api, campaign: str) -> None:
    asked: list[Any] = ["colder", 10, "bolder", None, [4, 6], "colder"]
    betas = [ask(api, campaign, beta=beta)["request"]["beta"] for beta in asked]
    assert betas == [[pytest.approx(20)], 10, [5], None, [4, 6], [8, 12]]


def test_boldness_is_answered_as_temperatures_of_the_round_s_own_range(api: Api, campaign: str) -> None:
    told = ask(api, campaign, boldness=[0, 0.5, 1])["request"]
    assert (told["beta"], told["boldness"]) == ([50, pytest.approx(10), 2], None)
    assert ask(api, campaign, beta="colder")["request"]["beta"] == [100, pytest.approx(20), 4]


def test_a_round_that_does_not_tell_its_range_serves_numbers_alone(api: Api, worker: Worker) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    worker.train(api.client.post(f"{address}/rounds").json(), summary={"n": 3})
    assert ask(api, address, beta=7)["request"]["beta"] == 7
    for field, value in (("beta", "colder"), ("boldness", 0.5)):
        refused = api.client.post(f"{address}/samples", json={field: value})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == f"/{field}"
        assert "ask for numbers" in refused.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"n": 0}, "/n"),
        ({"beta": -1}, "/beta"),
        ({"boldness": 1.5}, "/boldness"),
        ({"beta": 4, "boldness": 0.5}, "/boldness"),
        ({"n": 1, "boldness": [0, 1]}, "/n"),
        ({"colour": "red"}, "/colour"),
        ({"preference": {"warmth": 1}}, "/preference/warmth"),
        ({"n": 1, "beta": [1, 2]}, "/n"),
        ({"round": 7}, "/round"),
        ({"like": {"object": {"switches": "12"}}}, "/like/object/switches"),
        ({"avoid_groups": [{"by": "scaffold", "object": {"switches": "1111"}}]}, "/avoid_groups/0/by"),
    ],
)
def test_what_cannot_be_served_is_refused_before_it_waits(
    api: Api, campaign: str, asked: dict[str, Any], pointer: str
) -> None:
    response = api.client.post(f"{campaign}/samples", json=asked)
    assert response.status_code == 422, response.text
    assert pointer in {place["pointer"] for place in response.json()["errors"]}
    assert api.client.get(f"{campaign}/samples").json()["items"] == []


def test_without_a_trained_round_there_is_nothing_to_draw_from(api: Api, worker: Worker) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}"
    assert api.client.post(f"{address}/samples", json={}).status_code == 409
    worker.finish(api.client.post(f"{address}/rounds").json())
    refused = api.client.post(f"{address}/samples", json={})
    assert (refused.status_code, "start one" in refused.json()["detail"]) == (409, True)
    assert api.client.post(f"{address}/samples", json={"round": 1}).json()["errors"][0]["pointer"] == "/round"


def test_an_archived_campaign_draws_nothing(api: Api, campaign: str) -> None:
    api.client.post(f"{campaign}/archive")
    assert api.client.post(f"{campaign}/samples", json={}).status_code == 409


def test_a_request_with_a_key_happens_once(api: Api, campaign: str) -> None:
    headers = {"Idempotency-Key": "again"}
    first, second = (api.client.post(f"{campaign}/samples", json={"n": 3}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert len(api.client.get(f"{campaign}/samples").json()["items"]) == 1


def test_samples_are_cancelled_once(api: Api, campaign: str) -> None:
    address = f"{campaign}/samples/{ask(api, campaign)['id']}"
    stopped = api.client.post(f"{address}/cancel")
    assert (stopped.status_code, stopped.json()["state"]) == (202, "cancelled")
    again = api.client.post(f"{address}/cancel")
    assert (again.status_code, "cancelled" in again.json()["detail"]) == (409, True)


def test_nobody_else_sees_them(api: Api, campaign: str, new_key: Any, open_client: Any) -> None:
    address = f"{campaign}/samples/{ask(api, campaign)['id']}"
    stranger = open_client(new_key()[0])
    assert [stranger.get(path).status_code for path in (address, f"{campaign}/samples")] == [404, 404]
    assert stranger.post(f"{address}/cancel").status_code == 404
    assert stranger.post(f"{campaign}/samples", json={}).status_code == 404
    reader = open_client(new_key("read", workspace=None)[0])
    assert reader.post(f"{campaign}/samples", json={}).status_code == 403
    assert api.client.get(f"{campaign}/samples/{uuid4()}").status_code == 404
    assert api.client.get(f"{campaign}/predictions/{address.rsplit('/', 1)[1]}").status_code == 404


def test_lists_are_paged_newest_first(api: Api, campaign: str) -> None:
    ids = [ask(api, campaign, n=n)["id"] for n in (1, 2, 3)]
    first = api.client.get(f"{campaign}/samples", params={"limit": 2})
    second = api.client.get(first.links["next"]["url"])
    assert [item["id"] for item in first.json()["items"] + second.json()["items"]] == ids[::-1]


def test_who_waits_gets_the_finished_samples(api: Api, campaign: str, worker: Worker) -> None:
    def draw() -> None:
        while not (items := api.client.get(f"{campaign}/samples").json()["items"]):
            time.sleep(0.02)
        worker.answer(items[0], worker.samples("1100"))

    hand = threading.Thread(target=draw)
    hand.start()
    done = api.client.post(f"{campaign}/samples", json={"n": 1}, headers={"Prefer": "respond-async, wait=20"})
    hand.join()
    assert (done.status_code, done.json()["state"]) == (200, "succeeded")
    assert done.headers["Preference-Applied"] == "wait=20"
    assert done.json()["samples"][0]["object"] == "1100"


def test_who_waits_in_vain_gets_the_job(api: Api, campaign: str) -> None:
    response = api.client.post(f"{campaign}/samples", json={"n": 1}, headers={"Prefer": "wait=0"})
    assert (response.status_code, response.json()["state"]) == (202, "queued")
    assert response.headers["Location"] == f"{campaign}/samples/{response.json()['id']}"
    assert response.headers["Preference-Applied"] == "wait=0"
    nonsense = api.client.post(f"{campaign}/samples", json={"n": 1}, headers={"Prefer": "wait=soon"})
    assert (nonsense.status_code, nonsense.headers.get("Preference-Applied")) == (202, None)
