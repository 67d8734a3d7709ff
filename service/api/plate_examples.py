"""Examples of plates, by the name of their schema or call in OpenAPI. A test computes each of them again.

The examples are one plate: six doses of one candidate, controls, an unfilled well, and the IC50.
"""

from typing import Any

_CANDIDATE_ID = "1c9e4d70-3b6a-4f0e-9a53-6d2f8b7c4e90"
_LAID_OUT = "2026-03-02T11:00:00Z"
_LOST = "transfer failed; MM0202007: Well not found; 0 of 185 nL moved"
_IGNORED = f"1 of 11 wells do not count: E11 ({_LOST})"

LAYOUT: dict[str, Any] = {
    "name": "P-0001",
    "type": "IC50",
    "wells": 96,
    "doses": {"top": 10.0, "units": "uM", "factor": 3.0, "points": 6},
    "replicates": 1,
    "controls": {"positive": 2, "negative": 3, "placement": "scattered"},
    "seed": 7,
    "stocks": {"concentrations": [10.0, 0.1], "units": "mM", "assay_volume_ul": 50.0},
}
_SPEC: dict[str, Any] = {
    **LAYOUT,
    "readout": "ic50",
    "edge": 1,
    "randomised": True,
    "candidates": None,
    "assay_version": None,
    "stocks": {
        **LAYOUT["stocks"],
        "plate": "Source1",
        "plate_wells": 384,
        "plate_type": "384PP_DMSO2",
        "max_solvent_percent": 1.0,
        "robot": "echo",
        "wells": None,
        "positive_well": None,
        "vehicle_well": None,
    },
}
_WELLS = (
    ("B3", "sample", 1, 10.0, 2338.0, 96.9),
    ("C2", "sample", 4, 0.37, 8148.0, 65.5),
    ("D3", "sample", 5, 0.125, 13243.0, 38.0),
    ("D6", "sample", 3, 1.0, 4873.0, 83.2),
    ("E6", "positive", None, None, 1667.0, 100.5),
    ("E7", "positive", None, None, 1852.0, 99.5),
    ("E11", "negative", None, None, 19438.0, None),
    ("F6", "sample", 2, 3.5, 3292.0, 91.7),
    ("F7", "sample", 6, 0.04, 16976.0, 17.8),
    ("G4", "negative", None, None, 20254.0, 0.1),
    ("G10", "negative", None, None, 20282.0, -0.1),
)
"""Well, role, dose, concentration, signal and inhibition."""
_SOURCES = (
    ("A1", _CANDIDATE_ID, 10.0, 72.5),
    ("B1", _CANDIDATE_ID, 0.1, 267.5),
    ("C1", "positive", None, 370.0),
    ("D1", "vehicle", None, 1325.0),
)
_TRANSFERS = (
    ("A1", "B3", 50.0),
    ("D1", "B3", 135.0),
    ("B1", "C2", 185.0),
    ("B1", "D3", 62.5),
    ("D1", "D3", 122.5),
    ("A1", "D6", 5.0),
    ("D1", "D6", 180.0),
    ("C1", "E6", 185.0),
    ("C1", "E7", 185.0),
    ("D1", "E11", 185.0),
    ("A1", "F6", 17.5),
    ("D1", "F6", 167.5),
    ("B1", "F7", 20.0),
    ("D1", "F7", 165.0),
    ("D1", "G4", 185.0),
    ("D1", "G10", 185.0),
)
_SAMPLES = {well: sample for well, sample, _, _ in _SOURCES}
_LAYOUT: dict[str, Any] = {
    "seed": 7,
    "wells": [
        {
            "well": well,
            "role": role,
            "candidate_id": _CANDIDATE_ID if role == "sample" else None,
            "dose": dose,
            "concentration": concentration,
        }
        for well, role, dose, concentration, _, _ in _WELLS
    ],
    "sources": [
        {"well": well, "sample": sample, "concentration": concentration, "volume_nl": volume}
        for well, sample, concentration, volume in _SOURCES
    ],
    "transfers": [
        {"source_well": source, "well": well, "volume_nl": volume, "sample": _SAMPLES[source]}
        for source, well, volume in _TRANSFERS
    ],
}
_READ: dict[str, Any] = {
    "source": "signal",
    "quality": {
        "n_positive": 2,
        "n_negative": 2,
        "positive_mean": 1759.5,
        "negative_mean": 20268.0,
        "positive_sd": 130.8,
        "negative_sd": 19.8,
        "z_prime": 0.976,
        "ssmd": -139.9,
        "flags": [],
    },
    "findings": [
        {
            "candidate_id": _CANDIDATE_ID,
            "verdict": "measured",
            "relation": "=",
            "value": 0.206,
            "standard_error": 0.0294,
            "reason": None,
            "flags": [],
            "n_wells": 6,
            "curve": {
                "ic50": 0.206,
                "low": 0.0878,
                "high": 0.299,
                "log_error": 0.0619,
                "hill": 1.089,
                "bottom": 4.32,
                "top": 97.2,
                "residual_sd": 1.31,
            },
        }
    ],
    "warnings": [_IGNORED],
}
_ANALYSIS: dict[str, Any] = {
    **_READ,
    "wells": [
        {
            "well": well,
            "role": role,
            "candidate_id": _CANDIDATE_ID if role == "sample" else None,
            "concentration": concentration,
            "signal": signal,
            "inhibition": inhibition,
            "excluded": None if inhibition is not None else _LOST,
        }
        for well, role, _, concentration, signal, inhibition in _WELLS
    ],
}
_NOTHING: dict[str, Any] = {
    "accepted": 0,
    "rejected": 0,
    "duplicates": 0,
    "skipped": 0,
    "warnings": [],
    "reading": None,
    "rows": [],
}
_STORED: dict[str, Any] = {
    "row": 1,
    "status": "accepted",
    "reason": None,
    "column": None,
    "warnings": [],
    "candidate_id": _CANDIDATE_ID,
    "object": "OCCNC(=O)c1ccncc1",
    "type": "IC50",
    "would_store": None,
    "corrects": None,
}
_SUMMARY: dict[str, Any] = {
    "id": "7e1a9c35-4d2b-4f6e-8b07-3c5d1e9f2a64",
    "name": "P-0001",
    "type": "IC50",
    "state": "read",
    "created_at": _LAID_OUT,
}

