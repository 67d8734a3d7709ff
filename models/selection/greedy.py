"""A batch picked one by one: each pick weighs its own worth against its likeness to those already picked.

Knows values and similarities; not objectives, proxies or what the objects are. Letters: N candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.selection.contract import greedy_two_stage

if TYPE_CHECKING:
    from torch import Tensor

    from models.selection.contract import Candidates, Limits, Pick, Purpose, SelectionRequest


def select(candidates: Candidates, request: SelectionRequest, limits: Limits) -> list[Pick]:
    """Return at most k distinct picks, those made for value first.

    Each pick maximises (1 - diversity) * worth + diversity * (1 - its greatest similarity to the picks before), with
    worth scaled to 0-1: maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998).
    """
    closeness = torch.zeros(len(candidates.values), dtype=candidates.similarity.dtype)

    def score(_: Purpose, utility: Tensor, __: Tensor) -> Tensor:
        return (1 - request.diversity) * utility + request.diversity * (1 - closeness)

    def added(index: int) -> None:
        torch.maximum(closeness, candidates.similarity[index], out=closeness)

    return greedy_two_stage(candidates, request, limits, score, added)
