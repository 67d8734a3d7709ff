"""A greedy batch: each pick trades its utility against its similarity to earlier picks.

Knows values and similarities, but no objectives, proxies or domains. Letters: N candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.selection.contract import greedy_two_stage

if TYPE_CHECKING:
    from torch import Tensor

    from models.selection.contract import Candidates, Limits, Pick, Purpose, SelectionRequest


def select(candidates: Candidates, request: SelectionRequest, limits: Limits) -> list[Pick]:
    """Return at most k distinct picks, those for value first.

    Each pick maximises (1 - diversity) * utility + diversity * (1 - its greatest similarity to earlier
    picks), with utility scaled to 0-1: maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998).
    """
    closeness = torch.zeros(len(candidates.values), dtype=candidates.similarity.dtype)

    def score(_: Purpose, utility: Tensor, __: Tensor) -> Tensor:
        return (1 - request.diversity) * utility + request.diversity * (1 - closeness)

    def added(index: int) -> None:
        torch.maximum(closeness, candidates.similarity[index], out=closeness)

    return greedy_two_stage(candidates, request, limits, score, added)
