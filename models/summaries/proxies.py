"""The part of a round's summary about results and models: counts, offsets, scores, failures and outliers."""

from pydantic import Field

from models.messages.message import MessageRecord
from models.summaries.base import Number, SummaryPart


class ResultCounts(SummaryPart):
    """What became of the results of one assay type."""

    objects: int | None = Field(default=None, description="objects with a usable result")
    results: int | None = Field(default=None, description="exact results")
    censored: int | None = Field(default=None, description="bounds and wide ranges, modelled as bounds")
    failed: int | None = Field(default=None, description="attempts without a result")
    not_tested: int | None = Field(default=None, description="rows that say that nothing was tested")
    unusable: int | None = Field(default=None, description="results without a value on the modelled scale")
    contradictory: int | None = Field(default=None, description="objects whose bounds contradict each other")
    assay_versions: int | None = Field(default=None, description="versions of the assay")
    superseded: int | None = Field(
        default=None,
        description="results by earlier versions that were left out; null where all versions are used",
    )


class Offset(SummaryPart):
    """What a version or a plate added to results, on the modelled scale."""

    offset: Number = Field(default=None, description="decades with log10, else the units of the assay")
    standard_error: Number = Field(default=None, description="of the offset")


class Offsets(SummaryPart):
    """Offsets of assay versions and plates that were removed."""

    reference: str | None = Field(
        default=None, description="the version to whose scale results were corrected"
    )
    versions: dict[str, Offset] = Field(
        default_factory=dict, description="by version; empty for the unnamed one"
    )
    plates: dict[str, Offset] = Field(default_factory=dict, description="by plate")


class ProxyScore(SummaryPart):
    """How well a proxy predicted held-out values, on the modelled scale."""

    rmse: Number = Field(
        default=None, description="root mean squared error over exact values; null without any"
    )
    deviation: Number = Field(
        default=None, description="of those values about their mean: the error of a model that knows the mean"
    )
    skill: Number = Field(
        default=None, description="1 - (rmse / deviation)^2, the explained share of the variance"
    )
    skill_error: Number = Field(
        default=None, description="standard error of `skill`; null in summaries of earlier releases"
    )
    nll: Number = Field(
        default=None, description="negative log-likelihood per value in nats, with scaled deviations"
    )
    coverage_90: Number = Field(default=None, description="share of values inside the central 90 % interval")
    scale: Number = Field(default=None, description="factor by which predicted deviations are multiplied")
    log_likelihood_error: Number = Field(
        default=None, description="standard error of the summed log-likelihood in nats"
    )
    n: int = Field(description="held-out values")


class IntervalSummary(SummaryPart):
    """How the 90 % intervals of one assay type are made."""

    kind: str = Field(description="conformal, feature_conformal or gaussian")
    radius: Number = Field(
        default=None, description="predictive deviations that an interval reaches to either side, at least"
    )
    slope: Number = Field(
        default=None,
        description="log factor by which intervals widen for each deviation of the values that a prediction "
        "lies beyond the median one; the sign names the side, 0 where errors do not grow",
    )
    widened_by: Number = Field(
        default=None, description="factor of intervals because of earlier batches; 1 where they held"
    )
    earlier: int = Field(description="results of the last rounds' batches, three rounds at most")
    inside: int = Field(
        description="of these, results that an interval by held-out values alone would have covered"
    )


class ProxySummary(SummaryPart):
    """The models of one assay type, and the results that they learned from."""

    n_values: int | None = Field(default=None, description="objects with an exact value")
    chosen: str = Field(description="name of the proxy that predicts this type")
    intervals: IntervalSummary | None = Field(
        default=None, description="null in summaries of earlier releases"
    )
    scores: dict[str, ProxyScore] = Field(
        default_factory=dict, description="cross-validation by proxy; empty with too few values"
    )
    warnings: list[str] = Field(default_factory=list, description="the messages of this type in English")
    messages: list[MessageRecord] = Field(
        default_factory=list, description="what looks wrong; empty in summaries of version 0"
    )
    results: ResultCounts | None = Field(default=None, description="what became of the results")
    offsets: Offsets | None = Field(default=None, description="null where nothing was removed")


class FeasibilitySummary(SummaryPart):
    """What is known of objects that could not be made or measured."""

    learned: bool = Field(description="whether a model of failures was fitted")
    objects: int | None = Field(default=None, description="objects that somebody tried to make or measure")
    failed: int | None = Field(default=None, description="of these, objects that gave no result")
    by_kind: dict[str, int] = Field(
        default_factory=dict, description="objects by how they failed, the frequent first"
    )


class OutlierSummary(SummaryPart):
    """A result that disagrees with its replicates or with similar objects; it was not dropped."""

    object: str = Field(description="canonical text")
    type: str = Field(description="assay type")
    value: Number = Field(default=None, description="in the units of the assay")
    expected: Number = Field(default=None, description="in the units of the assay")
    z: Number = Field(default=None, description="robust standard deviations from what was expected")
    by: str = Field(description="what it was compared with: replicates or similar objects")


class ErrorAtSimilarity(SummaryPart):
    """Held-out errors down to a similarity to the nearest object that the fit knew."""

    similarity: float = Field(description="least similarity (0-1)")
    relative_error: Number = Field(
        default=None, description="root mean squared error as a share of that of predicting the mean"
    )


class ReliabilitySummary(SummaryPart):
    """How far from measured objects the predictions of an assay type held."""

    threshold: Number = Field(
        default=None, description="least similarity (0-1) at which they held; null where they never did"
    )
    errors: list[ErrorAtSimilarity] = Field(description="by similarity, the nearest first")


class ApplicabilitySummary(SummaryPart):
    """Where predictions can be trusted."""

    threshold: Number = Field(
        default=None, description="least similarity (0-1) to the nearest measured object; null while unknown"
    )
    learned: bool = Field(description="whether the results set the threshold")
    measured: int | None = Field(default=None, description="measured objects")
    share_inside: Number = Field(
        default=None, description="share (0-1) of the evaluated objects inside; null while unknown"
    )
    held: dict[str, ReliabilitySummary] = Field(
        default_factory=dict,
        description="how far predictions held, by assay type, which decides what is inside; empty where the "
        "threshold does",
    )
