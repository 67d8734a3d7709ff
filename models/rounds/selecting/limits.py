"""The limits of a batch, as the campaign words them, turned into costs and groups of the pool's objects.

Knows the domain's properties, groupings and columns; not what is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, final

import torch

from models.campaign.batch_limits import ROUNDING, cluster_similarity, labels, shared_value
from models.selection.limits import BatchLimits, Budget, Grouping, Likeness, encode_labels, largest_batch
from models.specs.decisions import CLUSTER, BudgetLimit, GroupLimit, SharedLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor

    from models.domains.contract import Domain
    from models.specs.decisions import BatchSpec

LEAST_OF_CLUSTER = 2
"""Candidates that a default share of a cluster always allows."""
OUTSIDE = "outside the applicability domain"


@final
@dataclass(frozen=True, slots=True)
class NamedLimits:
    """What a batch out of N objects must keep to, by the name of each limit.

    `shared` [N] is the text of what all of a batch must have in common, None when nothing.
    """

    budgets: Mapping[str, Budget]
    groupings: Mapping[str, Grouping]
    likenesses: Mapping[str, Likeness]
    shared: list[str] | None = None

    def __bool__(self) -> bool:
        """Tell whether there is any limit within one shared value."""
        return bool(self.budgets or self.groupings or self.likenesses)

    def at(self, rows: Tensor) -> NamedLimits:
        """Return the limits of the objects in `rows`, which share what they must."""
        return NamedLimits(
            {name: item.at(rows) for name, item in self.budgets.items()},
            {name: item.at(rows) for name, item in self.groupings.items()},
            {name: item.at(rows) for name, item in self.likenesses.items()},
        )

    def tracker(self, n: int, k: int) -> BatchLimits:
        """Return the limits for an empty batch of at most k of N objects."""
        return BatchLimits(n, k, *self.all())

    def all(self) -> tuple[tuple[Budget, ...], tuple[Grouping, ...], tuple[Likeness, ...]]:
        """Return the limits without their names."""
        return tuple(self.budgets.values()), tuple(self.groupings.values()), tuple(self.likenesses.values())

    @property
    def names(self) -> list[str]:
        """Every limit in words."""
        return [*self.budgets, *self.groupings, *self.likenesses]


def build_limits(
    batch: BatchSpec, domain: Domain, texts: Sequence[str], controls: Sequence[str], outside: Grouping | None
) -> NamedLimits:
    """Return the limits of a batch out of the pool's objects.

    Controls are part of every batch and paid for first; groups count new candidates only. `outside` is the
    limit on those outside the applicability domain, if there is one.
    """
    budgets, groupings, likenesses = {}, {}, {}
    for limit in batch.limits:
        if isinstance(limit, BudgetLimit):
            costs = torch.from_numpy(domain.properties([*texts, *controls], [limit.property])[limit.property])
            budget = Budget(costs[: len(texts)], limit.max - float(costs[len(texts) :].sum()))
            budgets[f"{limit.property} of at most {limit.max:g} in sum"] = budget
        elif isinstance(limit, GroupLimit) and limit.by == CLUSTER:
            threshold = cluster_similarity(limit, domain)
            name = f"at most {limit.max} per cluster (similarity of at least {threshold:g})"
            likenesses[name] = Likeness(_alike(domain, texts, threshold), limit.max)
        elif isinstance(limit, GroupLimit):
            groups = encode_labels(labels(limit, domain, texts))
            groupings[f"at most {limit.max} per {limit.by}"] = Grouping(groups, limit.max)
    if outside is not None:
        groupings[f"at most {outside.most} {OUTSIDE}"] = outside
    has_shared = any(isinstance(limit, SharedLimit) for limit in batch.limits)
    shared = [shared_value(batch, domain, text) for text in texts] if has_shared else None
    return NamedLimits(budgets, groupings, likenesses, shared)


def with_cluster_shares(
    limits: NamedLimits, batch: BatchSpec, domain: Domain, texts: Sequence[str], values: Tensor
) -> Iterator[tuple[NamedLimits, int]]:
    """Yield limits of a batch out of N objects with a largest share of one cluster, and the batch to reach.

    The share is doubled until it allows as large a batch as the limits alone, which come last. So it yields
    where there are too few families, unlike a limit by cluster that the campaign words, which replaces it.

    Args:
        limits: those that the campaign words.
        batch: names the share.
        domain: says what is similar.
        texts: the objects [N].
        values: what each of them is worth [N], from 0 to 1.
    """
    most = max(LEAST_OF_CLUSTER, round(batch.cluster_share * batch.size))
    if not limits.likenesses and most < batch.size:
        possible = len(largest_batch(batch.size, values, *limits.all()))
        alike = _alike(domain, texts, domain.cluster_similarity)
        while most < possible:
            shared = replace(limits, likenesses={f"at most {most} per cluster": Likeness(alike, most)})
            if len(largest_batch(batch.size, values, *shared.all())) >= possible:
                yield shared, possible
            most *= 2
    yield limits, 0


def _alike(domain: Domain, texts: Sequence[str], threshold: float) -> Callable[[int], Tensor]:
    @cache
    def alike(index: int) -> Tensor:
        return torch.from_numpy(domain.similarity([texts[index]], texts)[0] >= threshold - ROUNDING)

    return alike
