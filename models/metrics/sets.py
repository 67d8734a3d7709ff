"""Quality and diversity of a set of objects. Knows numbers and similarities, but no domain.

Letters: N objects, M objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def hypervolume(points: Floats, reference: Floats) -> float:
    """Return the exact volume between a reference [M] and the front of points [N, M], all maximised.

    Fast for up to three objectives; beyond, by exclusive volumes (While, Bradstreet & Barone, IEEE
    Transactions on Evolutionary Computation 16, 2012), which is meant for some dozens of points.

    Raises:
        ValueError: if the widths differ or a number is not finite.
    """
    if points.ndim != 2 or reference.shape != points.shape[1:]:  # noqa: PLR2004 - [N, M] has two dimensions
        raise ValueError(f"points must be [N, M] and reference [M], not {points.shape} and {reference.shape}")
    if not (np.isfinite(points).all() and np.isfinite(reference).all()):
        raise ValueError("points and reference must be finite")
    better = points[(points > reference).all(axis=1)]
    return _volume(np.asarray(better - reference, dtype=np.float64))


def non_dominated(points: Floats) -> npt.NDArray[np.bool_]:
    """Return which points [N] of [N, M], all maximised, are non-dominated; duplicates all count."""
    kept = np.ones(len(points), dtype=np.bool_)
    order = np.argsort(-points.sum(axis=1), kind="stable")  # nothing is dominated by a point of a smaller sum
    for row in order.tolist():
        if kept[row]:
            beaten = (points[row] >= points).all(axis=1) & (points[row] > points).any(axis=1)
            kept &= ~beaten
    return kept


def _volume(points: Floats) -> float:
    """Return the volume above zero that positive points [N, M] dominate."""
    n, m = points.shape
    if n == 0:
        return 0.0
    if n == 1 or m == 1:
        return float(points.prod(axis=1).max())
    if m == 2:  # noqa: PLR2004 - a staircase
        return _area(points)
    points = points[non_dominated(points)]
    return _stack(points) if m == 3 else _exclusive(points)  # noqa: PLR2004 - towers on a plane


def _area(points: Floats) -> float:
    """Return the area under a staircase of [N, 2]."""
    order = np.argsort(-points[:, 0])
    widths = points[order, 0] - np.append(points[order[1:], 0], 0.0)
    return float((widths * np.maximum.accumulate(points[order, 1])).sum())


def _stack(points: Floats) -> float:
    """Return the volume of [N, 3] as towers on the grid of the first two coordinates."""
    (xs, rows), (ys, columns) = (np.unique(points[:, index], return_inverse=True) for index in (0, 1))
    heights = np.zeros((len(xs), len(ys)))
    np.maximum.at(heights, (rows, columns), points[:, 2])
    for axis in (0, 1):  # a tower covers everything nearer to zero
        heights = np.flip(np.maximum.accumulate(np.flip(heights, axis), axis=axis), axis)
    return float(np.diff(xs, prepend=0.0) @ heights @ np.diff(ys, prepend=0.0))


def _exclusive(points: Floats) -> float:
    """Return the volume of [N, M] as the sum of exclusive volumes, ascending in the last coordinate."""
    points = points[np.argsort(points[:, -1], kind="stable")]
    total = 0.0
    for row, point in enumerate(points):
        # later points reach at least as far in the last coordinate, so shared volume has one dimension less
        shared = np.minimum(points[row + 1 :, :-1], point[:-1])
        total += float(point[-1]) * (float(point[:-1].prod()) - _volume(shared))
    return total


def n_circles(similarity: Floats, threshold: float) -> int:
    """Return the number of objects in a greedy set with similarities [N, N] below `threshold`.

    A lower bound of #Circles (arXiv:2112.12542), which is NP-hard to compute exactly.
    """
    kept: list[int] = []
    for row in range(len(similarity)):
        if not kept or float(similarity[row, kept].max()) < threshold:
            kept.append(row)
    return len(kept)


def mean_pairwise_distance(similarity: Floats) -> float:
    """Return the mean of 1 - similarity over distinct pairs of [N, N]; 0 for fewer than two objects."""
    n = len(similarity)
    if n < 2:  # noqa: PLR2004 - a pair
        return 0.0
    distances = 1.0 - similarity
    return float((distances.sum() - np.trace(distances)) / (n * (n - 1)))


def vendi_score(similarity: Floats) -> float:
    """Return the effective number of different objects, 1 to N, of similarities [N, N] (arXiv:2210.02410)."""
    if len(similarity) == 0:
        return 0.0
    shares = np.linalg.eigvalsh(similarity / len(similarity))
    shares = shares[shares > 1e-12]  # noqa: PLR2004 - rounding error of a zero eigenvalue
    return float(np.exp(-(shares * np.log(shares)).sum()))
