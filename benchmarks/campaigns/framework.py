"""Common parts of replayed campaigns: protocols, methods seed by seed, stored choices, tables and intervals.

Each choice of a method is stored as it is made, in one file per protocol, method and seed, so that a stopped
run can resume. Metrics are always computed again from the choices. Depends on no data set and no campaign.
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
from models.backtests.rounds import Exhaustive
from models.backtests.runner import BacktestPlan, backtest, summarise
from models.backtests.strategies import build_strategy
from models.campaign.spec import CampaignSpec
from models.domains.contract import Domain
from models.records import History, Measurement

Row = dict[str, Any]
Open = Callable[[], Strategy]
Extra = Callable[[Sequence[str], Sequence[str]], Mapping[str, float]]
"""Additional metrics, from all objects measured so far and the last round's new ones."""

SMALL_TABLE: Mapping[str, Any] = {
    "proxies": {"kinds": ["gaussian_process"]},
    "batch": {"selector": "hypervolume", "exploration": 0.0},
    "applicability": {"min_similarity": 0.0},
}
"""Settings for few measurements in a small space that is scored exhaustively.

One proxy, and the batch with the highest expected improvement.
"""
DEFAULTS = "assayflow_default"
"""The method that leaves every setting to the product."""
WITHOUT_SETTINGS = frozenset({"random", "genetic", "bayesian", DEFAULTS})
"""Methods that use only the objects and objectives of a campaign's specification."""
MOST_SEEDS = 1000
"""Upper limit of seeds: a round's seed is the campaign's plus a thousand for each round before."""


def methods(*names: str) -> dict[str, Open]:
    """Return factories of some of the installed methods, by name, and of our defaults."""
    made: dict[str, Open] = {DEFAULTS: functools.partial(Exhaustive, without_settings)}
    return {name: made.get(name) or functools.partial(build_strategy, name) for name in names}


def without_settings(spec: CampaignSpec) -> CampaignSpec:
    """Return a specification that says what is built and wanted, and leaves everything else open."""
    return CampaignSpec(name=spec.name, domain=spec.domain, objectives=spec.objectives)


@final
@dataclass(frozen=True)
class Protocol:
    """A campaign's protocol: `rounds` of `batch_size` objects after `initial` random ones, by each method."""

    name: str
    spec: CampaignSpec
    rounds: int
    batch_size: int
    initial: int
    methods: Mapping[str, Open]
    further: Extra | None = None

    def digests(self, method: str) -> tuple[str, ...]:
        """Return accepted digests of the inputs of a method's choices, apart from the code."""
        sizes = [self.batch_size, self.initial]
        everything = json.dumps([self.spec.model_dump_json(), *sizes])
        needed = json.dumps([self.spec.model_dump_json(include={"domain", "objectives"}), *sizes])
        names = (needed, everything) if method in WITHOUT_SETTINGS else (everything,)
        return tuple(hashlib.sha256(name.encode()).hexdigest()[:16] for name in names)


