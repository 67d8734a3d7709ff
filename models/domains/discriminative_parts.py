"""Which pieces of objects tell them apart: a help for domains that name the columns of their features. Torch-free.

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
    """Return the parts that differ among objects [N, D], at most `MOST_PARTS`, those that differ most often first.

    What counts is the probability that two objects drawn with replacement differ in the part (Gini impurity).
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
