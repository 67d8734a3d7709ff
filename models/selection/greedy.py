"""A batch picked one by one: each pick weighs its own worth against its likeness to those already picked.

Knows values and similarities; not objectives, proxies or what the objects are. Letters: N candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from torch import Tensor

Purpose = Literal["exploit", "explore"]


@dataclass(frozen=True, slots=True)
class Pick:
    """One choice: which row, and whether for its value or for its uncertainty."""

    index: int
    purpose: Purpose


def _unit(worth: Tensor) -> Tensor:
    """Return worth [N] shifted and scaled to 0-1; all 0 when it does not vary."""
    span = worth.max() - worth.min()
    return (worth - worth.min()) / span if float(span) > 0 else torch.zeros_like(worth)


def _poorer(worth: Tensor, n_kept: int) -> Tensor:
    """Return which rows [N] (bool) are not among the `n_kept` of greatest worth; equals of the last one are."""
    return worth < worth.sort(descending=True).values[min(n_kept, len(worth)) - 1]


def _pick(worth: Tensor, closeness: Tensor, taken: Tensor, diversity: float) -> int:
    score = (1 - diversity) * worth + diversity * (1 - closeness)
    return int(score.masked_fill(taken, -torch.inf).argmax())


def select(
    values: Tensor, uncertainties: Tensor, similarity: Tensor, k: int, *, diversity: float, exploration: float
) -> list[Pick]:
    """Return min(k, N) distinct picks, those made for value first.

    A share `exploration` of the batch is picked by uncertainty [N] instead of value [N]; each pick maximises
    (1 - diversity) * worth + diversity * (1 - its greatest similarity to the picks before), with worth scaled to 0-1:
    maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998). Diversity alone promotes no poor candidate: each
    share is picked from the half with the greatest worth, or from as many as it needs.

    Raises:
        ValueError: if shapes disagree, a number is not finite, or a share is outside 0-1.
    """
    n = len(values)
    if uncertainties.shape != (n,) or similarity.shape != (n, n):
        raise ValueError("values and uncertainties must be [N] and similarity [N, N]")
    if not bool(torch.isfinite(values).all() & torch.isfinite(uncertainties).all() & torch.isfinite(similarity).all()):
        raise ValueError("values, uncertainties and similarity must be finite")
    if not (0 <= diversity <= 1 and 0 <= exploration <= 1):
        raise ValueError("diversity and exploration must be in 0-1")
    size = min(k, n)
    n_explore = round(exploration * size)
    taken = torch.zeros(n, dtype=torch.bool)
    closeness = torch.zeros(n, dtype=similarity.dtype)
    picks: list[Pick] = []
    stages: tuple[tuple[Purpose, Tensor, int], ...] = (
        ("exploit", values, size - n_explore),
        ("explore", uncertainties, n_explore),
    )
    for purpose, worth, count in stages:
        if count == 0:
            continue
        unit = _unit(worth)
        closed = _poorer(worth.masked_fill(taken, -torch.inf), max(count, n // 2))
        for _ in range(count):
            index = _pick(unit, closeness, taken | closed, diversity)
            taken[index] = True
            closeness = torch.maximum(closeness, similarity[index])
            picks.append(Pick(index, purpose))
    return picks
