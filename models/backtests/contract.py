"""Backtest contracts: an oracle with known values, and strategies that may only query it.

Letters: N objects, M objectives, X objects of a table. A strategy sees results as from a real lab and the
measurable objects, but never a value that it has not measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain, Floats
    from models.records import History, Measurement, Prediction

    Tick = Callable[[str], None]


class Oracle(ABC):
    """Answers for objects, as results arrive from a real lab."""

    objects: tuple[str, ...] | None
    """All X objects that can be measured; None when everything in the domain can be."""
    start: Callable[[int, int], Sequence[str]] | None = None
    """Returns the n initial objects of a seed; None for random ones of the table or domain."""

    @abstractmethod
    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects [N]; a failure is a result."""

    @abstractmethod
    def truth(self, objects: Sequence[str]) -> Floats:
        """Return the true values [N, M] of the objectives, in their units; NaN where there is none.

        Used for scores only, never for a choice.
        """


@dataclass(frozen=True, slots=True)
class BacktestTask:
    """The common inputs of all strategies of one backtest."""

    spec: CampaignSpec
    domain: Domain
    objects: tuple[str, ...] | None
    """The measurable objects, None without limit."""
    tick: Tick
    """Receives progress messages; an exception cancels the work."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The objects that a strategy proposes next, and the number of its proxy evaluations.

    `predictions` are of the measured objectives by object; rounds score them once there are results. `draws`
    are further objects from a strategy's policy, for reports on the policy itself.
    """

    objects: tuple[str, ...]
    n_scored: int = 0
    predictions: Mapping[str, Mapping[str, Prediction]] = field(default_factory=dict)
    draws: tuple[str, ...] = ()


class Strategy(ABC):
    """A strategy for choosing the next measurements.

    A choice depends on the arguments of `choose` and, where `needs_earlier_choices`, on those before it.
    Other state between calls may save time, but a stopped replay uses a fresh instance for the remaining
    rounds, which first repeats the earlier choices that it needs.
    """

    def needs_earlier_choices(self, task: BacktestTask) -> bool:
        """Return whether a choice depends on the earlier ones of this instance."""
        del task
        return False

    @abstractmethod
    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return at most k distinct objects that are measurable and untried."""


def tried(history: History) -> set[str]:
    """Return every object that has a result, a failure included."""
    return {result.object for result in history.measurements}


def untried(task: BacktestTask, history: History) -> list[str]:
    """Return the objects of the table that were never tried, in its order.

    Raises:
        ValueError: if there is no table.
    """
    if task.objects is None:
        raise ValueError("this needs a table of everything that can be measured")
    done = tried(history)
    return [name for name in task.objects if name not in done]
