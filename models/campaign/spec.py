"""The campaign's specification: request body, JSONB column and worker input in one torch-free model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Self, Union

from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from models.campaign.derived import by_own_names, check_derived, parts_of, with_parts
from models.campaign.names import check_names
from models.domains import installed, open_domain
from models.domains.contract import InvalidObjectError
from models.specs.base import DomainSpec, FrozenModel, field_error, is_stored, json_pointer
from models.specs.columns import GUARDRAIL, clashes, is_reserved
from models.specs.combinations import Combination, combination
from models.specs.decisions import (
    CLUSTER,
    HYPERVOLUME_OBJECTIVES,
    AcquisitionSpec,
    ApplicabilitySpec,
    BaseMeasureSpec,
    BatchSpec,
    BudgetLimit,
    GroupLimit,
    ProxySpec,
    SharedLimit,
)
from models.specs.designs import BEFORE, DesignName
from models.specs.objectives import Constraint, Guardrail, MeasuredQuantity, Objective, Transform
from models.specs.sampler import TRUNKS, SamplerSpec
from models.specs.scorers import ScorerSpec

if TYPE_CHECKING:
    InstalledDomainSpec = DomainSpec
else:
    InstalledDomainSpec = Annotated[
        Union[tuple(plugin.spec for plugin in installed().values())],  # noqa: UP007 - built from what is installed
        Field(discriminator="kind"),
    ]

MOST_CONSTRAINTS = 64
MOST_GUARDRAILS = 32
"""Each of them is a proxy to fit and to ask in every step of the training."""


class CampaignSpec(FrozenModel):
    """What may be built, what is wanted, and how each round is made."""

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
        Field(description="Name of the campaign, for people."),
    ]
    domain: InstalledDomainSpec = Field(description="Kind of object, and which of them may be built.")
    design: DesignName | None = Field(
        default=None,
        description="What the candidates are for, in one word. It sets what is left open of "
        "`applicability.similarity_window`, `sampler.behaviour`, `batch.diversity` and `batch.exploration`. "
        "Absent, where objects are sampled: `hit_to_lead` from 50 measured objects on, `explore` before. "
        "Only molecules have these presets.",
    )
    scorers: tuple[ScorerSpec, ...] = Field(
        default=(),
        max_length=8,
        description="Computed properties of your own, by HTTP or as a Python function.",
    )
    objectives: tuple[Objective, ...] = Field(
        min_length=1, max_length=8, description="What to improve: measured by an assay, or computed."
    )
    constraints: tuple[Constraint, ...] = Field(
        default=(), max_length=MOST_CONSTRAINTS, description="Bounds that every candidate must satisfy."
    )
    guardrails: tuple[Guardrail, ...] = Field(
        default=(),
        max_length=MOST_GUARDRAILS,
        description="Safety bounds by the worst plausible hypothesis. Each refuses everything while it has "
        "no data.",
    )
    proxies: ProxySpec = Field(default=ProxySpec(), description="How results become models with uncertainty.")
    acquisition: AcquisitionSpec = Field(
        default=AcquisitionSpec(), description="How an uncertain utility becomes the reward of the sampler."
    )
    applicability: ApplicabilitySpec = Field(
        default=ApplicabilitySpec(),
        description="How far from measured objects candidates may be, and how many of them.",
    )
    base_measure: BaseMeasureSpec = Field(
        default=BaseMeasureSpec(),
        description="Target of the sampler before any reward: the weight of each size.",
    )
    batch: BatchSpec = Field(default=BatchSpec(), description="What one round proposes.")
    sampler: SamplerSpec = Field(
        default=SamplerSpec(), description="How the generative policy is trained in each round."
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**31,
        description="Seed of every random choice. Equal data, specification and seed give an equal batch.",
    )

    def quantities(self) -> dict[str, MeasuredQuantity]:
        """Return how the values of every assay type that this campaign reads are to be understood."""
        named: list[tuple[str | None, MeasuredQuantity]] = [(o.assay_type, o) for o in self.objectives]
        named += [(constraint.type, constraint) for constraint in self.constraints]
        named += [(guardrail.type, guardrail) for guardrail in self.guardrails]
        measured: dict[str, MeasuredQuantity] = {}
        for assay_type, quantity in named:
            if assay_type is not None:
                measured.setdefault(assay_type, quantity)
        return with_parts(self.objectives, measured, self.computed)

    def transform_of(self, objective: Objective) -> Transform:
        """Return the scale on which an objective is modelled: its assay's, or its own when it is computed."""
        if objective.derived is not None:
            return objective.derived.transform
        kind = objective.assay_type
        return objective.transform if kind is None else self.quantities()[kind].transform

    def combination_of(self, objective: Objective) -> Combination | None:
        """Return how an objective follows from assay types and properties; None unless it is derived."""
        if objective.derived is None:
            return None
        named = by_own_names(objective.derived, self.objectives)
        return combination(named, self.quantities(), self.computed())

    def types_of(self, objective: Objective) -> tuple[str, ...]:
        """Return the assay types whose results tell an objective: its own, those of its parts, or none."""
        found = self.combination_of(objective)
        if found is not None:
            return tuple(kind for kind, _ in found.measured)
        return () if objective.assay_type is None else (objective.assay_type,)

    def properties_of(self, objective: Objective) -> tuple[str, ...]:
        """Return the computed properties that an objective reads."""
        found = self.combination_of(objective)
        if found is not None:
            return tuple(name for name, _ in found.computed)
        return () if objective.computed is None else (objective.computed,)

    def computed(self) -> tuple[str, ...]:
        """Return the names of the domain's computed properties, then those of the campaign's scorers."""
        return (*open_domain(self.domain).computed, *(scorer.name for scorer in self.scorers))

    def computed_in_use(self) -> frozenset[str]:
        """Return the names of the computed properties that objectives, constraints and budgets read."""
        names = {name for item in self.objectives for name in self.properties_of(item)}
        names |= {item.property for item in self.constraints if item.property is not None}
        names |= {limit.property for limit in self.batch.limits if isinstance(limit, BudgetLimit)}
        return frozenset(names)

    def reported(self) -> tuple[str, ...]:
        """Return the names of the computed properties that every candidate tells."""
        own, used = open_domain(self.domain).computed, self.computed_in_use()
        return tuple(
            name for name in self.computed() if name in used or name not in own or not own[name].is_on_request
        )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_choices(cls, value: Any, info: ValidationInfo) -> Any:
        # A section that is not stored had the defaults of its time, which the section's own model knows.
        if not is_stored(info) or not isinstance(value, dict):
            return value
        return {"design": BEFORE, "proxies": {}, "applicability": {}, "batch": {}, "sampler": {}, **value}

    @model_validator(mode="after")
    def _names_are_clear(self, info: ValidationInfo) -> Self:
        columns = open_domain(self.domain).object_columns
        taken = {column.lower() for column in columns}
        seen: set[str] = set()
        for index, objective in enumerate(self.objectives):
            if objective.name in seen:
                raise field_error(f"/objectives/{index}/name", f"the name {objective.name!r} is used twice")
            if objective.name.lower() in taken:
                raise field_error(
                    f"/objectives/{index}/name", f"{objective.name!r} is the column of the object itself"
                )
            lost = next((column for column in columns if clashes(column, [objective.name])), None)
            if lost is not None and not is_stored(info):
                detail = (
                    f"the object's column {lost!r} would be lost among the columns of {objective.name!r}: "
                    f"rename one"
                )
                raise field_error(f"/objectives/{index}/name", detail)
            seen.add(objective.name)
        if not is_stored(info):
            parts = parts_of(self.objectives, self.computed())
            check_names(self.objectives, self.constraints, self.guardrails, columns, parts)
        return self

    @model_validator(mode="after")
    def _parts_of_derived_objectives_exist(self) -> Self:
        bounded = [item.type for item in self.constraints if item.type is not None]
        bounded += [item.type for item in self.guardrails]
        check_derived(self.objectives, bounded, self.computed(), self.quantities())
        return self

    @model_validator(mode="after")
    def _objectives_fit_the_scale_of_their_type(self) -> Self:
        measured = self.quantities()
        for index, objective in enumerate(self.objectives):
            kind = objective.assay_type
            if kind is not None and measured[kind].transform == "log10" and not objective.is_positive:
                detail = f"values of {kind!r} are modelled as log10 here: range and target must be positive"
                raise field_error(f"/objectives/{index}", detail)
        return self

    @model_validator(mode="after")
    def _bounds_fit_the_scale_of_their_type(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        measured = self.quantities()
        bounds: list[tuple[str, Constraint | Guardrail]] = []
        bounds += [(f"/constraints/{index}", item) for index, item in enumerate(self.constraints)]
        bounds += [(f"/guardrails/{index}", item) for index, item in enumerate(self.guardrails)]
        for pointer, bound in bounds:
            scale = bound if bound.type is None else measured[bound.type]
            for side, value in (("min", bound.min), ("max", bound.max)):
                if value is not None and value <= 0 and "log10" in (scale.transform, bound.transform):
                    detail = (
                        f"values are modelled as log10 here, and {value:g} has no logarithm: give a "
                        f"positive bound"
                    )
                    raise field_error(f"{pointer}/{side}", detail)
        return self

    @model_validator(mode="after")
    def _scorers_have_names_of_their_own(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        domain = open_domain(self.domain)
        taken = {name.casefold() for name in (*domain.computed, *domain.object_columns)}
        taken |= {f"{GUARDRAIL}{item.name}".casefold() for item in self.guardrails}
        measured = {
            *self.quantities(),
            *(item.name for item in self.objectives if item.assay_type is not None),
        }
        for index, scorer in enumerate(self.scorers):
            name = scorer.name.casefold()
            if name in taken or is_reserved(name) or clashes(name, [item.name for item in self.objectives]):
                raise field_error(
                    f"/scorers/{index}/name", f"{scorer.name!r} already stands for something else here"
                )
            if other := next(
                (item for item in measured if f"{name}_".startswith(f"{item.casefold()}_")), None
            ):
                detail = f"{scorer.name!r} would be read as a column of the measured {other!r}"
                raise field_error(f"/scorers/{index}/name", detail)
            taken.add(name)
        return self

    @model_validator(mode="after")
    def _properties_exist(self) -> Self:
        known = self.computed()
        asked = [
            (f"/objectives/{index}/computed", item.computed) for index, item in enumerate(self.objectives)
        ]
        asked += [
            (f"/constraints/{index}/property", item.property) for index, item in enumerate(self.constraints)
        ]
        for pointer, name in asked:
            if name is not None and name not in known:
                choice = ", ".join(sorted(known))
                raise field_error(pointer, f"unknown computed property {name!r}; this domain has {choice}")
        return self

    @model_validator(mode="after")
    def _design_is_known(self, info: ValidationInfo) -> Self:
        known = open_domain(self.domain).designs
        if self.design is not None and self.design not in known and not is_stored(info):
            has = f"has {', '.join(known)}" if known else "has no presets: leave design out"
            raise field_error("/design", f"{self.design!r} is no preset of {self.domain.kind}, which {has}")
        return self

    @model_validator(mode="after")
    def _loss_can_be_served(self, info: ValidationInfo) -> Self:
        loss = self.sampler.loss
        if is_stored(info):
            return self
        if loss.startswith("prefix_") and not open_domain(self.domain).every_prefix_may_stop:
            detail = (
                f"{loss} needs a domain in which every prefix is an object, such as peptides of min_length 1"
            )
            raise field_error("/sampler/loss", detail)
        return self

    @model_validator(mode="after")
    def _trunk_can_be_served(self, info: ValidationInfo) -> Self:
        offered, trunk = {"encoding", open_domain(self.domain).structure}, self.sampler.trunk
        if TRUNKS[trunk] not in offered and not is_stored(info):
            served = ", ".join(name for name, reads in TRUNKS.items() if reads in offered)
            detail = (
                f"{trunk} reads the {TRUNKS[trunk]} of an object, which {self.domain.kind} do not have here; "
                f"this domain has {served}"
            )
            raise field_error("/sampler/trunk", detail)
        return self

    @model_validator(mode="after")
    def _prior_can_be_served(self, info: ValidationInfo) -> Self:
        is_common = self.sampler.prior == "common" and not is_stored(info)
        if is_common and not open_domain(self.domain).has_common_parts:
            detail = "common needs molecules of fragmentation units; set prior to measured or none"
            raise field_error("/sampler/prior", detail)
        return self

    @model_validator(mode="after")
    def _retested_assays_are_read(self, info: ValidationInfo) -> Self:
        known = self.quantities()
        for kind in self.proxies.retests:
            if kind not in known and not is_stored(info):
                place = kind.replace("~", "~0").replace("/", "~1")
                detail = f"no assay {kind!r} is read here; there is {', '.join(known) or 'none'}"
                raise field_error(f"/proxies/retests/{place}", detail)
        return self

    @model_validator(mode="after")
    def _weighed_sizes_exist(self) -> Self:
        sizes = open_domain(self.domain).sizes
        for size in self.base_measure.weights:
            if sizes is not None and not sizes.least <= size <= sizes.most:
                detail = f"no object here has {size} {sizes.unit}: they have {sizes.least} to {sizes.most}"
                raise field_error(f"/base_measure/weights/{size}", detail)
        return self

    @model_validator(mode="after")
    def _acquisition_can_be_served(self, info: ValidationInfo) -> Self:
        kind, n = self.acquisition.kind, len(self.objectives)
        is_hypervolume = kind == "expected_hypervolume_improvement"
        if is_hypervolume and n > HYPERVOLUME_OBJECTIVES and not is_stored(info):
            raise field_error(
                "/acquisition/kind", f"{kind} serves at most {HYPERVOLUME_OBJECTIVES} objectives, not {n}"
            )
        return self

    @model_validator(mode="after")
    def _batch_is_possible(self) -> Self:
        domain = open_domain(self.domain)
        groups = [CLUSTER, *domain.groupings, *domain.object_columns]
        for index, limit in enumerate(self.batch.limits):
            pointer = f"/batch/limits/{index}"
            if isinstance(limit, BudgetLimit):
                _require(limit.property, self.computed(), f"{pointer}/property", "computed property")
            elif isinstance(limit, GroupLimit):
                _require(limit.by, groups, f"{pointer}/by", "group")
            elif isinstance(limit, SharedLimit):
                _require(limit.column, domain.object_columns, f"{pointer}/column", "column")
        return self

    @model_validator(mode="after")
    def _controls_are_objects(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        domain = open_domain(self.domain)
        for index, row in enumerate(self.batch.controls):
            try:
                domain.parse({name: text for name, text in row.items() if text.strip()})
            except InvalidObjectError as error:
                raise field_error(
                    json_pointer("batch", "controls", index, error.column), error.detail
                ) from error
        return self


def _require(name: str, known: Iterable[str], pointer: str, what: str) -> None:
    if name not in set(known):
        raise field_error(pointer, f"unknown {what} {name!r}; this domain has {', '.join(known)}")
