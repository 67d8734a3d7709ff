"""Desirability curves of objectives: how desirable each value is, from 0 to 1. Torch-free.

One- and two-sided curves are those of Derringer & Suich (J. Qual. Technol. 12, 214, 1980); points are joined
by straight lines. Curves run on the scale on which values are modelled, so on decades with log10.
"""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.specs.base import FrozenModel, field_error

Shape = Literal["maximize", "minimize", "target"]
N_SEGMENTS = 32
"""Straight pieces that stand for one bent side of a curve; the error of desirability is below 0.01."""
Weight = Annotated[float, Field(gt=0, le=10)]


class Desirability(FrozenModel):
    """How desirable values are: `points`, or the limits `low` and `high` of a curve of Derringer and Suich.

    The limits are where desirability begins to change and where it ends to. It stays what it is beyond them.
    """

    points: tuple[tuple[float, float], ...] | None = Field(
        default=None,
        min_length=2,
        max_length=32,
        description="Values with their desirability (0-1), joined by straight lines. Instead of `low` and "
        "`high`.",
    )
    low: float | None = Field(
        default=None, description="Value up to which a maximised or target objective is worth nothing."
    )
    high: float | None = Field(
        default=None, description="Value from which on a minimised or target objective is worth nothing."
    )
    weight: Weight = Field(
        default=1.0,
        description="Exponent of the curve: above 1 only values near the good end count, below 1 nearly all.",
    )

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        if (self.points is None) == (self.low is None and self.high is None):
            raise field_error("", "give points, or low and high")
        if self.points is None:
            if self.low is None or self.high is None or not self.low < self.high:
                raise field_error("/low", "give low and high with low < high")
            return self
        if self.weight != 1:
            raise field_error("/weight", "points say the curve: leave weight out")
        self._check_points(self.points)
        return self

    def _check_points(self, points: tuple[tuple[float, float], ...]) -> None:
        for index, (before, after) in enumerate(pairwise(points)):
            if not before[0] < after[0]:
                raise field_error(f"/points/{index + 1}/0", "values must ascend")
        for index, (_, worth) in enumerate(points):
            if not 0 <= worth <= 1:
                raise field_error(f"/points/{index}/1", "desirability is from 0 to 1")
        if len({worth for _, worth in points}) == 1:
            raise field_error("/points", "all values are equally desirable")

    @property
    def edges(self) -> tuple[float, ...]:
        """All values that the curve names."""
        if self.points is not None:
            return tuple(value for value, _ in self.points)
        return tuple(value for value in (self.low, self.high) if value is not None)

    @property
    def shape(self) -> Shape | None:
        """What the points say of the direction; None where limits leave it to the objective."""
        if self.points is None:
            return None
        steps = [after[1] - before[1] for before, after in pairwise(self.points)]
        if all(step >= 0 for step in steps):
            return "maximize"
        return "minimize" if all(step <= 0 for step in steps) else "target"
