"""The Python client of LabKey drives the fake, so that more than our beliefs vouch for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from connector_calls import KEYS, opened, scope_of, sent, whole_pass
from fakes.lab import Measurement
from fakes.labkey import FakeLabkey, make_fake
from fakes.labkey_server import ASSAY, FOLDER, ORDERS, SAMPLE_TYPE

from service.lims.contract import Order
from service.lims.kinds.labkey import LabkeyConnector

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("labkey", reason="the client of LabKey is not installed: pip install 'assayflow[dev]'")

from labkey.api_wrapper import APIWrapper
from labkey.exceptions import RequestAuthorizationError, RequestError
from labkey.query import InsertOption, QueryFilter


@pytest.fixture
def fake() -> Iterator[FakeLabkey]:
    made = make_fake()
    yield made
    made.close()


@pytest.fixture
def api(fake: FakeLabkey) -> APIWrapper:
    return client(fake, fake.key)


def client(fake: FakeLabkey, key: str) -> APIWrapper:
    domain = fake.address.removeprefix("http://")
    return APIWrapper(domain, FOLDER.replace(" ", "%20"), "labkey", use_ssl=False, api_key=key)


def rows_of(api: APIWrapper, schema: str, query: str, **more: Any) -> list[dict[str, Any]]:
    return api.query.select_rows(schema, query, **more)["rows"]


def test_the_client_sees_what_the_connector_wrote(fake: FakeLabkey, api: APIWrapper) -> None:
    connector = opened(LabkeyConnector, fake)
    records = sent(connector, SAMPLE_TYPE, Structure="CCO")
    connector.put_order(Order(key="AFR-1", name="Round 1", materials=records, fields={"Campaign": "x"}))
    rows = rows_of(api, "samples", SAMPLE_TYPE, columns="RowId,Name,Structure,AssayflowOrder")
    assert [(str(row["RowId"]), row["Name"], row["AssayflowOrder"]) for row in rows] == [
        (record.id, record.key, "AFR-1") for record in records
    ]
    assert rows_of(api, "lists", ORDERS, columns="Key,Campaign") == [{"Key": "AFR-1", "Campaign": "x"}]


def test_the_connector_finds_what_the_client_merged(fake: FakeLabkey, api: APIWrapper) -> None:
    for structure in ("CCO", "CCN"):
        answer = api.query.import_rows(
            "samples",
            SAMPLE_TYPE,
            text=f"Name,Structure\nAF-0A1,{structure}\n",
            format="csv",
            insert_option=InsertOption.MERGE,
        )
        assert answer == {"success": True, "rowCount": 1}
    found = opened(LabkeyConnector, fake).find("material", KEYS)
    assert list(found) == ["AF-0A1"]
    assert [held.fields["Structure"] for held in fake.materials()] == ["CCN"]
    refused = api.query.import_rows("samples", SAMPLE_TYPE, text="Name\nAF-0A1\n")
    assert refused["success"] is False
    assert "duplicate key" in refused["exception"]


def test_filters_limits_and_counts_are_those_of_the_client(fake: FakeLabkey, api: APIWrapper) -> None:
    connector = opened(LabkeyConnector, fake)
    records = sent(connector, SAMPLE_TYPE)
    ids = [fake.measure(key, Measurement("12", relation=">")) for key in KEYS]
    new = fake.replace_run(ids[0], Measurement("15"))
    of_samples = QueryFilter("SampleID", f"{records[0].id};{records[1].id}", QueryFilter.Types.IN)
    current = rows_of(api, ASSAY, "Data", filter_array=[of_samples])
    assert [f"{ASSAY}/{row['RowId']}" for row in current] == [ids[1], new], "replaced runs are hidden"
    is_any = QueryFilter("Run/Replaced", "", QueryFilter.Types.IS_NOT_BLANK)
    page = api.query.select_rows(ASSAY, "Data", filter_array=[of_samples, is_any], max_rows=1, offset=1)
    assert (len(page["rows"]), page["rowCount"]) == (1, 3)
    assert page["rows"][0]["Date"] == "2026/03/02 09:30:00"
    assert page["rows"][0]["ResultOORIndicator"] == ">"
    found, _ = whole_pass(connector, scope_of(records[:2], ASSAY))
    assert [item.id for item in found if item.standing == "final"] == [ids[1], new]


def test_a_transaction_that_fails_is_told_in_both_ways(fake: FakeLabkey, api: APIWrapper) -> None:
    rows = [{"Key": "AFR-1"}, {"Key": "AFR-1"}]
    command = {"command": "insert", "schema_name": "lists", "query_name": ORDERS, "rows": rows}
    told = api.query.save_rows([command], api_version=13.2)
    assert (told["committed"], told["errorCount"]) == (False, 1)
    with pytest.raises(RequestError, match="duplicate key"):
        api.query.save_rows([command])
    assert fake.orders() == []
    api.query.insert_rows("lists", ORDERS, rows[:1])
    api.query.update_rows("lists", ORDERS, [{"Key": "AFR-1", "Status": "done"}])
    assert fake.orders()[0].fields["Status"] == "done"
    assert api.query.delete_rows("lists", ORDERS, rows[:1])["rowsAffected"] == 1


def test_a_wrong_key_is_refused_to_the_client_too(fake: FakeLabkey) -> None:
    with pytest.raises(RequestAuthorizationError, match="permission"):
        rows_of(client(fake, "wrong"), "lists", ORDERS)
