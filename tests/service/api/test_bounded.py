"""User input is checked in child processes: other requests go on, and exceeded limits are named."""

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from api_actors import Api
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings

if TYPE_CHECKING:
    import httpx

MOLECULES = {"kind": "molecules"}
GLOW = [{"name": "glow"}]


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings.model_copy(update={"child_seconds": 2.0, "child_processes": 1}))


def test_others_are_answered_while_a_table_takes_too_long_which_is_refused(api: Api, open_client: Any):
    campaign = api.campaign(domain=MOLECULES, objectives=GLOW)["id"]
    rings = "".join(f"C1{'C' * (1_700 + n)}C1,{n}\n" for n in range(50))
    answers: list[httpx.Response] = []

    def upload() -> None:
        headers = {"Content-Type": "text/csv"}
        answers.append(
            api.client.post(f"/v1/campaigns/{campaign}/results", content=f"smiles,glow\n{rings}", headers=headers)
        )

    thread = threading.Thread(target=upload)
    thread.start()
    n_answered = 0
    others = open_client(None)
    while thread.is_alive():
        n_answered += others.get("/health/live").status_code == 200
        time.sleep(0.02)
    assert n_answered > 10
    assert answers[0].status_code == 422
    problem = answers[0].json()
    assert "the table takes more than 2 s of computing time" in problem["detail"]
    assert problem["errors"][0]["pointer"] == ""
    assert api.client.get(f"/v1/campaigns/{campaign}").json()["results"] == 0
    again = api.client.post(f"/v1/campaigns/{campaign}/results", json=[{"smiles": "CCO", "glow": 1}])
    assert again.json()["accepted"] == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"domain": {**MOLECULES, "fragments": ["C1" + "C" * 3_998 + "C1[*]"]}}, "/domain/fragments/0"),
        ({"domain": MOLECULES, "guardrails": [{"name": "a", "type": "t", "min": 1}] * 5_000}, "/guardrails"),
        ({"domain": MOLECULES, "name": "x" * 500_000}, "/name"),
    ],
)
def test_a_specification_that_is_too_large_is_refused_where_it_is(api: Api, changes: dict[str, Any], pointer: str):
    refused = api.client.post("/v1/campaigns", json={"name": "x", "objectives": GLOW, **changes})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    campaign = api.campaign(domain=MOLECULES, objectives=GLOW)
    address = f"/v1/campaigns/{campaign['id']}"
    etag = api.client.get(address).headers["etag"]
    patched = api.client.patch(address, json=changes, headers={"If-Match": etag})
    assert patched.status_code == 422
    assert patched.json()["errors"][0]["pointer"] == pointer


def test_the_number_of_reported_errors_is_limited(api: Api):
    wrong = [{"property": f"unknown {n}", "min": 1, "colour": n} for n in range(64)]
    refused = api.client.post(
        "/v1/campaigns", json={"name": "x", "domain": MOLECULES, "objectives": [], "constraints": wrong}
    )
    assert refused.status_code == 422
    assert len(refused.json()["errors"]) <= 100


@pytest.mark.parametrize("pattern", [r"(?=K)A", r"(A)\1"])
def test_a_pattern_that_cannot_be_searched_is_refused_at_the_request(api: Api, worker: Any, pattern: str):
    campaign = api.campaign(domain={"kind": "peptides", "min_length": 3, "max_length": 4}, objectives=GLOW)
    worker.train(api.round(campaign["id"]), ("AAK",))
    refused = api.client.post(f"/v1/campaigns/{campaign['id']}/samples", json={"n": 2, "avoid": ["KK", pattern]})
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/avoid/1"
    assert "RE2 has no look-around and no back-references" in error["detail"]
    endless = api.client.post(f"/v1/campaigns/{campaign['id']}/samples", json={"n": 2, "avoid": ["([A-Z]+)+!"]})
    assert endless.status_code == 202
