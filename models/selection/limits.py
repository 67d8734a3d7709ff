"""Limits of a whole batch: budgets, and maximum sizes of groups and families.

Knows costs, group numbers and similar pairs, but not their origin. Letters: N candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch

from models.campaign.batch_limits import ROUNDING
from models.selection.contract import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    from torch import Tensor

MOST_COMPARED = 64
"""Most candidates for a largest batch with all pairs compared; beyond, the programme is too large."""
MOST_NODES = 1_000
"""Node limit of that programme, after which the best batch so far is used; the same on every machine."""

Rows = tuple[Any, "npt.NDArray[np.float64]"]
"""Coefficients [rows, N] of a linear limit, dense or sparse, and the maximum of each row's sum."""


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
    """At most `most` of a batch are of one group; `groups` [N] are numbers from 0, -1 without a group."""

    groups: Tensor
    most: int

    def at(self, rows: Tensor) -> Grouping:
        """Return the grouping of the candidates in `rows`."""
        return replace(self, groups=self.groups[rows])


@dataclass(frozen=True, slots=True)
class Likeness:
    """Each pick has at most `most` - 1 similar others in the batch, so no family has more than `most`.

    `alike` returns the similar candidates [N] (bool) of a candidate, itself included; the relation is
    symmetric. It depends on the two candidates alone, not on the rest of the pool.
    """

    alike: Callable[[int], Tensor]
    most: int

    def at(self, rows: Tensor) -> Likeness:
        """Return the same limit on the candidates in `rows`."""
        return replace(self, alike=lambda index: self.alike(int(rows[index]))[rows])


def encode_labels(labels: Sequence[str]) -> Tensor:
    """Return the group number [N] of each label, in order of first appearance."""
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return torch.tensor([numbers[label] for label in labels], dtype=torch.int64)


@final
class BatchLimits(Limits):
    """Budgets and groupings of one batch of at most k out of N candidates.

    An expensive candidate is open only while the cheapest others can still fill the batch beside it.
    """

    def __init__(
        self,
        n: int,
        k: int,
        budgets: Sequence[Budget] = (),
        groupings: Sequence[Grouping] = (),
        likenesses: Sequence[Likeness] = (),
    ) -> None:
        self._left = k
        self._free = torch.ones(n, dtype=torch.bool)
        self._budgets = [(budget.costs.to(torch.float64), budget.most) for budget in budgets]
        self._groupings = [(item.groups, _room(item)) for item in groupings]
        self._likenesses = [_Families(item, n) for item in likenesses]

    def open(self) -> Tensor:
        """Return which candidates [N] (bool) may be added next."""
        free = self._free.clone()
        for groups, room in self._groupings:
            free &= (groups < 0) | (room[groups] > 0)
        for families in self._likenesses:
            free &= families.open()
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
        for families in self._likenesses:
            families.add(index)


class _Families:
    """Counts for each candidate [N] the similar ones already added."""

    def __init__(self, likeness: Likeness, n: int) -> None:
        self._likeness = likeness
        self._counts = torch.zeros(n, dtype=torch.int64)
        self._added: dict[int, Tensor] = {}

    def open(self) -> Tensor:
        """Return which candidates [N] (bool) fit into all families that they would join."""
        room = self._counts < self._likeness.most
        for index, alike in self._added.items():
            if int(self._counts[index]) >= self._likeness.most:
                room = room & ~alike
        return room

    def add(self, index: int) -> None:
        """Count a candidate."""
        self._added[index] = self._likeness.alike(index)
        self._counts += self._added[index]


def _room(grouping: Grouping) -> Tensor:
    """Return the remaining room of each group; an extra entry serves candidates without a group."""
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


def _top_k_per_group(k: int, utility: Tensor, groupings: Sequence[Grouping]) -> Tensor:
    """Return the rows, ascending, of the k of greatest utility [N] in each combination of groups."""
    labels = torch.stack(
        [torch.zeros(len(utility), dtype=torch.int64), *(item.groups.clamp_min(-1) for item in groupings)]
    )
    _, combination = torch.unique(labels, dim=1, return_inverse=True)
    order = utility.argsort(descending=True, stable=True)
    order = order[combination[order].argsort(stable=True)]  # by combination, the greatest utility first
    starts = torch.searchsorted(combination[order], combination[order])
    return order[torch.arange(len(order)) - starts < k].sort().values


