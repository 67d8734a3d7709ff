"""Lipid nanoparticles: drug loading, encapsulation efficiency and diameter of 768 measured formulations.

The table of the Olympus suite (its use: Hickman et al., arXiv:2404.15545); 8 batches of 12 after 12 random
ones. Depends on no method.
"""

import csv
from pathlib import Path
from typing import Any

from benchmarks.campaigns.figures import compare_with_bayesian, difference, mean, show
from benchmarks.campaigns.framework import DEFAULTS, SMALL_TABLE, Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import Measurement

NAME = "lnp"
FIGURE = "hypervolume"
TABLE = "lnp3/lnp3.csv"
NUMBERS = ("drug_input", "solid_lipid_input", "liquid_lipid_input", "surfractant_input")
OBJECTIVES = {"drug_loading": "maximize", "encap_efficiency": "maximize", "particle_diameter": "minimize"}
BATCH, ROUNDS = 12, 8
SHOWN = (2, 4, 6, 8)


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def specification(rows: list[dict[str, str]]) -> CampaignSpec:
    """Return the campaign; the ranges of objectives are learned."""
    process: list[dict[str, Any]] = [
        {"name": "solid_lipid", "type": "categorical", "values": sorted({row["solid_lipid"] for row in rows})}
    ]
    process += [
        {"name": name, "type": "ordinal", "values": sorted({float(row[name]) for row in rows})}
        for name in NUMBERS
    ]
    fields = {
        "name": "lipid nanoparticles",
        "domain": {"kind": "materials", "space": "mixture", "process": process},
        "objectives": [{"name": name, "direction": direction} for name, direction in OBJECTIVES.items()],
        **SMALL_TABLE,
    }
    return CampaignSpec.model_validate(fields)


def measurements(rows: list[dict[str, str]], domain: Domain) -> list[Measurement]:
    """Return three results for each formulation."""
    texts = [domain.parse({name: row[name] for name in ("solid_lipid", *NUMBERS)}) for row in rows]
    pairs = list(zip(texts, rows, strict=True))
    return [Measurement(text, name, float(row[name])) for text, row in pairs for name in OBJECTIVES]


def run(session: Session) -> None:
    """Replay 12 random formulations and 8 batches of 12."""
    path = session.find(TABLE)
    if path is None:
        return
    rows = read(path)
    spec = specification(rows)
    plain = open_domain(spec.domain)
    lab = TableLab(spec, plain, measurements(rows, plain))
    domain = TableDomain(plain, lab.objects or ())
    ways = methods("assayflow", DEFAULTS, "random", "genetic", "greedy", "bayesian")
    rounds = 1 if session.quick else ROUNDS
    replayed = session.replay(
        NAME, Protocol("8_batches_of_12", spec, rounds, BATCH, BATCH, ways), lab, domain
    )
    show(session.report, NAME, replayed, ("hypervolume", "circles"), SHOWN)
    if session.quick:
        return
    for n_round in SHOWN:
        compare_with_bayesian(session.report, NAME, replayed, "hypervolume", n_round)
    gap, half, _ = difference(replayed, ("bayesian", "assayflow"), "hypervolume", ROUNDS)
    name = f"{NAME}: hypervolume, qLogNEHVI's less ours"
    session.report.claim(name, gap, "<=", half, half)
    ours, chance = (mean(replayed, method, "hypervolume", ROUNDS) for method in ("assayflow", "random"))
    session.report.claim(f"{NAME}: hypervolume less random's", ours - chance, ">=", 0.0)
