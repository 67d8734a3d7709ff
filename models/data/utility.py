"""Map values of an objective to utilities: 0 is poor and 1 the ideal. Torch-free.

Shared by the reward, insights, backtests and the demonstration, for NumPy arrays and tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

from models.data.curves import along, curve_of, first_reaching
from models.data.ranges import Source, max_distance_to_target, target_of

if TYPE_CHECKING:
    from models.data.ranges import Range
    from models.specs.objectives import Objective, Transform

Array = TypeVar("Array", bound=Any)
"""NumPy's arrays or tensors: the arithmetic is the same for both."""


@final
@dataclass(frozen=True, slots=True)
class Utility:
    """The utility function of one objective: `low` and `high` of its range map to 0 and 1.

    With a target, the utility is 1 there and falls to 0 at the farther end of the range. Beyond the range
    utilities leave 0-1 without clipping. `source` is the source of the range.
    """

    low: float
    high: float
    direction: str
    target: float | None = None
    source: Source = "campaign"
    curve: tuple[tuple[float, float], ...] = ()
    """Modelled values, ascending, with their desirability; empty where the utility is a straight line."""

    @classmethod
    def from_range(cls, objective: Objective, transform: Transform, result: Range) -> Utility:
        """Return the utility of an objective over a range on its modelled scale."""
        return cls(
            result.low,
            result.high,
            objective.direction,
            target_of(objective, transform),
            result.source,
            curve_of(objective, transform),
        )

    def of(self, values: Array) -> Array:
        """Return the utilities of modelled values of any shape; NaN stays NaN."""
        numbers: Any = values
        utilities: Array
        if self.curve:
            utilities = along(self.curve, numbers)
        elif self.target is not None:
            utilities = 1 - abs(numbers - self.target) / max_distance_to_target(
                self.low, self.high, self.target
            )
        elif self.direction == "maximize":
            utilities = (numbers - self.low) / (self.high - self.low)
        else:
            utilities = (self.high - numbers) / (self.high - self.low)
        return utilities

    def inverse(self, utility: float) -> float:
        """Return the modelled value of a utility; with a target, the distance from it.

        On a curve, the first value that is as desirable.
        """
        if self.curve:
            return self._inverse_along(utility)
        if self.target is not None:
            return (1 - utility) * max_distance_to_target(self.low, self.high, self.target)
        share = utility if self.direction == "maximize" else 1 - utility
        return self.low + share * (self.high - self.low)

    def _inverse_along(self, utility: float) -> float:
        rising = self.curve if self.direction != "minimize" else self.curve[::-1]
        value = first_reaching(rising, utility)
        return value if self.target is None else abs(self.target - value)
