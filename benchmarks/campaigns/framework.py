"""What every replayed campaign shares: protocols, methods seed by seed, choices kept on disk, tables and intervals.

Each choice of a method is written down as it is made, one file per protocol, method and seed, so that a stopped run
goes on where it was; figures are always computed anew from the choices. Knows no data set and no campaign.
"""

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
from scipy.stats import t  # type: ignore[import-untyped] # scipy publishes no types

from benchmarks.report import Report
from benchmarks.tables.catalogue import DATA, why_absent
from models.backtests.contract import BacktestTask, Choice, Oracle, Strategy
from models.backtests.runner import BacktestPlan, backtest, summarise
from models.backtests.strategies import build_strategy
from models.campaign.spec import CampaignSpec
from models.domains.contract import Domain
from models.records import History, Measurement

Row = dict[str, Any]
Open = Callable[[], Strategy]
Extra = Callable[[Sequence[str], Sequence[str]], Mapping[str, float]]
"""Further figures of all objects measured so far and of the last round's new ones."""

SMALL_TABLE: Mapping[str, Any] = {
    "proxies": {"kinds": ["gaussian_process"]},
    "batch": {"selector": "hypervolume", "exploration": 0.0},
    "applicability": {"min_similarity": 0.0},
}
"""Settings for few measurements in a space that is small and scored as a whole: one proxy, and the batch that is
expected to improve most, wherever that is."""
WITHOUT_SETTINGS = frozenset({"random", "genetic", "bayesian"})
"""Methods that take nothing from a campaign's specification but its objects and objectives."""
MOST_SEEDS = 1000
"""Seeds are below it: a round's seed is the campaign's plus a thousand for each round before."""


def methods(*names: str) -> dict[str, Open]:
    """Return the ways to open some of the installed methods, by name."""
    return {name: functools.partial(build_strategy, name) for name in names}


@final
@dataclass(frozen=True)
class Protocol:
    """One way of running a campaign: `rounds` of `batch_size` objects after `initial` random ones, by each method."""

    name: str
    spec: CampaignSpec
    rounds: int
    batch_size: int
    initial: int
    methods: Mapping[str, Open]
    further: Extra | None = None

    def digests(self, method: str) -> tuple[str, ...]:
        """Return the names of what a method's choices depend on, but for the code: any of them will do."""
        sizes = [self.batch_size, self.initial]
        everything = json.dumps([self.spec.model_dump_json(), *sizes])
        needed = json.dumps([self.spec.model_dump_json(include={"domain", "objectives"}), *sizes])
        names = (needed, everything) if method in WITHOUT_SETTINGS else (everything,)
        return tuple(hashlib.sha256(name.encode()).hexdigest()[:16] for name in names)


@final
@dataclass
class Session:
    """What a campaign's `run` is given.

    Attributes:
        seeds: to be run in this order, each with all methods before the next.
        quick: whether this is a smoke run, whose figures prove nothing.
        folder: of kept choices; None keeps none.
        report: where rows, claims and notes go.
    """

    seeds: Sequence[int]
    quick: bool
    folder: Path | None
    report: Report
    only_methods: frozenset[str] = field(default_factory=frozenset)
    """Methods that are replayed; all when empty."""

    def find(self, path: str) -> Path | None:
        """Return the file of a measured table; None, with a note in the report, where it is missing."""
        if absent := why_absent(path):
            self.report.notes.append(absent)
            return None
        return DATA / path

    def replay(self, campaign: str, protocol: Protocol, lab: Oracle, domain: Domain) -> list[Row]:
        """Return a row per method, seed and round, as `models.backtests.runner` does, with `cpu_seconds` beside.

        A method that fails ends the run; what was chosen before stays on disk.
        """
        lab = lab if lab.objects is None else _KnownLab(lab)
        rows = []
        for seed in self.seeds:
            for name in protocol.methods:
                if self.only_methods and name not in self.only_methods:
                    continue
                log = _Log(self._file(campaign, protocol, name, seed), protocol, name)
                plan = BacktestPlan(
                    protocol.spec, protocol.rounds, protocol.batch_size, protocol.initial, (seed,), ("assayflow",)
                )
                found = backtest(plan, lab, domain, _quiet, log.under)
                rows += [{**row, "method": name, **log.told(row["round"])} for row in found]
                self._tell(campaign, protocol, rows[-1])
        return rows

    def _file(self, campaign: str, protocol: Protocol, method: str, seed: int) -> Path | None:
        if self.folder is None:
            return None
        name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in method)
        return self.folder / campaign / protocol.name / f"{name}-{seed:03d}.jsonl"

    @staticmethod
    def _tell(campaign: str, protocol: Protocol, last: Row) -> None:
        best = "  ".join(f"{name}={last[name]:.4g}" for name in ("best_utility", "hypervolume") if name in last)
        print(f"{campaign} {protocol.name}  seed={last['seed']}  {last['method']}  {best}", flush=True)


def _quiet(_share: float, _message: str) -> None:
    """Hear progress and do nothing."""


