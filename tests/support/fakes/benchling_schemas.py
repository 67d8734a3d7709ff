"""Schemas of the fake tenant: three of entities, one of workflow tasks, one of results."""

from __future__ import annotations

from fakes.benchling_tenant import Json, Tenant, field_definition

REGISTRY = "src_registry"
FOLDER = "lib_assays01"
RESULTS = "assaysch_potency"
ORDERS = "wfts_assay"
ENTITY_SCHEMAS = {
    "molecules": "ts_molecule1",
    "aa-sequences": "ts_peptide01",
    "custom-entities": "ts_sample001",
}
QUALIFIERS = "sfs_qualifier"


def new_tenant() -> Tenant:
    return Tenant(
        schemas={
            "entity-schemas": {item["id"]: item for item in _entity_schemas()},
            "workflow-task-schemas": {ORDERS: _task_schema()},
            "assay-result-schemas": {RESULTS: _result_schema()},
        },
        dropdowns={
            QUALIFIERS: {
                "id": QUALIFIERS,
                "name": "Qualifier",
                "archiveRecord": None,
                "options": [
                    {"id": f"sfso_{number}", "name": name, "archiveRecord": None}
                    for number, name in enumerate(("=", "<", "<=", ">", ">=", "~"))
                ],
            }
        },
    )


def _entity_schemas() -> list[Json]:
    types = {"molecules": "molecule", "aa-sequences": "aa_sequence", "custom-entities": "custom_entity"}
    return [
        {
            "id": schema_id,
            "name": types[collection].replace("_", " ").capitalize(),
            "type": types[collection],
            "prefix": collection[:3].upper(),
            "registryId": REGISTRY,
            "archiveRecord": None,
            "containableType": "NONE",
            "constraint": None,
            "modifiedAt": "2026-01-05T09:00:00.000000+00:00",
            "fieldDefinitions": [
                field_definition("Why", "long_text"),
                field_definition("Object", "text"),
                field_definition("Round", "integer"),
                field_definition("Predicted", "float"),
                field_definition("Certainty", "dropdown", dropdownId=QUALIFIERS),
            ],
        }
        for collection, schema_id in ENTITY_SCHEMAS.items()
    ]


def _task_schema() -> Json:
    statuses = [
        {"id": f"wfts_status_{type_.lower()}", "displayName": type_.capitalize(), "statusType": type_}
        for type_ in ("PENDING", "IN_PROGRESS", "COMPLETED", "CANCELLED")
    ]
    return {
        "id": ORDERS,
        "name": "Potency assay",
        "type": "workflow_task",
        "prefix": "ASY-T",
        "taskGroupPrefix": "ASY",
        "archiveRecord": None,
        "executionType": "DIRECT",
        "statusLifecycle": {
            "id": "wfl_1",
            "name": "Usual",
            "initialStatus": statuses[0],
            "statuses": statuses,
        },
        "fieldDefinitions": [
            field_definition("sample", "entity_link", required=True, schemaId=None),
            field_definition("round", "integer"),
        ],
    }


def _result_schema() -> Json:
    return {
        "id": RESULTS,
        "name": "Potency",
        "systemName": "potency",
        "type": "assay_result",
        "archiveRecord": None,
        "modifiedAt": "2026-01-05T09:00:00.000000+00:00",
        "fieldDefinitions": [
            field_definition("sample", "entity_link", required=True, schemaId=None),
            field_definition("ic50", "float", legalTextDropdownId="sfs_legal"),
            field_definition("units", "text"),
            field_definition("qualifier", "dropdown", dropdownId=QUALIFIERS),
            field_definition("outcome", "text"),
        ],
    }
