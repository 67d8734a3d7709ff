"""How far from measured objects the predictions of a type held: held-out errors by similarity.

Errors come from two splits. The folds of cross-validation hold out objects at random, which have near
neighbours left; folds of whole clusters, as a scaffold split, hold out what has only distant ones. Each error
stands at the similarity to the nearest object that the fit knew. Its size relative to that of predicting the
mean is made to fall with similarity (pool adjacent violators; Barlow et al., 1972). Distance to the training
set is the usual measure of applicability (Sheridan et al., J. Chem. Inf. Comput. Sci. 44, 2004); where it
ends is decided by the errors here. Knows no domain: similarities are given. Letters: n known values, P pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import torch

from models.proxies.guarded import fit_and_predict
from models.proxies.model_selection import learnable_columns
from models.proxies.validation import FOLDS, random_folds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from models.proxies.contract import Proxy, TrainingTable

HELD = 0.8
"""Predictions held where errors were at most this share of those of predicting the mean."""
FARTHEST = 0.1
"""Share of the farthest block that lies beyond what counts as tested: single pairs are no evidence."""
LEAST_VALUES = 20
"""Fewer exact values tell nothing about distance."""
MOST_VALUES = 500
"""Evenly picked values that are held out by cluster, and whose neighbours are looked for."""
TINY = 1e-12
LEAST_BLOCK, BLOCKS = 15, 12
"""Pairs in a block of neighbouring similarities at least, and blocks at most."""


@final
@dataclass(frozen=True, slots=True)
class Reliability:
    """Relative errors by similarity, the nearest first.

    `least` are the lowest similarities of the blocks, descending; `ratios` their errors as shares of those of
    predicting the mean, ascending.
    """

    least: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def threshold(self) -> float:
        """The least similarity at which predictions held; infinite where they never did."""
        held = [edge for edge, ratio in zip(self.least, self.ratios, strict=True) if ratio <= HELD]
        return min(held, default=math.inf)

    def ratio(self, nearest: Tensor) -> Tensor:
        """Return the relative error [N] at similarities [N]; below all tested ones, that of the lowest."""
        block = (nearest.unsqueeze(-1) < torch.tensor(self.least, dtype=torch.float64)).sum(dim=1)
        ratios = torch.tensor(self.ratios, dtype=torch.float64)
        return ratios[block.clamp_max(len(ratios) - 1)]

    def summary(self) -> dict[str, Any]:
        """Return the threshold, None where predictions held nowhere, and the blocks, as plain JSON."""
        threshold = None if math.isinf(self.threshold) else self.threshold
        pairs = zip(self.least, self.ratios, strict=True)
        rows = [{"similarity": least, "relative_error": ratio} for least, ratio in pairs]
        return {"threshold": threshold, "errors": rows}

    def state(self) -> dict[str, Any]:
        """Return plain JSON, which `restored` takes back."""
        return {"least": list(self.least), "ratios": list(self.ratios)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Reliability:
        """Return what `state` was told of."""
        return cls(tuple(state["least"]), tuple(state["ratios"]))


def fit_reliability(nearest: Tensor, errors: Tensor, deviations: Tensor) -> Reliability:
    """Return the relative error by similarity.

    Args:
        nearest: similarities [P] to the nearest object that the fit knew.
        errors: squared errors [P].
        deviations: squared errors [P] of predicting the mean of what the fit knew.
    """
    order = nearest.argsort(descending=True, stable=True)
    size = max(LEAST_BLOCK, -(-len(order) // BLOCKS))
    parts = [order[start : start + size] for start in range(0, len(order), size)]
    if len(parts) > 1 and len(parts[-1]) < LEAST_BLOCK:
        parts[-2:] = [torch.cat(parts[-2:])]
    blocks: list[_Block] = []
    for number, rows in enumerate(parts, start=1):
        least = float(nearest[rows].quantile(FARTHEST if number == len(parts) else 0.0))
        block = _Block(least, float(errors[rows].sum()), float(deviations[rows].sum()))
        while blocks and block.ratio < blocks[-1].ratio:
            block = block.pooled(blocks.pop())
        blocks.append(block)
    return Reliability(tuple(block.least for block in blocks), tuple(block.ratio for block in blocks))


@final
@dataclass(frozen=True, slots=True)
class _Block:
    """The least similarity of neighbouring pairs, and the sums of their squared errors and deviations."""

    least: float
    errors: float
    deviations: float

    @property
    def ratio(self) -> float:
        return math.sqrt(self.errors / max(self.deviations, TINY))

    def pooled(self, nearer: _Block) -> _Block:
        return _Block(self.least, self.errors + nearer.errors, self.deviations + nearer.deviations)


def cluster_folds(similarity: Tensor, least: float) -> Tensor:
    """Return the fold [n] of each object, so that no cluster is divided.

    An object joins the first earlier object at least `least` similar to it, or begins a cluster (leader
    clustering); clusters go to the smallest fold, the largest first.

    Args:
        similarity: between the objects [n, n].
        least: similarity within a cluster.
    """
    leaders: dict[int, list[int]] = {}
    for row in range(len(similarity)):
        places = list(leaders)
        near = similarity[row, places] >= least if places else torch.zeros(0, dtype=torch.bool)
        leader = places[int(near.int().argmax())] if bool(near.any()) else row
        leaders.setdefault(leader, []).append(row)
    folds = torch.zeros(len(similarity), dtype=torch.int64)
    sizes = [0] * FOLDS
    for members in sorted(leaders.values(), key=lambda rows: (-len(rows), rows)):
        fold = sizes.index(min(sizes))
        folds[members] = fold
        sizes[fold] += len(members)
    return folds


@final
@dataclass(frozen=True, slots=True)
class Closeness:
    """How similar objects are: between the objects in two lists of rows, and within a cluster at least."""

    between: Callable[[Sequence[int], Sequence[int]], Tensor]
    within_cluster: float


def reliability_of(
    proxy: Proxy, table: TrainingTable, kind: str, held_out: Tensor, closeness: Closeness, *, seed: int
) -> Reliability | None:
    """Return where a proxy's predictions of a type held; None with too few exact values.

    Args:
        proxy: that predicts the type.
        table: what it learns from.
        kind: the type.
        held_out: the proxy's predictions [n] of its known values in the folds of cross-validation.
        closeness: of the table's objects.
        seed: of those folds, and of the fits.

    Raises:
        ProxyError: if a fit fails.
    """
    values = table.values[:, table.types.index(kind)]
    known = table.known[:, table.types.index(kind)].nonzero().squeeze(-1)
    picked = (~values[known].isnan()).nonzero().squeeze(-1)
    if len(picked) < LEAST_VALUES:
        return None
    picked = picked[:: -(-len(picked) // MOST_VALUES)]
    rows = known[picked]
    folds, close = random_folds(len(values), seed), closeness.between(rows.tolist(), known.tolist())
    is_known = folds[rows].unsqueeze(1) != folds[known].unsqueeze(0)
    splits = [_errors(close, is_known, values[known], held_out[picked], values[rows])]
    folds, close = cluster_folds(close[:, picked], closeness.within_cluster), close[:, picked]
    if int(folds.max()) > 0:
        found = _predicted(proxy, table.rows(rows), kind, folds, seed)
        is_known = folds.unsqueeze(1) != folds.unsqueeze(0)
        splits.append(_errors(close, is_known, values[rows], found, values[rows]))
    return fit_reliability(*(torch.cat(parts) for parts in zip(*splits, strict=True)))


def _errors(
    close: Tensor, is_known: Tensor, values: Tensor, predicted: Tensor, truth: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return greatest similarity, squared error and squared deviation of what was predicted [P].

    Args:
        close: similarities [P, n].
        is_known: which objects the fit knew [P, n] (bool).
        values: theirs [n], NaN where censored.
        predicted: [P].
        truth: [P].
    """
    counted = (is_known & ~values.isnan()).double()
    mean = (counted @ values.nan_to_num(0.0)) / counted.sum(dim=1).clamp_min(1.0)
    nearest = close.masked_fill(~is_known, 0.0).amax(dim=1)
    return nearest, (predicted - truth).square(), (mean - truth).square()


def _predicted(proxy: Proxy, table: TrainingTable, kind: str, folds: Tensor, seed: int) -> Tensor:
    """Return predictions [n] of a type, each by a fit to the other folds."""
    part = table.columns(learnable_columns(proxy, table, 0))
    column = part.types.index(kind)
    mean = torch.empty(len(folds), dtype=torch.float64)
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        _, posterior = fit_and_predict(proxy, part.rows(~held_out), part.rows(held_out), seed=seed)
        mean[held_out] = posterior.mean[:, column]
    return mean
