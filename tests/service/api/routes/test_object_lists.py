"""Collections: uploaded once, read in parts, named by campaigns, and deleted when nothing names them."""

import gzip
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_actors import Api
from fastapi import FastAPI

from models.domains import collections
from service.app import create_app
from service.campaigns.list_contents import contents_from
from service.settings import Settings
from workers.context import WorkerContext
from workers.jobs import do_job

SHORT = 5
STOCK = (
    "Structure;Cat. No.;Vendor;Price per gram\n"
    "Nc1ccccc1.Cl;A-1;ACME;0,40\n"
    "c1ccccc1N;A-2;ACME;0.3\n"
    "OB(O)c1ccccc1;B-1;Other;2\n"
)


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings.model_copy(update={"direct_rows": SHORT}))


@pytest.fixture(scope="module")
def context(settings: Settings) -> Iterator[WorkerContext]:
    made = WorkerContext(settings)
    yield made
    made.reader.close()
    made.sessions.kw["bind"].dispose()


def send(api: Api, content: str | bytes, media_type: str = "text/csv", **query: Any) -> httpx.Response:
    headers = {"Content-Type": media_type, **query.pop("headers", {})}
    body = content.encode() if isinstance(content, str) else content
    return api.client.post(
        "/v1/collections", content=body, headers=headers, params={"name": "stock", **query}
    )


def campaign_with(api: Api, digest: str) -> httpx.Response:
    domain = {"kind": "molecules", "builder": "library", "library": {"collection": digest}}
    objectives = [{"name": "solubility", "type": "logS"}]
    return api.client.post(
        "/v1/campaigns", json={"name": "Stock", "domain": domain, "objectives": objectives}
    )


def test_a_list_is_standardised_and_its_other_columns_are_kept(api: Api):
    made = send(api, gzip.compress(STOCK.encode()), "application/gzip", filename="stock.csv.gz")
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["state"], found["rows"], found["report"]["repeated"]) == ("succeeded", 3, 1)
    assert found["columns"] == ["smiles", "smiles_as_sent", "catalogue_number", "supplier", "price"]
    salt, again = found["report"]["rows"]
    assert "counterion" in salt["warnings"][0]
    assert again["warnings"] == ["the same object as row 2"]
    address = made.headers["location"]
    assert api.client.get(address).json() == found
    page = api.client.get(f"{address}/rows", params={"limit": 2}).json()
    assert page["items"][0]["cells"] == {
        "smiles": "Nc1ccccc1",
        "smiles_as_sent": "Nc1ccccc1.Cl",
        "catalogue_number": "A-1",
        "supplier": "ACME",
        "price": "0,40",
    }
    rest = api.client.get(f"{address}/rows", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [item["row"] for item in rest["items"]] == [3]
    table = api.client.get(f"{address}/rows", params={"format": "csv"})
    assert table.text.splitlines()[0] == ",".join(found["columns"])
    assert [item["id"] for item in api.client.get("/v1/collections").json()["items"]] == [found["id"]]


def test_a_bad_row_stores_nothing_unless_the_good_ones_are_asked_for(api: Api):
    text = "smiles,id\nCCO,1\nnot a molecule,2\n"
    refused = send(api, text)
    assert refused.status_code == 422
    assert (refused.json()["errors"][0]["row"], refused.json()["rejected"]) == (3, 1)
    assert api.client.get("/v1/collections").json()["items"] == []
    partial = send(api, text, mode="partial").json()
    assert (partial["rows"], partial["report"]["rows"][0]["sent"]) == (1, "not a molecule")
    assert send(api, "name\nethanol\n").status_code == 422


def test_an_sdf_is_read_and_a_request_takes_effect_once(api: Api):
    record = "ethanol\n  test\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n"
    record += "".join(f"    0.0000    0.0000    0.0000 {each}   0  0\n" for each in "CCO")
    record += "  1  2  1  0\n  2  3  1  0\nM  END\n>  <CATALOG_ID>\nE-1\n\n$$$$\n"
    headers = {"Idempotency-Key": "once"}
    first = send(api, record, "chemical/x-mdl-sdfile", headers=headers)
    assert first.status_code == 201, first.text
    assert send(api, record, "chemical/x-mdl-sdfile", headers=headers).json()["id"] == first.json()["id"]
    (row,) = api.client.get(f"{first.headers['location']}/rows").json()["items"]
    assert (row["cells"]["smiles"], row["cells"]["catalogue_number"]) == ("CCO", "E-1")


def test_a_long_list_is_read_as_a_job_under_the_same_id(api: Api, context: WorkerContext):
    accepted = send(api, "smiles,note\n" + "".join(f"{'C' * n}O,{n}\n" for n in range(1, 9)))
    assert accepted.status_code == 202
    address = accepted.headers["location"]
    assert api.client.get(address).json()["state"] == "queued"
    assert api.client.get(f"{address}/rows").status_code == 409
    do_job(context, UUID(accepted.json()["id"]))
    done = api.client.get(address).json()
    assert (done["state"], done["failure"], done["rows"]) == ("succeeded", None, 8)
    assert api.client.get(f"{address}/rows").json()["items"][7]["cells"]["note"] == "8"


def test_a_bad_row_of_a_long_list_fails_the_job_with_the_report(api: Api, context: WorkerContext):
    accepted = send(api, "smiles\n" + "C\n" * 9 + "oops\n")
    do_job(context, UUID(accepted.json()["id"]))
    failed = api.client.get(accepted.headers["location"]).json()
    assert (failed["state"], failed["sha256"], failed["report"]["rejected"]) == ("failed", None, 1)
    assert api.client.get("/v1/collections").json()["items"] == []


def test_a_campaign_names_a_collection_of_its_workspace_and_keeps_it_from_deletion(
    api: Api, new_key: Any, open_client: Any
):
    made = send(api, STOCK)
    digest, address, tag = made.json()["sha256"], made.headers["location"], made.headers["etag"]
    created = campaign_with(api, digest)
    assert created.status_code == 201, created.text
    key, workspace_id = new_key()
    stranger = Api(open_client(key), workspace_id)
    for caller, sha in ((stranger, digest), (api, "0" * 64)):
        refused = campaign_with(caller, sha)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/domain/library"
        assert sha in refused.json()["detail"]
    assert stranger.client.get(address).status_code == 404
    assert api.client.delete(address).status_code == 428
    kept = api.client.delete(address, headers={"If-Match": tag})
    assert kept.status_code == 409
    assert created.json()["id"] in kept.json()["detail"]
    assert api.client.get(address).json()["campaigns"][0]["id"] == created.json()["id"]


def test_a_content_is_stored_once_and_goes_with_its_last_collection(api: Api, context: WorkerContext):
    text = "smiles\nCCCCCCCO\n"
    first, second = send(api, text, name="one"), send(api, text, name="two")
    digest = first.json()["sha256"]
    assert second.json()["sha256"] == digest
    assert first.json()["id"] != second.json()["id"]
    for left, made in ((True, first), (False, second)):
        gone = api.client.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]})
        assert gone.status_code == 204
        assert (contents_from(context.sessions, digest) is not None) is left
    with pytest.raises(collections.CollectionMissingError):
        collections.rows(collections.CollectionReference(collection=digest))


