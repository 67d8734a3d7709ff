"""Limits that hold for a batch as a whole: sums that have a maximum, groups of which only so many may be in it.

Knows costs and group numbers; not where they come from. Letters: N candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
import torch

from models.selection.contract import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

CLUSTER_SIMILARITY = 0.5
"""Two candidates less similar than this are never in one cluster."""
CLUSTER_QUANTILE = 0.95
"""Nor are two that are no more similar than this share of all pairs: similarities of some domains are all high."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Budget:
    """The costs [N] of a batch sum to at most `most`."""

    costs: Tensor
    most: float

    def at(self, rows: Tensor) -> Budget:
        """Return the budget of the candidates in `rows`."""
        return replace(self, costs=self.costs[rows])


@dataclass(frozen=True, slots=True)
class Grouping:
    """At most `most` of a batch are of one group; `groups` [N] are numbers from 0, -1 for what is in none."""

    groups: Tensor
    most: int

    def at(self, rows: Tensor) -> Grouping:
        """Return the grouping of the candidates in `rows`."""
        return replace(self, groups=self.groups[rows])


def numbered(labels: Sequence[str]) -> Tensor:
    """Return the group number [N] of each label, in order of first appearance."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return torch.tensor([numbers[label] for label in labels], dtype=torch.int64)


def leader_clusters(similarity: Tensor, values: Tensor) -> Tensor:
    """Return the cluster number [N] of each candidate: that of the first leader which it is similar to.

    The most valuable first, a candidate that is similar to no leader so far becomes one (Hartigan, Clustering
    Algorithms, 1975, chapter 3). Similar is `CLUSTER_SIMILARITY`, or more where `CLUSTER_QUANTILE` of pairs are.
    """
    n = len(values)
    pairs = similarity[~torch.eye(n, dtype=torch.bool)]
    usual = float(np.quantile(pairs.numpy(), CLUSTER_QUANTILE)) if n > 1 else 0.0
    close = similarity > usual + ROUNDING if usual >= CLUSTER_SIMILARITY else similarity >= CLUSTER_SIMILARITY
    clusters = torch.full((n,), -1, dtype=torch.int64)
    number = 0
    for leader in values.argsort(descending=True, stable=True).tolist():
        if int(clusters[leader]) < 0:
            clusters[close[leader] & (clusters < 0)] = number
            clusters[leader] = number
            number += 1
    return clusters


@final
class BatchLimits(Limits):
    """Budgets and groupings of one batch of at most k out of N candidates.

    An expensive candidate is open only while the cheapest others can still fill the batch beside it.
    """

    def __init__(self, n: int, k: int, budgets: Sequence[Budget] = (), groupings: Sequence[Grouping] = ()) -> None:
        self._left = k
        self._free = torch.ones(n, dtype=torch.bool)
        self._budgets = [(budget.costs.to(torch.float64), budget.most) for budget in budgets]
        self._groupings = [(item.groups, _room(item)) for item in groupings]

    def open(self) -> Tensor:
        """Return which candidates [N] (bool) may be added next."""
        free = self._free.clone()
        for groups, room in self._groupings:
            free &= (groups < 0) | (room[groups] > 0)
        allowed = free.clone()
        for costs, most in self._budgets:
            allowed &= _affordable(costs, most, free, self._left)
        return allowed if self._left > 0 else torch.zeros_like(allowed)

    def add(self, index: int) -> None:
        """Add a candidate.

        Raises:
            ValueError: if it was added before.
        """
        if not bool(self._free[index]):
            raise ValueError(f"candidate {index} is in the batch already")
        self._free[index] = False
        self._left -= 1
        self._budgets = [(costs, most - float(costs[index])) for costs, most in self._budgets]
        for groups, room in self._groupings:
            if int(groups[index]) >= 0:
                room[groups[index]] -= 1


def _room(grouping: Grouping) -> Tensor:
    """Return how many more of each group there may be; one more entry keeps what is in no group indexable."""
    n_groups = int(grouping.groups.max()) + 1 if len(grouping.groups) else 0
    return torch.full((n_groups + 1,), grouping.most, dtype=torch.int64)


def _affordable(costs: Tensor, most: float, free: Tensor, left: int) -> Tensor:
    """Return which of the free candidates [N] (bool) fit a budget together with the cheapest others."""
    order = costs.masked_fill(~free, torch.inf).argsort(stable=True)[: min(left, int(free.sum()))]
    sums = costs[order].cumsum(dim=0)
    n = int((sums <= most + ROUNDING).sum())
    if n == 0:
        return torch.zeros_like(free)
    cheapest, others = order[:n], (float(sums[n - 2]) if n > 1 else 0.0)
    fits = free & (costs + others <= most + ROUNDING)
    fits[cheapest] = True
    return fits


def _worthiest(k: int, worth: Tensor, groupings: Sequence[Grouping]) -> Tensor:
    """Return the rows, ascending, of the k of greatest worth [N] in each combination of groups."""
    labels = torch.stack(
        [torch.zeros(len(worth), dtype=torch.int64), *(item.groups.clamp_min(-1) for item in groupings)]
    )
    _, combination = torch.unique(labels, dim=1, return_inverse=True)
    order = worth.argsort(descending=True, stable=True)
    order = order[combination[order].argsort(stable=True)]  # by combination, the worthiest first
    starts = torch.searchsorted(combination[order], combination[order])
    return order[torch.arange(len(order)) - starts < k].sort().values


def largest_batch(
    k: int, worth: Tensor, budgets: Sequence[Budget] = (), groupings: Sequence[Grouping] = ()
) -> list[int]:
    """Return the rows of a largest batch of at most k within all limits, of the greatest worth [N] in 0-1 among those.

    An integer linear programme, because several limits at once defeat picking one by one. Where only groups tell rows
    apart, it is asked about the k worthiest of each combination of groups alone: the others cannot make a batch better.
    """
    if not budgets and len(worth) > k > 0:
        few = _worthiest(k, worth, groupings)
        if len(few) < len(worth):
            chosen = largest_batch(k, worth[few], (), [grouping.at(few) for grouping in groupings])
            return [int(few[row]) for row in chosen]
    from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped] # publishes no types
    from scipy.sparse import csr_array, vstack  # type: ignore[import-untyped]

    n = len(worth)
    if n == 0 or k == 0:
        return []
    rows, tops = [csr_array(np.ones((1, n)))], [np.array([float(k)])]
    for budget in budgets:
        rows.append(csr_array(budget.costs.numpy()[None]))
        tops.append(np.array([budget.most]))
    for grouping in groupings:
        members = (grouping.groups >= 0).nonzero().squeeze(1).numpy()
        if len(members):
            numbers = grouping.groups.numpy()[members]
            shape = (int(numbers.max()) + 1, n)
            rows.append(csr_array((np.ones(len(members)), (numbers, members)), shape=shape))
            tops.append(np.full(shape[0], float(grouping.most)))
    answer = milp(
        -(worth.numpy() + k + 1.0),  # one more is worth more than the best of all others
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(vstack(rows), ub=np.concatenate(tops)),
    )
    return [] if answer.x is None else np.flatnonzero(answer.x > 0.5).tolist()  # noqa: PLR2004 - a binary variable
