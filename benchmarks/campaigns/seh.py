"""Molecules for the published sEH proxy and drug-likeness: 5 rounds of 96; the lab is noisy and fails.

The lab also censors values. The proxy's arrays are read from the folder of measured tables. Methods are used
by name only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from benchmarks.campaigns.figures import difference, show
from benchmarks.campaigns.framework import Open, Protocol, Row, Session, methods
from benchmarks.peers.graph_ga import PEER, open_breed
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.genetic import GeneticAlgorithm
from models.backtests.oracles.molecules import NoisyLab
from models.backtests.oracles.seh import SehProxy
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.metrics.sets import n_circles

NAME = "seh"
ARRAYS = "seh/seh_mpnn_proxy_params.npz"
ROUNDS, BATCH = 5, 96
CALLS = 8_000
"""Molecules that a search without a policy predicts in a round where ours is not run."""
CIRCLE_SIMILARITY = 0.5
GOOD = (5.0, 0.5)
"""Thresholds of both objectives for a good molecule."""
TOP = 10
FIGURES = ("hypervolume", "top_10_seh", "mean_of_top_10", "good", "circles_of_good", "failed")


def specification() -> CampaignSpec:
    """Return the campaign."""
    fields = {
        "name": "sEH binders that are like drugs",
        "domain": {"kind": "molecules"},
        "objectives": [
            {"name": "seh", "range": [0, 8]},
            {"name": "drug_likeness", "computed": "qed", "range": [0, 1]},
        ],
        # in the published runs, all molecules have the same base measure
        "base_measure": {"kind": "objects"},
        "proxies": {"kinds": ["gaussian_process"]},
        "batch": {"diversity": 0.2, "exploration": 0.05},
        "sampler": {
            "steps": 200,
            "beta": [8, 96],
            "behaviour": {"measured_share": 0.1, "replay_share": 0.2, "genetic_share": 0.5},
        },
    }
    return CampaignSpec.model_validate(fields)


def ways() -> dict[str, Open]:
    """Return the methods; both graph genetic algorithms breed like Jensen's, and one uses our proxies."""
    ours: dict[str, Open] = {
        **methods("assayflow", "random"),
        "fragments_on_proxies": partial(AcquisitionGA, calls=CALLS),
    }
    if not PEER.is_installed:
        return ours
    graphs: dict[str, Open] = {
        "graph_genetic": partial(GeneticAlgorithm, open_breed),
        "graph_genetic_on_proxies": partial(AcquisitionGA, open_breed, CALLS),
    }
    return {**ours, **graphs}


@final
@dataclass(frozen=True)
class FurtherSeh:
    """Count good molecules among all measured ones; infeasible molecules do not count."""

    lab: NoisyLab
    domain: Domain

    def __call__(self, measured: Sequence[str], new: Sequence[str]) -> dict[str, float]:
        """Return the additional metrics of a round."""
        truth = self.lab.truth(measured)
        value = np.nan_to_num(truth[:, 0])
        good = [measured[row] for row in np.argsort(-value, kind="stable") if (truth[row] >= GOOD).all()]
        return {
            "top_10_seh": float(np.sort(value)[-TOP:].mean()),
            "good": float(len(good)),
            "circles_of_good": float(
                n_circles(np.asarray(self.domain.similarity(good, good)), CIRCLE_SIMILARITY)
            ),
            "failed": float(np.isnan(self.lab.truth(new)[:, 0]).mean()),
        }


def replay(session: Session) -> list[Row]:
    """Replay the campaign; no rows where the proxy's arrays are missing."""
    path = session.find(ARRAYS)
    if path is None:
        return []
    if PEER.why_absent:
        session.report.notes.append(f"{NAME}, graph genetic algorithms: {PEER.why_absent}")
    spec = specification()
    domain = open_domain(spec.domain)
    with np.load(path) as arrays:
        lab = NoisyLab(spec, domain, SehProxy(arrays))
    rounds, batch = (1, 12) if session.quick else (ROUNDS, BATCH)
    protocol = Protocol("batches", spec, rounds, batch, batch, ways(), FurtherSeh(lab, domain))
    return session.replay(NAME, protocol, lab, domain)


def run(session: Session) -> None:
    """Replay and report."""
    rows = replay(session)
    show(session.report, NAME, rows, FIGURES, range(1, ROUNDS + 1))
    if rows and not session.quick:
        _claim(session, rows)


def _claim(session: Session, rows: list[Row]) -> None:
    """Compare our means with every other method at equal numbers of assays."""
    for other in ways():
        for figure in ("hypervolume", "mean_of_top_10", "circles_of_good"):
            gap, half, n = difference(rows, ("assayflow", other), figure, ROUNDS)
            if other != "assayflow" and n:
                session.report.claim(f"{NAME}: {figure}, ours less {other}", gap, ">=", 0.0)
                session.report.notes.append(
                    f"{NAME}: {figure}, ours less {other}: {gap:.3g} ± {half:.2g} ({n} seeds)"
                )