@final
class _KnownLab(Oracle):
    """A table's lab whose true values are looked up once."""

    def __init__(self, lab: Oracle) -> None:
        assert lab.objects is not None
        self._lab = lab
        self.objects = lab.objects
        self._values = lab.truth(lab.objects)
        self._places = {name: place for place, name in enumerate(lab.objects)}

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects [N]."""
        return self._lab.measure(objects, n_round, seed)

    def truth(self, objects: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the true values [N, M]."""
        return self._values[[self._places[name] for name in objects]]


@final
class _Log(Strategy):
    """A method whose choices are kept in a file, and answered from there when they were made before.

    Raises:
        ValueError: if the file tells of another protocol.
    """

    def __init__(self, path: Path | None, protocol: Protocol, name: str) -> None:
        self._path, self._protocol, self._open = path, protocol, protocol.methods[name]
        self._method: Strategy | None = None
        self._kept: list[Row] = []
        if path is not None and path.exists():
            head, *self._kept = list(_lines(path))
            if head["digest"] not in protocol.digests(name):
                raise ValueError(f"{path} tells of another protocol: remove it or name another folder")
        elif path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _append(path, {"digest": protocol.digests(name)[0]})
        self._told: list[Row] = []
        self._measured: list[str] = []

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the next choice, made or kept."""
        n_round = len(self._told) + 1
        if n_round == 1:
            self._measured = list(dict.fromkeys(result.object for result in history.measurements))
        if n_round <= len(self._kept):
            made = self._kept[n_round - 1]
        else:
            self._method = self._method or self._open()
            wall, cpu = time.perf_counter(), time.process_time()
            choice = self._method.choose(task, history, k, seed)
            made = {
                "objects": list(choice.objects),
                "n_scored": choice.n_scored,
                "seconds": time.perf_counter() - wall,
                "cpu_seconds": time.process_time() - cpu,
            }
            if self._path is not None:
                _append(self._path, made)
        self._told.append(made)
        return Choice(tuple(made["objects"]), made["n_scored"])

    def under(self, _: str) -> "_Log":
        """Return itself, whatever the method is called."""
        return self

    def told(self, n_round: int) -> Row:
        """Return the costs of a round as they were when it was chosen, and the protocol's further figures."""
        costs = {name: self._told[n_round - 1][name] if n_round else 0.0 for name in ("seconds", "cpu_seconds")}
        if self._protocol.further is None:
            return costs
        sets = [self._measured, *(row["objects"] for row in self._told[:n_round])]
        return costs | dict(self._protocol.further([name for names in sets for name in names], sets[-1]))


def _lines(path: Path) -> Iterator[Row]:
    """Return the whole lines of a file; a last one that was cut off is cut away for good."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return (json.loads(line) for line in whole.splitlines())


def _append(path: Path, row: Row) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def show(
    report: Report, title: str, rows: Sequence[Row], figures: Sequence[str], rounds: Iterable[int] | None = None
) -> None:
    """Report one row per method and round (the last one, or those of `rounds`): means and half 95 % intervals.

    `figures` are names of columns; costs are means of one whole campaign up to that round.
    """
    wanted = None if rounds is None else set(rounds)
    last = max(row["round"] for row in rows)
    for cells in summarise(_with_total_costs(rows)):
        if cells["round"] not in ({last} if wanted is None else wanted):
            continue
        told = {name: f"{cells[name]:.4g} ± {cells[f'{name}_half']:.2g}" for name in figures if name in cells}
        costs = {name: round(cells[name], 1) for name in ("n_scored", "cpu_seconds")}
        head = {
            "campaign": title,
            "method": cells["method"],
            "measured": round(cells["measured"]),
            "seeds": cells["seeds"],
        }
        report.row(**head, **told, **costs)


def _with_total_costs(rows: Sequence[Row]) -> list[Row]:
    totals: dict[tuple[str, int], dict[str, float]] = {}
    answers = []
    for row in rows:
        total = totals.setdefault((row["method"], row["seed"]), {"n_scored": 0.0, "seconds": 0.0, "cpu_seconds": 0.0})
        for name in total:
            total[name] += row[name]
        answers.append({**row, **total})
    return answers


def values(rows: Sequence[Row], method: str, figure: str, n_round: int) -> dict[int, float]:
    """Return a figure of a method after a round, by seed."""
    return {row["seed"]: row[figure] for row in rows if row["method"] == method and row["round"] == n_round}


def mean(rows: Sequence[Row], method: str, figure: str, n_round: int) -> float:
    """Return the mean over seeds; NaN without any."""
    found = list(values(rows, method, figure, n_round).values())
    return float(np.mean(found)) if found else math.nan


def difference(rows: Sequence[Row], pair: tuple[str, str], figure: str, n_round: int) -> tuple[float, float, int]:
    """Return the mean paired difference (first less second method), half its 95 % interval, and how many seeds."""
    first, second = (values(rows, name, figure, n_round) for name in pair)
    gaps = np.array([first[seed] - second[seed] for seed in first if seed in second])
    if len(gaps) < 2:  # noqa: PLR2004 - a deviation needs two
        return float(gaps.mean()) if len(gaps) else math.nan, math.nan, len(gaps)
    half = float(t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5)
    return float(gaps.mean()), half, len(gaps)