def test_a_worker_reads_contents_from_its_database(
    api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    made = send(api, STOCK).json()
    monkeypatch.setattr(collections, "_source", collections._no_source)  # the source of the API comes back
    collections.rows.cache_clear()
    reference = collections.CollectionReference(collection=made["sha256"])
    with pytest.raises(collections.CollectionMissingError):
        collections.rows(reference)
    worker = WorkerContext(settings)
    worker.sessions  # noqa: B018 - what a worker does before anything else
    assert [row["supplier"] for row in collections.rows(reference)] == ["ACME", "ACME", "Other"]
    worker.sessions.kw["bind"].dispose()


def test_a_key_that_may_only_read_uploads_nothing(new_key: Any, open_client: Any):
    key, workspace_id = new_key("read")
    reader = Api(open_client(key), workspace_id)
    assert send(reader, STOCK).status_code == 403
    assert reader.client.get("/v1/collections").status_code == 200


def create(api: Api, domain: dict[str, Any]) -> httpx.Response:
    objectives = [{"name": "solubility", "type": "logS"}]
    document = {"name": "Listed", "domain": {"kind": "molecules", **domain}, "objectives": objectives}
    return api.client.post("/v1/campaigns", json=document)


def test_an_r_group_table_is_uploaded_and_decorates_a_scaffold(api: Api):
    made = send(api, "R1,R2\n[*]OC,F\nH,C#N\n")
    assert made.status_code == 201, made.text
    assert made.json()["columns"] == ["smiles", "smiles_as_sent", "r1", "r2"]
    table = {"collection": made.json()["sha256"]}
    created = create(api, {"scaffold": {"smiles": "[*:1]c1ccc([*:2])cc1", "table": table}})
    assert created.status_code == 201, created.text
    assert send(api, "R1,R2\n[*]OC,xx(\n").status_code == 422


@pytest.mark.parametrize(
    ("rows", "said"),
    [("CCO,-2,EUR", "row 1: price '-2'"), ("CCO,1,EUR\nCCN,2,USD", "convert them to one currency")],
)
def test_a_stock_with_bad_prices_is_refused_before_the_campaign_is_stored(api: Api, rows: str, said: str):
    stock = {"collection": send(api, f"smiles,price,currency\n{rows}\n").json()["sha256"]}
    refused = create(api, {"builder": "reactions", "reactions": {"stock": stock}})
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/domain/reactions/stock"
    assert said in error["detail"]


def test_a_wrong_list_is_one_error_at_its_field(api: Api):
    refused = create(api, {"exclude": []})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/domain/exclude"]
    digest = create(api, {"known": {"collection": "zz"}})
    assert [error["pointer"] for error in digest.json()["errors"]] == ["/domain/known/collection"]
