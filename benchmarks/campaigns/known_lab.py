"""A table's lab that computes all true values once. Knows no strategy."""

from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from models.backtests.contract import Oracle
from models.records import Measurement


@final
class KnownLab(Oracle):
    """The lab of a table, with cached true values."""

    def __init__(self, lab: Oracle) -> None:
        assert lab.objects is not None
        self._lab = lab
        self.objects = lab.objects
        self._values = lab.truth(lab.objects)
        self._indices = {name: index for index, name in enumerate(lab.objects)}

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:
        """Return the results of objects [N]."""
        return self._lab.measure(objects, n_round, seed)

    def truth(self, objects: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the true values [N, M]."""
        return self._values[[self._indices[name] for name in objects]]
