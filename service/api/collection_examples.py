"""Examples of answers about collections."""

from typing import Any

_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LIST_REPORT: dict[str, Any] = {
    "accepted": 418,
    "rejected": 0,
    "skipped": 0,
    "repeated": 0,
    "remarked": 1,
    "warnings": [],
    "rows": [
        {
            "row": 2,
            "status": "accepted",
            "reason": None,
            "column": None,
            "warnings": ["left out as counterion or solvent: chloride"],
            "object": "Nc1ccccc1",
            "sent": "Nc1ccccc1.Cl",
        }
    ],
}
_COLLECTION: dict[str, Any] = {
    "id": "3f6d2b1c-8a4e-4d7f-9b05-1c2e3d4f5a6b",
    "name": "Amines in stock",
    "state": "succeeded",
    "progress": 1.0,
    "message": "done",
    "failure": None,
    "sha256": _DIGEST,
    "rows": 418,
    "columns": ["smiles", "smiles_as_sent", "catalogue_number", "price"],
    "filename": "amines.csv",
    "media_type": "text/csv",
    "created_by": "k3v9x2",
    "created_at": "2026-03-02T08:30:00Z",
}
_USER = {"id": "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31", "name": "Soluble fragments"}

COLLECTION_ANSWERS: dict[str, Any] = {
    "Collection": _COLLECTION,
    "CollectionAnswer": {
        **_COLLECTION,
        "report": _LIST_REPORT,
        "campaigns": [_USER],
    },
    "CollectionReport": _LIST_REPORT,
    "CollectionRemark": _LIST_REPORT["rows"][0],
    "CollectionUser": _USER,
    "CollectionRow": {
        "row": 1,
        "cells": {
            "smiles": "Nc1ccccc1",
            "smiles_as_sent": "Nc1ccccc1.Cl",
            "catalogue_number": "A-1",
            "price": "0.4",
        },
    },
}
