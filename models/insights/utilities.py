"""How good values are: each objective's values as utilities, 0 poor and 1 good, by the campaign's ranges. Torch-free.

Where a campaign gives no range, a computed property's usual one serves, and else the range of all measured values:
`source` says which. Letters: N objects, M objectives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from models.data.ranges import max_distance_to_target, objective_range, target_of, utilities_of
from models.data.tables import to_units
from models.specs.decisions import AUGMENTATION

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.campaign.spec import CampaignSpec
    from models.data.ranges import Source
    from models.domains.contract import Domain
    from models.specs.objectives import Objective, Transform

    Floats = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class UtilityScale:
    """How the modelled values of one objective become utilities: `low` and `high` of its range map to 0 and 1.

    With a target, the utility is 1 there and falls to 0 at the farther end of the range. Utilities beyond the range
    exceed 0-1.
    """

    objective: Objective
    transform: Transform
    low: float
    high: float
    source: Source

    @property
    def target(self) -> float | None:
        """The target on the modelled scale."""
        return target_of(self.objective, self.transform)

    def utilities(self, values: Floats) -> Floats:
        """Return the utilities [N] of modelled values [N]; NaN stays NaN."""
        return utilities_of(values, self.low, self.high, self.objective.direction, self.target)

    def measure(self, utility: float) -> float:
        """Return what a reader compares: the value in the objective's units, or the distance from its target.

        A distance is on the modelled scale (decades for log10).
        """
        if (target := self.target) is not None:
            return (1 - utility) * max_distance_to_target(self.low, self.high, target)
        share = utility if self.objective.direction == "maximize" else 1 - utility
        return to_units(self.low + share * (self.high - self.low), self.transform)


def transform_of(spec: CampaignSpec, objective: Objective) -> Transform:
    """Return the scale on which an objective is modelled: its assay's, or its own when it is computed."""
    kind = objective.assay_type
    return objective.transform if kind is None else spec.quantities()[kind].transform


def scale_of(spec: CampaignSpec, domain: Domain, objective: Objective, values: Floats) -> UtilityScale:
    """Return the scale of an objective; modelled values [N] tell its range where nothing else does."""
    transform = transform_of(spec, objective)
    known_property = domain.computed.get(objective.computed or "")
    usual = None if known_property is None else known_property.range
    known = values[np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if len(known) else None
    found = objective_range(objective, transform, ends, usual)
    return UtilityScale(objective, transform, found.low, found.high, found.source)


def scalarise(utilities: Floats, scalarisation: str) -> Floats:
    """Return the overall utility [N] of [N, M]: the campaign's own scalarisation at the even preference.

    Both are 0 where all utilities are 0 and 1 where all are 1; see `models.acquisition.contract`.
    """
    if scalarisation == "weighted_sum":
        return np.asarray(utilities.mean(axis=1))
    lost = 1 - utilities
    scale = 1 + AUGMENTATION * utilities.shape[1]
    return np.asarray(1 - (lost.max(axis=1) + AUGMENTATION * lost.sum(axis=1)) / scale)
