"""How good values are: each objective's values as utilities, 0 poor and 1 good, by the campaign's ranges. Torch-free.

Where a campaign gives no range, a computed property's usual one serves, and else the range of all measured values:
`source` says which. Letters: N objects, M objectives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

import numpy as np

from models.dataset import restored, transformed
from models.decision_specs import AUGMENTATION

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.campaign import CampaignSpec
    from models.domains.contract import Domain
    from models.specs import Objective, Transform

    Floats = npt.NDArray[np.float64]

Source = Literal["campaign", "domain", "measured", "nothing"]


@final
@dataclass(frozen=True, slots=True)
class Scale:
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
        wanted = self.objective.target
        return None if wanted is None else transformed(wanted, self.transform)

    def utilities(self, values: Floats) -> Floats:
        """Return the utilities [N] of modelled values [N]; NaN stays NaN."""
        width = self.high - self.low
        target = self.target
        if target is not None:
            reach = max(abs(target - self.low), abs(self.high - target))
            return np.asarray(1 - np.abs(values - target) / reach)
        is_rising = self.objective.direction == "maximize"
        return np.asarray((values - self.low) / width if is_rising else (self.high - values) / width)

    def measure(self, utility: float) -> float:
        """Return what a reader compares: the value in the objective's units, or the distance from its target.

        A distance is on the modelled scale (decades for log10).
        """
        if (target := self.target) is not None:
            return (1 - utility) * max(abs(target - self.low), abs(self.high - target))
        share = utility if self.objective.direction == "maximize" else 1 - utility
        return restored(self.low + share * (self.high - self.low), self.transform)


def transform_of(spec: CampaignSpec, objective: Objective) -> Transform:
    """Return the scale on which an objective is modelled: its assay's, or its own when it is computed."""
    kind = objective.assay_type
    return objective.transform if kind is None else spec.quantities()[kind].transform


def scale_of(spec: CampaignSpec, domain: Domain, objective: Objective, values: Floats) -> Scale:
    """Return the scale of an objective; modelled values [N] tell its range where nothing else does."""
    transform = transform_of(spec, objective)
    known_property = domain.computed.get(objective.computed or "")
    usual = None if known_property is None else known_property.range
    known = values[np.isfinite(values)]
    low, high, source = -math.inf, math.inf, "nothing"
    for given, name in ((objective.range, "campaign"), (usual, "domain")):
        if given is not None and source == "nothing":
            edges = [transformed(edge, transform) for edge in given]
            if all(math.isfinite(edge) for edge in edges):
                low, high, source = edges[0], edges[1], name
    if source == "nothing" and len(known) > 0:
        low, high, source = float(known.min()), float(known.max()), "measured"
    if source == "nothing":
        low, high = 0.0, 1.0
    if not low < high:
        low, high = low - 0.5, high + 0.5
    return Scale(objective, transform, low, high, source)  # type: ignore[arg-type] # one of the names above


def together(utilities: Floats, scalarisation: str) -> Floats:
    """Return the overall utility [N] of [N, M]: the campaign's own scalarisation at the even preference.

    Both are 0 where all utilities are 0 and 1 where all are 1; see `models.acquisition.contract`.
    """
    if scalarisation == "weighted_sum":
        return np.asarray(utilities.mean(axis=1))
    lost = 1 - utilities
    scale = 1 + AUGMENTATION * utilities.shape[1]
    return np.asarray(1 - (lost.max(axis=1) + AUGMENTATION * lost.sum(axis=1)) / scale)
