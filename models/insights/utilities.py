"""How good values are: each objective's values as utilities, 0 poor and 1 good, by the campaign's ranges.

Torch-free. Where a campaign gives no range, a computed property's usual one serves, and else the range of all
measured values: `source` says which. Letters: N objects, M objectives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from models.data.ranges import objective_range
from models.data.tables import to_units
from models.data.utility import Utility
from models.specs.decisions import AUGMENTATION

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.specs.objectives import Objective, Transform

    Floats = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class UtilityScale:
    """An objective with the scale on which it is modelled, and how its values become utilities."""

    objective: Objective
    transform: Transform
    utility: Utility

    def measure(self, utility: float) -> float:
        """Return what a reader compares: the value in the objective's units, or the distance from its target.

        A distance is on the modelled scale (decades for log10).
        """
        value = self.utility.inverse(utility)
        return to_units(value, self.transform) if self.utility.target is None else value


def utility_scale(spec: CampaignSpec, domain: Domain, objective: Objective, values: Floats) -> UtilityScale:
    """Return the scale of an objective; modelled values [N] tell its range where nothing else does."""
    transform = spec.transform_of(objective)
    known_property = domain.computed.get(objective.computed or "")
    usual = None if known_property is None else known_property.range
    known = values[np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if len(known) else None
    found = objective_range(objective, transform, ends, usual)
    return UtilityScale(objective, transform, Utility.from_range(objective, transform, found))


def scalarise(utilities: Floats, scalarisation: str) -> Floats:
    """Return the overall utility [N] of [N, M]: the campaign's own scalarisation at the even preference.

    Both are 0 where all utilities are 0 and 1 where all are 1; see `models.acquisition.contract`.
    """
    if scalarisation == "weighted_sum":
        return np.asarray(utilities.mean(axis=1))
    lost = 1 - utilities
    scale = 1 + AUGMENTATION * utilities.shape[1]
    return np.asarray(1 - (lost.max(axis=1) + AUGMENTATION * lost.sum(axis=1)) / scale)
