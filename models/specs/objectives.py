"""What is wanted of objects: objectives, constraints, guardrails, and how values of an assay are read. Torch-free."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.specs.base import FrozenModel, Text, Units, field_error

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]


Transform = Literal["none", "log10"]


class MeasuredQuantity(FrozenModel):
    """How values of one assay `type` are read: their units and the scale on which they are modelled."""

    units: Units | None = None
    transform: Transform = "none"


def _check_bounds(minimum: float | None, maximum: float | None) -> None:
    if minimum is None and maximum is None:
        raise field_error("", "give min, max or both")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise field_error("/min", "min must not exceed max")


class Objective(MeasuredQuantity):
    """Something to improve: measured by an assay, or computed from the object.

    `range` is given in the objective's own units, before `transform`, and maps to 0-1.
    """

    name: Name
    type: Text | None = Field(default=None, min_length=1, description="assay type of its results; the name when absent")
    computed: Text | None = Field(default=None, description="a property the domain computes")
    direction: Literal["maximize", "minimize", "target"] = "maximize"
    target: float | None = None
    range: tuple[float, float] | None = None

    @property
    def assay_type(self) -> str | None:
        """The assay type whose results measure this objective, or None when it is computed."""
        return None if self.computed is not None else (self.type or self.name)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.computed is not None and self.type is not None:
            raise field_error("/computed", "an objective is measured (type) or computed, not both")
        if (self.direction == "target") != (self.target is not None):
            raise field_error("/target", "target is required with direction 'target' and only then")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise field_error("/range", "range must be [low, high] with low < high")
        if self.transform == "log10" and not self.is_positive:
            raise field_error("/transform", "range and target must be positive with transform log10")
        return self

    @property
    def is_positive(self) -> bool:
        """Whether range and target, so far as they are given, have logarithms."""
        return all(value > 0 for value in (*(self.range or ()), self.target) if value is not None)


class Constraint(MeasuredQuantity):
    """A rule a candidate must satisfy: on a computed `property`, or on a measured `type` with a `probability`."""

    property: Text | None = None
    type: Text | None = None
    min: float | None = None
    max: float | None = None
    probability: float | None = Field(default=None, gt=0, lt=1)
    enforcement: Literal["gate", "lagrangian"] = Field(
        default="gate",
        description="of a measured constraint: weigh its probability in the reward as it is, or with a multiplier that "
        "grows while the sampler violates it; what is not probable enough is refused in both cases",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.property is None) == (self.type is None):
            raise field_error("", "give either property (computed) or type (measured)")
        if (self.type is None) != (self.probability is None):
            raise field_error("/probability", "probability is required with type and only then")
        _check_bounds(self.min, self.max)
        return self


class Guardrail(MeasuredQuantity):
    """A safety specification on a measured `type`, bounded by a cautious risk (arXiv:2408.05284)."""

    name: Name
    type: Text
    min: float | None = None
    max: float | None = None
    risk: float = Field(default=0.05, gt=0, lt=1)
    alpha: float = Field(
        default=0.1, ge=0, le=1, description="how much a hypothesis must weigh to be plausible; 0 believes in all"
    )
    applies_to: Literal["value", "reading"] = Field(
        default="value",
        description="what must keep to the bounds: the true value, or a single reading, to which noise adds",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        _check_bounds(self.min, self.max)
        return self
