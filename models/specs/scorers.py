"""What a campaign says of a scorer of its own: a computed property's name, and who computes it. Torch-free.

Knows no HTTP: whether an address may be asked is for the service to say, which holds the operator's rules.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from models.specs.base import FrozenModel, field_error
from models.specs.objectives import Name

Url = Annotated[str, StringConstraints(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$", max_length=2048)]
SECONDS = 30.0


class ScorerSpec(FrozenModel):
    """A computed property that the campaign brings along.

    An HTTP service, or a function installed beside the workers.
    An objective names it as `computed`, a constraint or a budget as `property`.
    """

    name: Name = Field(description="Name of the property; no other property or column of tables may have it.")
    description: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="What it computes, for people."
    )
    units: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = Field(
        default=None, description="Units of its values, for people."
    )
    range: tuple[float, float] | None = Field(
        default=None,
        description="Usual values, low to high: the range of an objective without one of its own.",
    )
    url: Url | None = Field(
        default=None,
        description="HTTP service that receives objects and answers with values; or give `entry_point`.",
    )
    entry_point: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Installed entry point of the group assayflow.scorers; or give `url`."
    )
    secret: Name | None = Field(
        default=None, description="Name of the operator's secret that is sent to `url` as `Authorization`."
    )
    timeout_seconds: float | None = Field(
        default=None,
        gt=0,
        le=600,
        description=f"Seconds that one answer of `url` may take; {SECONDS:g} when absent.",
    )
    batch_size: int = Field(default=256, ge=1, le=10_000, description="Objects that are sent at once.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.url is None) == (self.entry_point is None):
            raise field_error("", "give either url or entry_point")
        for name in ("secret", "timeout_seconds"):
            if self.url is None and getattr(self, name) is not None:
                raise field_error(f"/{name}", f"{name} is for a url only")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise field_error("/range", "range must be [low, high] with low < high")
        return self
