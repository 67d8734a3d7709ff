"""Replay a campaign against an oracle: every strategy, every seed, round by round.

All methods start from the same initial objects of a seed and get the same number of measurements. A strategy
sees the same history as any round; true values are used for scores alone. Choices can be stored, so a stopped
replay continues where it was; metrics are always recomputed. Knows no queue, HTTP or files. Letters: N
objects, M objectives.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from models.acquisition.contract import augmented_chebyshev
from models.backtests.choice_cache import ChoiceCache
from models.backtests.contract import BacktestTask
from models.backtests.random_baseline import RandomBaseline
from models.backtests.strategies import METHODS, build_strategy
from models.backtests.utilities import min_max_utility, modelled, utilities_of
from models.metrics.calibration import calibration
from models.metrics.sets import hypervolume, n_circles
from models.random_streams import stream
from models.records import Forecast, History
from models.rounds.reporting.summary import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from models.backtests.choice_cache import ChoiceFile, KeptChoice
    from models.backtests.contract import Oracle, Strategy
    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import Measurement

    Report = Callable[[float, str], None]
    """Receives the share done (0-1) and a message; may raise to cancel."""
    Ask = Callable[[History, int, int], KeptChoice]
    """Returns a strategy's choice of at most so many objects, with a seed."""

HIT_SHARE = 0.01
"""An object of a table is a hit when it is among this share of the best."""
CIRCLE_SIMILARITY = 0.5
TOP = 10


@final
@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """The plan of a replay: `rounds` of `batch_size` after `initial` random objects, with each of `seeds`.

    Raises:
        ValueError: if a number is not positive or a strategy is unknown.
    """

    spec: CampaignSpec
    rounds: int
    batch_size: int
    initial: int
    seeds: tuple[int, ...]
    methods: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the numbers and names once."""
        for name in ("rounds", "batch_size", "initial"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not self.seeds or not self.methods:
            raise ValueError("give at least one seed and one method")
        if unknown := [name for name in self.methods if name not in METHODS]:
            raise ValueError(f"methods: unknown {', '.join(unknown)}; there are {', '.join(METHODS)}")


@final
class Evaluator:
    """Scores measured objects by utilities of true values, with ranges from the whole table (or the spec)."""

    def __init__(self, spec: CampaignSpec, domain: Domain, lab: Oracle) -> None:
        self._spec = spec
        self._domain = domain
        self._lab = lab
        self._transforms = [spec.transform_of(objective) for objective in spec.objectives]
        whole = self._modelled(lab.objects or ())
        self._scales = [
            min_max_utility(objective, transform, whole[:, i])
            for i, (objective, transform) in enumerate(zip(spec.objectives, self._transforms, strict=True))
        ]
        self._threshold, self.best = float("nan"), {}
        if lab.objects is not None:
            utilities = utilities_of(self._scales, whole)
            total = self._total(utilities)
            self._threshold = float(total.quantile(1 - HIT_SHARE))
            self.best = {"utility": float(total.max()), "hypervolume": self._hypervolume(utilities)}
            self._base_rate = float((total >= self._threshold).double().mean())

    def _modelled(self, objects: Sequence[str]) -> Tensor:
        if not objects:
            return torch.zeros(0, len(self._spec.objectives), dtype=torch.float64)
        values = torch.from_numpy(self._lab.truth(objects)).double()
        columns = [modelled(values[:, i], transform) for i, transform in enumerate(self._transforms)]
        return torch.stack(columns, dim=1)

    def _total(self, utilities: Tensor) -> Tensor:
        even = torch.full_like(utilities, 1.0 / utilities.shape[1])
        return augmented_chebyshev(utilities, even)

    def _hypervolume(self, utilities: Tensor) -> float:
        return hypervolume(utilities.numpy(), np.zeros(utilities.shape[1]))

    def score(self, objects: Sequence[str], new: Sequence[str]) -> dict[str, float]:
        """Return the metrics of all objects measured so far, including the last round's `new` ones."""
        utilities = utilities_of(self._scales, self._modelled(objects))
        total = self._total(utilities)
        top = total.argsort(descending=True)[:TOP]
        figures = {
            "measured": float(len(objects)),
            "best_utility": float(total.max()),
            "mean_of_top_10": float(total[top].mean()),
            "hypervolume": self._hypervolume(utilities),
        }
        for i, objective in enumerate(self._spec.objectives):
            figures[f"best_{objective.name}"] = self._best(objects, i, utilities)
        if new:
            similarity = np.asarray(self._domain.similarity(new, new))
            figures["circles"] = float(n_circles(similarity, CIRCLE_SIMILARITY))
        if self.best:
            hits = float((total >= self._threshold).sum())
            figures["regret"] = self.best["utility"] - figures["best_utility"]
            figures["hits"] = hits
            figures["enrichment"] = hits / len(objects) / self._base_rate
        return figures

    def _best(self, objects: Sequence[str], column: int, utilities: Tensor) -> float:
        """Return the best measured value of an objective, in its units."""
        return float(self._lab.truth([objects[int(utilities[:, column].argmax())]])[0, column])


