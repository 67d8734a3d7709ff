"""Which parts of objects carry a round's predictions."""

from typing import Literal

from pydantic import Field

from models.summaries.base import Number, SummaryPart

UNNAMED_PART = "everything else"
"""Stored name of the part that holds all columns of no named part."""
CLEAR_TREND = 0.3
"""Rank correlation from which a part has a direction."""


class PartImportance(SummaryPart):
    """How much one part moves a prediction (Shapley values), on the modelled scale, with standard errors."""

    part: str = Field(description="a fragment, residue, element or variable of the domain")
    present: int | None = Field(default=None, description="explained objects that have it")
    mean: Number = Field(default=None, description="mean contribution where it is present")
    mean_error: Number = Field(default=None, description="standard error of `mean`")
    absolute: Number = Field(
        default=None, description="mean absolute contribution over all explained objects"
    )
    absolute_error: Number = Field(default=None, description="standard error of `absolute`")
    trend: Number = Field(
        default=None, description="rank correlation of the contribution with how much of the part there is"
    )


class ObjectiveImportance(SummaryPart):
    """The parts that one objective's prediction depends on, the strongest first."""

    transform: Literal["none", "log10"] = Field(description="log10: contributions are in decades")
    units: str | None = Field(description="of the objective")
    baseline: Number = Field(
        default=None, description="mean prediction of the background, from which contributions count"
    )
    parts: list[PartImportance] = Field(description="the strongest first")


class RoundImportance(SummaryPart):
    """What the predictions of a round depend on."""

    explained: int | None = Field(default=None, description="objects that were explained")
    background: int | None = Field(default=None, description="objects that stand for what is usual")
    objectives: dict[str, ObjectiveImportance] = Field(description="by objective")
