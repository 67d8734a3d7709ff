"""Coverage of 90 % intervals on batches that were chosen, and on small tables beside a plain process.

Campaigns are replayed round by round. Every round fits the models, searches them and chooses its batch; two
intervals are made of the same fit: by held-out values alone, and corrected for the choice and by the record
of earlier batches. Intervals have no part in the choice, so both meet the same objects. Objects are generated
by a genetic algorithm on the round's reward instead of a trained policy, which takes minutes less; those of
tables are chosen among all. A process and a forest compete, in Ehrlich functions the process alone. Widths
and interval scores (Gneiting & Raftery, JASA 102, 2007, section 6.2) are in deviations of the measured
values.

RNA: the energy of the duplex with a random target of 14 bases. It needs the package `viennarna`, which the
project does not depend on.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, final

import torch
from torch import Tensor

from benchmarks.assays.interval_tasks import TASKS, TYPE, IntervalTask
from benchmarks.assays.small_tables import PHOTOSWITCHES, small_table
from benchmarks.assays.tables import READERS
from benchmarks.exact.training import mean_and_half
from benchmarks.guardrails import TABLE as PEPTIDES
from benchmarks.report import Report, run
from benchmarks.tables.catalogue import why_absent
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import BacktestTask, Choice
from models.backtests.rounds import Exhaustive, for_batch
from models.data.tables import tabulate
from models.proxies.selection_rules import SelectionSettings
from models.random_streams import stream
from models.records import Forecast, History, Measurement
from models.rounds.fitting.fit import RoundModel, fit

CALLS = 1500
"""Distinct objects that the proxies evaluate in a round of generated objects."""
MISS = 20.0
"""Price of a miss in the interval score, per width: 2 over the share that may lie outside."""
SIZES = (50, 100)
SMALL = ("photoswitches", "ESOL", "FreeSolv", "Lipophilicity")
GENERATED = ("Ehrlich 15", "Ehrlich 24", "RNA 14", "peptide potency")
BEFORE, NOW = "held-out values alone", "corrected"
LEAST, MOST = 0.85, 0.95


@final
@dataclass(frozen=True, slots=True)
class Scored:
    """Intervals of one batch by one method: shares inside, mean width and score in deviations of values."""

    covered: float
    width: float
    score: float


def judged(ends: tuple[Tensor, Tensor], values: Tensor, deviation: float) -> Scored:
    """Return the scores of interval ends [N] for values [N]."""
    low, high = ends
    misses = (low - values).clamp_min(0) + (values - high).clamp_min(0)
    return Scored(
        float(((low <= values) & (values <= high)).double().mean()),
        float((high - low).mean()) / deviation,
        float((high - low + MISS * misses).mean()) / deviation,
    )


def _choice(task: IntervalTask, history: History, seed: int) -> tuple[Choice, RoundModel]:
    """Return the batch of a round with the models behind it."""
    given = BacktestTask(task.spec, task.domain, task.objects, lambda _: None)
    environment = task.domain.environment([])
    spec = for_batch(task.spec, task.batch)
    fitted = fit(spec, task.domain, environment, history, seed, lambda *_: None)
    strategy = AcquisitionGA(calls=CALLS) if task.objects is None else Exhaustive()
    return strategy.search(given, fitted, history, seed), fitted


def replay(task: IntervalTask, seed: int) -> Iterator[tuple[int, dict[str, Scored]]]:
    """Yield the scores of each round's batch by both kinds of intervals."""
    results = task.lab.measure(task.start, 0, seed)
    forecasts: tuple[Forecast, ...] = ()
    for number in range(1, task.rounds + 1):
        history = History(results, forecasts=forecasts)
        choice, fitted = _choice(task, history, stream(seed, f"round {number}"))
        new = task.lab.measure(choice.objects, number, stream(seed, f"lab {number}"))
        known = tabulate(results, task.spec.quantities()).values[:, 0]
        if usable := [item for item in new if item.value is not None]:
            yield number, _both(fitted, usable, float(torch.from_numpy(known).std()))
        results += new
        forecasts += tuple(
            Forecast(number, text, TYPE, by_name[TYPE]) for text, by_name in choice.predictions.items()
        )