@final
@dataclass
class Session:
    """The options of a campaign's `run`.

    Attributes:
        seeds: to be run in this order, each with all methods before the next.
        quick: whether this is a smoke run, whose figures prove nothing.
        folder: of stored choices; None stores none.
        report: receives rows, claims and notes.
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
        """Return a row per method, seed and round like `models.backtests.runner`, with `cpu_seconds` added.

        A method that fails ends the run; earlier choices stay on disk.
        """
        lab = lab if lab.objects is None else _KnownLab(lab)
        rows = []
        for seed in self.seeds:
            for name in protocol.methods:
                if self.only_methods and name not in self.only_methods:
                    continue
                log = _Log(self._file(campaign, protocol, name, seed), protocol, name)
                plan = BacktestPlan(
                    protocol.spec,
                    protocol.rounds,
                    protocol.batch_size,
                    protocol.initial,
                    (seed,),
                    ("assayflow",),
                )
                replayed = backtest(plan, lab, domain, _quiet, log.under)
                rows += [{**row, "method": name, **log.told(row["round"])} for row in replayed]
                self._tell(campaign, protocol, rows[-1])
        return rows

    def _file(self, campaign: str, protocol: Protocol, method: str, seed: int) -> Path | None:
        if self.folder is None:
            return None
        name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in method)
        return self.folder / campaign / protocol.name / f"{name}-{seed:03d}.jsonl"

    @staticmethod
    def _tell(campaign: str, protocol: Protocol, last: Row) -> None:
        best = "  ".join(
            f"{name}={last[name]:.4g}" for name in ("best_utility", "hypervolume") if name in last
        )
        print(f"{campaign} {protocol.name}  seed={last['seed']}  {last['method']}  {best}", flush=True)


def _quiet(_share: float, _message: str) -> None:
    """Ignore progress."""


@final
class _KnownLab(Oracle):
    """The lab of a table, with cached true values."""

    def __init__(self, lab: Oracle) -> None:
        assert lab.objects is not None
        self._lab = lab
        self.objects = lab.objects
        self._values = lab.truth(lab.objects)
        self._indices = {name: index for index, name in enumerate(lab.objects)}

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects [N]."""
        return self._lab.measure(objects, n_round, seed)

    def truth(self, objects: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the true values [N, M]."""
        return self._values[[self._indices[name] for name in objects]]


@final
class _Log(Strategy):
    """A method whose choices are stored in a file, and read from there if they were made before.

    Raises:
        ValueError: if the file belongs to another protocol.
    """

    def __init__(self, path: Path | None, protocol: Protocol, name: str) -> None:
        self._path, self._protocol, self._open = path, protocol, protocol.methods[name]
        self._method: Strategy | None = None
        self._kept: list[Row] = []
        if path is not None and path.exists():
            head, *self._kept = list(_lines(path))
            if head["digest"] not in protocol.digests(name):
                raise ValueError(f"{path} belongs to another protocol: remove it or name another folder")
        elif path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _append(path, {"digest": protocol.digests(name)[0]})
        self._told: list[Row] = []
        self._measured: list[str] = []

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the next choice, new or stored."""
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
        """Return itself for any name of the method."""
        return self

    def told(self, n_round: int) -> Row:
        """Return the recorded costs of a round, and the protocol's additional metrics."""
        costs = {
            name: self._told[n_round - 1][name] if n_round else 0.0 for name in ("seconds", "cpu_seconds")
        }
        if self._protocol.further is None:
            return costs
        sets = [self._measured, *(row["objects"] for row in self._told[:n_round])]
        return costs | dict(self._protocol.further([name for names in sets for name in names], sets[-1]))


def _lines(path: Path) -> Iterator[Row]:
    """Yield the complete lines of a file; truncate an incomplete last line."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return (json.loads(line) for line in whole.splitlines())


def _append(path: Path, row: Row) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def show(
    report: Report,
    title: str,
    rows: Sequence[Row],
    figures: Sequence[str],
    rounds: Iterable[int] | None = None,
) -> None:
    """Report means and half 95 % intervals per method and round (the last one, or those of `rounds`).

    `figures` are names of columns; costs are means of one whole campaign up to that round.
    """
    chosen = None if rounds is None else set(rounds)
    last = max(row["round"] for row in rows)
    for cells in summarise(_with_total_costs(rows)):
        if cells["round"] not in ({last} if chosen is None else chosen):
            continue
        intervals = {
            name: f"{cells[name]:.4g} ± {cells[f'{name}_half']:.2g}" for name in figures if name in cells
        }
        costs = {name: round(cells[name], 1) for name in ("n_scored", "cpu_seconds")}
        head = {
            "campaign": title,
            "method": cells["method"],
            "measured": round(cells["measured"]),
            "seeds": cells["seeds"],
        }
        report.row(**head, **intervals, **costs)


def _with_total_costs(rows: Sequence[Row]) -> list[Row]:
    totals: dict[tuple[str, int], dict[str, float]] = {}
    answers = []
    for row in rows:
        total = totals.setdefault(
            (row["method"], row["seed"]), {"n_scored": 0.0, "seconds": 0.0, "cpu_seconds": 0.0}
        )
        for name in total:
            total[name] += row[name]
        answers.append({**row, **total})
    return answers


def values(rows: Sequence[Row], method: str, figure: str, n_round: int) -> dict[int, float]:
    """Return a figure of a method after a round, by seed."""
    return {row["seed"]: row[figure] for row in rows if row["method"] == method and row["round"] == n_round}


def mean(rows: Sequence[Row], method: str, figure: str, n_round: int) -> float:
    """Return the mean over seeds; NaN without any."""
    by_seed = list(values(rows, method, figure, n_round).values())
    return float(np.mean(by_seed)) if by_seed else math.nan


def difference(
    rows: Sequence[Row], pair: tuple[str, str], figure: str, n_round: int
) -> tuple[float, float, int]:
    """Return the mean paired difference of two methods, half its 95 % interval and the number of seeds."""
    first, second = (values(rows, name, figure, n_round) for name in pair)
    gaps = np.array([first[seed] - second[seed] for seed in first if seed in second])
    if len(gaps) < 2:  # noqa: PLR2004 - a deviation needs two
        return float(gaps.mean()) if len(gaps) else math.nan, math.nan, len(gaps)
    half = float(t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5)
    return float(gaps.mean()), half, len(gaps)


def compare_with_bayesian(
    report: Report, title: str, rows: Sequence[Row], figure: str, n_round: int, *, is_cost: bool = False
) -> None:
    """Claim that the defaults reach exhaustive Bayesian optimisation within the paired interval.

    Of a figure that `is_cost`, less is better.
    """
    gap, half, n = difference(rows, (DEFAULTS, "bayesian"), figure, n_round)
    if n > 1:
        measured = round(mean(rows, DEFAULTS, "measured", n_round))
        name = f"{title}, nothing set: {figure} after {measured}, less exhaustive BO's"
        report.claim(name, gap, "<=" if is_cost else ">=", half if is_cost else -half, half)
