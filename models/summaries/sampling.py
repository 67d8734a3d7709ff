"""What drawing samples from a trained policy was like. Versioned; stored as JSON."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from models.summaries.base import Number, Summary, SummaryPart, read_summary
from models.summaries.proxies import ApplicabilitySummary
from models.summaries.selection import BatchDiversity, Ended, GuardrailSummary
from models.summaries.training import BaseMeasureUsed

SUMMARY_VERSION = 1


class ConditionServed(SummaryPart):
    """One condition of a request, and how many samples it got."""

    beta: Number = Field(
        default=None, description="inverse temperature; null where it was drawn as in training"
    )
    preference: dict[str, Number] | None = Field(
        description="weight of each objective; null where it was drawn as in training"
    )
    asked: int | None = Field(default=None, description="requested samples")
    served: int | None = Field(default=None, description="samples in the answer")
    log_z: Number = Field(
        default=None,
        description="log Z as the policy learned it; null where the condition is not a single one",
    )


class SamplingSummary(Summary):
    """What drawing samples was like, and why there may be fewer than requested."""

    asked: int | None = Field(default=None, description="requested samples")
    chosen: int | None = Field(default=None, description="samples in the answer")
    sampled: int | None = Field(default=None, description="objects that were drawn")
    unique: int | None = Field(default=None, description="distinct objects among them")
    refused: dict[str, int] = Field(default_factory=dict, description="refused objects by reason, most first")
    surplus: int | None = Field(
        default=None, description="allowed objects beyond what a condition was to get"
    )
    ended: Ended | None = Field(default=None, description="why drawing ended")
    beta_range: tuple[float, float] | None = Field(
        default=None, description="lowest and greatest inverse temperature of training"
    )
    conditions: list[ConditionServed] = Field(default_factory=list, description="as they were requested")
    diversity: BatchDiversity | None = Field(default=None, description="of the samples; null without any")
    guardrails: dict[str, GuardrailSummary] = Field(
        default_factory=dict, description="by name of the guardrail"
    )
    applicability: ApplicabilitySummary | None = Field(
        default=None, description="where predictions can be trusted"
    )
    base_measure: BaseMeasureUsed | None = Field(
        default=None, description="weights of sizes before any reward"
    )
    log_pf_estimated: int | None = Field(default=None, description="samples whose `log_pf` is an estimate")
    seed: int | None = Field(default=None, description="of every random number in the request")
    seconds: float | None = Field(default=None, description="that drawing took")


def read_sampling_summary(document: Mapping[str, Any]) -> SamplingSummary:
    """Return the stored summary of a sampling job, whichever release wrote it."""
    return read_summary(SamplingSummary, document)
