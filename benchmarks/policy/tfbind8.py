"""TFBind8 (SIX6) from its lower half, 10 x 128: the mean of the best 128 that were measured.

The whole space of 65,536 strings is open and measured. Protocols in the literature start from all 32,768
strings of the lower half; here 512 random ones of them start a campaign, so that a Gaussian process learns
from all results. The best 128 strings of the table have a mean of .981.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.campaigns import tfbind8
from benchmarks.campaigns.framework import Open, Protocol, Row, Session, methods
from benchmarks.policy.comparison import CONTROL, Bar, Comparison, Generated
from benchmarks.policy.open_table import OpenTableLab
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.rounds import Generative
from models.campaign.spec import CampaignSpec
from models.domains import open_domain

NAME = "tfbind8_lower_half"
FACTOR = "SIX6"
INITIAL, SIZE, ROUNDS = 512, 128, 10
TOP = 128
CALLS = 7_500
"""Strings that a search without a policy predicts in a round where ours is not run."""
SAMPLER: Mapping[str, Any] = {
    "steps": 200,
    "beta": [8, 128],
    "behaviour": {"measured_share": 0.1, "replay_share": 0.2, "genetic_share": 0.5},
}
COMPARISON = Comparison(
    "TFBind8 from the lower half",
    ("best_SIX6", "mean_of_top_128", "distance_of_top_128"),
    (
        Bar("mean_of_top_128", ">=", 0.975),
        Bar("mean_of_top_128", ">=", 0.0, less=CONTROL),
        Bar("distance_of_top_128", ">=", 0.0, less=CONTROL),
    ),
    ours="assayflow_generative",
    controls=(CONTROL, "genetic"),
)


def specification() -> CampaignSpec:
    """Return the campaign."""
    fields = {
        "name": "TFBind8 from the lower half",
        "domain": {"kind": "peptides", "min_length": 8, "max_length": 8, "alphabet": "ACGT"},
        "objectives": [{"name": FACTOR, "range": [0, 1]}],
        "proxies": {"kinds": ["gaussian_process"]},
        "applicability": {"min_similarity": 0.0},
        "batch": {"diversity": 0.2, "exploration": 0.05},
        "sampler": SAMPLER,
    }
    return CampaignSpec.model_validate(fields)


def mean_distance(texts: Sequence[str]) -> float:
    """Return the mean Hamming distance of pairs of strings of one length; 0 with fewer than two."""
    letters = np.array([list(text) for text in texts])
    if len(letters) < 2:  # noqa: PLR2004 - a pair
        return 0.0
    apart = (letters[:, None] != letters[None]).sum(axis=2)
    return float(apart.sum() / (len(letters) * (len(letters) - 1)))


def replay(session: Session) -> list[Row]:
    """Replay the campaign; no rows where the table is missing."""
    path = session.find(tfbind8.TABLE)
    if path is None:
        return []
    known = {text: values[FACTOR] for text, values in tfbind8.table(path)}
    median = float(np.median(list(known.values())))
    spec = specification()
    domain = open_domain(spec.domain)
    lab = OpenTableLab(spec, domain, known, [text for text, value in known.items() if value <= median])

    def further(measured: Sequence[str], _: Sequence[str]) -> dict[str, float]:
        top = sorted(measured, key=lambda text: (-known[text], text))[:TOP]
        return {
            "mean_of_top_128": float(np.mean([known[text] for text in top])),
            "distance_of_top_128": mean_distance(top),
        }

    ways: dict[str, Open] = {
        "assayflow_generative": Generative,
        CONTROL: partial(AcquisitionGA, calls=CALLS),
        **methods("genetic", "random"),
    }
    rounds, size, initial = (1, 16, 64) if session.quick else (ROUNDS, SIZE, INITIAL)
    return session.replay(NAME, Protocol("10x128", spec, rounds, size, initial, ways, further), lab, domain)


def run(session: Session) -> None:
    """Replay and compare."""
    COMPARISON.report(session, replay(session))


TASKS = {"tfbind8": run}
GENERATED = {COMPARISON.title: Generated(COMPARISON.ours, CONTROL, replay)}
