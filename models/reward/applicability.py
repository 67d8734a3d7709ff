"""The applicability domain: distance to the measured objects, and the optimism that it allows.

Knows a domain's similarity and the measured objects, but no value, proxy or reward. Letters: N objects, R
measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import torch

from models.messages.message import Message, message
from models.specs.designs import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.domains.contract import Domain

MINIMUM_MEASURED = 10
"""Fewest measured objects from which a threshold can be learned."""
QUANTILE = 0.05
"""Share of the measured objects that are outside the learned threshold of the others."""
FALL = 0.1
"""Distance from the similarity window at which an object weighs exp(-1/2)."""
MOST_LEFT_OUT = 1000
"""Evenly picked measured objects whose nearest neighbours determine the threshold."""


@final
@dataclass(frozen=True, slots=True)
class Applicability:
    """The region of reliable predictions, and the window of similarities that a campaign designs for.

    Without a threshold, every object counts as inside.

    `threshold` is the least similarity to the nearest measured object; `is_learned` marks a threshold learned
    from data. Objects whose similarity lies outside `window` are worth less.
    """

    domain: Domain
    measured: tuple[str, ...]
    threshold: float | None
    is_learned: bool
    window: tuple[float, float] = EVERYWHERE

    @property
    def has_window(self) -> bool:
        """Whether the window leaves anything out; without a measured object nothing can be near or far."""
        return self.window != EVERYWHERE and len(self.measured) > 0

    def nearest(self, texts: Sequence[str]) -> Tensor:
        """Return the similarity [N] to the nearest measured object; 1 where nothing depends on it."""
        if not self.threshold and not self.has_window:
            return torch.ones(len(texts), dtype=torch.float64)
        return torch.from_numpy(self.domain.similarity(texts, self.measured)).to(torch.float64).amax(dim=1)

    def is_inside(self, nearest: Tensor) -> Tensor:
        """Return which objects [N] (bool) are near enough, from similarities [N]."""
        return nearest >= (self.threshold or 0.0)

    def window_weight(self, nearest: Tensor) -> Tensor:
        """Return the factor [N] on an object's value and on its weight in the target, from similarities [N].

        1 within the window; outside, a Gaussian of the distance to its nearer end.
        """
        if not self.has_window:
            return torch.ones_like(nearest)
        low, high = self.window
        distance = (low - nearest).clamp_min(0.0) + (nearest - high).clamp_min(0.0)
        return torch.exp(-0.5 * (distance / FALL).square())

    def uncertainty_weight(self, nearest: Tensor) -> Tensor:
        """Return the weight [N] of a deviation: 1 inside, then falling with similarity to 0.

        A proxy's uncertainty is only validated near measured objects. Optimism that grows with distance would
        send the sampler to unvalidated regions, where only the expectation counts.
        """
        if not self.threshold:
            return torch.ones_like(nearest)
        return (nearest / self.threshold).clamp(0.0, 1.0)

    def summary(self) -> dict[str, Any]:
        """Return the threshold and its source, as plain JSON."""
        return {"threshold": self.threshold, "learned": self.is_learned, "measured": len(self.measured)}

    def messages(self) -> list[Message]:
        """Return messages for readers of the round."""
        if self.threshold is not None:
            return []
        return [message("applicability_unknown", count=len(self.measured), needed=MINIMUM_MEASURED)]


def applicability(
    min_similarity: float | None,
    domain: Domain,
    measured: Sequence[str],
    window: tuple[float, float] = EVERYWHERE,
) -> Applicability:
    """Return the domain with that least similarity, or the one learned from measured objects.

    The learned threshold is the 5 % quantile of each measured object's similarity to its nearest neighbour:
    the distance-to-model rule of quantitative structure-activity models (Sheridan et al., J. Chem. Inf.
    Comput. Sci. 44, 2004) with the training set as reference.
    """
    objects = tuple(measured)
    if min_similarity is not None:
        threshold = min_similarity if objects else None
        return Applicability(domain, objects, threshold, is_learned=False, window=window)
    if len(objects) < MINIMUM_MEASURED:
        return Applicability(domain, objects, None, is_learned=False, window=window)
    rows = torch.arange(0, len(objects), -(-len(objects) // MOST_LEFT_OUT))
    similarity = torch.from_numpy(domain.similarity([objects[row] for row in rows.tolist()], objects))
    others = similarity.to(torch.float64).index_put(
        (torch.arange(len(rows)), rows), torch.tensor(-1.0).double()
    )
    threshold = float(others.amax(dim=1).quantile(QUANTILE))
    return Applicability(domain, objects, threshold, is_learned=True, window=window)
