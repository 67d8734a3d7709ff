"""GB1 with a policy, 96 random + 4 x 96: the whole space of 20^4 variants is open, absent ones fail.

The campaign of `benchmarks.campaigns.gb1`, searched by a trained policy, by the control and, beside them, by
scoring the whole table. All methods of a seed start from the same variants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.campaigns import gb1
from benchmarks.campaigns.framework import Open, Protocol, Row, Session, methods
from benchmarks.policy.comparison import CONTROL, Bar, Comparison, Generated
from benchmarks.policy.open_table import OpenTableLab
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.rounds import Generative
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Measurement

NAME = "gb1"
CALLS = 6_500
"""Variants that a search without a policy predicts in a round where ours is not run."""
SAMPLER: Mapping[str, Any] = {
    "steps": 400,
    "beta": [8, 128],
    "behaviour": {"measured_share": 0.1, "replay_share": 0.3, "genetic_share": 0.3},
}
DRAWS = 512
COMPARISON = Comparison(
    "GB1 4 x 96, generated",
    ("best_fitness", "mean_of_top_10", "absent", "absent_draws"),
    (Bar("best_fitness", ">=", 0.93), Bar("best_fitness", ">=", 0.0, less=CONTROL)),
    ours="assayflow_generative",
    controls=(CONTROL, "assayflow"),
)


def specification() -> CampaignSpec:
    """Return the campaign over the table, with settings for a policy."""
    fields = gb1.specification().model_dump(mode="json", exclude={"sampler"})
    return CampaignSpec.model_validate({**fields, "sampler": SAMPLER})


def replay(session: Session) -> list[Row]:
    """Replay in the open space, and over the table by exhaustive scoring."""
    path = session.find(gb1.TABLE)
    if path is None:
        return []
    known = dict(gb1.table(path, gb1.QUICK_ROWS if session.quick else None))
    spec = specification()
    domain = open_domain(spec.domain)
    rounds, size = (1, 16) if session.quick else (gb1.ROUNDS, gb1.PLATES["4x96"])

    def further(_: Sequence[str], new: Sequence[str]) -> dict[str, float]:
        return {"absent": float(np.mean([text not in known for text in new]))}

    def of_draws(draws: Sequence[str]) -> dict[str, float]:
        return {"absent_draws": float(np.mean([text not in known for text in draws]))}

    ways: dict[str, Open] = {
        "assayflow_generative": partial(Generative, n_draws=DRAWS),
        CONTROL: partial(AcquisitionGA, calls=CALLS),
        **methods("genetic", "random"),
    }
    protocol = Protocol("open_4x96", spec, rounds, size, gb1.INITIAL, ways, further, of_draws)
    rows = session.replay(NAME, protocol, OpenTableLab(spec, domain, known), domain)
    table = replace(
        protocol, name="listed_4x96", methods=methods("assayflow"), of_draws=None, spec=gb1.specification()
    )
    lab = TableLab(spec, domain, [Measurement(text, "fitness", value) for text, value in known.items()])
    return rows + session.replay(NAME, table, lab, TableDomain(domain, lab.objects or ()))


def run(session: Session) -> None:
    """Replay and compare."""
    COMPARISON.report(session, replay(session))


TASKS = {"gb1-generative": run}
GENERATED = {COMPARISON.title: Generated(COMPARISON.ours, CONTROL, replay)}
