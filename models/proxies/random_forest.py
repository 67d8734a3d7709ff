"""A random forest per assay type (Breiman, Mach. Learn. 45, 2001): a reference for every other proxy.

Only measured values are used; censored ones and known noise are ignored, because a tree has no likelihood for
them. scikit-learn grows the trees; they are converted to tensors, which evaluate thousands of small batches
quickly. Letters: T trees, N objects, D features, K groups of trees. Knows no domain, kernel or objective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch
from sklearn.ensemble import RandomForestRegressor

from models.proxies.contract import FittedProxy, Posterior, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpytorch.kernels import Kernel
    from torch import Tensor

    from models.proxies.contract import TrainingTable

ORDER = 4
"""Its rank among the candidate proxies: the first serves types with too few results to compare."""
TREES = 100
GROUPS = 5
"""Groups of trees that count as separate hypotheses."""
SHARE_OF_FEATURES = 1 / 3
"""Features tried at each split (Breiman's choice for regression)."""
LEAST_NOISE = 0.05
"""Share of the out-of-bag error that counts as measurement noise, at least."""
STRIDE = 6
"""Levels between two checks for finished rows: trees on counts are deep in some branches only."""
CHUNK = 1024
"""Objects evaluated by all trees at once: bounds the memory."""


@final
@dataclass(frozen=True, slots=True)
class _Trees:
    """The nodes of all trees in one table; a leaf is its own child.

    `children` [nodes, 2] are the indices of the next nodes for a feature at most, or above, its `threshold`
    [nodes].
    """

    feature: Tensor
    threshold: Tensor
    children: Tensor
    value: Tensor
    roots: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Return each tree's prediction [T, N] of features [N, D]."""
        return torch.cat([self._descend(chunk) for chunk in torch.split(features, CHUNK)], dim=1)

    def _descend(self, features: Tensor) -> Tensor:
        n, width = features.shape
        flat = features.float().flatten()  # the trees were grown on single precision
        children = self.children.flatten()
        reached = self.roots.repeat_interleave(n)  # [T * N]
        walker = torch.arange(len(reached), device=features.device)
        while len(walker):
            start, node = walker % n * width, reached[walker]
            for _ in range(STRIDE):
                is_above = flat[start + self.feature[node]] > self.threshold[node]
                node = children[2 * node + is_above]
            reached[walker] = node
            walker = walker[children[2 * node] != node]
        return self.value[reached].reshape(len(self.roots), n)


def _exported(forest: RandomForestRegressor, device: torch.device) -> _Trees:
    """Return a grown forest as tensors."""
    feature: list[torch.Tensor] = []
    threshold: list[torch.Tensor] = []
    children: list[torch.Tensor] = []
    value: list[torch.Tensor] = []
    roots: list[int] = []
    size = 0
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        own = torch.arange(tree.node_count)
        below = torch.stack([torch.from_numpy(tree.children_left), torch.from_numpy(tree.children_right)], dim=1)
        children.append(torch.where(below < 0, own.unsqueeze(-1), below) + size)
        feature.append(torch.from_numpy(tree.feature).clamp_min(0))
        threshold.append(torch.from_numpy(tree.threshold))
        value.append(torch.from_numpy(tree.value[:, 0, 0].copy()))
        roots.append(size)
        size += tree.node_count
    starts = [torch.tensor(roots)]
    columns = (torch.cat(part).to(device) for part in (feature, threshold, children, value, starts))
    return _Trees(*columns)


def _leaf(value: float, like: Tensor) -> _Trees:
    """Return the forest of a type without values: a constant prediction."""
    index = torch.zeros(1, dtype=torch.int64, device=like.device)
    trees = index.expand(TREES)
    return _Trees(index, like.new_zeros(1), index.expand(1, 2), like.new_full((1,), value), trees)


def _noise(trees: _Trees, forest: RandomForestRegressor, features: Tensor, targets: Tensor) -> float:
    """Return the noise variance: the out-of-bag error of the mean, less the trees' disagreement."""
    predictions = trees(features)
    is_out = torch.ones_like(predictions, dtype=torch.bool)
    for row, drawn in zip(is_out, forest.estimators_samples_, strict=True):
        row[torch.from_numpy(drawn)] = False
    n = is_out.sum(dim=0)
    judged = n > 1
    if not bool(judged.any()):
        return 0.0
    kept, n = predictions[:, judged] * is_out[:, judged], n[judged]
    mean = kept.sum(dim=0) / n
    spread = ((kept - mean * is_out[:, judged]).square().sum(dim=0) / (n - 1)).mean()
    error = (targets[judged] - mean).square().mean()
    return max(float(error - spread), LEAST_NOISE * float(error))


@final
class FittedRandomForest(FittedProxy):
    """Grown trees of every type, and the variance of one measurement."""

    def __init__(self, forests: list[_Trees], noise: list[float]) -> None:
        self._forests = forests
        self._noise = noise

    def _posterior(self, predictions: list[Tensor]) -> Posterior:
        """Return mean and disagreement over the tree axis of predictions [..., T, N], one entry per type."""
        trees = torch.stack(predictions, dim=-1)
        mean = trees.mean(dim=-3)
        variance = (trees - mean.unsqueeze(-3)).square().sum(dim=-3) / (trees.shape[-3] - 1)
        return Posterior(mean, variance.sqrt(), mean.new_tensor(self._noise).sqrt().expand_as(mean))

    def posterior(self, features: Tensor) -> Posterior:
        """Return the mean over trees and, as deviation, the disagreement of single trees [N, M].

        Each tree closely fits its bootstrap sample, so the disagreement contains noise as well as epistemic
        uncertainty. Unlike a process' deviation, it does not grow away from the data.
        """
        return self._posterior([forest(features) for forest in self._forests])

    def members(self, features: Tensor) -> Posterior:
        """Return the posteriors [K, N, M] of disjoint groups of trees."""
        return self._posterior(
            [forest(features).reshape(GROUPS, TREES // GROUPS, len(features)) for forest in self._forests]
        )

    def draw(self, features: Tensor, n: int, generator: torch.Generator) -> Tensor:
        """Return the functions of randomly chosen trees [n, N, M]."""
        chosen = torch.randint(TREES, (n,), generator=generator)
        return torch.stack([forest(features)[chosen] for forest in self._forests], dim=-1)


@final
class RandomForest(Proxy):
    """Grow a forest of 100 trees for every type."""

    minimum = 10
    maximum = None

    def fit(self, table: TrainingTable, *, seed: int) -> FittedRandomForest:
        """Return the grown forests; a type without values in a fold keeps its prior."""
        forests, noise = [], []
        typical = table.typical_noise()
        for column in range(len(table.types)):
            trees, variance = self._fit_column(table, column, seed)
            forests.append(trees)
            noise.append(max(variance, float(typical[column])))
        return FittedRandomForest(forests, noise)

    def _fit_column(self, table: TrainingTable, column: int, seed: int) -> tuple[_Trees, float]:
        rows = table.measured[:, column]
        features, targets = table.features[rows], table.values[rows, column]
        if not len(targets):
            center, scale = float(table.centers[column]), float(table.scales[column])
            return _leaf(center, table.values), scale**2
        varying = (features != features[:1]).any(dim=0).nonzero().squeeze(-1)  # the others can split nothing
        if not len(varying):
            varying = torch.zeros(1, dtype=torch.int64, device=features.device)
        forest = RandomForestRegressor(TREES, max_features=SHARE_OF_FEATURES, random_state=seed % 2**32)
        forest.fit(features[:, varying].float().cpu().numpy(), targets.cpu().numpy())
        trees = _exported(forest, features.device)
        noise = _noise(trees, forest, features[:, varying], targets)
        return replace(trees, feature=varying[trees.feature]), noise if math.isfinite(noise) else 0.0


def build_proxy(_kernel: Callable[[], Kernel]) -> RandomForest:
    """Return a fresh proxy; it needs no kernel."""
    return RandomForest()
