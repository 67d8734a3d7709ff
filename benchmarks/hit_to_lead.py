"""What the default settings propose to a chemist with some hundred measured compounds, beside other searches.

One round of 24 candidates after 463 measured compounds of Lipophilicity (logD near 2) and of ESOL (as
soluble as possible). `presets` are `design` of a campaign, the default first. Beside them, with the proxies,
the filter and the selection of a round without a preset: a genetic algorithm on molecular graphs (mol_ga),
one on our building steps, and random objects of our space. The genetic algorithms start from the measured
compounds. CReM is not run: its fragment databases are downloads.

`--steps` 0 leaves the training steps to the campaign's default. Drawings of what was proposed go to the
folder that `ASSAYFLOW_DRAWINGS` names.
"""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from benchmarks.assays.chemists_figures import captions, figures
from benchmarks.assays.tables import READERS
from benchmarks.peers.graph_ga import PEER, open_breed
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import BacktestTask
from models.backtests.random_baseline import RandomBaseline
from models.backtests.variation import steps_breed
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.propose import propose
from models.records import History, Measurement
from models.rounds.fitting.fit import fit
from models.rounds.reporting.candidate_records import predicted_values
from models.rounds.sampling.evaluated import evaluate_objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.backtests.contract import Strategy
    from models.domains.contract import Domain
    from models.rounds.fitting.fit import RoundModel

MEASURED, BATCH = 463, 24
"""Measured compounds, and candidates of the round."""
TASKS: dict[str, dict[str, Any]] = {
    "Lipophilicity": {"name": "logD", "direction": "target", "target": 2.0},
    "ESOL": {"name": "log_S", "direction": "maximize"},
}
DEFAULT, GRAPH = "default", "graph genetic (mol_ga)"
OTHERS = ("explore", "lead_optimisation")
"""Presets beside the default."""
DRAWINGS = "ASSAYFLOW_DRAWINGS"
"""Environment variable with a folder that drawings of the candidates are written to."""
GA_CALLS, QUICK_CALLS, QUICK_STEPS = 5_000, 500, 40
MEANS = ("SA", "alerts", "open stereo", "similarity", "scaffolds", "QED", "in domain", "value", "seconds")


def history(task: str, domain: Domain, seed: int) -> History:
    """Return random measured compounds of a table that the campaign may know."""
    path, reader = READERS[task]
    _, rows = reader(DATA / path)
    objective = TASKS[task]["name"]
    pooled: dict[str, list[float]] = defaultdict(list)
    for text, _, value, _ in rows:
        pooled[text].append(value)
    texts = [text for text in pooled if not domain.check(text)]
    order = np.random.default_rng(seed).permutation(len(texts))[:MEASURED]
    chosen = [texts[row] for row in order.tolist()]
    return History(tuple(Measurement(text, objective, value) for text in chosen for value in pooled[text]))


def specification(task: str, design: str = DEFAULT, *, steps: int = 0) -> CampaignSpec:
    """Return a campaign that states its objective, and else at most its preset and its training steps."""
    fields: dict[str, Any] = {
        "name": task,
        "domain": {"kind": "molecules"},
        "objectives": [TASKS[task]],
        "batch": {"size": BATCH},
    }
    if design != DEFAULT:
        fields["design"] = design
    if steps:
        fields["sampler"] = {"steps": steps}
    return CampaignSpec.model_validate(fields)


@final
@dataclass(frozen=True, slots=True)
class Referee:
    """Who describes everybody's candidates on a task: the models of a round without a preset.

    `known` are the measured compounds of a seed.
    """

    task: str
    seed: int
    known: History
    models: RoundModel
    report: Report

    @staticmethod
    def of(report: Report, task: str, seed: int) -> Referee:
        """Return the referee of the measured compounds of a seed."""
        spec = specification(task, "explore")
        domain = open_domain(spec.domain)
        known = history(task, domain, seed)
        models = fit(spec, domain, domain.environment([]), known, seed, lambda *_: None)
        return Referee(task, seed, known, models, report)

    def row(self, method: str, objects: Sequence[str], seconds: float) -> None:
        """Add a row about what a method proposed."""
        if not objects:
            self.report.notes.append(f"{method} proposed nothing on {self.task} with seed {self.seed}")
            return
        found, _ = evaluate_objects(self.models.model, objects)
        inside = [bool(found.is_inside(row)) for row in range(len(objects))]
        objective = self.models.model.spec.objectives[0].name
        predicted = [item[objective].mean for item in predicted_values(objects, self.models).values()]
        self.report.row(
            task=self.task,
            method=method,
            seed=self.seed,
            **figures(self.models.domain, objects, self.models.measured),
            **{"in domain": sum(inside) / len(inside)},
            value=sum(predicted) / len(predicted),
            seconds=seconds,
        )
        if folder := os.environ.get(DRAWINGS):
            self._draw(Path(folder) / f"{self.task}-{method.split(maxsplit=1)[0]}-{self.seed}.svg", objects)

    def _draw(self, path: Path, objects: Sequence[str]) -> None:
        domain = self.models.domain
        nearest = np.asarray(domain.similarity(objects, self.models.measured)).max(axis=1)
        path.write_text(domain.draw(objects, captions(objects, nearest.tolist())), encoding="utf-8")


