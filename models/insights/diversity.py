"""How different the objects of a batch are from each other, and from everything measured before.

Torch-free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.metrics.sets import mean_pairwise_distance, n_circles, vendi_score

if TYPE_CHECKING:
    from models.domains.contract import Domain
    from models.insights.records import PastRound

CIRCLE_SIMILARITY = 0.5
"""Objects less similar than this count as different circles."""
MOST_COMPARED = 200
"""Objects of a batch, evenly picked by rank, that are compared with each other."""


def diversity(past: PastRound, domain: Domain) -> dict[str, Any] | None:
    """Return how different a round's new objects are from each other; None without any."""
    texts = [item.object for item in past.proposed]
    if not texts:
        return None
    picked = texts[:: -(-len(texts) // MOST_COMPARED)]
    similarity = domain.similarity(picked, picked)
    return {
        "n": len(picked),
        "mean_pairwise_distance": mean_pairwise_distance(similarity),
        "circles": n_circles(similarity, CIRCLE_SIMILARITY),
        "vendi_score": vendi_score(similarity),
    }


def novelty(past: PastRound) -> dict[str, Any] | None:
    """Return one minus the similarity of new objects to the nearest measured before the round.

    None where unknown.
    """
    nearest = [item.nearest for item in past.proposed if item.nearest is not None]
    if not nearest:
        return None
    values = 1.0 - np.array(nearest)
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    return {"n": len(nearest), "mean": float(values.mean()), "median": middle, "low": low, "high": high}