def _both(fitted: RoundModel, results: Sequence[Measurement], deviation: float) -> dict[str, Scored]:
    features = fitted.model.features([item.object for item in results])
    values = torch.tensor([item.value for item in results], dtype=torch.float64)
    ours = fitted.model.proxies
    made = {BEFORE: ours.under(SelectionSettings(is_corrected=False)), NOW: ours}
    answers = {}
    for name, proxies in made.items():
        low, high = proxies.interval(features)
        answers[name] = judged((low[:, 0], high[:, 0]), values, deviation)
    return answers


def _needs(name: str) -> str | None:
    """Return why a task is skipped, if it is."""
    if name == "RNA 14" and find_spec("RNA") is None:
        return "RNA 14: skipped, `pip install viennarna` brings what it needs"
    table = PEPTIDES if name == "peptide potency" else READERS[name][0] if name in READERS else None
    return None if table is None else why_absent(table)


def campaigns(report: Report, tasks: Iterable[str], seeds: range) -> None:
    """Replay every task with every seed; one row per task, first or later rounds, and kind of intervals."""
    for name in tasks:
        if absent := _needs(name):
            report.notes.append(absent)
            continue
        found: dict[tuple[str, str], list[Scored]] = defaultdict(list)
        for seed in seeds:
            report.seeds.add(seed)
            for number, both in replay(TASKS[name](seed), seed):
                for method, scored in both.items():
                    found["first" if number == 1 else "later", method].append(scored)
        for (rounds, method), batches in found.items():
            report.row(task=name, rounds=rounds, intervals=method, batches=len(batches), **_figures(batches))
        now = _figures(found["later", NOW])["coverage"]
        report.claim(f"{name}: coverage of later batches, corrected", now, ">=", LEAST)
        report.claim(f"{name}: coverage of later batches, corrected", now, "<=", MOST)


def _figures(batches: Sequence[Scored]) -> dict[str, Any]:
    covered = [item.covered for item in batches]
    return {
        "coverage": statistics.fmean(covered),
        "worst batch": min(covered),
        "width": statistics.fmean(item.width for item in batches),
        "interval score": statistics.fmean(item.score for item in batches),
    }


def small(report: Report, seeds: range) -> None:
    """Compare predictions of small tables, seed by seed."""
    for name in SMALL:
        table = PHOTOSWITCHES if name == "photoswitches" else READERS[name][0]
        if absent := why_absent(table):
            report.notes.append(absent)
            continue
        for n in SIZES:
            found: dict[str, list[tuple[float, Scored]]] = defaultdict(list)
            for seed in seeds:
                report.seeds.add(seed)
                values, answers = small_table((name, n, seed))
                for who, (mean, low, high) in answers.items():
                    error = float((mean - values).square().mean().sqrt())
                    found[who].append((error, judged((low, high), values, float(values.std()))))
            for who, records in found.items():
                figures = _figures([scored for _, scored in records])
                error = statistics.fmean(error for error, _ in records)
                report.row(table=name, n=n, who=who, seeds=len(records), rmse=error, **figures)
            _small_claims(report, f"{name}, n = {n}", found)


def _small_claims(report: Report, where: str, found: dict[str, list[tuple[float, Scored]]]) -> None:
    ours, plain = found["ours"], found["plain Tanimoto process"]
    gaps = [mine - theirs for (mine, _), (theirs, _) in zip(ours, plain, strict=True)]
    gap, half = mean_and_half(gaps)
    report.claim(f"{where}: RMSE less that of the plain process", gap, "<=", 0.0, half)
    covered = statistics.fmean(scored.covered for _, scored in ours)
    report.claim(f"{where}: coverage off .9", abs(covered - 0.9), "<=", 0.02)


def measure(report: Report, quick: bool, parts: Sequence[str], seeds: float, first: float) -> None:  # noqa: FBT001 - the harness's signature
    """Fill the report."""
    torch.set_num_threads(1)
    numbers = range(int(first), int(first) + (1 if quick else int(seeds)))
    for part in parts:
        if part == "small":
            small(report, numbers)
        else:
            tasks = [name for name in TASKS if (name in GENERATED) == (part == "generated")]
            campaigns(report, tasks, numbers)


if __name__ == "__main__":
    run(__doc__.splitlines()[0], measure, parts=("generated", "tables", "small"), seeds=5, first=0)
