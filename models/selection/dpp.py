"""The batch as the mode of a determinantal point process: quality times spanned volume.

Kulesza & Taskar, Determinantal Point Processes for Machine Learning (arXiv:1207.6083); the greedy search for
the mode with incremental Cholesky rows is Chen, Zhang & Zhou (arXiv:1709.05135, algorithm 1). Knows values
and similarities, but no objectives, proxies or domains. Letters: N candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from models.selection.contract import greedy_two_stage

if TYPE_CHECKING:
    from torch import Tensor

    from models.selection.contract import Candidates, Limits, Pick, Purpose, SelectionRequest

LEAST_VOLUME = 1e-10
"""Squared volume that a candidate must add; below it, the candidate counts as a copy."""


def select(candidates: Candidates, request: SelectionRequest, limits: Limits) -> list[Pick]:
    """Return at most k distinct picks, those for value first.

    With the kernel L_ij = q_i S_ij q_j and q_i = exp(a r_i), a = (1 - diversity) / (2 diversity), every pick
    adds the most to log det L: (1 - diversity) * r + diversity * log d^2 up to a factor (arXiv:1709.05135,
    equation 20), where r is the utility in 0-1 and d^2 the candidate's residual after projection on earlier
    picks.
    """
    volume = _Volume(candidates.similarity)

    def score(_: Purpose, utility: Tensor, __: Tensor) -> Tensor:
        return (1 - request.diversity) * utility + request.diversity * volume.squared.clamp_min(LEAST_VOLUME).log()

    return greedy_two_stage(candidates, request, limits, score, volume.add)


@final
class _Volume:
    """The squared distances [N] of all candidates from the span of those added, `squared`."""

    def __init__(self, similarity: Tensor) -> None:
        self._similarity = similarity
        self.squared = similarity.diagonal().clone()
        self._rows: list[Tensor] = []

    def add(self, index: int) -> None:
        """Project the direction of a candidate out of all others."""
        residual = self._similarity[index].clone()
        for row in self._rows:
            residual -= row[index] * row
        row = residual / self.squared[index].clamp_min(LEAST_VOLUME).sqrt()
        if float(self.squared[index]) > LEAST_VOLUME:
            self._rows.append(row)
            self.squared = self.squared - row.square()
