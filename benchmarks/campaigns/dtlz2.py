"""DTLZ2: three objectives on a grid, 12 random objects and 6 batches of 12 (Deb et al., CEC 2002).

Five variables of five levels, 1,024 of the 3,125 points drawn once, all objectives to be minimised without
noise. The front is a smooth and concave eighth of a sphere, on which scalarised values choose poorly. Depends
on no method.
"""

import itertools
from typing import Any

import torch
from botorch.test_functions.multi_objective import DTLZ2

from benchmarks.campaigns.figures import compare_with_bayesian, show
from benchmarks.campaigns.framework import DEFAULTS, SMALL_TABLE, Protocol, Session, methods
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement

NAME = "dtlz2"
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
VARIABLES = tuple(f"x{index}" for index in range(5))
OBJECTIVES = ("f1", "f2", "f3")
POINTS = 1024
POOR = 1.1
"""The poor end of every objective's range: the reference point of the usual hypervolume."""
BATCH, ROUNDS = 12, 6
SHOWN = (2, 4, 6)


def specification() -> CampaignSpec:
    """Return the campaign."""
    process: list[dict[str, Any]] = [
        {"name": name, "type": "ordinal", "values": LEVELS} for name in VARIABLES
    ]
    fields = {
        "name": "DTLZ2",
        "domain": {"kind": "materials", "space": "mixture", "process": process},
        "objectives": [{"name": name, "direction": "minimize", "range": [0, POOR]} for name in OBJECTIVES],
        **SMALL_TABLE,
    }
    return CampaignSpec.model_validate(fields)


def measurements(spec: CampaignSpec) -> list[Measurement]:
    """Return the values of the drawn points."""
    grid = list(itertools.product(LEVELS, repeat=len(VARIABLES)))
    drawn = torch.randperm(len(grid), generator=torch.Generator().manual_seed(0))[:POINTS].tolist()
    points = [grid[row] for row in drawn]
    values = DTLZ2(dim=len(VARIABLES), num_objectives=len(OBJECTIVES))(torch.tensor(points).double()).tolist()
    domain = open_domain(spec.domain)
    texts = [domain.parse(dict(zip(VARIABLES, map(str, point), strict=True))) for point in points]
    return [
        Measurement(text, name, value)
        for text, row in zip(texts, values, strict=True)
        for name, value in zip(OBJECTIVES, row, strict=True)
    ]


def run(session: Session) -> None:
    """Replay 12 random points and 6 batches of 12."""
    spec = specification()
    plain = open_domain(spec.domain)
    lab = TableLab(spec, plain, measurements(spec))
    domain = TableDomain(plain, lab.objects or ())
    ways = methods("assayflow", DEFAULTS, "random", "genetic", "bayesian")
    rounds = 1 if session.quick else ROUNDS
    replayed = session.replay(NAME, Protocol("batches_of_12", spec, rounds, BATCH, BATCH, ways), lab, domain)
    show(session.report, NAME, replayed, ("hypervolume", "circles"), None if session.quick else SHOWN)
    if not session.quick:
        for n_round in SHOWN:
            compare_with_bayesian(session.report, NAME, replayed, "hypervolume", n_round)
