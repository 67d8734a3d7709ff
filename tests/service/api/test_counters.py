"""A campaign's numbers of rounds and results are counted as rows are added, and always match the rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from api_actors import Api, Worker
from sqlalchemy import func, select

from service.store.session import Sessions
from service.store.tables import Campaign, Result, Round

Counts = Callable[[str], tuple[int, int]]


def rows(*values: float, **fields: Any) -> list[dict[str, Any]]:
    return [{"switches": "0101", "type": "glow", "value": value, **fields} for value in values]


@pytest.fixture
def counts(sessions: Sessions, api: Api) -> Counts:
    """Return the counts of a campaign and of a list of campaigns, once they equal the database's."""

    def read(campaign_id: str) -> tuple[int, int]:
        with sessions.begin() as session:
            counted = tuple(
                session.scalars(
                    select(func.count()).select_from(table).where(table.campaign_id == UUID(campaign_id))
                ).one()
                for table in (Round, Result)
            )
        one = api.client.get(f"/v1/campaigns/{campaign_id}").json()
        listed = {item["id"]: item for item in api.client.get("/v1/campaigns").json()["items"]}[campaign_id]
        assert (one["rounds"], one["results"]) == (listed["rounds"], listed["results"]) == counted
        return counted[0], counted[1]

    return read


def test_counters_follow_every_kind_of_upload(api: Api, counts: Counts) -> None:
    campaign = api.campaign()["id"]
    address = f"/v1/campaigns/{campaign}/results"
    assert counts(campaign) == (0, 0)

    assert api.client.post(address, json=rows(1, 2)).status_code == 200
    assert counts(campaign) == (0, 2)
    assert api.client.post(address, json=rows(3), params={"dry_run": True}).status_code == 200
    assert counts(campaign) == (0, 2)
    bad = [*rows(3), {"switches": "no switches", "type": "glow", "value": 1}]
    assert api.client.post(address, json=bad).status_code == 422
    assert counts(campaign) == (0, 2)
    assert api.client.post(address, json=bad, params={"mode": "partial"}).status_code == 200
    assert counts(campaign) == (0, 3)
    assert api.client.post(address, json=rows(5, external_id="E1")).json()["accepted"] == 1
    api.client.post(address, json=rows(5, external_id="E1"))
    assert counts(campaign) == (0, 4)
    once = {"Idempotency-Key": "one-upload"}
    for _ in range(3):
        assert api.client.post(address, json=rows(6, 7), headers=once).status_code == 200
    assert counts(campaign) == (0, 6)


def test_counters_of_concurrent_uploads_lose_none(api: Api, counts: Counts) -> None:
    first, second = (api.campaign()["id"] for _ in range(2))

    def upload(number: int) -> int:
        campaign = first if number % 3 else second
        sent = rows(*range(1 + number % 4), lot=str(number))
        return api.client.post(f"/v1/campaigns/{campaign}/results", json=sent).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upload, range(24))) == {200}
    expected = dict.fromkeys((first, second), 0)
    for number in range(24):
        expected[first if number % 3 else second] += 1 + number % 4
    assert {campaign: counts(campaign)[1] for campaign in (first, second)} == expected


def test_a_round_is_counted_once_however_often_it_is_tried(api: Api, worker: Worker, counts: Counts) -> None:
    campaign = api.campaign()["id"]
    address = f"/v1/campaigns/{campaign}/rounds"
    once = {"Idempotency-Key": "one-round"}
    assert {api.client.post(address, headers=once).status_code for _ in range(2)} == {202}
    assert api.client.post(address).status_code == 409
    assert counts(campaign) == (1, 0)
    assert api.client.post(f"{address}/1/cancel").status_code == 202
    assert api.client.post(f"{address}/1/retry").status_code == 202
    assert counts(campaign) == (1, 0)
    worker.finish(api.client.get(f"{address}/1").json())
    api.round(campaign)
    assert counts(campaign) == (2, 0)


def test_a_list_shows_campaigns_without_their_specifications(api: Api, sessions: Sessions) -> None:
    made = api.campaign()
    (item,) = api.client.get("/v1/campaigns").json()["items"]
    kept = ("id", "name", "state", "created_at", "updated_at", "rounds", "results")
    assert item == {**{name: made[name] for name in kept}, "domain_kind": "switches"}
    with sessions.begin() as session:
        row = session.get_one(Campaign, UUID(made["id"]))
        row.spec = {**row.spec, "padding": "x" * 1_000_000}
    assert len(api.client.get("/v1/campaigns").content) < 1_000
