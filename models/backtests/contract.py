"""What a backtest is made of: a lab that knows the answers, and methods that may only ask it.

Letters: N objects, M objectives, X objects of a table. A method sees results as a lab sends them and which objects can
be made; never an answer it has not asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain, Floats
    from models.records import History, Measurement

    Tick = Callable[[str], None]


class Oracle(ABC):
    """Answers for objects, as results arrive from a real lab."""

    objects: tuple[str, ...] | None
    """All X objects that can be measured; None when everything the domain builds can be."""
    start: Callable[[int, int], Sequence[str]] | None = None
    """Gives the n objects of a seed that every method begins with; None for random ones of the table or domain."""

    @abstractmethod
    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects [N]; a failure is a result."""

    @abstractmethod
    def truth(self, objects: Sequence[str]) -> Floats:
        """Return the true values [N, M] of the objectives, in their units; NaN where there is none.

        Only scores are computed from it, never a choice.
        """


@dataclass(frozen=True, slots=True)
class BacktestTask:
    """What every method of one backtest is told at its start."""

    spec: CampaignSpec
    domain: Domain
    objects: tuple[str, ...] | None
    """What can be measured, None without limit."""
    tick: Tick
    """Hears what goes on; what it raises stops the work."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The objects that a method wants measured next, and how many it asked its proxies about to find them."""

    objects: tuple[str, ...]
    n_scored: int = 0


class Strategy(ABC):
    """A way of choosing what to measure next.

    A choice depends on what `choose` is given and on nothing else: what a method keeps between calls may save time, but
    a replay that was stopped asks a fresh one for the rounds that are left.
    """

    @abstractmethod
    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        """Return at most k distinct objects that can be measured and were not tried before."""


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
