"""How a round decides, as torch-free pydantic models.

Proxies, acquisition, base measure, applicability, the batch.
What is wanted and how the policy is trained is in `models.specs`.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from models.specs.base import FrozenModel, Text, field_error, is_stored
from models.specs.objectives import Name
from models.specs.variants import variants

ACQUISITIONS = variants("acquisition", "ACQUISITION")
"""Names of the in-loop acquisitions."""
SAMPLED = "thompson_sampling"
"""The acquisition that samples functions from the posterior."""
MOST_FUNCTIONS = 64
SELECTORS = variants("selection", "select")
"""Names of the batch selectors."""
PROXIES = variants("proxies", "build_proxy")
"""Names of the proxies, the one for few results first."""
AUTO = "auto"
"""Leaves the selector to the mode of the round."""
JOINT_SELECTOR, VALUE_SELECTOR = "hypervolume", "greedy"
"""The selectors of a listed and of a sampled space."""


RetestPolicy = Literal["join", "replace"]


class ProxySpec(FrozenModel):
    """The surrogate models of assay values, and how results enter them."""

    kinds: (
        Annotated[
            tuple[Text, ...],
            Field(
                min_length=1,
                max_length=len(PROXIES),
                json_schema_extra={"items": {"type": "string", "enum": list(PROXIES)}},
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Models that compete for each assay type in cross-validation; each costs six fits per "
        "round. One kind alone saves most of the fitting and is still cross-validated. A type "
        "with too few or too many results for all of them goes to a model that can learn it. Absent: one "
        "Gaussian process in a listed space with at most 500 measured objects, all kinds elsewhere.",
    )

    assay_versions: Literal["offset", "latest", "pooled"] = Field(
        default="offset",
        description="How results of several versions of one assay are combined. `offset`: each older "
        "version has an additive offset on the modelled scale, learned from the data. "
        "`latest`: only the latest version counts. `pooled`: all versions are read as one "
        "assay.",
    )
    plate_offsets: bool = Field(
        default=True, description="Whether to learn an additive offset for every plate that results name."
    )
    retests: dict[Text, RetestPolicy] = Field(
        default={},
        description="What a later test of the same object means, by assay type. `join`, the default: it "
        "counts beside "
        "the earlier ones. `replace`: its usable values replace theirs, of the same assay version. Rows of "
        "one upload "
        "are replicates of one test. A `failed_qc` ends the values before it under both.",
        examples=[{"IC50": "replace"}],
    )
    intervals: Literal["conformal", "feature_conformal", "gaussian"] = Field(
        default="conformal",
        description="How the 90 % intervals of predictions are made: `conformal` from held-out residuals, "
        "`feature_conformal` empirically in the feature space of the model, with an inner estimate of the "
        "band of arXiv:2210.00173 and so without its guarantee, `gaussian` "
        "from the posterior alone. `conformal` is wider where held-out errors are larger, and the first two "
        "after batches whose results fell outside. `calibration` in the summary checks them.",
    )
    selection: Literal["one_standard_error", "best"] = Field(
        default="one_standard_error",
        description="How the model of an assay type is chosen by cross-validation. `best`: the greatest "
        "likelihood. `one_standard_error`: the first in the default order of `kinds` that is not clearly "
        "worse than that one, by more than one standard error in likelihood and in squared error. Scores of "
        "few values are noisy.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_proxies(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications older than this choice took the best score, and their rounds must keep their batches.
        return {"selection": "best", **value} if is_stored(info) and isinstance(value, dict) else value

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_kinds(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications from before the choice by mode had all kinds compete.
        return {"kinds": PROXIES, **value} if is_stored(info) and isinstance(value, dict) else value

    @model_validator(mode="after")
    def _are_installed(self) -> Self:
        for index, name in enumerate(self.kinds or ()):
            if name not in PROXIES:
                raise field_error(f"/kinds/{index}", f"kinds must be of {', '.join(PROXIES)}")
            if name in (self.kinds or ())[:index]:
                raise field_error(f"/kinds/{index}", f"{name} is named twice")
        return self


MOST_LIMITS = 32
"""Limits of one batch."""
MOST_COLUMNS = 128
"""Columns that describe one object: a mixture has at most 64 components and 24 process variables."""
MAX_OBJECT_TEXT = 4_000
"""Longest text of one of them, in characters: HELM takes a few for each residue."""
HYPERVOLUME_OBJECTIVES = 4
"""Most objectives of an analytic expected hypervolume improvement: with more, an exact front has too many
boxes."""
AUGMENTATION = 0.05
"""The weight of the sum beside the maximum in the augmented Chebyshev scalarisation (rho; Steuer & Choo,
1983)."""


class AcquisitionSpec(FrozenModel):
    """The reward of the sampler: the score of an uncertain utility."""

    kind: Text = Field(
        default="upper_confidence_bound",
        description="Value of measuring an object: it is the reward of the sampler, and ranks the objects "
        "from which the batch is chosen. `thompson_sampling` rewards functions sampled from the "
        "posterior. `expected_hypervolume_improvement` serves up to four objectives.",
        json_schema_extra={"enum": list(ACQUISITIONS)},
    )
    functions: int = Field(
        default=1,
        ge=1,
        le=MOST_FUNCTIONS,
        description="Functions that `thompson_sampling` samples from the posterior. The policy is "
        "conditioned on which of them is rewarded, and the batch takes the best objects of each (batch "
        "Thompson sampling) unless its selector is `hypervolume`. The proxies' time grows with their number.",
    )
    kappa: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="Standard deviations of optimism of `upper_confidence_bound`; 0 is pure exploitation.",
    )
    scalarisation: Literal["augmented_chebyshev", "weighted_sum"] = Field(
        default="augmented_chebyshev",
        description="How several utilities become one. `augmented_chebyshev` reaches every part of a "
        "Pareto front, `weighted_sum` only its convex parts.",
    )

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if self.kind not in ACQUISITIONS:
            raise field_error("/kind", f"kind must be one of {', '.join(ACQUISITIONS)}")
        if self.functions > 1 and self.kind != SAMPLED:
            raise field_error(
                "/functions", f"only {SAMPLED!r} samples functions: set functions to 1, or kind to it"
            )
        return self


class BaseMeasureSpec(FrozenModel):
    """The target of the sampler before any reward: the weight of each size of objects.

    The target is b(x) * R(x). Sizes are counted in the domain's own unit: residues of a peptide, atoms of a
    composition, components of a mixture, fragments of a molecule.
    """

    kind: Literal["sizes", "measured", "objects"] = Field(
        default="sizes",
        description="Target of the sampler before any reward. `sizes`: all sizes have equal weight, and so "
        "do all objects of one size. `measured`: the weight of a size is one more than the "
        "number of measured objects of that size. `objects`: every object has equal weight, so "
        "that nearly all samples have the largest size.",
    )
    weights: dict[Annotated[int, Field(ge=0)], Annotated[float, Field(ge=1e-6, le=1e6)]] = Field(
        default_factory=dict,
        max_length=100,
        description="Factor on the weight of a size, by size; 1 for sizes that are not named. The inverse "
        "temperature does not multiply it.",
    )

    @model_validator(mode="after")
    def _weighs_sizes(self) -> Self:
        if self.weights and self.kind == "objects":
            raise field_error("/weights", "weights are of sizes, which kind 'objects' does not weigh")
        return self


Share = Annotated[float, Field(ge=0, le=1)]


class ApplicabilitySpec(FrozenModel):
    """How far from measured objects a candidate may be."""

    min_similarity: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Least similarity (0-1, the domain's own) to the nearest measured object inside the "
        "domain of applicability. Absent: learned from the similarities between measured "
        "objects, or as `if_listed` says. 0 switches the domain off. Outside it, uncertainty earns no "
        "reward.",
    )
    outside_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Largest share of the batch that may lie outside. Absent: the exploration share, which "
        "yields when too few allowed objects lie inside.",
    )
    similarity_window: tuple[Share, Share] | None = Field(
        default=None,
        description="Similarities to the nearest measured object, low to high, within which a candidate is "
        "worth all that is predicted of it. Outside, the factor exp(-(distance / 0.1)^2 / 2) multiplies both "
        "its value and its weight in the target, as a probability of success does. Absent: that of `design`; "
        "[0, 1] is none.",
        examples=[[0.4, 0.65]],
    )
    learned_from: Literal["errors", "distances"] = Field(
        default="errors",
        description="What `min_similarity` is learned from where it is absent, as far as `in_domain` and "
        "`outside_share` are concerned. `errors`: an object is inside where, at its similarity to the "
        "nearest measured object, held-out errors were at least a fifth smaller than those of predicting the "
        "mean. `distances`: where it is as near to a measured object as 95 % of these are to each other.",
    )
    if_listed: Literal["off", "learned"] = Field(
        default="off",
        description="What a listed space, all of whose objects are scored, has where neither of the other "
        "two is given. `off`: no domain, as in Bayesian optimisation. `learned`: that of a sampled space.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_domain(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications from before these choices had the domain in every space, by distances alone.
        before = {"if_listed": "learned", "learned_from": "distances"}
        return {**before, **value} if is_stored(info) and isinstance(value, dict) else value

    @model_validator(mode="after")
    def _window_is_a_range(self) -> Self:
        if self.similarity_window is not None and not self.similarity_window[0] < self.similarity_window[1]:
            raise field_error("/similarity_window", "similarity_window must be [low, high] with low < high")
        return self


CLUSTER = "cluster"
"""The grouping by similarity, which every domain has."""


class BudgetLimit(FrozenModel):
    """The sum of a computed property over the batch has a maximum."""

    kind: Literal["budget"] = Field(description="Selects this kind of limit.")
    property: Name = Field(
        description="Computed property that is summed over the batch; controls are paid for first."
    )
    max: float = Field(gt=0, description="Largest sum, in the units of the property.")


class GroupLimit(FrozenModel):
    """At most so many candidates share a group.

    Of a `cluster`, no candidate has more than `max` - 1 others in the batch that are similar to it, so that
    no family has more than `max` members there, whatever else there was to choose from.
    """

    kind: Literal["group"] = Field(description="Selects this kind of limit.")
    by: Text = Field(
        min_length=1,
        description="What is grouped by: `cluster`, a grouping of the domain (`scaffold` ...) or an object "
        "column.",
    )
    max: int = Field(ge=1, description="Most new candidates of one group.")
    similarity: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Least similarity of two candidates of one cluster. Absent: the domain's own (0.4 for "
        "molecules, 0.3 for peptides, 0.75 for materials).",
    )

    @model_validator(mode="after")
    def _is_about_clusters(self) -> Self:
        if self.similarity is not None and self.by != CLUSTER:
            raise field_error(
                "/similarity", "only clusters have a similarity: leave it out, or group by 'cluster'"
            )
        return self


class SharedLimit(FrozenModel):
    """All candidates of a batch have one and the same value of a column, as a plate has one temperature."""

    kind: Literal["shared"] = Field(description="Selects this kind of limit.")
    column: Text = Field(
        min_length=1,
        description="Column of the object that has one value in the whole batch: the one whose best batch "
        "has most value.",
    )


BatchLimit = Annotated[BudgetLimit | GroupLimit | SharedLimit, Field(discriminator="kind")]


Columns = Annotated[
    dict[Text, Annotated[str, StringConstraints(max_length=MAX_OBJECT_TEXT)]], Field(max_length=MOST_COLUMNS)
]
"""An object as in a table of results: column -> text."""


class BatchSpec(FrozenModel):
    """What one round proposes: `size` new candidates, and beside them what is measured again."""

    size: int = Field(
        default=24,
        ge=1,
        le=1536,
        description="New candidates per round; replicates and controls are added to them.",
    )
    diversity: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Weight of diversity against value: 0 takes the best values, 1 spreads the most. "
        "Absent: 0.5. The `hypervolume` selector needs none for its picks by value.",
    )
    exploration: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the batch that is chosen by posterior uncertainty alone. Absent: 0 in a listed "
        "space, 0.2 in a sampled one.",
    )
    selector: Text = Field(
        default=AUTO,
        description="How the batch is chosen from scored candidates. `greedy`: value with diversity. "
        "`dpp`: a determinantal point process in greedy mode. `hypervolume`: largest expected "
        "joint improvement, over at most 1,000 objects. `auto`: `hypervolume` in a listed space, unless a "
        "diversity or another acquisition than the default asks for values; `greedy` otherwise.",
        json_schema_extra={"enum": [AUTO, *SELECTORS]},
    )
    cluster_share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Largest share of the batch, and at least two candidates, that one cluster may have "
        "where objects are sampled instead of listed. It yields where there are too few other families. A "
        "limit by `cluster`, which never yields, replaces it. 1 is without such a share.",
    )
    replicates: int = Field(
        default=0, ge=0, le=384, description="Best measured objects to measure again, added to `size`."
    )
    controls: tuple[Columns, ...] = Field(
        default=(),
        max_length=96,
        description="Objects, as table columns, that are part of every batch, added to `size`.",
    )
    limits: Annotated[
        tuple[BatchLimit, ...],
        Field(
            max_length=MOST_LIMITS,
            description="Limits that hold for the new candidates together. Statements name those that "
            "shorten a batch.",
        ),
    ] = ()

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_choice(cls, value: Any, info: ValidationInfo) -> Any:
        # Specifications from before the choice by mode had these defaults; their rounds keep their batches.
        before = {"diversity": 0.5, "exploration": 0.2, "selector": VALUE_SELECTOR}
        return {**before, **value} if is_stored(info) and isinstance(value, dict) else value

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if self.selector not in (AUTO, *SELECTORS):
            raise field_error("/selector", f"selector must be one of {', '.join((AUTO, *SELECTORS))}")
        return self