def backtest(
    plan: BacktestPlan,
    lab: Oracle,
    domain: Domain,
    report: Report,
    make: Callable[[str], Strategy] = build_strategy,
    kept: ChoiceFile | None = None,
) -> list[dict[str, Any]]:
    """Return one row per strategy, seed and round (round 0 is the initial set), with metrics and costs.

    `make` opens a strategy by name. Choices in `kept` from an interrupted run are reused, and the rows equal
    those of an uninterrupted one, costs included.
    """
    judge = Evaluator(plan.spec, domain, lab)
    spec = plan.spec.model_copy(
        update={"batch": plan.spec.batch.model_copy(update={"size": plan.batch_size})}
    )
    choices = ChoiceCache(kept, _identity(spec, lab))
    rows: list[dict[str, Any]] = []
    turns = [(seed, name) for seed in plan.seeds for name in plan.methods]
    for turn, (seed, name) in enumerate(turns):

        def tick(message: str, turn: int = turn, name: str = name, seed: int = seed) -> None:
            report(turn / len(turns), f"{name}, seed {seed}: {message}")

        task = BacktestTask(spec, domain, lab.objects, tick)
        ask = partial(choices.ask, (name, make(name)), task)
        rows += [{"method": name, "seed": seed, **row} for row in _run_one(plan, task, lab, judge, ask, seed)]
    report(1.0, "done")
    return rows


def _identity(spec: CampaignSpec, lab: Oracle) -> str:
    """Return a digest of the constant inputs of every choice."""
    parts = [spec.model_dump_json(), json.dumps(lab.objects), json.dumps(versions())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _run_one(
    plan: BacktestPlan, task: BacktestTask, lab: Oracle, judge: Evaluator, ask: Ask, seed: int
) -> list[dict[str, Any]]:
    begin = lab.start or (lambda n, seed: RandomBaseline().choose(task, History(), n, seed).objects)
    start = tuple(begin(plan.initial, seed))
    measurements: tuple[Measurement, ...] = lab.measure(start, 0, seed)
    measured = list(start)
    rows = [{"round": 0, **judge.score(measured, start), "n_scored": 0, "seconds": 0.0}]
    forecasts: tuple[Forecast, ...] = ()
    for n_round in range(1, plan.rounds + 1):
        task.tick(f"round {n_round} of {plan.rounds}")
        choice = ask(
            History(measurements, forecasts=forecasts), plan.batch_size, stream(seed, f"round {n_round}")
        )
        _check(choice.objects, set(measured), lab, plan.batch_size)
        if not choice.objects:
            break
        results = lab.measure(choice.objects, n_round, stream(seed, f"lab {n_round}"))
        measurements += results
        measured += choice.objects
        new = tuple(_forecasts(n_round, choice, plan.spec))
        forecasts += new
        scores = judge.score(measured, choice.objects)
        scores |= _coverage(plan.spec, History(results, forecasts=new))
        rows.append({"round": n_round, **scores, "n_scored": choice.n_scored, "seconds": choice.seconds})
    return rows


def _forecasts(n_round: int, choice: KeptChoice, spec: CampaignSpec) -> Iterator[Forecast]:
    """Yield what a strategy predicted of its choice, for each measured objective, as a campaign keeps it."""
    measured = {objective.name for objective in spec.objectives if objective.assay_type is not None}
    for text, predictions in choice.predictions.items():
        for name, prediction in predictions.items():
            if name in measured:
                yield Forecast(n_round, text, name, prediction)


def _coverage(spec: CampaignSpec, history: History) -> dict[str, float]:
    """Return the share of a round's exact results inside their 90 % intervals, if there are any of both."""
    record = [scores["all"] for scores in calibration(spec, history).values() if scores["all"]["n"]]
    n = sum(scores["n"] for scores in record)
    return {"coverage": sum(scores["n"] * scores["interval_90"] for scores in record) / n} if n else {}


def _check(names: Sequence[str], measured: set[str], lab: Oracle, k: int) -> None:
    """Raise if a choice is not allowed.

    Raises:
        RuntimeError: if it repeats an object, exceeds the batch size, or holds an object that cannot be
            measured.
    """
    if len(names) > k or len(set(names)) < len(names) or measured & set(names):
        raise RuntimeError("a method chose too many objects, or one twice")
    if lab.objects is not None and not set(names) <= set(lab.objects):
        raise RuntimeError("a method chose what is not in the table")


def summarise(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per strategy and round: mean and 95 % confidence half-width over seeds of every metric.

    A metric that some seeds lack is summarised over the others. The half-width is NaN with a single seed.
    """
    from scipy.stats import t  # type: ignore[import-untyped] # scipy publishes no types

    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["method"], row["round"]), []).append(row)
    answers = []
    for (method, n_round), some in groups.items():
        cells: dict[str, Any] = {"method": method, "round": n_round, "seeds": len(some)}
        names = dict.fromkeys(key for row in some for key in row if key not in ("method", "round", "seed"))
        for name in names:
            values = np.array([row[name] for row in some if name in row])
            spread = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else math.nan
            cells[name] = float(values.mean())
            cells[f"{name}_half"] = float(t.ppf(0.975, max(len(values) - 1, 1)) * spread)
        answers.append(cells)
    return answers
