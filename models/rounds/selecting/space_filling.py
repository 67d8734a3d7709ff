"""A batch that fills the space, for rounds that know nothing which tells objects apart.

Knows similarities and limits; not utilities. Letters: N objects of the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.domains.contract import Domain
    from models.selection.contract import Limits

SAMPLE = 256
"""Objects that tell which one is the most typical."""


def maximin_design(
    domain: Domain, texts: Sequence[str], feasibility: Tensor, known: Sequence[str], k: int, limits: Limits
) -> list[int]:
    """Return at most k rows, each the least similar to those before it and to objects `known` already.

    Greedy maximin, within a factor of two of the best spread (Gonzalez, Theor. Comput. Sci. 38, 1985). What
    may not be feasible [N] counts for less. With nothing known, the first is the most typical object.
    """
    closeness = torch.zeros(len(texts), dtype=torch.float64)
    if known:
        closeness = _similarity(domain, texts, known).amax(dim=1)
    rows: list[int] = []
    for _ in range(min(k, len(texts))):
        is_open = limits.open()
        if not bool(is_open.any()):
            break
        first = not rows and not known
        score = _typicality(domain, texts) if first else (1 - closeness) * feasibility
        row = int(score.masked_fill(~is_open, -torch.inf).argmax())
        limits.add(row)
        rows.append(row)
        closeness = torch.maximum(closeness, _similarity(domain, texts, [texts[row]]).squeeze(1))
    return rows


def _typicality(domain: Domain, texts: Sequence[str]) -> Tensor:
    """Return how similar each object [N] is to evenly picked others on average."""
    step = -(-len(texts) // SAMPLE)
    return _similarity(domain, texts, texts[::step]).mean(dim=1)


def _similarity(domain: Domain, left: Sequence[str], right: Sequence[str]) -> Tensor:
    return torch.from_numpy(domain.similarity(left, right)).to(torch.float64)
