"""A lab that computes the one objective of a campaign, without noise; what has no value cannot be made.

Knows no strategy and no function. Letters: N objects.
"""

import math
from collections.abc import Callable, Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from models.backtests.contract import Oracle
from models.records import Measurement


@final
class FunctionLab(Oracle):
    """Measures a function of an object's text.

    Args:
        kind: the assay type of the results.
        value: of one object; NaN for a failed synthesis. Each object is computed once.
        start: returns the n initial objects of a seed; None for random ones of the domain.
    """

    objects = None

    def __init__(
        self,
        kind: str,
        value: Callable[[str], float],
        start: Callable[[int, int], Sequence[str]] | None = None,
    ) -> None:
        self._kind, self._value = kind, value
        self._known: dict[str, float] = {}
        self.start = start

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - no noise
        """Return one result for each of objects [N]."""
        return tuple(
            Measurement(text, self._kind, outcome="failed_synthesis", round=n_round)
            if math.isnan(value)
            else Measurement(text, self._kind, value, round=n_round)
            for text, value in zip(objects, self.truth(objects)[:, 0].tolist(), strict=True)
        )

    def truth(self, objects: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the values [N, 1]; NaN where there is none."""
        for text in objects:
            if text not in self._known:
                self._known[text] = self._value(text)
        return np.array([[self._known[text]] for text in objects], dtype=np.float64).reshape(-1, 1)
