"""What a user may ask for, as torch-free pydantic models shared by the API, the database and the workers.

The campaign itself, which needs the installed domains, is in `models.campaign`; how a round decides is in
`models.decision_specs`.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
Transform = Literal["none", "log10"]
Text = Annotated[str, StringConstraints(max_length=200)]
"""A short text: an assay type, a column, a property."""
Units = Annotated[str, StringConstraints(max_length=50)]

_LOSS_FILES = (Path(__file__).parent / "gflownet" / "losses").glob("[a-z]*.py")
LOSSES = tuple(sorted(file.stem for file in _LOSS_FILES if file.stem != "contract"))
"""Names of the training losses: one file each, so a new loss needs no registry. The name tells what a loss takes:
`forward_looking_*` partial log-rewards, `prefix_*` those of prefixes, every one of which may stop."""


MOST_BETA = 1_000.0
"""The greatest inverse temperature: single precision tells beta u to .0005 up to u = 8, far beyond the range."""


def misplaced(pointer: str, message: str) -> PydanticCustomError:
    """Return the error of a rule that spans fields; `pointer` (RFC 6901) names the field from the model's own root."""
    return PydanticCustomError("rule", "{message}", {"message": message, "pointer": pointer})


_STORED = "stored"


class Spec(BaseModel):
    """A frozen value; an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def from_stored(cls, value: Any) -> Self:
        """Return a specification that an earlier release accepted: rules that came since do not apply to it.

        A campaign stays readable whatever is asked of new ones; a validator of such a rule asks `is_stored`.

        Raises:
            ValidationError: if it is no specification at all.
        """
        return cls.model_validate(value, context={_STORED: True})


def is_stored(info: ValidationInfo) -> bool:
    """Tell whether a specification is read back from where it was stored, instead of being asked for anew."""
    return isinstance(info.context, dict) and _STORED in info.context


class DomainSpec(Spec):
    """Base of every domain's own specification; `kind` selects the plug-in."""

    kind: str


class MeasuredQuantity(Spec):
    """How values of one assay `type` are read: their units and the scale on which they are modelled."""

    units: Units | None = None
    transform: Transform = "none"


def _check_bounds(minimum: float | None, maximum: float | None) -> None:
    if minimum is None and maximum is None:
        raise misplaced("", "give min, max or both")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise misplaced("/min", "min must not exceed max")


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
            raise misplaced("/computed", "an objective is measured (type) or computed, not both")
        if (self.direction == "target") != (self.target is not None):
            raise misplaced("/target", "target is required with direction 'target' and only then")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise misplaced("/range", "range must be [low, high] with low < high")
        if self.transform == "log10" and not self.is_positive:
            raise misplaced("/transform", "range and target must be positive with transform log10")
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
            raise misplaced("", "give either property (computed) or type (measured)")
        if (self.type is None) != (self.probability is None):
            raise misplaced("/probability", "probability is required with type and only then")
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


class BehaviourSpec(Spec):
    """Where training trajectories come from: shares of each step; the policy itself samples what is left.

    Replay costs no new proxy call where scores are cached; a sampled trajectory costs one per new object; local search
    costs up to `local_search_rounds` per trajectory.
    """

    measured_share: float = Field(default=0.1, ge=0, le=1, description="walks back from measured objects")
    replay_share: float = Field(default=0.1, ge=0, le=1, description="walks back from the best objects so far")
    diverse_share: float = Field(default=0.0, ge=0, le=1, description="walks back from objects of every utility")
    tempered_share: float = Field(default=0.0, ge=0, le=1, description="sampled with logits / temperature")
    temperature: float = Field(default=2.0, gt=0, le=100)
    averaged_share: float = Field(default=0.0, ge=0, le=1, description="sampled by the policy's moving average")
    average_decay: float = Field(default=0.99, ge=0, lt=1)
    local_search_share: float = Field(
        default=0.0, ge=0, le=1, description="the best objects, their last steps undone and rebuilt"
    )
    local_search_depth: int = Field(default=3, ge=1, le=1000, description="steps that are undone")
    local_search_rounds: int = Field(default=4, ge=1, le=100, description="proposals per trajectory")
    genetic_share: float = Field(
        default=0.0, ge=0, le=1, description="the best objects, their building steps recombined and mutated"
    )
    genetic_parents: int = Field(default=256, ge=2, le=100_000, description="how many of the best are bred from")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        shares = {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_share")}
        if sum(shares.values()) > 1 + 1e-9:
            largest = max(shares, key=lambda name: shares[name])
            raise misplaced(f"/{largest}", f"{', '.join(shares)} must sum to at most 1, not {sum(shares.values()):g}")
        return self


class SamplerSpec(Spec):
    """How the generative policy is trained."""

    loss: Text = Field(
        default="trajectory_balance",
        description="prefix_sub_trajectory_balance needs a domain where every prefix may stop (peptides of min_length "
        "1), forward_looking_* a reward with partial log-rewards",
        json_schema_extra={"enum": list(LOSSES)},
    )
    huber_delta: float | None = Field(
        default=1.0, gt=0, description="where a residual's penalty turns from squared to linear; null for never"
    )
    backward_policy: Literal["uniform", "learned"] = "uniform"
    behaviour: BehaviourSpec = BehaviourSpec()
    steps: int = Field(default=2000, ge=1, le=1_000_000)
    trajectories_per_step: int = Field(default=64, ge=1, le=4096)
    steps_per_draw: int = Field(
        default=4,
        ge=1,
        le=64,
        description="steps whose trajectories are sampled in one go, by a policy that is so many steps behind: up to 4 "
        "are not seen to cost anything and save a third of the time; 1 samples anew for each step",
    )
    conditions_per_trajectory: int = Field(
        default=1,
        ge=1,
        le=16,
        description="conditions under which each object is learned from: its own and others drawn anew. More make the "
        "policy better at every temperature and preference for the same objects, and a step slower",
    )
    beta: tuple[float, float] = Field(
        default=(1.0, 64.0),
        description=f"range of inverse temperatures to serve, at most {MOST_BETA:g}: utilities of 0 and 1, the ends of "
        "an objective's range, differ by beta in log-reward",
    )
    beta_law: Literal["log_uniform", "uniform"] = Field(
        default="log_uniform", description="how training draws from that range; uniform practises high ones more"
    )
    random_action_probability: float = Field(default=0.05, ge=0, lt=1)
    precision: Literal["fastest", "float32"] = Field(
        default="fastest",
        description="of hidden layers while learning: fastest rounds the factors of large batches to bfloat16 on "
        "processors made for it where beta stays at or below 32",
    )
    exhaustive: bool = Field(
        default=True,
        description="in a space of at most 5,000 objects, choose the batch among all of them and not among what the "
        "policy draws; it is trained all the same, for samples",
    )

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        if self.loss not in LOSSES:
            raise misplaced("/loss", f"loss must be one of {', '.join(LOSSES)}")
        most = math.inf if is_stored(info) else MOST_BETA
        if not 0 < self.beta[0] <= self.beta[1] <= most:
            raise misplaced("/beta", f"beta must be [low, high] with 0 < low <= high <= {MOST_BETA:g}")
        return self