def largest_batch(
    k: int,
    utility: Tensor,
    budgets: Sequence[Budget] = (),
    groupings: Sequence[Grouping] = (),
    likenesses: Sequence[Likeness] = (),
) -> list[int]:
    """Return the rows of a largest batch of at most k within all limits, with the greatest utility [N] (0-1).

    Solved as an integer linear programme, because greedy picking fails with several limits. With groups
    alone, only the k best of each combination of groups enter, because others cannot improve a batch. With
    similarity limits and more than `MOST_COMPARED` candidates, the best are picked one by one.
    """
    if len(utility) == 0 or k == 0:
        return []
    if likenesses and len(utility) > MOST_COMPARED:
        return _one_by_one(utility, BatchLimits(len(utility), k, budgets, groupings, likenesses))
    if not budgets and not likenesses and len(utility) > k > 0:
        few = _top_k_per_group(k, utility, groupings)
        if len(few) < len(utility):
            chosen = largest_batch(k, utility[few], (), [grouping.at(few) for grouping in groupings])
            return [int(few[row]) for row in chosen]
    rows = [*_rows_of(len(utility), k, budgets, groupings), *map(_crowding, likenesses)]
    return _solved(k, utility, rows, {"node_limit": MOST_NODES} if likenesses else {})


def _rows_of(n: int, k: int, budgets: Sequence[Budget], groupings: Sequence[Grouping]) -> list[Rows]:
    """Return the linear limits of a batch of at most k within budgets and groupings of N candidates."""
    rows: list[Rows] = [(np.ones((1, n)), np.array([float(k)]))]
    rows += [(budget.costs.numpy()[None], np.array([budget.most])) for budget in budgets]
    members = [(_membership(grouping, n), grouping.most) for grouping in groupings]
    return rows + [(counted, np.full(counted.shape[0], float(most))) for counted, most in members]


def _solved(k: int, utility: Tensor, limits: Sequence[Rows], options: Mapping[str, int]) -> list[int]:
    """Return the rows of a best batch of at most k within linear limits."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped] # publishes no types
    from scipy.sparse import csr_array, vstack  # type: ignore[import-untyped]

    rows, tops = zip(*limits, strict=True)
    answer = milp(
        -(utility.numpy() + k + 1.0),  # an additional pick outweighs any difference in utility
        integrality=np.ones(len(utility)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(vstack([csr_array(part) for part in rows]), ub=np.concatenate(tops)),
        options=options,
    )
    return [] if answer.x is None else np.flatnonzero(answer.x > 0.5).tolist()  # noqa: PLR2004 - a binary variable


def _membership(grouping: Grouping, n: int) -> Any:
    """Return which candidates are in which group as a sparse matrix [groups, N]."""
    from scipy.sparse import csr_array

    members = (grouping.groups >= 0).nonzero().squeeze(1).numpy()
    numbers = grouping.groups.numpy()[members]
    n_groups = int(numbers.max()) + 1 if len(members) else 0
    return csr_array((np.ones(len(members)), (numbers, members)), shape=(n_groups, n))


def _crowding(likeness: Likeness) -> Rows:
    """Return rows [N, N] and bounds [N]: a chosen candidate has at most `most` - 1 similar chosen others.

    The row of a candidate that is not chosen does not bind: its bound is then the number of similar ones.
    """
    others = torch.stack([likeness.alike(index) for index in range(len(likeness.alike(0)))]).to(torch.float64)
    others.fill_diagonal_(0.0)
    spare = (others.sum(dim=1) - (likeness.most - 1)).clamp_min(0.0)
    rows = others + torch.diag(spare)
    return rows.numpy(), (spare + likeness.most - 1).numpy()


def _one_by_one(utility: Tensor, limits: BatchLimits) -> list[int]:
    """Return the rows of greedy picking by utility until no candidate is open."""
    rows: list[int] = []
    while bool((is_open := limits.open()).any()):
        rows.append(int(utility.masked_fill(~is_open, -torch.inf).argmax()))
        limits.add(rows[-1])
    return sorted(rows)
