"""Oxygen evolution, plate 3496: all 2,121 mixtures of six metals on a 10 % grid; minimise the overpotential.

The table of the Olympus suite (Häse et al., Mach. Learn.: Sci. Technol. 2, 035021, 2021). The space can be
enumerated, so all of it is scored each round, as in exhaustive Bayesian optimisation. Depends on no method.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.campaigns.figures import compare_with_bayesian, difference, mean, show
from benchmarks.campaigns.framework import DEFAULTS, SMALL_TABLE, Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.records import Measurement

NAME = "oer"
FIGURE = "regret_mV"
TABLE = "oer_plate_3496/oer_plate_3496.csv"
METALS = ("ni", "fe", "co", "mn", "ce", "la")
BATCH, ROUNDS = 10, 9
SHOWN = (3, 5, 7, 9)
"""Reported rounds: 40, 60, 80 and 100 measurements."""


def specification() -> CampaignSpec:
    """Return the campaign."""
    fields = {
        "name": "oxygen evolution",
        "domain": {
            "kind": "materials",
            "space": "mixture",
            "components": METALS,
            "grid": 10,
            "max_components": 4,
        },
        "objectives": [{"name": "overpotential", "direction": "minimize", "units": "V"}],
        **SMALL_TABLE,
    }
    return CampaignSpec.model_validate(fields)


def measurements(path: Path, domain: Domain) -> list[Measurement]:
    """Return the measured overpotentials."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [domain.parse({metal: row[f"{metal}_load"] for metal in METALS}) for row in rows]
    return [
        Measurement(text, "overpotential", float(row["overpotential"]))
        for text, row in zip(texts, rows, strict=True)
    ]


def run(session: Session) -> None:
    """Replay 10 random mixtures and 9 batches of 10."""
    path = session.find(TABLE)
    if path is None:
        return
    spec = specification()
    plain = open_domain(spec.domain)
    table = measurements(path, plain)
    lab, domain = TableLab(spec, plain, table), TableDomain(plain, [item.object for item in table])
    known = {item.object: 1000 * (item.value or 0.0) for item in table}
    least = min(known.values())

    def further(measured: Sequence[str], _: Sequence[str]) -> dict[str, float]:
        return {"regret_mV": min(known[name] for name in measured) - least}

    ways = methods("assayflow", DEFAULTS, "random", "genetic", "greedy", "bayesian")
    rounds = 1 if session.quick else ROUNDS
    replayed = session.replay(
        NAME, Protocol("batches_of_10", spec, rounds, BATCH, BATCH, ways, further), lab, domain
    )
    show(session.report, NAME, replayed, ("regret_mV", "hits"), SHOWN)
    if session.quick:
        return
    for n_round in SHOWN:
        gap, half, _ = difference(replayed, ("assayflow", "bayesian"), "regret_mV", n_round)
        name = f"{NAME}: regret after {BATCH * (1 + n_round)}, ours less exhaustive BO's, mV"
        session.report.claim(name, gap, "<=", half, half)
        compare_with_bayesian(session.report, NAME, replayed, "regret_mV", n_round, is_cost=True)
    compare_with_bayesian(session.report, NAME, replayed, "hits", ROUNDS)
    gap, half, _ = difference(replayed, ("assayflow", "bayesian"), "hits", ROUNDS)
    session.report.claim(f"{NAME}: hits in the end, ours less exhaustive BO's", gap, ">=", 0.0, half)
    chance = mean(replayed, "random", "regret_mV", ROUNDS)
    session.report.claim(
        f"{NAME}: last regret, mV", mean(replayed, "assayflow", "regret_mV", ROUNDS), "<=", chance
    )
