"""GB1: the best of 149,361 measured four-site variants of a binding domain, in 96 random + 4 x 96 chosen.

The task of Yang et al. (Cell Systems 16, 2025: active learning-assisted directed evolution) on the landscape
of Wu et al. (eLife 5, 2016). Published there, mean best fitness over the maximum: ensemble of networks with
an upper confidence bound .903, the best of all encodings and models .930, Gaussian process .819, random .471.
Depends on no method.
"""

import csv
import gzip
from pathlib import Path

from benchmarks.campaigns.figures import difference, mean, show
from benchmarks.campaigns.framework import Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement

NAME = "gb1"
TABLE = "gb1/gb1.csv.gz"
BAR = 0.90
PLATES = {"4x96": 96, "4x24": 24}
"""Protocols by batch size; both begin with 96 random variants."""
INITIAL = 96
ROUNDS = 4
QUICK_ROWS = 3000


def table(path: Path, n: int | None = None) -> list[tuple[str, float]]:
    """Return variants and their fitness relative to the best of the whole table, the first n rows."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [(row["variant"], float(row["fitness"])) for row in csv.DictReader(file)]
    best = max(fitness for _, fitness in rows)
    return [(variant, fitness / best) for variant, fitness in rows[:n]]


def specification() -> CampaignSpec:
    """Return the campaign: an ensemble of networks, and an upper confidence bound of two standard deviations.

    A batch takes the highest bounds, as published: no exploration share and no diversity term.
    """
    fields = {
        "name": "GB1 four sites",
        "domain": {"kind": "peptides", "min_length": 4, "max_length": 4},
        "objectives": [{"name": "fitness", "direction": "maximize"}],
        "proxies": {"kinds": ["deep_ensemble"]},
        "acquisition": {"kind": "upper_confidence_bound", "kappa": 2.0},
        "applicability": {"min_similarity": 0.0},
        "batch": {"diversity": 0.0, "exploration": 0.0},
    }
    return CampaignSpec.model_validate(fields)


def run(session: Session) -> None:
    """Replay both sizes of batches."""
    path = session.find(TABLE)
    if path is None:
        return
    rows = table(path, QUICK_ROWS if session.quick else None)
    spec = specification()
    domain = open_domain(spec.domain)
    lab = TableLab(spec, domain, [Measurement(variant, "fitness", fitness) for variant, fitness in rows])
    known = TableDomain(domain, lab.objects or ())
    for name, size in PLATES.items():
        rounds = 1 if session.quick else ROUNDS
        protocol = Protocol(
            name, spec, rounds, size, INITIAL, methods("assayflow", "random", "genetic", "greedy")
        )
        replayed = session.replay(NAME, protocol, lab, known)
        show(session.report, f"{NAME} {name}", replayed, ("best_fitness", "mean_of_top_10", "hits"))
        if session.quick:
            continue
        gap, half, _ = difference(replayed, ("assayflow", "genetic"), "best_fitness", ROUNDS)
        session.report.claim(f"{NAME} {name}: mean best fitness, ours less genetic's", gap, ">=", 0.0, half)
        if name == "4x96":
            value = mean(replayed, "assayflow", "best_fitness", ROUNDS)
            session.report.claim(f"{NAME}: mean best fitness after 96 + 4 x 96", value, ">=", BAR)
