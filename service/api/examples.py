"""Examples of all requests and responses, by the name of their schema in OpenAPI. A test validates each.

The examples are one campaign: solubility of small molecules, the first round, and its results.
"""

from typing import Any

from models.messages.message import message
from service.api.collection_examples import COLLECTION_ANSWERS
from service.api.connector_examples import CONNECTOR_ANSWERS, CONNECTOR_REQUESTS
from service.api.insight_examples import INSIGHTS
from service.api.ledger_examples import LEDGER_ANSWERS, LEDGER_REQUESTS
from service.api.plate_examples import PLATE_ANSWERS, PLATE_REQUESTS
from service.api.webhook_examples import WEBHOOK_ANSWERS, WEBHOOK_REQUESTS

Example = Any

_CAMPAIGN_ID = "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"
_ROUND_ID = "b7a1d2c4-6f1e-4a1b-8c55-91d0a3f4e512"
_CANDIDATE_ID = "1c9e4d70-3b6a-4f0e-9a53-6d2f8b7c4e90"
_JOB_ID = "e2b8f6a1-7c3d-4e5f-8a9b-0c1d2e3f4a5b"
_UPLOAD_ID = "9d7c5b3a-1e2f-4a6b-8c0d-5e4f3a2b1c0d"
_ASKED, _STARTED, _ENDED = "2026-03-02T09:00:00Z", "2026-03-02T09:00:02Z", "2026-03-02T09:06:41Z"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_SPEC: dict[str, Any] = {
    "name": "Soluble fragments",
    "domain": {"kind": "molecules"},
    "objectives": [{"name": "solubility", "type": "logS", "direction": "maximize"}],
    "batch": {"size": 24},
    "seed": 7,
}
_CAMPAIGN_SUMMARY: dict[str, Any] = {
    "id": _CAMPAIGN_ID,
    "name": "Soluble fragments",
    "state": "active",
    "domain_kind": "molecules",
    "created_at": _ASKED,
    "updated_at": _ASKED,
    "rounds": 1,
    "results": 128,
}
_ROUND: dict[str, Any] = {
    "id": _ROUND_ID,
    "number": 1,
    "campaign_id": _CAMPAIGN_ID,
    "state": "awaiting_results",
    "progress": 1.0,
    "message": "24 candidates",
    "created_at": _ASKED,
    "started_at": _STARTED,
    "finished_at": _ENDED,
    "released_at": "2026-03-02T10:15:00Z",
    "released_by": "k3v9x2",
    "batch_sha256": _DIGEST,
    "results_changed_since": {"withdrawn": 0, "corrected": 1},
    "seed": 7,
    "summary": None,
    "failure": None,
}
_JUDGED: dict[str, Any] = {
    "object": "OCCNC(=O)c1ccncc1",
    "display": "OCCNC(=O)c1ccncc1",
    "predictions": {"solubility": {"mean": -0.42, "sd": 0.38, "low": -1.05, "high": 0.21}},
    "computed": {},
    "acquisition": 0.81,
    "feasibility": 0.97,
    "guardrails": {},
    "nearest_measured": {"object": "NC(=O)c1ccncc1", "similarity": 0.62},
    "in_domain": True,
    "alerts": [],
    "matched_pair": {"object": "CCNC(=O)c1ccncc1", "change": "H>>O"},
}
_REASON = message("chosen_to_exploit").record()
_PROPOSED: dict[str, Any] = {
    **_JUDGED,
    "rank": 1,
    "columns": {"smiles": "OCCNC(=O)c1ccncc1"},
    "remarks": {"stereo": "none"},
    "condition": {"beta": 16.0, "preference": {"solubility": 1.0}},
    "log_reward": 12.9,
    "log_pf": -9.4,
    "purpose": "exploit",
    "reason": str(_REASON["text"]),
    "messages": [_REASON],
    "route": None,
}
_CANDIDATE: dict[str, Any] = {
    **_PROPOSED,
    "id": _CANDIDATE_ID,
    "campaign_id": _CAMPAIGN_ID,
    "status": "proposed",
    "status_reason": None,
    "compound_id": "LAB-0001",
    "replaces": None,
    "results": [],
}
_RESERVE: dict[str, Any] = {**_PROPOSED, "rank": 25}
_RESULT_SO_FAR: dict[str, Any] = {
    "id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "object": "OCCNC(=O)c1ccncc1",
    "type": "logS",
    "relation": "=",
    "value": -0.5,
    "upper_value": None,
    "standard_error": None,
    "units": None,
    "outcome": "ok",
    "replicate": None,
    "measured_at": None,
}
_MEASURED: dict[str, Any] = {**_CANDIDATE, "status": "measured", "results": [_RESULT_SO_FAR]}
_REJECTED: dict[str, Any] = {
    **_CANDIDATE,
    "status": "rejected",
    "status_reason": "too similar to a known irritant",
}
_JOB: dict[str, Any] = {
    "id": _JOB_ID,
    "state": "succeeded",
    "progress": 1.0,
    "message": "done",
    "created_at": _ASKED,
    "started_at": _STARTED,
    "finished_at": "2026-03-02T09:00:09Z",
    "failure": None,
}
_REPORT: dict[str, Any] = {
    "accepted": 1,
    "rejected": 1,
    "duplicates": 0,
    "skipped": 0,
    "warnings": [],
    "reading": {
        "sheet": None,
        "header_row": 1,
        "encoding": "utf-8",
        "delimiter": ",",
        "decimal": "point",
        "thousands": None,
        "date_order": None,
        "units_row": None,
        "columns": {"smiles": "smiles"},
        "stated": {"decimal": "point"},
        "questions": [],
    },
    "rows": [
        {
            "row": 2,
            "status": "accepted",
            "reason": None,
            "column": None,
            "warnings": [],
            "candidate_id": None,
            "object": "CCO",
            "type": "logS",
            "would_store": None,
            "corrects": None,
        },
        {
            "row": 3,
            "status": "rejected",
            "reason": "'C1CC' is no SMILES: a ring is not closed",
            "column": "smiles",
            "warnings": [],
            "candidate_id": None,
            "object": None,
            "type": "logS",
            "would_store": None,
            "corrects": None,
        },
    ],
}
_OPTIONS: dict[str, Any] = {
    "sheet": None,
    "header_row": None,
    "encoding": "windows-1252",
    "delimiter": "semicolon",
    "decimal": "comma",
    "date_order": None,
    "columns": {"Bemerkung": "comment"},
    "words": {"n.b.": "missing"},
    "limits": {},
}
_TABLE: dict[str, Any] = {
    "filename": "plate-7.csv",
    "sheet": None,
    "media_type": "text/csv",
    "sha256": _DIGEST,
}
_UPLOADING: dict[str, Any] = {
    **_JOB,
    "campaign_id": _CAMPAIGN_ID,
    "request": {**_TABLE, "bytes": 4096, "mode": "atomic", "dry_run": False},
}
_SAMPLE_REQUEST: dict[str, Any] = {
    "n": 12,
    "beta": [8, 32],
    "avoid": ["[N+](=O)[O-]"],
    "round": 1,
    "seed": 11,
}
_SAMPLING: dict[str, Any] = {**_JOB, "campaign_id": _CAMPAIGN_ID, "request": _SAMPLE_REQUEST}
_PREDICTING: dict[str, Any] = {
    **_JOB,
    "campaign_id": _CAMPAIGN_ID,
    "request": {**_TABLE, "accepted": 1, "rejected": 1, "round": 1},
}
_REPLAY: dict[str, Any] = {
    "rounds": 4,
    "batch_size": 24,
    "initial": 24,
    "seeds": 5,
    "methods": ["assayflow", "random"],
    "sheet": None,
}
_BACKTEST: dict[str, Any] = {**_JOB, "request": {**_REPLAY, "spec": _SPEC}}
_FIGURES = {"measured": 48.0, "best_utility": 0.91, "hypervolume": 0.91, "best_solubility": 0.6}
_API_KEY: dict[str, Any] = {
    "id": "k3v9x2",
    "name": "plate reader",
    "scopes": ["results"],
    "campaign_id": _CAMPAIGN_ID,
    "created_at": _ASKED,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}
