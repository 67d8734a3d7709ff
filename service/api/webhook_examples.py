"""Examples of webhooks, deliveries, events and messages. Data; a test validates it."""

from typing import Any

_CAMPAIGN_ID = "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"
_ROUND_ID = "b7a1d2c4-6f1e-4a1b-8c55-91d0a3f4e512"
_UPLOAD_ID = "9d7c5b3a-1e2f-4a6b-8c0d-5e4f3a2b1c0d"
_CONNECTOR_ID = "c2a4e6f8-0b1d-4c3e-9f5a-7b8d6e4c2a10"
_WEBHOOK_ID = "4b8e1d2f-6a3c-4e5d-9f70-1c2b3a4d5e6f"
_EVENT_ID = "8d2f4b6a-0c1e-4a3d-b5f7-9e8c7a6b5d4c"
_AT = "2026-03-02T09:06:41Z"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_CAMPAIGN = f"/v1/campaigns/{_CAMPAIGN_ID}"
_ROUND: dict[str, Any] = {"campaign_id": _CAMPAIGN_ID, "round_id": _ROUND_ID, "round": 1}

_DATA: dict[str, dict[str, Any]] = {
    "round.failed": {**_ROUND, "href": f"{_CAMPAIGN}/rounds/1"},
    "batch.ready": {**_ROUND, "href": f"{_CAMPAIGN}/rounds/1/batch", "n_candidates": 24},
    "batch.released": {
        **_ROUND,
        "href": f"{_CAMPAIGN}/rounds/1/release",
        "n_candidates": 22,
        "batch_sha256": _DIGEST,
    },
    "results.stored": {
        "campaign_id": _CAMPAIGN_ID,
        "href": f"{_CAMPAIGN}/results",
        "upload_id": _UPLOAD_ID,
        "n_stored": 96,
        "n_corrections": 2,
    },
    "results.rejected": {
        "campaign_id": _CAMPAIGN_ID,
        "href": f"{_CAMPAIGN}/uploads/files",
        "upload_id": _UPLOAD_ID,
        "n_rejected": 3,
    },
    "campaign.completed": {"campaign_id": _CAMPAIGN_ID, "href": _CAMPAIGN},
    "connector.needs_attention": {"connector_id": _CONNECTOR_ID, "refused": 1},
    "webhook.test": {"webhook_id": _WEBHOOK_ID, "href": f"/v1/webhooks/{_WEBHOOK_ID}"},
}
MESSAGE_EXAMPLES: dict[str, dict[str, Any]] = {
    name: {"type": name, "timestamp": _AT, "data": data} for name, data in _DATA.items()
}
"""What is posted to an endpoint, by the type of the event."""

_WEBHOOK: dict[str, Any] = {
    "id": _WEBHOOK_ID,
    "url": "https://lab.example.org/hooks/assayflow",
    "types": ["batch.ready", "batch.released"],
    "description": "robot scheduler",
    "status": "active",
    "problem": None,
    "failing_since": None,
    "quiet_until": None,
    "waiting": 0,
    "old_secret_until": None,
    "created_at": "2026-03-01T08:00:00Z",
    "updated_at": "2026-03-01T08:00:00Z",
}

WEBHOOK_ANSWERS: dict[str, dict[str, Any]] = {
    "Webhook": _WEBHOOK,
    "NewWebhook": {**_WEBHOOK, "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDhPyBDXu4eKA="},
    "WebhookDelivery": {
        "id": "6e5d4c3b-2a19-4807-b6c5-d4e3f2a1b0c9",
        "message_id": _EVENT_ID,
        "type": "batch.ready",
        "state": "done",
        "tries": 2,
        "due_at": "2026-03-02T09:06:47Z",
        "problem": None,
        "created_at": _AT,
        "done_at": "2026-03-02T09:06:48Z",
        "attempts": [
            {"at": "2026-03-02T09:06:42Z", "status": 502, "seconds": 0.21, "problem": None},
            {"at": "2026-03-02T09:06:48Z", "status": 204, "seconds": 0.08, "problem": None},
        ],
    },
    "Replayed": {"replayed": 12},
    "Event": {"id": _EVENT_ID, "type": "batch.ready", "data": _DATA["batch.ready"], "created_at": _AT},
}
WEBHOOK_REQUESTS: dict[str, dict[str, Any]] = {
    "create_webhook": {
        "url": "https://lab.example.org/hooks/assayflow",
        "types": ["batch.ready", "batch.released"],
        "description": "robot scheduler",
    },
    "patch_webhook": {"types": ["batch.ready"]},
    "rotate_webhook_secret": {"revoke": False},
    "skip_webhook_delivery": {"reason": "the receiver no longer knows this campaign"},
    "replay_webhook": {"since": "2026-03-02T00:00:00Z", "which": "undelivered"},
}
