"""How a round decides, as torch-free pydantic models: proxies, acquisition, base measure, applicability, the batch.

What is wanted and how the policy is trained is in `models.specs`.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.specs.base import FrozenModel, Text, field_error
from models.specs.objectives import Name


def _files(folder: str) -> tuple[str, ...]:
    """Return the names of the variants in a folder, one file each, so a new one needs no registry."""
    found = (Path(__file__).parents[1] / folder).glob("[a-z]*.py")
    return tuple(sorted(file.stem for file in found if file.stem not in ("contract", "limits")))


ACQUISITIONS = _files("acquisition")
"""Names of the in-loop acquisitions."""
SELECTORS = _files("selection")
"""Names of the batch selectors."""
PROXIES = ("gaussian_process", "multi_task_gaussian_process", "deep_ensemble", "random_forest")
"""Names of the proxies, the one for few results first."""


RetestPolicy = Literal["join", "replace"]


class ProxySpec(FrozenModel):
    """How results become beliefs."""

    kinds: tuple[Text, ...] = Field(
        default=PROXIES,
        min_length=1,
        max_length=len(PROXIES),
        description="proxies that may be chosen, by cross-validation where there are several; each costs six fits a "
        "round. A type with too few or too many results for all of them goes to one that can learn it",
        json_schema_extra={"items": {"type": "string", "enum": list(PROXIES)}},
    )

    assay_versions: Literal["offset", "latest", "pooled"] = Field(
        default="offset",
        description="results of several versions of an assay: each version has an additive offset on the modelled "
        "scale, learned from the data; only the latest version counts; or all are read as one and the same assay",
    )
    retests: dict[Text, RetestPolicy] = Field(
        default={},
        description="what a later test of the same object means, by assay type: it joins the earlier ones (the "
        "default), or its usable values replace theirs. The rows of one upload are replicates of one test",
        examples=[{"IC50": "replace"}],
    )
    plate_offsets: bool = Field(default=True, description="learn an offset for every plate that results name")
    intervals: Literal["conformal", "feature_conformal", "gaussian"] = Field(
        default="conformal", description="what the 90 % intervals of predictions are made of"
    )

    @model_validator(mode="after")
    def _are_installed(self) -> Self:
        for index, name in enumerate(self.kinds):
            if name not in PROXIES:
                raise field_error(f"/kinds/{index}", f"kinds must be of {', '.join(PROXIES)}")
            if name in self.kinds[:index]:
                raise field_error(f"/kinds/{index}", f"{name} is named twice")
        return self


MOST_LIMITS = 32
"""Limits of one batch."""
MOST_COLUMNS = 128
"""Columns that describe one object: a mixture has at most 64 components and 24 process variables."""
MAX_OBJECT_TEXT = 4_000
"""Longest text of one of them, in characters: HELM takes a few for each residue."""
HYPERVOLUME_OBJECTIVES = 4
"""Most objectives of an analytic expected hypervolume improvement: with more, an exact front has too many boxes."""
AUGMENTATION = 0.05
"""The weight of the sum beside the maximum in the augmented Chebyshev scalarisation (rho; Steuer & Choo, 1983)."""


class AcquisitionSpec(FrozenModel):
    """What the sampler is rewarded for: how an uncertain utility becomes a score."""

    kind: Text = Field(
        default="upper_confidence_bound",
        description="one of the installed acquisitions",
        json_schema_extra={"enum": list(ACQUISITIONS)},
    )
    kappa: float = Field(
        default=1.0, ge=0, le=10, description="deviations of optimism (upper_confidence_bound); 0 is pure exploitation"
    )
    scalarisation: Literal["augmented_chebyshev", "weighted_sum"] = Field(
        default="augmented_chebyshev",
        description="how several utilities become one; a weighted sum misses concave fronts",
    )

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if self.kind not in ACQUISITIONS:
            raise field_error("/kind", f"kind must be one of {', '.join(ACQUISITIONS)}")
        return self


class BaseMeasureSpec(FrozenModel):
    """What the sampler aims at before any reward: how much each size of objects weighs in its target.

    The target is b(x) * R(x). Sizes are counted in the domain's own unit: residues of a peptide, atoms of a
    composition, components of a mixture, fragments of a molecule.
    """

    kind: Literal["sizes", "measured", "objects"] = Field(
        default="sizes",
        description="sizes: all sizes weigh the same, and so do all objects of one size; measured: a size weighs one "
        "more than the number of measured objects that have it; objects: every object weighs the same, so that nearly "
        "everything drawn has the size of which there are most, which is the largest",
    )
    weights: dict[Annotated[int, Field(ge=0)], Annotated[float, Field(ge=1e-6, le=1e6)]] = Field(
        default_factory=dict,
        max_length=100,
        description="size -> by how much its weight is multiplied; 1 for sizes that are not named",
    )

    @model_validator(mode="after")
    def _weighs_sizes(self) -> Self:
        if self.weights and self.kind == "objects":
            raise field_error("/weights", "weights are of sizes, which kind 'objects' does not weigh")
        return self


class ApplicabilitySpec(FrozenModel):
    """How far from measured objects a candidate may be."""

    min_similarity: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="similarity to the nearest measured object; learned from the data if absent",
    )
    outside_share: float | None = Field(
        default=None, ge=0, le=1, description="most of the batch that may lie outside; the exploration share if absent"
    )


CLUSTER = "cluster"
"""The grouping by similarity, which every domain has."""


class BudgetLimit(FrozenModel):
    """The sum of a computed property over the batch has a maximum."""

    kind: Literal["budget"]
    property: Name
    max: float = Field(gt=0)


class GroupLimit(FrozenModel):
    """At most so many candidates share a group.

    Of a `cluster`, no candidate has more than `max` - 1 others in the batch that are similar to it, so that no family
    has more than `max` members there, whatever else there was to choose from.
    """

    kind: Literal["group"]
    by: Text = Field(
        min_length=1, description="`cluster`, a grouping of the domain (scaffold ...) or one of the object's columns"
    )
    max: int = Field(ge=1)
    similarity: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="from which on two candidates are in one cluster; the domain's own (0.4 for molecules, 0.3 for "
        "peptides, 0.75 for materials) if absent",
    )

    @model_validator(mode="after")
    def _is_about_clusters(self) -> Self:
        if self.similarity is not None and self.by != CLUSTER:
            raise field_error("/similarity", "only clusters have a similarity: leave it out, or group by 'cluster'")
        return self


class SharedLimit(FrozenModel):
    """All candidates of a batch have one and the same value of a column, as a plate has one temperature."""

    kind: Literal["shared"]
    column: Text = Field(min_length=1)


BatchLimit = Annotated[BudgetLimit | GroupLimit | SharedLimit, Field(discriminator="kind")]


Columns = Annotated[
    dict[Text, Annotated[str, StringConstraints(max_length=MAX_OBJECT_TEXT)]], Field(max_length=MOST_COLUMNS)
]
"""An object as in a table of results: column -> text."""


class BatchSpec(FrozenModel):
    """What one round proposes: `size` new candidates, and beside them what is measured again."""

    size: int = Field(default=24, ge=1, le=1536)
    diversity: float = Field(default=0.5, ge=0, le=1, description="0 takes the best values, 1 spreads the most")
    exploration: float = Field(default=0.2, ge=0, le=1, description="share of the batch chosen for uncertainty")
    selector: Text = Field(
        default="greedy", description="one of the installed selectors", json_schema_extra={"enum": list(SELECTORS)}
    )
    replicates: int = Field(default=0, ge=0, le=384, description="best measured objects to measure again")
    controls: tuple[Columns, ...] = Field(
        default=(), max_length=96, description="objects, as table columns, that are part of every batch"
    )
    limits: Annotated[tuple[BatchLimit, ...], Field(max_length=MOST_LIMITS)] = ()

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if self.selector not in SELECTORS:
            raise field_error("/selector", f"selector must be one of {', '.join(SELECTORS)}")
        return self
