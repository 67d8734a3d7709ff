"""A domain with scorers among its computed properties. Torch-free.

Knows the domain and the scorers by their interfaces alone. Letter: N objects.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, final

import numpy as np

from models.domains.wrapper import DelegatingDomain
from models.scorers.contract import ScorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.domains.contract import Domain, Floats
    from models.scorers.contract import Scorer

MOST_KEPT = 500_000
"""Values of one scorer that are kept; the oldest make room."""


def unheard() -> None:
    """Do nothing: the work is never cancelled."""


@final
class ScoredDomain(DelegatingDomain):
    """A domain whose computed properties include scorers'; everything else is the domain's own.

    Each object is scored once while its value is cached. A scorer comes before a property of its name that
    the domain gained later: a stored campaign keeps its own.

    Args:
        domain: answers everything else.
        scorers: by the name of their property.
        heard: called before each batch; an exception cancels the work.
        most_kept: values of one scorer to keep.
    """

    def __init__(
        self,
        domain: Domain,
        scorers: Mapping[str, Scorer],
        heard: Callable[[], None] = unheard,
        most_kept: int = MOST_KEPT,
    ) -> None:
        super().__init__(domain)
        self.computed = {**domain.computed, **{name: scorer.computes for name, scorer in scorers.items()}}
        self._scorers = dict(scorers)
        self._kept: dict[str, dict[str, float]] = {name: {} for name in scorers}
        self._heard = heard
        self._most_kept = most_kept

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]; NaN where a scorer has no value.

        Raises:
            ScorerError: if a scorer gives no usable answer.
        """
        own = [name for name in names if name not in self._scorers]
        values = self._domain.properties(texts, own) if own else {}
        return {name: values[name] if name in values else self._scored(texts, name) for name in names}

    def _scored(self, texts: Sequence[str], name: str) -> Floats:
        kept, size = self._kept[name], self._scorers[name].batch_size
        new = [text for text in dict.fromkeys(texts) if text not in kept]
        fresh: dict[str, float] = {}
        for start in range(0, len(new), size):
            batch = new[start : start + size]
            fresh.update(zip(batch, self._score_batch(batch, name), strict=True))
        values = np.array([fresh[text] if text in fresh else kept[text] for text in texts], dtype=np.float64)
        kept.update(fresh)
        for text in [*islice(kept, max(len(kept) - self._most_kept, 0))]:
            del kept[text]
        return values

    def _score_batch(self, texts: Sequence[str], name: str) -> list[float]:
        """Return the values of one batch."""
        self._heard()
        answer = self._scorers[name]([{**self._domain.columns(text), "object": text} for text in texts])
        if len(answer) != len(texts):
            raise ScorerError(name, f"it answered {len(answer)} values for {len(texts)} objects")
        return [_number(value, name) for value in answer]


def _number(value: Any, name: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str | bytes):  # float() would read them
        raise ScorerError(name, "it answered a text instead of a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ScorerError(name, f"it answered a {type(value).__name__} that is no finite number") from error
    if math.isinf(number):
        raise ScorerError(name, "it answered an infinite number")
    return number
