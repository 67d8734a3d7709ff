"""Scorers that are Python functions, found by their entry point.

A package declares, say, `docking = "our_tools:dock"` in the group `assayflow.scorers`; `dock` is a `Scores`.
Nothing is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, final

from models.domains.contract import ComputedProperty
from models.scorers.contract import Row, ScorerError

if TYPE_CHECKING:
    from models.specs.scorers import ScorerSpec

GROUP = "assayflow.scorers"
Scores = Callable[[Sequence[Row]], Sequence[float | None]]
"""A scorer function: rows (`object` and the domain's columns) to one value each, None where missing."""


def installed() -> dict[str, EntryPoint]:
    """Return the installed entry points by name, without importing any."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def described(spec: ScorerSpec) -> ComputedProperty:
    """Return what a scorer computes."""
    return ComputedProperty(spec.description or "computed by a scorer of the campaign", spec.units, spec.range)


@final
class FunctionScorer:
    """A scorer that calls a function.

    Raises:
        ScorerError: if the entry point is not installed or cannot be imported.
    """

    def __init__(self, spec: ScorerSpec) -> None:
        assert spec.entry_point is not None
        self.computes = described(spec)
        self.batch_size = spec.batch_size
        self._name = spec.name
        self._function = _loaded(spec.name, spec.entry_point)

    def __call__(self, rows: Sequence[Row]) -> Sequence[float | None]:
        """Return the function's values.

        Raises:
            ScorerError: if it fails.
        """
        try:
            return list(self._function(rows))
        except Exception as error:
            raise ScorerError(self._name, f"{type(error).__name__}: {error}") from error


def _loaded(name: str, entry_point: str) -> Scores:
    entry = installed().get(entry_point)
    if entry is None:
        raise ScorerError(name, f"no entry point {entry_point!r} of the group {GROUP} is installed here")
    try:
        function: Scores = entry.load()
    except Exception as error:
        raise ScorerError(name, f"its entry point cannot be imported ({type(error).__name__}: {error})") from error
    if not callable(function):
        raise ScorerError(name, f"its entry point is a {type(function).__name__}, not a function")
    return function
