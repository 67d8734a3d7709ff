"""A measured table as the lab of a whole space: whatever can be built is measured, or fails if it is absent.

Knows no strategy. Letters: N objects.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from models.backtests.contract import BacktestTask, Oracle
from models.backtests.random_baseline import RandomBaseline
from models.campaign.spec import CampaignSpec
from models.domains.contract import Domain
from models.records import History, Measurement


@final
class OpenTableLab(Oracle):
    """Measures one objective without noise; an object that the table lacks is a failed synthesis.

    Args:
        spec: of a campaign with one measured objective.
        domain: of its objects.
        values: by object, as its canonical text.
        start: the objects from which initial ones are drawn; by default those of the table. The draw equals
            that of a campaign over a table of these objects.
    """

    objects = None

    def __init__(
        self,
        spec: CampaignSpec,
        domain: Domain,
        values: Mapping[str, float],
        start: Sequence[str] | None = None,
    ) -> None:
        kind = spec.objectives[0].assay_type
        assert kind is not None
        self._kind, self._values = kind, values
        names = tuple(values if start is None else start)
        self._task = BacktestTask(spec, domain, names, lambda _: None)
        self.start = self._begin

    def _begin(self, n: int, seed: int) -> Sequence[str]:
        return RandomBaseline().choose(self._task, History(), n, seed).objects

    def measure(self, objects: Sequence[str], n_round: int, seed: int) -> tuple[Measurement, ...]:  # noqa: ARG002 - no noise
        """Return one result for each of objects [N]."""
        return tuple(
            Measurement(text, self._kind, self._values[text], round=n_round)
            if text in self._values
            else Measurement(text, self._kind, outcome="failed_synthesis", round=n_round)
            for text in objects
        )

    def truth(self, objects: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the values [N, 1]; NaN for absent objects."""
        return np.array([[self._values.get(text, np.nan)] for text in objects], dtype=np.float64)
