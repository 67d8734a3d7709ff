"""Rank pieces of objects by how well they discriminate, for domains with named columns. Torch-free.

Letters: N objects, D features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.domains.contract import MOST_PARTS, FeatureGroup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.domains.contract import Floats


def rank_by_impurity(parts: Iterable[FeatureGroup], features: Floats) -> tuple[FeatureGroup, ...]:
    """Return the parts that vary among objects [N, D], at most `MOST_PARTS`, by descending Gini impurity.

    The impurity is the probability that two objects drawn with replacement differ in the part.
    """
    impurities = [(impurity(features[:, part.columns]), part) for part in parts if part.columns]
    kept = [(value, part) for value, part in impurities if value > 0]
    return tuple(part for _, part in sorted(kept, key=lambda item: -item[0])[:MOST_PARTS])


def impurity(columns: Floats) -> float:
    """Return the probability that two rows of [N, d], drawn with replacement, differ."""
    if len(columns) == 0 or bool((columns == columns[0]).all()):
        return 0.0
    values = columns[:, 0] if columns.shape[1] == 1 else columns
    _, counts = np.unique(values, axis=0, return_counts=True)
    return float(1.0 - np.square(counts / len(columns)).sum())
