"""A small campaign to be trained and played: rows of seven switches, two objectives."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.campaign.spec import CampaignSpec
from models.inference.trained_campaign import TrainedCampaign
from models.records import History, Measurement, Proposal

EVERYTHING = ["".join(letters) for letters in itertools.product("01", repeat=7)]
SPEC: dict[str, Any] = {
    "name": "switches",
    "domain": {"kind": "switches", "n": 7},
    "objectives": [
        {"name": "signal", "direction": "maximize", "units": "mV", "range": [0, 10]},
        {"name": "few", "computed": "ones", "direction": "minimize"},
    ],
    "guardrails": [{"name": "heat", "type": "signal", "max": 9.9, "risk": 0.9}],
    "proxies": {"kinds": ["gaussian_process", "deep_ensemble"]},
    "batch": {"size": 4},
    "sampler": {"steps": 400, "trajectories_per_step": 32, "beta": [1, 16]},
}
SEED = 5


def signal(text: str) -> float:
    """Return what the assay would measure without noise."""
    return text.count("1") + 3.0 * (text[:2] == "01")


@dataclass(frozen=True)
class Played:
    """A round and the instrument that was opened from what it left behind."""

    spec: CampaignSpec
    history: History
    proposal: Proposal
    instrument: TrainedCampaign


def campaign() -> tuple[CampaignSpec, History]:
    """Return the campaign with 30 measured objects."""
    rng = np.random.default_rng(0)
    known = [str(text) for text in rng.permutation(EVERYTHING)[:30]]
    results = tuple(Measurement(text, "signal", signal(text) + rng.normal(0, 0.1)) for text in known)
    return CampaignSpec.model_validate(SPEC), History(results)
