"""Ehrlich functions of 15 and 32 residues (arXiv:2407.00236): 10 rounds of 128 after 128 feasible walks.

No table is needed. Every seed is a separate function: other transitions, motifs and order of residues.
Methods are used by name only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import numpy as np

from benchmarks.campaigns.figures import difference, mean, show
from benchmarks.campaigns.framework import Open, Protocol, Row, Session, methods
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import Oracle
from models.backtests.oracles.ehrlich import build_ehrlich
from models.backtests.oracles.sequences import EhrlichLab
from models.backtests.rounds import Generative
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.metrics.sets import n_circles

NAME = "ehrlich"
SHAPES = {15: (2, 4, 4), 32: (4, 4, 4)}
"""Length of the sequences, and the number, length and levels of the motifs."""
N_TOKENS = 20
ROUNDS, BATCH = 10, 128
CALLS = 10_000
"""Peptides that a search without a policy predicts in a round where ours is not run."""
CIRCLE_SIMILARITY = 0.5
TOP = 100
FIGURES = ("best_value", "mean_of_top_100", "at_optimum", "circles_of_top_100", "infeasible")
DRAWS = 512
"""Peptides drawn from the first round's policy, to tell how many of them are infeasible."""


def specification(length: int) -> CampaignSpec:
    """Return a campaign that maximises the values and has no other information on Ehrlich functions."""
    fields = {
        "name": f"Ehrlich function of {length} residues",
        "domain": {"kind": "peptides", "min_length": length, "max_length": length},
        "objectives": [{"name": "value"}],
        "proxies": {"kinds": ["gaussian_process"]},
        "acquisition": {"kappa": 2.0},
        "sampler": {
            "steps": 200,
            "warm_steps": 200,
            "prior": "measured",
            "beta": [8, 128],
            "behaviour": {"measured_share": 0.1, "replay_share": 0.2, "genetic_share": 0.6},
        },
    }
    return CampaignSpec.model_validate(fields)


def ways() -> dict[str, Open]:
    """Return the methods; `genetic_on_proxies` has our proxies, acquisition and selection, and no policy."""
    return {
        "assayflow": partial(Generative, n_draws=DRAWS),
        **methods("genetic", "random"),
        "genetic_on_proxies": partial(AcquisitionGA, calls=CALLS),
    }


@final
@dataclass(frozen=True)
class FurtherEhrlich:
    """Summarise the best of all measured objects; those that cannot be made count as 0."""

    lab: Oracle
    domain: Domain

    def __call__(self, measured: Sequence[str], new: Sequence[str]) -> dict[str, float]:
        """Return the additional metrics of a round."""
        values = self.lab.truth(measured)[:, 0]
        ranked = np.argsort(-np.nan_to_num(values, nan=-1.0), kind="stable")[:TOP]
        top = [measured[row] for row in ranked if np.isfinite(values[row])]
        return {
            "mean_of_top_100": float(np.nan_to_num(values[ranked]).mean()),
            "at_optimum": float((values == 1.0).sum()),
            "circles_of_top_100": float(
                n_circles(np.asarray(self.domain.similarity(top, top)), CIRCLE_SIMILARITY)
            ),
            "infeasible": float(np.isnan(self.lab.truth(new)).mean()),
        }

    def of_draws(self, draws: Sequence[str]) -> dict[str, float]:
        """Return the share of a policy's draws that are infeasible; one that is no object counts as such."""
        n_feasible = int(np.isfinite(self.lab.truth([text for text in draws if text])).sum())
        return {"infeasible_draws": 1.0 - n_feasible / len(draws)}


def replay(session: Session, length: int) -> list[Row]:
    """Replay one length; each seed has its own function, lab and start."""
    spec = specification(length)
    domain = open_domain(spec.domain)
    rounds, batch = (1, 16) if session.quick else (ROUNDS, BATCH)
    rows: list[Row] = []
    for seed in session.seeds:
        lab = EhrlichLab(build_ehrlich(N_TOKENS, length, SHAPES[length], seed), seed)
        further = FurtherEhrlich(lab, domain)
        protocol = Protocol(f"length_{length}", spec, rounds, batch, batch, ways(), further, further.of_draws)
        rows += replace(session, seeds=(seed,)).replay(NAME, protocol, lab, domain)
    return rows


def run(session: Session) -> None:
    """Replay both lengths."""
    for length in SHAPES:
        rows = replay(session, length)
        last = max((row["round"] for row in rows), default=0)
        show(session.report, f"{NAME}, length {length}", rows, FIGURES, range(2, last + 1, 2))
        if not session.quick:
            _claim(session, length, rows)


def _claim(session: Session, length: int, rows: list[Row]) -> None:
    """Compare our means with those of genetic algorithms at equal numbers of assays, seed by seed."""
    title = f"{NAME}, length {length}"
    for other in ("genetic", "genetic_on_proxies"):
        for figure in ("best_value", "mean_of_top_100", "circles_of_top_100"):
            gap, half, n = difference(rows, ("assayflow", other), figure, ROUNDS)
            if n:
                session.report.claim(f"{title}: {figure}, ours less {other}", gap, ">=", 0.0)
                session.report.notes.append(
                    f"{title}: {figure}, ours less {other}: {gap:.3g} ± {half:.2g} ({n} seeds)"
                )
    best = mean(rows, "assayflow", "best_value", ROUNDS)
    if best == best:  # noqa: PLR0124 - NaN where ours was not run
        session.report.claim(f"{title}: mean best value", best, ">=", 0.9)
