"""Examples of connectors, links and receipts, by the name of their schema or call in OpenAPI.

They continue the campaign of `examples`: its first batch is registered in Benchling and measured there.
"""

from typing import Any

_CAMPAIGN_ID = "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"
_ROUND_ID = "b7a1d2c4-6f1e-4a1b-8c55-91d0a3f4e512"
_CANDIDATE_ID = "1c9e4d70-3b6a-4f0e-9a53-6d2f8b7c4e90"
_CONNECTOR_ID = "3d9a6e52-8c1f-4b7a-9e20-5f4c3b2a1d06"
_LINK_ID = "a4c8e1f7-2b6d-4e90-8d35-7c6b5a4f3e21"
_MESSAGE_ID = "c5e7a9b1-3d2f-4c6e-8a10-9b8c7d6e5f42"
_RECEIPT_ID = "f1b3d5c7-6a8e-4f20-9c41-2e3d4c5b6a78"
_UPLOAD_ID = "9d7c5b3a-1e2f-4a6b-8c0d-5e4f3a2b1c0d"
_JOB_ID = "e2b8f6a1-7c3d-4e5f-8a9b-0c1d2e3f4a5b"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MADE, _ENDED = "2026-03-02T11:00:00Z", "2026-03-02T11:00:04Z"
_KEY = "AF-1C9E4D703B6A4F0E9A536D2F8B7C4E90"
_SCHEMA, _RESULTS = "ts_8h2kQm1p", "assaysch_4Zr9wBx2"

_SETTINGS = {"registry_id": "src_7Yp3nV0d", "folder_id": "lib_5Tk2sWq8"}
_STANDING: dict[str, Any] = {
    "outcome": "working",
    "detail": None,
    "identity": "assayflow (app)",
    "server": "Benchling, tenant acme",
    "warnings": [],
    "checked_at": _ENDED,
}
_CONNECTOR: dict[str, Any] = {
    "id": _CONNECTOR_ID,
    "name": "Benchling of the chemists",
    "kind": "benchling",
    "base_url": "https://acme.benchling.com",
    "settings": _SETTINGS,
    "secret": {"set": True, "authority": "acme.benchling.com", "rotated_at": _MADE},
    "status": "active",
    "state": "idle",
    "due_at": "2026-03-02T11:05:00Z",
    "quiet_until": None,
    "problem": None,
    "standing": _STANDING,
    "waiting": 0,
    "needs_attention": 1,
    "created_at": _MADE,
    "updated_at": _MADE,
}
_JOB: dict[str, Any] = {
    "id": _JOB_ID,
    "state": "succeeded",
    "progress": 1.0,
    "message": "done",
    "created_at": _MADE,
    "started_at": _MADE,
    "finished_at": _ENDED,
    "failure": None,
}
_MESSAGE: dict[str, Any] = {
    "id": _MESSAGE_ID,
    "link_id": _LINK_ID,
    "verb": "material",
    "candidate_id": _CANDIDATE_ID,
    "round_id": _ROUND_ID,
    "event": None,
    "state": "refused",
    "due_at": _MADE,
    "tries": 1,
    "problem": {"detail": "Batch is a required field", "field": "Batch"},
    "created_at": _MADE,
    "done_at": _ENDED,
}
_MAPPING: dict[str, Any] = {
    "materials": {
        "name": "{prefix}-R{round}-{rank:03}",
        "fields": {"Predicted logS": "prediction:solubility.mean", "Why": "why"},
    },
    "order": {"name": "{prefix}-R{round}", "fields": {"Batch": "batch_sha256"}, "files": ["xlsx"]},
    "results": [
        {
            "source": _RESULTS,
            "row": {"type": "=logS", "value": "log_s", "relation": "qualifier", "outcome": "verdict"},
            "words": {"outcome": {"no result": "assay_failed"}},
        }
    ],
}
_LINK: dict[str, Any] = {
    "id": _LINK_ID,
    "connector_id": _CONNECTOR_ID,
    "campaign_id": _CAMPAIGN_ID,
    "mapping": _MAPPING,
    "mapping_version": 1,
    "push": "on_release",
    "pull": "poll",
    "every_seconds": 300,
    "pull_due_at": "2026-03-02T11:05:00Z",
    "last_pull_at": _ENDED,
    "created_by": "k3v9x2",
    "created_at": _MADE,
    "updated_at": _MADE,
}
_REMOTE: dict[str, Any] = {
    "type": "custom_entity",
    "id": "bfi_2Wd8tLq4",
    "key": _KEY,
    "version": _ENDED,
    "url": "https://acme.benchling.com/acme/f/lib_5Tk2sWq8/bfi_2Wd8tLq4/edit",
    "state": None,
}
_MEASUREMENT: dict[str, Any] = {
    "id": "5a0f9c5e-0c1b-4f8e-9d6a-7b1c2d3e4f50",
    "source": _RESULTS,
    "about": _REMOTE,
    "fields": {"log_s": "-0.51", "qualifier": "=", "verdict": ""},
    "version": _ENDED,
    "standing": "final",
    "measured_at": None,
}
_REPORT: dict[str, Any] = {
    "problem": None,
    "withdrawn": 0,
    "notes": [],
    "measured": [f"benchling:acme.benchling.com:{_RESULTS}:{_MEASUREMENT['id']}"],
    "upload": {
        "accepted": 1,
        "rejected": 0,
        "duplicates": 0,
        "skipped": 0,
        "warnings": [],
        "reading": None,
        "rows": [
            {
                "row": 1,
                "status": "accepted",
                "reason": None,
                "column": None,
                "warnings": [],
                "candidate_id": _CANDIDATE_ID,
                "object": "OCCNC(=O)c1ccncc1",
                "type": "logS",
                "would_store": None,
                "corrects": None,
            }
        ],
    },
}
_RECEIPT: dict[str, Any] = {
    "id": _RECEIPT_ID,
    "connector_id": _CONNECTOR_ID,
    "link_id": _LINK_ID,
    "campaign_id": _CAMPAIGN_ID,
    "state": "applied",
    "media_type": "application/json",
    "filename": None,
    "record": None,
    "sha256": _DIGEST,
    "mapping_version": 1,
    "upload_id": _UPLOAD_ID,
    "received_at": _MADE,
    "applied_at": _ENDED,
}
_BODY = (
    f'{{"customEntities":[{{"entityRegistryId":"{_KEY}","name":"soluble-fragments-5f0c-R1-001",'
    f'"schemaId":"{_SCHEMA}","fields":{{"Predicted logS":{{"value":"-0.42"}}}}}}]}}'
)
_SENT: dict[str, Any] = {
    "keys": [_KEY],
    "method": "PATCH",
    "path": "/api/v2/custom-entities:bulk-upsert",
    "media_type": "application/json",
    "body": _BODY,
    "size": len(_BODY),
}