def searches(*, quick: bool) -> dict[str, Strategy]:
    """Return the searches without a policy, by name."""
    calls = QUICK_CALLS if quick else GA_CALLS
    made: dict[str, Strategy] = {"genetic on building steps": AcquisitionGA(steps_breed, calls)}
    if PEER.why_absent is None:
        made[GRAPH] = AcquisitionGA(open_breed, calls)
    return made | {"random": RandomBaseline()}


def measure(
    report: Report,
    is_quick: bool,  # noqa: FBT001 - the harness' call
    parts: Sequence[str],
    seeds: float,
    first: float,
    steps: float,
) -> None:
    """Run everybody on every task and seed."""
    torch.set_num_threads(1)
    if absent := [reason for task in TASKS if (reason := why_absent(READERS[task][0]))]:
        report.notes += absent
        return
    if "searches" in parts and PEER.why_absent is not None:
        report.notes.append(f"{GRAPH}: {PEER.why_absent}")
    n_steps = QUICK_STEPS if is_quick else int(steps)
    for seed in range(int(first), int(first) + (1 if is_quick else int(seeds))):
        for task in TASKS:
            referee = Referee.of(report, task, seed)
            one_campaign(referee, parts, n_steps)
            if "searches" in parts:
                other_searches(referee, quick=is_quick)
    claims(report)


def one_campaign(referee: Referee, parts: Sequence[str], steps: int) -> None:
    """Run the presets on one set of measured compounds."""
    designs = ([DEFAULT] if DEFAULT in parts else []) + (list(OTHERS) if "presets" in parts else [])
    for design in designs:
        start = time.perf_counter()
        spec = specification(referee.task, design, steps=steps)
        proposal = propose(spec, referee.known, seed=referee.seed, report=lambda *_: None)
        objects = [item.object for item in proposal.candidates]
        referee.row(design, objects, time.perf_counter() - start)


def other_searches(referee: Referee, *, quick: bool) -> None:
    """Run the searches without a policy on the same compounds."""
    spec, domain = referee.models.model.spec, referee.models.domain
    for name, strategy in searches(quick=quick).items():
        start = time.perf_counter()
        task = BacktestTask(spec, domain, None, lambda _: None)
        choice = strategy.choose(task, referee.known, BATCH, referee.seed)
        referee.row(name, choice.objects, time.perf_counter() - start)


def claims(report: Report) -> None:
    """Add the means over seeds, and hold the default to its bars."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in report.rows:
        groups[row["task"], row["method"]].append(row)
    means = {
        key: {name: math.fsum(row[name] for row in rows) / len(rows) for name in MEANS}
        for key, rows in groups.items()
    }
    for (task, method), row in means.items():
        report.row(task=task, method=method, **{f"mean {name}": value for name, value in row.items()})
    for task in TASKS:
        if (ours := means.get((task, DEFAULT))) is None:
            continue
        report.claim(f"{task}: SA score", ours["SA"], "<=", 3.5)
        report.claim(f"{task}: share with alerts", ours["alerts"], "<=", 0.05)
        report.claim(f"{task}: share with undefined stereo", ours["open stereo"], "<=", 0.0)
        report.claim(f"{task}: nearest similarity, at least", ours["similarity"], ">=", 0.35)
        report.claim(f"{task}: nearest similarity, at most", ours["similarity"], "<=", 0.6)
        if (theirs := means.get((task, GRAPH))) is not None:
            for name in ("SA", "alerts"):
                report.claim(f"{task}: {name} beside {GRAPH}", ours[name], "<=", theirs[name])
            for name in ("scaffolds", "QED"):
                report.claim(f"{task}: {name} beside {GRAPH}", ours[name], ">=", theirs[name])


def main() -> None:
    """Run the benchmark."""
    run("hit to lead", measure, parts=(DEFAULT, "presets", "searches"), seeds=3, first=0, steps=0)


if __name__ == "__main__":
    main()
