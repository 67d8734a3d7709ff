"""What would come next if a candidate of the batch were given up: objects that could take one of its places.

Knows worth, likeness and limits; not why a place falls free. Letters: N objects, S places that are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.selection.contract import Pick, min_max_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.rounds.fitting.fit import RoundModel
    from models.rounds.selecting.limits import NamedLimits
    from models.rounds.selecting.scoring import ScoredPool

SHARE, LEAST, MOST = 0.5, 4, 24
"""Reserves as a share of the batch, within these bounds."""
MOST_PLACES = 32
"""Places of a batch under limits that are looked at, spread evenly over it."""
COMPARED = 8
"""Objects that are compared for each reserve."""


def number_of_reserves(batch_size: int) -> int:
    """Return how many reserves a batch has."""
    return min(max(round(SHARE * batch_size), LEAST), MOST)


def select_reserves(
    part: ScoredPool, limits: NamedLimits, chosen: Sequence[int], fitted: RoundModel, n: int
) -> list[Pick]:
    """Return at most n further rows, each of which could take the place of a chosen one, the best first.

    As in the batch, worth is weighed against likeness to what is chosen already. Under limits no place has
    two reserves while another that something fits has none.
    """
    if n == 0 or not chosen:
        return []
    fits = _fits(limits, chosen, len(part.texts))
    rows = _listed(part, fits, n)
    if not len(rows):
        return []
    picked = _picked(part, fits[:, rows], rows, chosen, fitted, n)
    return [Pick(row, "exploit" if part.is_informative else "explore") for row in picked]


def _fits(limits: NamedLimits, chosen: Sequence[int], n: int) -> Tensor:
    """Return which objects [S, N] (bool) could replace the candidate in each slot of the batch."""
    free = torch.ones(n, dtype=torch.bool)
    free[list(chosen)] = False
    if not limits:
        return free.unsqueeze(0)
    step = -(-len(chosen) // MOST_PLACES)
    masks = []
    for place in range(0, len(chosen), step):
        started = limits.tracker(n, len(chosen))
        for other, row in enumerate(chosen):
            if other != place:
                started.add(row)
        masks.append(started.open() & free)
    return torch.stack(masks)


def _listed(part: ScoredPool, fits: Tensor, n: int) -> Tensor:
    """Return the rows that are compared.

    Of those that fit anywhere the most valuable, and the best of every place.
    """
    value = part.value if part.is_informative else part.objects.worth
    order = value.argsort(descending=True, stable=True)
    listed = order[fits.any(dim=0)[order]][: COMPARED * n]
    best = [order[mask[order]][:COMPARED] for mask in fits]
    return torch.tensor(sorted(set(torch.cat([listed, *best]).tolist())), dtype=torch.int64)


def _picked(
    part: ScoredPool, fits: Tensor, rows: Tensor, chosen: Sequence[int], fitted: RoundModel, n: int
) -> list[int]:
    """Return the rows of greatest score for the places [S] that have the fewest reserves so far."""
    listed = part.at(rows)
    weight = fitted.settings.diversity
    closeness = _similarity(fitted, listed.texts, [part.texts[row] for row in chosen]).amax(dim=1)
    fits, n_reserves = fits.clone(), torch.zeros(len(fits), dtype=torch.int64)
    picked: list[int] = []
    while len(picked) < n and bool((has_any := fits.any(dim=1)).any()):
        wanting = has_any & (n_reserves == n_reserves[has_any].min())
        score = (1 - closeness) * listed.objects.worth
        if part.is_informative:
            score = (1 - weight) * min_max_scale(listed.value) + weight * (1 - closeness)
        best = int(score.masked_fill(~fits[wanting].any(dim=0), -torch.inf).argmax())
        n_reserves += fits[:, best]
        fits[:, best] = False
        picked.append(int(rows[best]))
        closeness = torch.maximum(
            closeness, _similarity(fitted, listed.texts, [listed.texts[best]]).squeeze(1)
        )
    return picked


def _similarity(fitted: RoundModel, left: Sequence[str], right: Sequence[str]) -> Tensor:
    return torch.from_numpy(fitted.domain.similarity(left, right)).to(torch.float64)
