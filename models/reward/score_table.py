"""The score cache of a reward: named columns in tables that grow by doubling.

Letters: N objects, S statistics of the acquisition, L constraints that multipliers enforce.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, final

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

START = 1024
"""Initial capacity of a table, in rows."""


@final
@dataclass(frozen=True, slots=True)
class ObjectScores:
    """Condition-independent scores of N objects.

    Attributes:
        statistics: the acquisition's statistics [N, S].
        costs: of the constraints that multipliers enforce [N, L].
        success: the probability [N] that an attempt is allowed and succeeds, times the factor of the
            similarity window.
        log_probability: the log [N] of all probabilities and factors that are plain weights.
        uncertainty: how little the proxies know [N]: the mean deviation of the utilities, at most 1.
        is_refused: [N] (bool): invalid, or breaks a rule.
    """

    statistics: Tensor
    costs: Tensor
    success: Tensor
    log_probability: Tensor
    uncertainty: Tensor
    is_refused: Tensor

    @staticmethod
    def refused(n: int, n_statistics: int, n_costs: int) -> ObjectScores:
        """Return the scores of n objects that are refused."""
        zeros = torch.zeros(n, dtype=torch.float64)
        return ObjectScores(
            statistics=zeros.new_zeros(n, n_statistics),
            costs=zeros.new_zeros(n, n_costs),
            success=zeros,
            log_probability=zeros.clone(),
            uncertainty=torch.ones_like(zeros),
            is_refused=torch.ones(n, dtype=torch.bool),
        )

    def at(self, rows: Tensor) -> ObjectScores:
        """Return the scores in `rows`."""
        return ObjectScores(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: Tensor, scores: ObjectScores) -> None:
        """Write scores into `rows`, in place."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(scores, field.name)


@final
class ScoreTable:
    """Scores by object text; the empty text is always refused.

    Args:
        n_statistics: S.
        n_costs: L.
    """

    def __init__(self, n_statistics: int, n_costs: int) -> None:
        self._shape = (n_statistics, n_costs)
        self._rows: dict[str, int] = {"": 0}
        self._scores = ObjectScores.refused(START, *self._shape)

    def __len__(self) -> int:
        """Return the number of stored objects."""
        return len(self._rows) - 1

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct texts that have no scores yet, in order."""
        return [text for text in dict.fromkeys(texts) if text not in self._rows]

    def add(self, texts: Sequence[str], scores: ObjectScores) -> None:
        """Store the scores of missing texts."""
        start = len(self._rows)
        while start + len(texts) > len(self._scores.success):
            grown = ObjectScores.refused(2 * len(self._scores.success), *self._shape)
            grown.put(torch.arange(start), self._scores.at(torch.arange(start)))
            self._scores = grown
        rows = range(start, start + len(texts))
        self._scores.put(torch.arange(rows.start, rows.stop), scores)
        self._rows.update(zip(texts, rows, strict=True))

    def get(self, texts: Sequence[str]) -> ObjectScores:
        """Return the scores of stored texts [N]."""
        return self._scores.at(torch.tensor([self._rows[text] for text in texts], dtype=torch.int64))