ANSWERS: dict[str, Example] = {
    "Domains": {
        "items": [
            {
                "kind": "molecules",
                "summary": "small organic molecules: built of fragments, made or listed",
                "json_schema": {"type": "object"},
                "computed": [
                    {
                        "name": "logp",
                        "description": "Crippen logP",
                        "units": None,
                        "range": [-1.0, 5.0],
                        "is_on_request": False,
                    }
                ],
                "formats": [{"name": "sdf", "media_type": "chemical/x-mdl-sdfile"}],
                "object_columns": ["smiles"],
                "examples": [{"spec": {}, "objects": [{"smiles": "CCO"}]}],
            }
        ],
        "next_cursor": None,
    },
    "CampaignSummary": _CAMPAIGN_SUMMARY,
    "Campaign": {**_CAMPAIGN_SUMMARY, "spec": _SPEC},
    "Round": _ROUND,
    "Candidate": _MEASURED,
    "Decided": {**_REJECTED, "analogues": []},
    "DecisionRecord": {
        "status": "rejected",
        "reason": "too similar to a known irritant",
        "similarity": 0.6,
        "because_of": None,
        "decided_by": "k3v9x2",
        "decided_at": "2026-03-02T10:02:00Z",
    },
    "Batch": {
        "campaign_id": _CAMPAIGN_ID,
        "round": 1,
        "state": "awaiting_results",
        "sha256": None,
        "candidates": [_CANDIDATE],
        "reserves": [_RESERVE],
    },
    "ReleasedBatch": {
        "campaign_id": _CAMPAIGN_ID,
        "round": 1,
        "seed": 7,
        "data_digest": _DIGEST,
        "specification_sha256": _DIGEST,
        "candidates": [{**_PROPOSED, "id": _CANDIDATE_ID}],
    },
    "UploadReport": _REPORT,
    "KeptReading": {"name": "default", "options": _OPTIONS, "created_at": _ASKED, "updated_at": _ASKED},
    **LEDGER_ANSWERS,
    **COLLECTION_ANSWERS,
    "Uploading": _UPLOADING,
    "UploadingAnswer": {**_UPLOADING, "report": _REPORT},
    "Sampling": _SAMPLING,
    "SamplingAnswer": {**_SAMPLING, "samples": [_PROPOSED], "summary": None},
    "Predicting": _PREDICTING,
    "PredictingAnswer": {
        **_PREDICTING,
        "report": _REPORT,
        "rows": [{**_JUDGED, "row": 2, "refused": [], "messages": []}],
    },
    "BacktestSummary": {**_JOB, "name": "Soluble fragments", "request": _REPLAY},
    "BacktestAnswer": {
        **_BACKTEST,
        "objects": 1102,
        "report": {**_REPORT, "rows": []},
        "result": {
            "objects": 1102,
            "rows_rejected": 0,
            "curves": [{"method": "assayflow", "round": 1, "seeds": 5, "hits": 9.0, "hits_half": 0.3}],
            "rows": [{"method": "assayflow", "round": 1, "seed": 0, **_FIGURES}],
        },
    },
    "Insights": INSIGHTS,
    "ApiKey": _API_KEY,
    "NewApiKey": {**_API_KEY, "secret": "af_k3v9x2_0123456789abcdef0123456789abcdef"},
    "Health": {"status": "ok"},
    "Readiness": {
        "status": "ok",
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "broker": "ok",
            "rounds": "ok",
            "fast": "ok",
            "io": "ok",
            "upkeep": "ok",
        },
        "queues": {"rounds": {"consumers": 1, "last_seen_seconds": 0.8}},
    },
    **PLATE_ANSWERS,
    **WEBHOOK_ANSWERS,
    **CONNECTOR_ANSWERS,
    "RoundEvent": {"state": "training", "progress": 0.4, "message": "step 400 of 1,000", "at": _STARTED},
    "JobEvent": {"state": "running", "progress": 0.4, "message": "sampled 5 of 12"},
}
"""Responses, by the name of their model."""

