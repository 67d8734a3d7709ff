"""Duration of a round: 500 measured molecules, two measured objectives, a batch of 96, on two cores.

Solubility is ESOL's measured log S. The second objective is SIMULATED, so that every molecule has both and
two proxies are fitted: Crippen's log P with a noise of 0.3, uploaded as the results of an assay. Each round
runs in its own process with one thread, as a worker does by default. It reports wall and processor seconds of
every stage, its peak memory, and the largest error of its progress bar. Claims are about wall seconds on an
otherwise idle machine; processor seconds depend less on other load.

Rounds: the default sampler, and as many steps as fit into three minutes at the default's speed.
"""

import csv
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA, why_absent
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import InvalidObjectError
from models.propose import propose
from models.records import History, Measurement, Stage
from models.specs.sampler import SamplerSpec

TABLE = "molecules/ESOL.csv"
MEASURED, BATCH, NOISE = 500, 96, 0.3
BAR_SECONDS = 180.0
SEED = 7
LEAST_STEPS = 50
SPEC: dict[str, Any] = {
    "name": "latency",
    "domain": {"kind": "molecules"},
    "objectives": [
        {"name": "solubility", "type": "logS", "range": [-8, 1]},
        {"name": "lipophilicity", "type": "logP", "direction": "target", "target": 2.5, "range": [-2, 7]},
    ],
    "batch": {"size": BATCH},
}


@final
@dataclass
class Clock:
    """A progress callback that records the time of every report."""

    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    ticks: list[tuple[float, float]] = field(default_factory=list)

    def __call__(self, stage: Stage, progress: float, message: str) -> None:
        """Record one report."""
        del message
        now = (time.perf_counter(), time.process_time())
        self.stages.setdefault(stage, now)
        self.ticks.append((now[0], progress))

    def seconds(self, end: tuple[float, float]) -> dict[str, tuple[float, float]]:
        """Return wall and processor seconds of every stage of a round that ended at this time."""
        starts = [*self.stages.values(), end]
        pairs = zip(self.stages, starts, starts[1:], strict=False)
        return {name: (after[0] - before[0], after[1] - before[1]) for name, before, after in pairs}

    def dishonesty(self, end: float) -> float:
        """Return the largest difference between reported progress and the share of time that had passed."""
        start = self.ticks[0][0]
        return max(abs(progress - (at - start) / (end - start)) for at, progress in self.ticks)


def measured(n: int) -> History:
    """Return the results of n molecules of ESOL, always the same ones."""
    domain = open_domain(CampaignSpec.model_validate(SPEC).domain)
    generator = np.random.default_rng(SEED)
    with (DATA / TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    results: dict[str, tuple[Measurement, Measurement]] = {}
    for row in generator.permutation(np.array(rows, dtype=object)):
        try:
            text = domain.parse({"smiles": row["smiles"]})
        except InvalidObjectError:
            continue
        log_p = domain.properties([text], ["logp"])["logp"][0] + generator.normal(0, NOISE)
        value = float(row["measured log solubility in mols per litre"])
        results.setdefault(text, (Measurement(text, "logS", value), Measurement(text, "logP", float(log_p))))
        if len(results) == n:
            break
    return History(tuple(result for pair in results.values() for result in pair))


def one_round(n: int, steps: int, threads: int) -> dict[str, Any]:
    """Compute one round in this process and return its cost."""
    torch.set_num_threads(threads)
    spec = CampaignSpec.model_validate(SPEC | {"sampler": {"steps": steps}})
    history, clock = measured(n), Clock()
    proposal = propose(spec, history, seed=SEED, report=clock)
    end = (time.perf_counter(), time.process_time())
    seconds = clock.seconds(end)
    row: dict[str, Any] = {"steps": steps, "molecules": n}
    for index, unit in enumerate(("s", "processor s")):
        row |= {f"{stage}, {unit}": pair[index] for stage, pair in seconds.items()}
        row |= {f"all, {unit}": sum(pair[index] for pair in seconds.values())}
    row |= {"peak, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    row |= {"progress off by": clock.dishonesty(end[0]), "chosen": proposal.summary["chosen"]}
    row |= {"mean acquisition": float(np.mean([item.acquisition for item in proposal.candidates]))}
    return row | {"circles": proposal.summary["diversity"]["circles"]}


def in_its_own_process(n: int, steps: int, threads: int) -> dict[str, Any]:
    """Return the cost of a round in its own process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(one_round, n, steps, threads).result()


def steps_that_fit(row: dict[str, Any]) -> int:
    """Return the number of steps that would have kept a round of this row within the bar."""
    others = row["all, s"] - row["training, s"]
    fitting = int((BAR_SECONDS - others) / (row["training, s"] / row["steps"]))
    return max(LEAST_STEPS, fitting // LEAST_STEPS * LEAST_STEPS)


def measure(report: Report, is_quick: bool, threads: float, steps: float) -> None:  # noqa: FBT001 - the harness' call
    """Time the rounds; `steps` of 0 is the sampler's default."""
    if absent := why_absent(TABLE):
        report.notes.append(absent)
        return
    n = 60 if is_quick else MEASURED
    n_steps = LEAST_STEPS if is_quick else int(steps) or SamplerSpec().steps
    first = in_its_own_process(n, n_steps, int(threads))
    report.row(**first)
    report.claim(f"seconds of a round with {n_steps} steps", first["all, s"], "<=", BAR_SECONDS)
    report.claim("largest error of the progress told", first["progress off by"], "<=", 0.25)
    fitting = steps_that_fit(first)
    if not is_quick and fitting < n_steps:
        second = in_its_own_process(n, fitting, int(threads))
        report.row(**second)
        report.claim(f"seconds of a round with {fitting} steps", second["all, s"], "<=", BAR_SECONDS)
    report.notes.append("logS is measured (ESOL); logP is a SIMULATED assay: Crippen's log P with a noise of 0.3")


if __name__ == "__main__":
    run("Round latency: 500 molecules, two measured objectives, batch of 96", measure, threads=1, steps=0)
