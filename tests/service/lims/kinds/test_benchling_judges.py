"""Two judges of the fake: the vendor's client drives it, and the vendor's schema reads its answers."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml
from benchling_calls import connect, key, molecules, order_of, pulled, registered, running_fake, settled
from fakes.lab import Measurement
from vendor_schemas import VendorSchemas

from service.lims.contract import AccessDeniedError, Material, News, RemoteRecord, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.benchling import FakeBenchling

pytest.importorskip("benchling_sdk", reason="benchling-sdk is not installed: install the extra dev")

from benchling_sdk.auth.client_credentials_oauth2 import ClientCredentialsOAuth2
from benchling_sdk.benchling import Benchling
from benchling_sdk.helpers.serialization_helpers import fields
from benchling_sdk.models import (
    AssayResultCreate,
    AsyncTaskStatus,
    MoleculeBulkUpsertRequest,
    MoleculesArchiveReason,
    MoleculesBulkUpsertRequest,
    MoleculeStructure,
    MoleculeStructureStructureFormat,
    MoleculeUpsertRequest,
    WorkflowTaskBulkCreate,
    WorkflowTaskGroupCreate,
)

BASE = "/api/v2"
# A task that runs is of every kind that a task may be, so "exactly one of" cannot hold.
TASKS = {"getTask": "AsyncTask"}


@pytest.fixture
def fake() -> Iterator[FakeBenchling]:
    with running_fake() as lab:
        yield lab


@pytest.fixture(scope="module")
def vendor() -> VendorSchemas:
    text = (files("benchling_api_client.v2.stable") / "openapi.yaml").read_text(encoding="utf-8")
    return VendorSchemas(yaml.load(text, Loader=yaml.CSafeLoader), TASKS)


def _problems(fake: FakeBenchling, vendor: VendorSchemas) -> list[str]:
    exchanges = [
        (sent.method, sent.path, sent.body, answer.status, answer.content())
        for sent, answer in fake.exchanges
    ]
    assert exchanges
    found = list(vendor.problems(exchanges, BASE))
    for sent, _ in fake.exchanges:
        known = vendor.parameters(sent.method, sent.path.removeprefix(BASE))
        found += [f"{sent.path}: no parameter {name}" for name in sent.query if name not in known]
    return found


class TestSchema:
    def test_a_whole_campaign_is_as_the_vendor_writes_it(
        self, fake: FakeBenchling, vendor: VendorSchemas
    ) -> None:
        connector = connect(fake)
        connector.check()
        connector.describe()
        materials = registered(fake, 3)
        (group,) = settled(connector, [connector.put_order(order_of(materials))])
        connector.find("order", [group.key])
        assert len(connector.find("material", [key(number) for number in range(3)])) == 3
        ids = [fake.measure(key(number), Measurement("12", ">")) for number in range(3)]
        fake.set_page_size(2)
        _, cursor = pulled(connector, materials)
        fake.withdraw(ids[0])
        fake.correct(ids[1], Measurement("", outcome="no fit"))
        pulled(connector, materials, cursor)
        connector.notify(materials[0], News(event="measured"))
        assert _problems(fake, vendor) == []

    @pytest.mark.parametrize("own_registry_ids", [True, False])
    @pytest.mark.parametrize("shape", ["array", "object", "one", "unnamed"])
    def test_so_are_failures(
        self, fake: FakeBenchling, vendor: VendorSchemas, shape: str, *, own_registry_ids: bool
    ) -> None:
        fake.tenant.errors_as = shape
        fake.fail_task_for(key(1), "No.")
        connector = connect(fake, own_registry_ids=own_registry_ids)
        others = [
            Material(
                key=key(8),
                name="p",
                schema="ts_peptide01",
                structure=Structure(format="sequence", text="ACD"),
            ),
            Material(key=key(9), name="s", schema="ts_sample001"),
        ]
        settled(connector, connector.put_materials([*molecules(3), *others]))
        settled(
            connector,
            [
                connector.put_order(
                    order_of([*registered(fake, 1), RemoteRecord(type="molecule", id="mol_gone")])
                )
            ],
        )
        assert _problems(fake, vendor) == []

    def test_refusals_are_too(self, fake: FakeBenchling, vendor: VendorSchemas) -> None:
        connect(fake, folder_id="lib_gone").check()
        fake.expire_access(for_ever=True)
        with pytest.raises(AccessDeniedError, match="401"):
            connect(fake).check()
        assert [answer.status for _, answer in fake.exchanges][-1] == 401
        assert _problems(fake, vendor) == []

    def test_the_judge_sees_what_is_wrong(self, vendor: VendorSchemas) -> None:
        wrong = [
            (
                "GET",
                "/api/v2/molecules",
                b"",
                200,
                b'{"molecules": [{"id": 7, "colour": "red"}], "nextToken": ""}',
            ),
            (
                "POST",
                "/api/v2/molecules:bulk-upsert",
                b'{"molecules": [{"name": "x"}]}',
                202,
                b'{"taskId": "a"}',
            ),
            ("GET", "/api/v2/molecules-of-yesterday", b"", 200, b"{}"),
        ]
        found = " | ".join(vendor.problems(wrong, BASE))
        for words in ("colour", '7 is not of type "string"', "entityRegistryId", "no such operation"):
            assert words in found


@pytest.fixture
def client(fake: FakeBenchling) -> Iterator[Benchling]:
    with httpx.Client() as http:
        token_url = f"{fake.base_url}/api/v2/token"
        signing = ClientCredentialsOAuth2(
            *fake.credentials().values(), token_url=token_url, httpx_client=http
        )
        yield Benchling(url=fake.base_url, httpx_client=http, auth_method=signing)


@pytest.mark.filterwarnings("ignore:Setting per-request cookies:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This package is deprecated:DeprecationWarning")
class TestClient:
    def test_registers_molecules_and_reads_them(self, fake: FakeBenchling, client: Benchling) -> None:
        link = client.molecules.bulk_upsert(
            MoleculesBulkUpsertRequest(
                molecules=[
                    MoleculeBulkUpsertRequest(
                        entity_registry_id=key(number),
                        registry_id="src_registry",
                        schema_id="ts_molecule1",
                        name=f"by-client-{number}",
                        chemical_structure=MoleculeStructure(
                            structure_format=MoleculeStructureStructureFormat.SMILES, value="CCO"
                        ),
                        fields=fields({"Why": {"value": "because"}}),
                    )
                    for number in range(3)
                ]
            )
        )
        task = client.tasks.wait_for_task(link.task_id, interval_wait_seconds=0)
        assert task.status == AsyncTaskStatus.SUCCEEDED
        fake.set_page_size(2)
        read = [item for page in client.molecules.list() for item in page]
        assert [item.entity_registry_id for item in read] == [key(0), key(1), key(2)]
        assert read[0].fields["Why"].value == "because"

    def test_upserts_one_and_archives_it(
        self, fake: FakeBenchling, client: Benchling, vendor: VendorSchemas
    ) -> None:
        structure = MoleculeStructure(structure_format=MoleculeStructureStructureFormat.SMILES, value="CCO")
        for name in ("first", "second"):
            body = MoleculeUpsertRequest(
                registry_id="src_registry", schema_id="ts_molecule1", name=name, chemical_structure=structure
            )
            written = client.molecules.upsert(key(0), body)
        client.molecules.archive([written.id], MoleculesArchiveReason.MADE_IN_ERROR)
        read = client.molecules.get_by_id(written.id)
        assert (read.name, read.archive_record.reason) == ("second", "Made in error")
        assert [answer.status for sent, answer in fake.exchanges if sent.method == "PATCH"] == [201, 200]
        assert connect(fake).find("material", [key(0)])[key(0)].state == "archived"
        assert _problems(fake, vendor) == []

    def test_sees_a_failed_task(self, fake: FakeBenchling, client: Benchling) -> None:
        fake.fail_task_for(key(1), "No.")
        connector = connect(fake)
        connector.put_materials(molecules(2))
        (task_id,) = fake.tenant.tasks
        task = client.tasks.wait_for_task(task_id, interval_wait_seconds=0)
        assert task.status == AsyncTaskStatus.FAILED
        assert task.errors[0]["index"] == 1

    def test_orders_and_measures_what_the_connector_registered(
        self, fake: FakeBenchling, client: Benchling
    ) -> None:
        materials = registered(fake, 2)
        group = client.workflow_task_groups.create(
            WorkflowTaskGroupCreate(schema_id="wfts_assay", folder_id="lib_assays01", name="By client")
        )
        link = client.workflow_tasks.bulk_create(
            [
                WorkflowTaskBulkCreate(
                    workflow_task_group_id=group.id, fields=fields({"sample": {"value": materials[0].id}})
                )
            ]
        )
        assert (
            client.tasks.wait_for_task(link.task_id, interval_wait_seconds=0).status
            == AsyncTaskStatus.SUCCEEDED
        )
        listed = [task for page in client.workflow_tasks.list() for task in page]
        assert [task.status.status_type for task in listed] == ["PENDING"]
        result = AssayResultCreate(
            schema_id="assaysch_potency",
            fields=fields({"sample": {"value": materials[1].id}, "ic50": {"value": 12.5}}),
        )
        (result_id,) = client.assay_results.create([result]).assay_results
        (read,) = [item for page in client.assay_results.list("assaysch_potency") for item in page]
        assert (read.id, read.archive_record, read.is_reviewed) == (result_id, None, True)
        records, _ = pulled(connect(fake), materials)
        assert [(record.about, record.fields["ic50"]) for record in records] == [(materials[1], "12.5")]

    def test_reads_schemas_and_dropdowns(self, client: Benchling) -> None:
        (schema,) = [item for page in client.schemas.list_assay_result_schemas() for item in page]
        assert [item.name for item in schema.field_definitions][:2] == ["sample", "ic50"]
        options = client.dropdowns.get_by_id("sfs_qualifier").options
        assert [item.name for item in options][:2] == ["=", "<"]