CONNECTOR_ANSWERS: dict[str, dict[str, Any]] = {
    "ConnectorKind": {
        "kind": "benchling",
        "title": "Benchling",
        "settings_schema": {
            "type": "object",
            "properties": {"registry_id": {"type": "string"}, "folder_id": {"type": "string"}},
        },
        "credentials_schema": {
            "type": "object",
            "properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}},
        },
        "manners": {
            "natural_key": True,
            "sends_materials": True,
            "sends_orders": True,
            "materials_per_call": 1000,
            "is_push": True,
            "needs_address": True,
        },
    },
    "Connector": _CONNECTOR,
    "ConnectorFields": {
        "checked_at": _ENDED,
        "fields": [
            {
                "schema": _RESULTS,
                "name": "qualifier",
                "label": "Qualifier",
                "type": "dropdown",
                "is_required": False,
                "options": ["=", "<", ">"],
            }
        ],
    },
    "Check": {**_JOB, "connector_id": _CONNECTOR_ID, "standing": _STANDING, "n_fields": 24},
    "OutboxMessage": _MESSAGE,
    "ExchangeEntry": {
        "id": 4711,
        "at": _ENDED,
        "method": "PATCH",
        "path": "/api/v2/custom-entities:bulk-upsert",
        "status": 400,
        "seconds": 0.21,
        "problem": None,
        "outbox_id": _MESSAGE_ID,
    },
    "Link": _LINK,
    "Pushed": {"round": 1, "new_messages": 25},
    "ExternalRecord": {
        "entity": "candidate",
        "entity_id": _CANDIDATE_ID,
        "type": _REMOTE["type"],
        "key": _KEY,
        "external_id": _REMOTE["id"],
        "external_version": _ENDED,
        "url": _REMOTE["url"],
        "state": None,
        "created_at": _MADE,
        "updated_at": _ENDED,
    },
    "Receipt": _RECEIPT,
    "ReceiptAnswer": {**_RECEIPT, "records": [_MEASUREMENT], "report": _REPORT},
    "PreviewAnswer": {
        **_JOB,
        "connector_id": _CONNECTOR_ID,
        "link_id": _LINK_ID,
        "campaign_id": _CAMPAIGN_ID,
        "round": 1,
        "materials": [_SENT],
        "order": [],
        "notes": [
            "each is the first request that writes; a further one may follow, which depends on its answer"
        ],
        "measurements": [_MEASUREMENT],
        "report": _REPORT,
    },
}
"""Responses, by the name of their model."""

CONNECTOR_REQUESTS: dict[str, Any] = {
    "create_connector": {
        "name": "Benchling of the chemists",
        "kind": "benchling",
        "base_url": "https://acme.benchling.com",
        "settings": _SETTINGS,
        "credentials": {"client_id": "the app's id", "client_secret": "the app's secret"},
    },
    "patch_connector": {"settings": {"folder_id": "lib_9Xc4rTb1"}},
    "skip_connector_message": {"reason": "registered by hand"},
    "create_link": {"campaign_id": _CAMPAIGN_ID, "mapping": _MAPPING},
    "patch_link": {"every_seconds": 60, "mapping": {"order": {"fields": {"Batch": None}}}},
    "push_round": {"round": 1},
    "preview_link": {"mapping": _MAPPING, "round": 1},
}
"""JSON bodies, by the call's name."""
