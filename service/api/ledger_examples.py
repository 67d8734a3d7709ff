"""Examples of results, what was amended and the files that were sent. Data; a test validates it."""

from typing import Any

_CAMPAIGN_ID = "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"
_UPLOAD_ID = "9d7c5b3a-1e2f-4a6b-8c0d-5e4f3a2b1c0d"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ASKED, _ENDED = "2026-03-02T09:00:00Z", "2026-03-02T09:06:41Z"
_RESULT: dict[str, Any] = {
    "id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "candidate_id": None,
    "upload_id": _UPLOAD_ID,
    "row": 2,
    "verbatim": {"smiles": "CCO", "value": "1.1"},
    "object": "CCO",
    "type": "logS",
    "relation": "=",
    "value": 1.1,
    "upper_value": None,
    "standard_error": None,
    "units": None,
    "outcome": "ok",
    "replicate": "1",
    "assay_version": None,
    "plate": "P7",
    "measured_at": "2026-03-01T00:00:00Z",
    "lot": None,
    "external_id": "LIMS-204",
    "comment": None,
    "created_at": _ASKED,
    "compound_id": "LAB-0001",
    "other_columns": None,
    "revision": 0,
    "supersedes": None,
    "superseded_by": None,
    "status": "current",
    "status_reason": None,
    "status_by": None,
    "status_at": None,
}
_AMENDMENT: dict[str, Any] = {
    "kind": "correction",
    "result_id": _RESULT["id"],
    "replacement_id": "3d5e7f90-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
    "upload_id": None,
    "reason": "the dilution was read wrong",
    "api_key_id": "k3v9x2",
    "created_at": "2026-03-04T08:30:00Z",
}
_SENT_FILE: dict[str, Any] = {
    "id": _UPLOAD_ID,
    "campaign_id": _CAMPAIGN_ID,
    "filename": "plate 7.csv",
    "media_type": "text/csv",
    "sheet": None,
    "sha256": _DIGEST,
    "bytes": 4211,
    "api_key_id": "k3v9x2",
    "n_accepted": 96,
    "n_rejected": 0,
    "n_withdrawn": 0,
    "n_corrected": 1,
    "created_at": _ENDED,
}

LEDGER_ANSWERS: dict[str, dict[str, Any]] = {
    "Result": _RESULT,
    "ResultHistory": {**_RESULT, "status": "corrected", "history": [_AMENDMENT]},
    "SentFile": _SENT_FILE,
    "WithdrawnUpload": {"upload_id": _UPLOAD_ID, "withdrawn": 96},
}
LEDGER_REQUESTS: dict[str, dict[str, Any]] = {
    "correct_result": {"row": {"value": 0.9}, "reason": "the dilution was read wrong"},
    "withdraw_result": {"reason": "the compound was mixed up"},
    "withdraw_upload": {"reason": "the reader was not calibrated that day"},
}
