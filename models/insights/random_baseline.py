"""What chance would have reached.

Objects drawn at random from those that were measured without being proposed. Draws are with replacement:
another n objects of the same kind. Letters: N known objects, n drawn, M objectives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.metrics.sets import non_dominated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from models.metrics.hypervolume import CampaignHypervolume

    Floats = npt.NDArray[np.float64]

ENOUGH = 10
"""Fewer objects than this tell nothing of what chance would reach."""
BOOTSTRAPS = 100
LEVEL = 0.9
"""Of the intervals."""
_95 = 1.959963984540054


def order_statistics(values: Floats, n: int) -> tuple[float, float, float]:
    """Return the expected largest of n >= 1 draws from [N] values, and the ends of its 90 % interval.

    Exact for draws with replacement: P(max <= x_(i)) = (i / N)^n with x ascending (David & Nagaraja, Order
    Statistics, 2003, section 2.1).
    """
    ascending = np.sort(values)
    below = (np.arange(1, len(values) + 1) / len(values)) ** n
    expected = float(ascending @ np.diff(below, prepend=0.0))
    ends = np.searchsorted(below, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = ascending[np.minimum(ends, len(values) - 1)].tolist()
    return expected, low, high


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share (Wilson, J.

    Am. Stat. Assoc. 22, 1927); 0 and 1 of nothing.
    """
    if n == 0:
        return 0.0, 1.0
    share, squared = successes / n, _95**2
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = _95 * math.sqrt(share * (1 - share) / n + squared / (4 * n * n)) / (1 + squared / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(
    volume: CampaignHypervolume, utilities: Floats, counts: Sequence[int], seed: int
) -> list[tuple[float, float, float]]:
    """Return mean and ends of the 90 % interval of the volume of ever more objects drawn from [N, M].

    Args:
        volume: how volumes are measured.
        utilities: what is drawn from.
        counts: how many objects are drawn in each step.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    found = np.zeros((BOOTSTRAPS, len(counts)))
    for draw in range(BOOTSTRAPS):
        front = utilities[:0]
        for step, n in enumerate(counts):
            drawn = np.concatenate([front, utilities[generator.integers(len(utilities), size=n)]])
            front = drawn[non_dominated(drawn)] if n else front
            found[draw, step] = volume.of(front) if n or step == 0 else found[draw, step - 1]
    low, high = np.quantile(found, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    return list(zip(found.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True))
