"""Common parts of replayed campaigns: protocols, methods seed by seed, stored choices.

Each choice of a method is stored as it is made, in one file per protocol, method and seed, so that a stopped
run can resume. Metrics are always computed again from the choices. Depends on no data set and no campaign.
"""

import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, final

import torch

from benchmarks.campaigns.known_lab import KnownLab
from benchmarks.report import Report
from benchmarks.tables.catalogue import DATA, why_absent
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import BacktestTask, Choice, Oracle, Strategy
from models.backtests.rounds import Exhaustive
from models.backtests.runner import BacktestPlan, backtest
from models.backtests.strategies import build_strategy
from models.campaign.spec import CampaignSpec
from models.domains.contract import Domain
from models.records import History, Prediction

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
OfDraws = Callable[[Sequence[str]], Mapping[str, float]]
"""Metrics of objects that were drawn from a method's policy beside its choice; an impossible one is empty."""
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
    of_draws: OfDraws | None = None

    @property
    def ours(self) -> str:
        """The first of our methods."""
        return next((name for name in self.methods if name.startswith("assayflow")), "")

    def digests(self, method: str) -> tuple[str, ...]:
        """Return accepted digests of the inputs of a method's choices, apart from the code."""
        sizes = [self.batch_size, self.initial]
        everything = json.dumps([self.spec.model_dump_json(), *sizes])
        needed = json.dumps([self.spec.model_dump_json(include={"domain", "objectives"}), *sizes])
        names = (needed, everything) if method in WITHOUT_SETTINGS else (everything,)
        return tuple(hashlib.sha256(name.encode()).hexdigest()[:16] for name in names)


ON_PROXIES = "_on_proxies"
"""End of the names of searches without a policy, which may predict as many objects in a round as ours did."""


class OutOfTimeError(Exception):
    """The time of a run is over; what was chosen so far is stored."""


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
    deadline: float = math.inf
    """Time of `time.monotonic()` after which no further choice is made."""

    def find(self, path: str) -> Path | None:
        """Return the file of a measured table; None, with a note in the report, where it is missing."""
        if absent := why_absent(path):
            self.report.notes.append(absent)
            return None
        return DATA / path

    def replay(self, campaign: str, protocol: Protocol, lab: Oracle, domain: Domain) -> list[Row]:
        """Return a row per method, seed and round like `models.backtests.runner`, with `cpu_seconds` added.

        A method that fails ends the run; earlier choices stay on disk. A seed that is not complete when the
        time is over is left out, with a note. Searches without a policy come after ours, and may predict as
        many objects; where ours is not replayed, they have a number of their own.
        """
        lab = lab if lab.objects is None else KnownLab(lab)
        rows: list[Row] = []
        open_seeds = []
        for seed in self.seeds:
            try:
                rows += self._replay_seed(campaign, protocol, lab, domain, seed)
            except OutOfTimeError:
                open_seeds.append(str(seed))
        if open_seeds:
            self.report.notes.append(
                f"{campaign} {protocol.name}: not complete, and so left out: seed {', '.join(open_seeds)}; "
                "repeat the command to go on from what is stored"
            )
        return rows

    def _replay_seed(
        self, campaign: str, protocol: Protocol, lab: Oracle, domain: Domain, seed: int
    ) -> list[Row]:
        rows: list[Row] = []
        calls: dict[str, list[int]] = {}
        sizes = (protocol.rounds, protocol.batch_size, protocol.initial)
        plan = BacktestPlan(protocol.spec, *sizes, (seed,), ("assayflow",))
        for name in protocol.methods:
            if self.only_methods and name not in self.only_methods:
                continue
            log = _Log(self._file(campaign, protocol, name, seed), protocol, name, self.deadline)
            if name.endswith(ON_PROXIES):
                log.budgets = calls.get(protocol.ours, [])
            replayed = backtest(plan, lab, domain, _quiet, log.under)
            calls[name] = [row["n_scored"] for row in replayed[1:]]
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
class _Log(Strategy):
    """A method whose choices are stored in a file, and read from there if they were made before.

    Where a method needs its earlier choices, the stored ones are repeated before the first new one.

    Raises:
        ValueError: if the file belongs to another protocol.
    """

    def __init__(self, path: Path | None, protocol: Protocol, name: str, deadline: float = math.inf) -> None:
        self._path, self._protocol, self._open = path, protocol, protocol.methods[name]
        self._deadline = deadline
        self._method: Strategy | None = None
        self._kept: list[Row] = []
        self._skipped: list[tuple[BacktestTask, History, int, int]] = []
        if path is not None and path.exists():
            head, *self._kept = list(_lines(path))
            if head["digest"] not in protocol.digests(name):
                raise ValueError(f"{path} belongs to another protocol: remove it or name another folder")
        self._name = name
        self.budgets: Sequence[int] = ()
        """Objects that a search without a policy may predict in each round; its own number if empty."""
        self._told: list[Row] = []
        self._measured: list[str] = []

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return the next choice, new or stored."""
        n_round = len(self._told) + 1
        if n_round == 1:
            self._measured = list(dict.fromkeys(result.object for result in history.measurements))
        if n_round <= len(self._kept):
            made = self._kept[n_round - 1]
            self._skipped.append((task, history, k, seed))
        else:
            made = self._make(task, history, k, seed)
        self._told.append(made)
        predictions = {
            text: {name: Prediction(*row) for name, row in rows.items()}
            for text, rows in made.get("predictions", {}).items()
        }
        return Choice(tuple(made["objects"]), made["n_scored"], predictions)

    def _make(self, task: BacktestTask, history: History, k: int, seed: int) -> Row:
        """Return a new choice as it is stored.

        Raises:
            OutOfTimeError: if the time of the run is over.
        """
        if time.monotonic() > self._deadline:
            raise OutOfTimeError
        method = self._opened(task)
        wall, cpu = time.perf_counter(), time.process_time()
        choice = method.choose(task, history, k, seed)
        made: Row = {
            "objects": list(choice.objects),
            "n_scored": choice.n_scored,
            "seconds": time.perf_counter() - wall,
            "cpu_seconds": time.process_time() - cpu,
        }
        if choice.predictions:
            made["predictions"] = {
                text: {name: astuple(item) for name, item in items.items()}
                for text, items in choice.predictions.items()
            }
        if choice.draws:
            made["draws"] = list(choice.draws)
        if self._path is not None:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _append(self._path, {"digest": self._protocol.digests(self._name)[0]})
            _append(self._path, made)
        return made

    def _opened(self, task: BacktestTask) -> Strategy:
        """Return the method, after the stored choices that it needs, with this round's number of calls."""
        method = self._method = self._method or self._open()
        if method.needs_earlier_choices(task):
            for earlier in self._skipped:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(earlier[-1])  # as the runner does for each choice
                    method.choose(*earlier)
        self._skipped = []
        if self.budgets:
            assert isinstance(method, AcquisitionGA)
            method.calls = self.budgets[len(self._told)]
        return method

    def under(self, _: str) -> "_Log":
        """Return itself for any name of the method."""
        return self

    def told(self, n_round: int) -> Row:
        """Return the recorded costs of a round, and the protocol's additional metrics."""
        costs = {
            name: self._told[n_round - 1][name] if n_round else 0.0 for name in ("seconds", "cpu_seconds")
        }
        draws = self._told[n_round - 1].get("draws", []) if n_round else []
        if self._protocol.of_draws is not None and draws:
            costs |= self._protocol.of_draws(draws)
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
