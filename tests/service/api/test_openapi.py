"""The API's description of itself, and the API against it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from api_actors import SPEC, Api, Worker
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema
from stored_connector import store_connector

from service import presence
from service.store.session import Sessions

JOB_CALLS = (
    ("post", ""),
    ("get", ""),
    ("get", "/{job_id}"),
    ("get", "/{job_id}/events"),
    ("post", "/{job_id}/cancel"),
)
PLATE_CALLS = (
    ("post", ""),
    ("get", ""),
    ("get", "/{plate_id}"),
    ("delete", "/{plate_id}"),
    ("get", "/{plate_id}/map"),
    ("get", "/{plate_id}/picklist"),
    ("post", "/{plate_id}/transfers"),
    ("post", "/{plate_id}/wells"),
    ("get", "/{plate_id}/curves/{candidate_id}.{extension}"),
)
WEBHOOK_CALLS = (
    *((method, "") for method in ("get", "patch", "delete")),
    *(("post", f"/{action}") for action in ("pause", "resume", "rotate", "test", "replay")),
    ("get", "/deliveries"),
    ("get", "/deliveries/{delivery_id}"),
    ("post", "/deliveries/{delivery_id}/replay"),
    ("post", "/deliveries/{delivery_id}/skip"),
)
HEARD_CALLS = (
    ("get", "/v1/webhooks"),
    ("post", "/v1/webhooks"),
    *((method, f"/v1/webhooks/{{webhook_id}}{below}") for method, below in WEBHOOK_CALLS),
    ("get", "/v1/events"),
    ("get", "/v1/events/{event_id}"),
)
CONNECTOR_CALLS = (
    ("post", ""),
    ("get", ""),
    *((method, "/{connector_id}") for method in ("get", "patch", "delete")),
    *(("post", f"/{{connector_id}}/{verb}") for verb in ("pause", "resume", "run")),
    ("get", "/{connector_id}/fields"),
    ("post", "/{connector_id}/checks"),
    ("get", "/{connector_id}/checks/{job_id}"),
    ("get", "/{connector_id}/checks/{job_id}/events"),
    ("get", "/{connector_id}/outbox"),
    ("post", "/{connector_id}/outbox/{message_id}/retry"),
    ("post", "/{connector_id}/outbox/{message_id}/skip"),
    ("get", "/{connector_id}/exchanges"),
    ("get", "/{connector_id}/receipts"),
    ("get", "/{connector_id}/receipts/{receipt_id}"),
    ("get", "/{connector_id}/receipts/{receipt_id}/content"),
    ("post", "/{connector_id}/receipts/{receipt_id}/replay"),
)
LINK_CALLS = (
    ("post", ""),
    ("get", ""),
    *((method, "/{link_id}") for method in ("get", "patch", "delete")),
    ("post", "/{link_id}/push"),
    ("post", "/{link_id}/pull"),
    ("get", "/{link_id}/records"),
    ("post", "/{link_id}/previews"),
    ("get", "/{link_id}/previews/{job_id}"),
    ("get", "/{link_id}/previews/{job_id}/events"),
)
COLLECTION_CALLS = (
    ("post", ""),
    ("get", ""),
    ("get", "/{collection_id}"),
    ("delete", "/{collection_id}"),
    ("get", "/{collection_id}/rows"),
    ("get", "/{collection_id}/events"),
    ("post", "/{collection_id}/cancel"),
)
JOB_KINDS = ("samples", "predictions", "backtests", "uploads", "checks", "previews")
CONNECTOR_IDS = ("connector_id", "link_id", "message_id", "receipt_id")
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get("/openapi.json").json()
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_description_is_openapi_3_1_and_every_reference_resolves(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names == set(document["components"]["schemas"])


def test_every_operation_is_described_with_its_problems(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for path, _, operation in _operations(document):
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        if path.startswith("/v1/hooks/"):  # other systems have no key: their bytes are verified
            assert operation["security"] == []
        elif path.startswith("/v1/"):
            (needed,) = operation["security"]
            assert needed["api_key"] in (["read"], ["write"], ["admin"])
            assert {"401", "403", "422"} <= operation["responses"].keys()
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response["content"] == {"application/problem+json": {"schema": PROBLEM}}


def test_the_calls_of_this_version_are_all_there(document: dict[str, Any]) -> None:
    one, rounds = "/v1/campaigns/{campaign_id}", "/v1/campaigns/{campaign_id}/rounds"
    assert {(method, path) for path, method, _ in _operations(document)} == {
        ("get", "/v1/domains"),
        ("post", "/v1/campaigns"),
        ("get", "/v1/campaigns"),
        ("get", one),
        ("patch", one),
        ("post", f"{one}/archive"),
        ("post", f"{one}/results"),
        ("get", f"{one}/results"),
        ("get", f"{one}/results/{{result_id}}"),
        ("post", f"{one}/results/{{result_id}}/correction"),
        ("post", f"{one}/results/{{result_id}}/withdrawal"),
        ("get", f"{one}/uploads/files"),
        ("get", f"{one}/uploads/{{upload_id}}/file"),
        ("post", f"{one}/uploads/{{upload_id}}/withdrawal"),
        ("post", rounds),
        ("get", rounds),
        ("get", f"{rounds}/{{number}}"),
        ("get", f"{rounds}/{{number}}/events"),
        ("post", f"{rounds}/{{number}}/cancel"),
        ("post", f"{rounds}/{{number}}/retry"),
        ("post", f"{rounds}/{{number}}/release"),
        ("get", f"{rounds}/{{number}}/release"),
        ("get", f"{rounds}/{{number}}/batch"),
        ("get", f"{one}/readings"),
        *((method, f"{one}/readings/{{name}}") for method in ("get", "put", "delete")),
        *((method, f"{rounds}/{{number}}/plates{below}") for method, below in PLATE_CALLS),
        *(
            (method, f"{one}/uploads{below}")
            for method, below in JOB_CALLS
            if (method, below) != ("post", "")
        ),
        ("get", f"{one}/insights"),
        ("get", f"{one}/insights/{{figure}}"),
        *(
            (method, f"{where}{below}")
            for where in (f"{one}/samples", f"{one}/predictions", "/v1/backtests")
            for method, below in JOB_CALLS
        ),
        ("get", "/v1/candidates/{candidate_id}"),
        ("patch", "/v1/candidates/{candidate_id}"),
        ("get", "/v1/candidates/{candidate_id}/decisions"),
        ("post", "/v1/candidates/{candidate_id}/replace"),
        *((method, f"/v1/collections{below}") for method, below in COLLECTION_CALLS),
        ("get", "/v1/connector-kinds"),
        *HEARD_CALLS,
        *((method, f"/v1/connectors{below}") for method, below in CONNECTOR_CALLS),
        *((method, f"/v1/connectors/{{connector_id}}/links{below}") for method, below in LINK_CALLS),
        ("post", "/v1/api-keys"),
        ("get", "/v1/api-keys"),
        ("get", "/v1/api-keys/current"),
        ("get", "/v1/api-keys/{key_id}"),
        ("delete", "/v1/api-keys/{key_id}"),
        ("post", "/v1/hooks/{connector_id}"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("get", "/metrics"),
    }


def test_the_campaign_examples_work(api: Api, document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/campaigns"]["post"]["requestBody"]["content"]["application/json"]
    assert "switches" in body["examples"]
    for example in body["examples"].values():
        response = api.client.post("/v1/campaigns", json=example["value"])
        assert response.status_code == 201, response.text


@pytest.fixture
def described(app: FastAPI, base_url: str) -> OpenApiSchema:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(app.openapi())))
    schema.config.update(base_url=base_url)
    return schema


@pytest.fixture
def known(api: Api, worker: Worker, sessions: Sessions) -> dict[str, Any]:
    """Ids of existing resources, in place of invented ones."""
    campaign = api.campaign(objectives=[*SPEC["objectives"], {"name": "IC50", "units": "nM"}])
    worker.finish(api.round(campaign["id"]))
    layout = {"name": "P-1", "type": "IC50", "doses": {"top": 10}}
    plate = api.client.post(f"/v1/campaigns/{campaign['id']}/rounds/1/plates", json=layout).json()
    key = api.client.post("/v1/api-keys", json={"name": "to be revoked"}).json()
    candidates = api.client.get(f"/v1/campaigns/{campaign['id']}/rounds/1/batch").json()["candidates"]
    ids = {
        "campaign_id": campaign["id"],
        "number": 1,
        "candidate_id": candidates[0]["id"],
        "key_id": key["id"],
    }
    ids["plate_id"] = plate["id"]
    stored = store_connector(sessions, api.workspace_id, UUID(campaign["id"]), UUID(candidates[0]["id"]))
    ids |= {name: str(getattr(stored, name)) for name in CONNECTOR_IDS}
    of_connectors = {kind: str(job_id) for kind, job_id in stored.jobs.items()}
    return {**ids, **of_connectors, **_jobs(api, worker, campaign), **_collections(api)}


def _collections(api: Api) -> dict[str, str]:
    """Return the id of a collection, and of a long list whose reading was cancelled."""
    short, long = ([{"smiles": "CCO"}] * n for n in (1, 2_400))
    made = [api.client.post("/v1/collections", params={"name": "x"}, json=rows) for rows in (short, long)]
    stored, waiting = (response.json()["id"] for response in made)
    assert api.client.post(f"/v1/collections/{waiting}/cancel").status_code == 202
    return {"collection_id": stored, "collections/events": waiting}


def _jobs(api: Api, worker: Worker, campaign: dict[str, Any]) -> dict[str, str]:
    """Return the id of one waiting job of every kind, and of a finished one, whose events end."""
    address = f"/v1/campaigns/{campaign['id']}"
    worker.train(api.round(campaign["id"]), ("0001",))
    rows = [{"switches": f"{number:04b}", "glow": number} for number in range(8)]
    bodies: dict[str, Any] = {
        f"{address}/samples": {"n": 2},
        f"{address}/predictions": {"objects": [{"switches": "1010"}]},
        "/v1/backtests": {"spec": SPEC, "table": rows, "initial": 4},
        f"{address}/results": rows * 300,  # long enough to become a job
    }
    found = {}
    for path, body in bodies.items():
        waiting, over = (api.client.post(path, json=body).headers["location"] for _ in range(2))
        assert api.client.post(f"{over}/cancel").status_code == 202
        _, kind, name = over.rsplit("/", 2)
        found |= {kind: waiting.rsplit("/", 1)[1], f"{kind}/events": name}
    return found


def _known(known: dict[str, Any], name: str, path: str, invented: Any) -> Any:
    """Return the id of an existing resource, or the invented one where that is sufficient."""
    if name == "job_id":
        kind = next(kind for kind in JOB_KINDS if f"/{kind}/" in path)
        return known[f"{kind}/events" if path.endswith("/events") else kind]
    if name == "collection_id" and path.endswith("/events"):
        return known["collections/events"]
    return known.get(name, invented)


def everybody_is_there(redis_url: str) -> None:
    with presence.opened(redis_url) as client:
        for role in presence.ROLES:
            presence.appear(client, role, "here:1")


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_to_its_description(
    app: FastAPI,
    described: OpenApiSchema,
    known: dict[str, Any],
    api: Api,
    subtests: pytest.Subtests,
    mode: GenerationMode,
) -> None:
    headers = {"Authorization": api.client.headers["Authorization"]}
    # Rules that no schema can express (an element's name, a cursor, If-Match) refuse data that the schema
    # allows.
    excluded = [positive_data_acceptance]
    for result in described.get_all_operations():
        operation = result.ok()

        @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def keeps(case: schemathesis.Case) -> None:
            if mode is GenerationMode.POSITIVE:
                parameters = case.path_parameters
                case.path_parameters = {
                    name: _known(known, name, case.path, parameters[name]) for name in parameters
                }
            everybody_is_there(
                app.state.settings.required_redis_url()
            )  # without workers, 503 is the truth about readiness
            case.call_and_validate(headers=headers, excluded_checks=excluded)

        with (
            subtests.test(operation.label),
            suppress(Unsatisfiable),
        ):  # some have nothing that could be violated
            keeps()
