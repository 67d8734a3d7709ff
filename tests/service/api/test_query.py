"""Unknown or repeated query parameters are refused and named, never silently ignored."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from api_actors import Api
from fastapi import FastAPI, Query
from fastapi.routing import APIRoute

from service.api.query import query_parameters


def _operations(app: FastAPI) -> Iterator[tuple[str, str, set[str]]]:
    """Yield method, an address and the query parameters of every documented operation.

    The ids in an address need not exist: a wrong query is reported first.
    """
    known = {"number": "1", "figure": "front"}
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = operation.get("parameters", [])
            names = {item["name"] for item in parameters if item["in"] == "path"}
            ids = {name: known.get(name, "00000000-0000-0000-0000-000000000000") for name in names}
            yield method.upper(), path.format(**ids), {item["name"] for item in parameters if item["in"] == "query"}


def test_every_route_names_what_it_does_not_take(api: Api, app: FastAPI, subtests: pytest.Subtests) -> None:
    operations = list(_operations(app))
    assert len(operations) > 30
    for method, address, names in operations:
        with subtests.test(f"{method} {address}"):
            body = {"json": {}} if method in ("POST", "PATCH") else {}
            response = api.client.request(method, address, params={"dryrun": "true"}, **body)
            assert response.status_code == 422, response.text
            assert response.headers["Content-Type"] == "application/problem+json"
            (location,) = response.json()["errors"]
            reported = f"this takes {', '.join(sorted(names))}" if names else "this takes no query parameters"
            assert location == {"in": "query", "pointer": "/dryrun", "detail": f"unknown query parameter; {reported}"}


def test_a_misspelt_dry_run_stores_nothing(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/results"
    row = [{"switches": "0101", "type": "glow", "value": 1}]
    for wrong in ("dryrun=true", "dry-run=true", "Dry_Run=true", "dry_run=true&dry_run=false", "dry_run=true&x="):
        response = api.client.post(f"{address}?{wrong}", json=row)
        assert response.status_code == 422, wrong
    detail = api.client.post(f"{address}?dryrun=1", json=row).json()["detail"]
    assert {"dry_run", "filename", "mode", "on_conflict", "sheet"} <= set(detail.split("takes ")[1].split(", "))
    assert api.client.get(address).json()["items"] == []
    assert api.client.post(f"{address}?dry_run=true", json=row).status_code == 200


def test_every_wrong_parameter_is_named_with_what_is_wrong(api: Api) -> None:
    response = api.client.get("/v1/campaigns?limit=1&limit=2&page=3&a~b/c=")
    assert response.json()["errors"] == [
        {"in": "query", "pointer": "/limit", "detail": "given 2 times; send it once"},
        {"in": "query", "pointer": "/page", "detail": "unknown query parameter; this takes cursor, limit"},
        {"in": "query", "pointer": "/a~0b~1c", "detail": "unknown query parameter; this takes cursor, limit"},
    ]


def test_a_parameter_that_takes_several_values_takes_them(api: Api) -> None:
    address = f"/v1/campaigns/{api.campaign()['id']}/insights"
    response = api.client.get(address, params={"threshold": ["glow:1", "ones:2"]})
    assert response.status_code == 200, response.text


def test_the_description_takes_no_parameters_either(api: Api) -> None:
    assert api.client.get("/openapi.json").status_code == 200
    assert api.client.get("/openapi.json?format=yaml").status_code == 422


def test_names_and_repetition_come_from_the_signature() -> None:
    app = FastAPI()

    @app.get("/")
    def read(
        plain: int,
        many: Annotated[list[str] | None, Query(alias="tag")] = None,
        unique: Annotated[set[int], Query()] = frozenset(),  # type: ignore[assignment]
    ) -> dict[str, Any]:
        return {"plain": plain, "many": many, "unique": unique}

    route = next(route for route in app.routes if isinstance(route, APIRoute))
    assert query_parameters(route) == {"plain": False, "tag": True, "unique": True}
