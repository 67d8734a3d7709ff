"""Whether the fake of eLabFTW is one: its maker's client drives it, its maker's schema judges its answers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from connector_calls import opened
from fakes.elabftw import ElabftwFake, make_fake
from fakes.elabftw_api import KEY
from fakes.lab import Measurement
from lane_calls import put_all, read_all, records_of

from service.lims.contract import File, Material, News, Order, Scope
from service.lims.kinds.elabftw import ElabftwConnector

OPENAPI = "ASSAYFLOW_ELABFTW_OPENAPI"


@pytest.fixture
def fake() -> Iterator[ElabftwFake]:
    made = make_fake()
    yield made
    made.close()


@pytest.fixture
def client(fake: ElabftwFake) -> Any:
    elab = pytest.importorskip("elabapi_python", reason="elabapi-python is not installed: extra lims-judges")
    configuration = elab.Configuration()
    configuration.host = f"{fake.base_url}/api/v2"
    configuration.api_key = {"api_key": KEY}
    made = elab.ApiClient(configuration)
    made.set_default_header("Authorization", KEY)
    return elab, made


def number(answer: tuple[Any, int, Any]) -> int:
    """Return the id of a created record, which has an empty body and a `Location`."""
    data, status, headers = answer
    assert (data, status) == (None, 201)
    return int(headers["Location"].rsplit("/", 1)[1])


def test_its_makers_client_drives_the_fake(client: Any, tmp_path: Path) -> None:
    elab, api = client
    items, experiments = elab.ItemsApi(api), elab.ExperimentsApi(api)
    metadata = json.dumps({"extra_fields": {"Lot": {"type": "text", "value": "L1"}}})
    item = number(items.post_item_with_http_info(body={"title": "Sample 1", "metadata": metadata}))
    merge = {"extra_fields": {"Lot": {"value": "L2"}, "Purity": {"type": "number", "value": "98.10"}}}
    items.patch_item({"metadatamerge": merge}, item)
    raw = json.loads(items.get_item(item, _preload_content=False).data)
    fields = json.loads(raw["metadata"])["extra_fields"]
    assert fields == {"Lot": {"type": "text", "value": "L2"}, "Purity": merge["extra_fields"]["Purity"]}
    assert raw["metadata_decoded"]["extra_fields"] == fields
    experiment = number(experiments.post_experiment_with_http_info(body={"title": "Screen 1"}))
    elab.LinksToItemsApi(api).post_entity_items_links("experiments", experiment, item)
    file = tmp_path / "results.csv"
    file.write_bytes(b"a,b\n1,2\n")
    uploads = elab.UploadsApi(api)
    upload = number(
        uploads.post_upload_with_http_info("experiments", experiment, file=str(file), comment="filled")
    )
    content = uploads.read_upload(
        "experiments", experiment, upload, format="binary", _preload_content=False
    ).data
    assert content == file.read_bytes()
    whole = experiments.get_experiment(experiment)
    assert [(link.entityid, link.title) for link in whole.items_links] == [(item, "Sample 1")]
    assert [(got.id, got.comment, got.filesize) for got in whole.uploads] == [(upload, "filled", 8)]
    elab.CommentsApi(api).post_entity_comments("experiments", experiment, body={"comment": "done"})
    assert elab.CommentsApi(api).read_entity_comments("experiments", experiment)[0].comment == "done"


def test_its_makers_client_meets_the_traps(client: Any) -> None:
    elab, api = client
    items, compounds = elab.ItemsApi(api), elab.CompoundsApi(api)
    for n in range(20):
        items.post_item(body={"title": f"Sample {n}"})
    assert [len(items.read_items()), len(items.read_items(limit=50)), len(items.read_items(offset=15))] == [
        15,
        20,
        5,
    ]
    whole = {"name": "Aspirin", "inchi_key": "BSYN-A", "cas_number": "50-78-2", "is_toxic": 1}
    first = number(compounds.post_compounds_with_http_info(whole))
    again = number(compounds.post_compounds_with_http_info({"name": "AB12", "inchi_key": "BSYN-A"}))
    found = compounds.get_compound(first)
    assert (again, found.name, found.cas_number, found.is_toxic) == (first, "AB12", "", 0)
    with pytest.raises(elab.rest.ApiException) as caught:
        items.get_item(1)
    problem = json.loads(caught.value.body)
    assert (caught.value.status, problem["code"], sorted(problem)) == (
        404,
        "404",
        ["code", "description", "message"],
    )


@pytest.mark.skipif(
    OPENAPI not in os.environ, reason=f"{OPENAPI} names no file: eLabFTW's own OpenAPI is not judging"
)
def test_its_makers_schema_judges_the_answers(fake: ElabftwFake) -> None:
    from schemathesis import openapi

    schema = openapi.from_path(os.environ[OPENAPI])
    # The schema says object, and the real server sends a text with an object beside it.
    fake.metadata_is_text = False
    connector = opened(ElabftwConnector, fake)
    records = records_of(
        put_all(connector, [Material(key=f"c{n}", name=f"S{n}", schema="Sample") for n in (1, 2)])
    )
    table = File(name="batch.csv", media_type="text/csv", content=b"a\n")
    (order,) = records_of([connector.put_order(Order(key="r", name="R", materials=records, files=(table,)))])
    fake.measure("c1", Measurement("12.5"))
    read_all(connector, Scope(materials=records, orders=[order]))
    connector.notify(order, News(event="measured"))
    (upload,) = fake.uploads
    fake.compounds[7] = {"id": 7, "name": "Aspirin", "inchi_key": "BSYN-A", "is_toxic": 1}
    # Of /info it says that exactly one of two schemas holds, and without required members both always do.
    paths = {
        "/users/{id}": "/users/me",
        "/apikeys": "/apikeys",
        "/items": "/items?full=1",
        "/items_types": "/items_types",
        "/items/{id}": f"/items/{records[0].id}",
        "/experiments": "/experiments",
        "/experiments_templates": "/experiments_templates",
        "/experiments/{id}": f"/experiments/{order.id}",
        "/{entity_type}/{id}/items_links": f"/experiments/{order.id}/items_links",
        "/{entity_type}/{id}/uploads": f"/experiments/{order.id}/uploads",
        "/{entity_type}/{id}/uploads/{subid}": f"/experiments/{order.id}/uploads/{upload}",
        "/{entity_type}/{id}/comments": f"/experiments/{order.id}/comments",
        "/compounds": "/compounds",
        "/compounds/{id}": "/compounds/7",
    }
    with httpx.Client(base_url=f"{fake.base_url}/api/v2", headers={"Authorization": KEY}) as http:
        for name, path in paths.items():
            schema[name]["GET"].validate_response(http.get(path))
        schema["/items/{id}"]["GET"].validate_response(http.get("/items/1"))
        schema["/items"]["GET"].validate_response(http.get("/items", headers={"Authorization": "no"}))
        merge = {"metadatamerge": {"extra_fields": {"a": {"type": "text", "value": "b"}}}}
        schema["/items/{id}"]["PATCH"].validate_response(http.patch(f"/items/{records[0].id}", json=merge))
        schema["/items"]["POST"].validate_response(http.post("/items", json={"title": "more"}))
