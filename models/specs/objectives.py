"""What is wanted of objects: objectives, constraints, guardrails, and how values of an assay are read.

Torch-free.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.specs.base import FrozenModel, Text, Units, field_error
from models.specs.derived import Derived
from models.specs.desirability import Desirability

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]


Transform = Literal["none", "log10"]


class MeasuredQuantity(FrozenModel):
    """How values of one assay `type` are read: their units and the scale on which they are modelled."""

    units: Units | None = Field(
        default=None,
        description="Units of values, ranges and bounds. Results in other units of the same dimension are "
        "converted.",
    )
    transform: Transform = Field(
        default="none",
        description="Scale on which values are modelled. With `log10` values are positive and deviations "
        "are in decades.",
    )


def _check_bounds(minimum: float | None, maximum: float | None) -> None:
    if minimum is None and maximum is None:
        raise field_error("", "give min, max or both")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise field_error("/min", "min must not exceed max")


class Objective(MeasuredQuantity):
    """Something to improve: measured by an assay, or computed from the object.

    `range` is given in the objective's own units, before `transform`, and maps to 0-1.
    """

    name: Name = Field(description="Name of the objective, which heads its columns in tables.")
    type: Text | None = Field(
        default=None,
        min_length=1,
        description="Assay type of its results; the name when absent. Excludes `computed`.",
    )
    computed: Text | None = Field(
        default=None, description="Computed property of the domain or of a scorer; instead of an assay type."
    )
    derived: Derived | None = Field(
        default=None,
        description="Follows from other assays and properties, such as a selectivity; instead of `type` and "
        "`computed`.",
    )
    direction: Literal["maximize", "minimize", "target"] = Field(
        default="maximize", description="Whether large values, small values or values near `target` are good."
    )
    target: float | None = Field(
        default=None, description="Value to reach, in the objective's units; with direction `target` only."
    )
    range: tuple[float, float] | None = Field(
        default=None,
        description="Ends of the utility scale, low to high, in the objective's units before `transform`: "
        "the poor end maps to 0, the good end to 1. Absent: learned, from the 5 % quantile of "
        "measured values to the best of them. Better values still count as better.",
    )
    desirability: Desirability | None = Field(
        default=None,
        description="Curve of the utility, instead of `range`: values beyond its ends all count the same.",
    )

    @property
    def assay_type(self) -> str | None:
        """The assay type whose results measure this objective, or None when it is computed or derived."""
        is_measured = self.computed is None and self.derived is None
        return (self.type or self.name) if is_measured else None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.computed is not None and self.type is not None:
            raise field_error("/computed", "an objective is measured (type) or computed, not both")
        if self.derived is not None:
            self._check_derived(self.derived)
        if (self.direction == "target") != (self.target is not None):
            raise field_error("/target", "target is required with direction 'target' and only then")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise field_error("/range", "range must be [low, high] with low < high")
        if self.desirability is not None:
            self._check_desirability(self.desirability)
        if self.transform == "log10" and not self.is_positive:
            raise field_error("/transform", "range and target must be positive with transform log10")
        return self

    def _check_desirability(self, curve: Desirability) -> None:
        if self.range is not None:
            raise field_error("/range", "desirability says the ends of the utility: leave range out")
        if curve.shape not in (None, self.direction):
            detail = f"these points are for direction {curve.shape!r}, not {self.direction!r}"
            raise field_error("/desirability/points", detail)
        if self.target is not None and not min(curve.edges) < self.target < max(curve.edges):
            raise field_error("/target", "target must lie within the curve of desirability")

    def _check_derived(self, derived: Derived) -> None:
        if self.type is not None or self.computed is not None:
            raise field_error("/derived", "an objective is measured, computed or derived: give one of them")
        if self.transform != "none":
            detail = f"a {derived.form} is modelled as {derived.transform}: leave transform out"
            raise field_error("/transform", detail)
        if derived.form == "ratio" and self.units is not None:
            raise field_error("/units", "a ratio has no units: leave them out")
        if derived.transform == "log10" and not self.is_positive:
            raise field_error("/range", f"range and target of a {derived.form} must be positive")

    @property
    def is_positive(self) -> bool:
        """Whether range and target, so far as they are given, have logarithms."""
        edges = self.desirability.edges if self.desirability is not None else self.range or ()
        return all(value > 0 for value in (*edges, self.target) if value is not None)


class Constraint(MeasuredQuantity):
    """A rule a candidate must satisfy.

    On a computed `property`, or on a measured `type` with a `probability`.
    """

    property: Text | None = Field(
        default=None,
        description="Computed property of the domain or of a scorer that is bounded; instead of `type`.",
    )
    type: Text | None = Field(default=None, description="Assay type that is bounded; instead of `property`.")
    min: float | None = Field(default=None, description="Least allowed value. Give `min`, `max` or both.")
    max: float | None = Field(default=None, description="Largest allowed value. Give `min`, `max` or both.")
    probability: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Least posterior probability that the bounds hold; required with `type`, and only then.",
    )
    enforcement: Literal["gate", "lagrangian"] = Field(
        default="gate",
        description="How a measured constraint enters the reward. `gate`: by its probability. "
        "`lagrangian`: by a multiplier that grows while the sampler violates it. Objects below "
        "`probability` are refused in both cases.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.property is None) == (self.type is None):
            raise field_error("", "give either property (computed) or type (measured)")
        if (self.type is None) != (self.probability is None):
            raise field_error("/probability", "probability is required with type and only then")
        _check_bounds(self.min, self.max)
        return self


ALPHAS = {"value": 0.1, "reading": 0.05}
"""Default of `alpha` by what a guardrail applies to. Each function of a process has a deviation of its own,
an extra margin for values that disappears in the noise of readings."""


class Guardrail(MeasuredQuantity):
    """A safety specification on a measured `type`, bounded by a cautious risk (arXiv:2408.05284)."""

    name: Name = Field(description="Name of the guardrail, which heads its column in tables.")
    type: Text = Field(description="Assay type that is bounded; the guardrail needs ten of its results.")
    min: float | None = Field(default=None, description="Least safe value. Give `min`, `max` or both.")
    max: float | None = Field(default=None, description="Largest safe value. Give `min`, `max` or both.")
    risk: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Largest bound on the probability of harm at which an object is proposed.",
    )
    alpha: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Least relative weight of a plausible hypothesis; smaller values admit more hypotheses "
        "and refuse more objects. For a Gaussian process: functions up to 1.2 deviations from "
        "the mean at 0.1, 1.8 at 0.05, 2.4 at 0.01. Absent: 0.1 for values and 0.05 for readings, with which "
        "at most one of twenty proposals violated `min` or `max` in simulated worlds. On readings the risk "
        "that is stated was too low in 6.5 % of them, and proposals had .40 of the unguarded hits.",
    )
    applies_to: Literal["value", "reading"] = Field(
        default="value",
        description="What must keep to the bounds: the true value, or a single reading, which adds noise.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        _check_bounds(self.min, self.max)
        return self

    @property
    def least_weight(self) -> float:
        """The least relative weight of a plausible hypothesis: `alpha`, or its default."""
        return ALPHAS[self.applies_to] if self.alpha is None else self.alpha
