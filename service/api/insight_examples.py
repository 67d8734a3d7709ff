"""The example of insights: what one round brought, in numbers and sentences. Data; a test validates it."""

from typing import Any

from models.messages.message import message

_CAMPAIGN_ID = "5f0c8a54-2f0b-4b52-9d3e-0f6a7c1d2e31"
_CHANCE = {"expected": 0.74, "low": 0.61, "high": 0.88}
_BEST: dict[str, Any] = {
    "n": 24,
    "best": 0.91,
    "object": "OCCNC(=O)c1ccncc1",
    "so_far": 0.91,
    "object_so_far": "OCCNC(=O)c1ccncc1",
    "random": _CHANCE,
    "random_so_far": _CHANCE,
}
_HITS: dict[str, Any] = {"n": 9, "of": 24, "rate": 0.375, "low": 0.21, "high": 0.57}
_STAGE: dict[str, Any] = {
    "measured": 152,
    "best": {"solubility": {**_BEST, "value": 0.6, "is_bound": False}},
    "utility": _BEST,
    "hypervolume": {"so_far": 0.91, "proposed": 0.91, "random": _CHANCE, "is_exact": True},
    "hits": {**_HITS, "enrichment": {"value": 3.8, "low": 2.1, "high": 5.7}},
}
_SCORES: dict[str, Any] = {
    "n": 24,
    "coverage": {"0.5": 0.46, "0.9": 0.88},
    "interval_90": 0.92,
    "crps": 0.21,
    "nll": 0.44,
    "sharpness": 0.38,
    "rmse": 0.37,
    "bias": -0.05,
    "error_sd_correlation": {"value": 0.31, "expected": 0.35, "low": 0.02, "high": 0.62},
    "open": 0,
    "censored": 0,
    "consistent": 0,
}
_POINT: dict[str, Any] = {
    "object": "OCCNC(=O)c1ccncc1",
    "display": "OCCNC(=O)c1ccncc1",
    "round": 1,
    "values": {"solubility": 0.6},
    "bounds": [],
    "utility": 0.91,
}
_INSIGHTS_ROUND: dict[str, Any] = {
    **_STAGE,
    "number": 1,
    "state": "completed",
    "candidates": 24,
    "proposed": 22,
    "success": {**_HITS, "n": 23, "counts": {"measured": 23, "failed": 1}},
    "diversity": {"n": 22, "mean_pairwise_distance": 0.83, "circles": 19, "vendi_score": 17.2},
    "novelty": {"n": 22, "mean": 0.47, "median": 0.45, "low": 0.31, "high": 0.66},
    "refused": {"measured already": 12},
    "sampled": 8192,
    "seconds": {"fitting": 12.5, "training": 290.0},
    "objects_scored": 61000,
    "calibration": {"solubility": _SCORES},
    "convergence": None,
    "base_measure": None,
}
_ADDRESS = f"/v1/campaigns/{_CAMPAIGN_ID}/insights/pareto"
_HITS_MESSAGE = message("hits_of_round", round=1, hits=9, measured=24).record()
INSIGHTS: dict[str, Any] = {
    "campaign_id": _CAMPAIGN_ID,
    "name": "Soluble fragments",
    "statements": [str(_HITS_MESSAGE["text"])],
    "messages": [_HITS_MESSAGE],
    "objectives": [
        {
            "name": "solubility",
            "direction": "maximize",
            "target": None,
            "units": None,
            "transform": "none",
            "computed": None,
            "derived": None,
            "range": [-6.2, 0.9],
            "range_source": "measured",
        }
    ],
    "pareto": {
        "front": [_POINT],
        "front_size": 1,
        "dominated": 151,
        "others": [],
        "unplaced": 0,
        "forbidden": 0,
    },
    "initial": {**_STAGE, "measured": 128, "hits": None},
    "hits": {"rule": "solubility of at least 0.1", "thresholds": {"solubility": 0.1}, "is_told": True},
    "rounds": [_INSIGHTS_ROUND],
    "calibration": {"solubility": {"all": _SCORES, "drift": None}},
    "importance": None,
    "figures": [
        {
            "name": "pareto",
            "title": "Best of each objective",
            "svg": _ADDRESS,
            "png": f"{_ADDRESS}?format=png",
        }
    ],
}
