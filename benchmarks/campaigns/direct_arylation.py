"""Direct arylation: 1,728 measured yields by ligand, base, solvent, concentration and temperature.

The task of Shields et al. (Nature 590, 89, 2021) in batches of 5. Published there: Gaussian process with
expected improvement 95.6 % after 25 experiments and 98.6 % after 40, 50 chemists 91.7 % after 25, random 81.4
%. Depends on no method.
"""

import csv
from pathlib import Path
from typing import Any

from benchmarks.campaigns.figures import compare_with_bayesian, mean, show
from benchmarks.campaigns.framework import DEFAULTS, SMALL_TABLE, Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement

NAME = "direct_arylation"
FIGURE = "best_yield"
TABLE = "direct_arylation/data.csv"
BARS = {4: 96.0, 7: 98.6}
"""Mean best yield after 25 and 40 experiments: after rounds 4 and 7, where round 0 has the 5 random ones."""


def columns(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def specification(rows: list[dict[str, str]]) -> CampaignSpec:
    """Return the campaign as a chemist would define it: choices have structures, settings are numbers."""
    named: list[dict[str, Any]] = []
    for name in ("Ligand", "Base", "Solvent"):
        smiles = {row[name]: row[f"{name}_SMILES"] for row in rows}
        named.append(
            {"name": name.lower(), "type": "categorical", "values": sorted(smiles), "smiles": smiles}
        )
    numbers: list[dict[str, Any]] = [
        {"name": name, "type": "ordinal", "values": sorted({float(row[column]) for row in rows})}
        for name, column in (("concentration", "Concentration"), ("temperature", "Temp_C"))
    ]
    fields = {
        "name": "direct arylation",
        "domain": {"kind": "materials", "space": "mixture", "process": named + numbers},
        "objectives": [{"name": "yield", "direction": "maximize", "range": [0, 100]}],
        **SMALL_TABLE,
    }
    return CampaignSpec.model_validate(fields)


def measurements(rows: list[dict[str, str]], spec: CampaignSpec) -> list[Measurement]:
    """Return the measured yields."""
    domain = open_domain(spec.domain)
    names = {
        "ligand": "Ligand",
        "base": "Base",
        "solvent": "Solvent",
        "concentration": "Concentration",
        "temperature": "Temp_C",
    }
    return [
        Measurement(
            domain.parse({name: row[column] for name, column in names.items()}), "yield", float(row["yield"])
        )
        for row in rows
    ]


def run(session: Session) -> None:
    """Replay 5 random experiments and 7 batches of 5."""
    path = session.find(TABLE)
    if path is None:
        return
    rows = columns(path)
    spec = specification(rows)
    lab = TableLab(spec, open_domain(spec.domain), measurements(rows, spec))
    domain = TableDomain(open_domain(spec.domain), lab.objects or ())
    ways = methods("assayflow", DEFAULTS, "random", "genetic", "greedy", "bayesian")
    protocol = Protocol("batches_of_5", spec, 1 if session.quick else 7, 5, 5, ways)
    replayed = session.replay(NAME, protocol, lab, domain)
    show(session.report, NAME, replayed, ("best_yield", "hits"), BARS)
    if not session.quick:
        for n_round, bar in BARS.items():
            value = mean(replayed, "assayflow", "best_yield", n_round)
            session.report.claim(
                f"{NAME}: mean best yield after {5 + 5 * n_round} experiments", value, ">=", bar
            )
            value = mean(replayed, DEFAULTS, "best_yield", n_round)
            name = f"{NAME}, nothing set: mean best yield after {5 + 5 * n_round} experiments"
            session.report.claim(name, value, ">=", bar)
            compare_with_bayesian(session.report, NAME, replayed, "best_yield", n_round)