PLATE_ANSWERS: dict[str, dict[str, Any]] = {
    "PlateSummary": _SUMMARY,
    "Plate": {
        **_SUMMARY,
        "campaign_id": "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31",
        "round": 1,
        "spec": _SPEC,
        "layout": _LAYOUT,
        "failed_wells": {"E11": _LOST},
        "analysis": _ANALYSIS,
    },
    "TransfersReport": {"transfers": 2, "failed_wells": {"E11": _LOST}, "warnings": [], "report": _NOTHING},
    "WellsReport": {**_READ, "report": {**_NOTHING, "accepted": 1, "rows": [_STORED]}},
}
"""Responses, by the name of their model."""

PLATE_REQUESTS: dict[str, Any] = {
    "lay_out_plate": LAYOUT,
    "upload_wells": [{"well": well, "signal": signal} for well, _, _, _, signal, _ in _WELLS],
}
"""JSON bodies, by the call's name."""

_COLUMNS = "Source Well,Destination Plate Barcode,Destination Well,Transfer Volume,Actual Volume,Transfer Status"
_SIGNALS = [(well, f"{signal:.0f}") for well, _, _, _, signal, _ in _WELLS]
PLATE_TEXTS: dict[str, dict[str, str]] = {
    "download_plate_map": {
        "text/csv": "plate,well,row,column,role,candidate_id,dose,concentration (uM),failed\n"
        f"P-0001,B3,B,3,sample,{_CANDIDATE_ID},1,10,\nP-0001,E6,E,6,positive,,,,\n"
    },
    "download_pick_list": {
        "text/csv": "Source Plate Name,Source Plate Barcode,Source Plate Type,Source Well,Sample ID,"
        "Destination Plate Name,Destination Plate Barcode,Destination Well,Transfer Volume\n"
        f"Source1,Source1,384PP_DMSO2,A1,{_CANDIDATE_ID},P-0001,P-0001,B3,50\n"
    },
    "upload_transfers": {
        "text/csv": f"[EXCEPTIONS]\n{_COLUMNS}\nD1,P-0001,E11,185,0,MM0202007: Well not found\n\n"
        f"[DETAILS]\n{_COLUMNS}\nA1,P-0001,B3,50,50,\n"
    },
    "upload_wells": {
        media_type: "well,signal\n".replace(",", sign) + "".join(f"{well}{sign}{signal}\n" for well, signal in _SIGNALS)
        for media_type, sign in (("text/csv", ","), ("text/tab-separated-values", "\t"), ("text/plain", "\t"))
    },
}
"""Texts of requests and responses, by the call's name and their media type; they replace `TEXTS`."""