TEXTS: dict[str, str] = {
    "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"></svg>',
    "text/plain": '# TYPE assayflow_rounds gauge\nassayflow_rounds{state="queued"} 0.0\n',
    "text/csv": "smiles,type,relation,value\nCCO,logS,=,1.1\nc1ccccc1O,logS,=,-0.1\n",
}
"""Files, by media type, whatever their content."""

REQUESTS: dict[str, Example] = {
    "patch_campaign": {"batch": {"size": 48}, "seed": None},
    "start_round": {},
    "decide": {
        "status": "rejected",
        "reason": "too similar to a known irritant",
        "analogues": True,
        "similarity": 0.6,
    },
    "create_samples": {"n": 12, "beta": "bolder", "like": {"object": {"smiles": "CCO"}, "similarity": 0.4}},
    "upload_results": [{"smiles": "CCO", "type": "logS", "relation": "=", "value": 1.1}],
    "create_predictions": {"objects": [{"smiles": "CCO"}, {"smiles": "c1ccccc1O"}]},
    "create_backtest": {
        **{name: value for name, value in _REPLAY.items() if value is not None},
        "spec": _SPEC,
        "table": [{"smiles": "CCO", "type": "logS", "value": 1.1}],
    },
    "create_api_key": {
        "name": "plate reader",
        "scopes": ["results"],
        "campaign_id": _CAMPAIGN_ID,
        "expires_at": "2099-01-31T12:00:00Z",
    },
    "receive_hook": {"type": "v2.workflowOutput.updated.fields", "id": "evt_3Ql7Yb2k"},
    **LEDGER_REQUESTS,
    "put_reading": {name: value for name, value in _OPTIONS.items() if value},
    **PLATE_REQUESTS,
    **WEBHOOK_REQUESTS,
    **CONNECTOR_REQUESTS,
}
"""JSON bodies, by the call's name; `create_campaign` has one for each installed domain."""
