"""How often people take the actions of an environment, counted on objects that do not belong to a campaign.

Letters: M kinds of choices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


@final
@dataclass(frozen=True, slots=True)
class CommonChoices:
    """Words that were taken after contexts, and the sizes of the objects that they were counted on."""

    contexts: Tensor
    """[M] (int64): of the coarsest column of `Environment.contexts`."""
    words: Tensor
    """[M] (int64): vocabulary actions."""
    weights: Tensor
    """[M] (float64): how often, in as many objects as `sizes` counts."""
    sizes: Mapping[int, float]
    """Number of objects of each size."""

    def scaled_to(self, n_objects: float) -> CommonChoices:
        """Return the same as if it had been counted on so many objects."""
        factor = n_objects / sum(self.sizes.values())
        sizes = {size: count * factor for size, count in self.sizes.items()}
        return replace(self, weights=self.weights * factor, sizes=sizes)
