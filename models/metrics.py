"""How good and how diverse a set of objects is. Knows numbers and similarities, not what they are of.

Letters: N objects, M objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def hypervolume(points: Floats, reference: Floats) -> float:
    """Return the volume between a reference [M] and the front of points [N, M], all maximised.

    Raises:
        ValueError: if the widths differ or a number is not finite.
    """
    if points.ndim != 2 or reference.shape != points.shape[1:]:  # noqa: PLR2004 - [N, M] has two dimensions
        raise ValueError(f"points must be [N, M] and reference [M], not {points.shape} and {reference.shape}")
    if not (np.isfinite(points).all() and np.isfinite(reference).all()):
        raise ValueError("points and reference must be finite")
    better = points[(points > reference).all(axis=1)]
    if len(better) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float((better - reference).max())
    import torch
    from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning

    return float(DominatedPartitioning(torch.from_numpy(reference), torch.from_numpy(better)).compute_hypervolume())


def n_circles(similarity: Floats, threshold: float) -> int:
    """Return how many objects a greedy pass keeps that are all less than `threshold` similar [N, N].

    A lower bound of #Circles (arXiv:2112.12542), which is NP-hard to compute exactly.
    """
    kept: list[int] = []
    for row in range(len(similarity)):
        if not kept or float(similarity[row, kept].max()) < threshold:
            kept.append(row)
    return len(kept)


def mean_pairwise_distance(similarity: Floats) -> float:
    """Return the mean of 1 - similarity over all pairs of different rows of [N, N]; 0 for fewer than two objects."""
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
