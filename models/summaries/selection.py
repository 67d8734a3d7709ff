"""The part of a round's summary about its batch.

Draws, refusals, diversity and whether another round is worth it.
"""

from typing import Literal

from pydantic import Field

from models.messages.message import MessageRecord
from models.specs.designs import DesignName
from models.summaries.base import Number, SummaryPart

Ended = Literal["enough", "nothing new", "too many draws", "all listed"]


class BatchSettings(SummaryPart):
    """How the batch was chosen: what the campaign states, and what the mode of the round decided."""

    mode: Literal["listed", "sampled"] = Field(
        description="whether all objects of the space were scored, or samples of it"
    )
    selector: str = Field(description="that chose the batch")
    diversity: float = Field(
        description="weight of diversity against value; `hypervolume` ignores it for value"
    )
    exploration: float = Field(description="share of the batch chosen by uncertainty alone")
    proxies: list[str] = Field(description="kinds of models that competed for each assay type")
    min_similarity: Number = Field(
        default=None, description="of the applicability domain; 0 is off, null is learned from the results"
    )
    by_default: list[str] = Field(
        description="fields of the specification that were left to the mode and to the preset"
    )
    design: DesignName | None = Field(
        default=None,
        description="preset of the round; null in a domain without presets, and in a listed space",
    )
    similarity_window: list[float] = Field(
        default_factory=list,
        description="similarities to the nearest measured object within which objects are worth all that is "
        "predicted of them; [0, 1] is none",
    )
    shares: dict[str, float] = Field(
        default_factory=dict, description="shares of training trajectories that were left open, by field"
    )


class Draws(SummaryPart):
    """Where the objects came from that the batch was chosen among."""

    by_policy: int | None = Field(default=None, description="drawn by the trained policy")
    by_random_walks: int | None = Field(
        default=None, description="drawn by random walks, when the policy found nothing new"
    )
    wanted: int | None = Field(default=None, description="allowed objects that were wanted")
    ended: Ended = Field(description="why drawing ended")
    by_search: int | None = Field(default=None, description="found while the policy was trained")
    listed: int | None = Field(default=None, description="objects of a space that was listed as a whole")


class BoundSpread(SummaryPart):
    """Bounds on the probability (0-1) of violating a guardrail."""

    least: Number = Field(default=None, description="the smallest bound")
    median: Number = Field(default=None, description="the median bound")
    greatest: Number = Field(default=None, description="the largest bound")


class GuardrailSummary(SummaryPart):
    """What a guardrail refused."""

    risk: Number = Field(default=None, description="largest tolerated bound (0-1)")
    alpha: Number = Field(
        default=None, description="share of the weight (0-1) from which a hypothesis is plausible"
    )
    judged: int | None = Field(default=None, description="objects that were evaluated")
    refused: int | None = Field(default=None, description="objects whose bound was above the risk")
    refused_bounds: BoundSpread | None = Field(description="of the refused objects; null without any")
    passed_bounds: BoundSpread | None = Field(description="of the other objects; null without any")


class BatchDiversity(SummaryPart):
    """How different objects are from each other."""

    mean_pairwise_distance: Number = Field(
        default=None, description="one minus the similarity, over all pairs"
    )
    circles: int | None = Field(
        default=None, description="objects that are less than 0.5 similar to each other (greedy #Circles)"
    )
    vendi_score: Number = Field(default=None, description="effective number of different objects")


class AlertCounts(SummaryPart):
    """Alerts of the candidates that the campaign's policy names."""

    candidates: int | None = Field(default=None, description="candidates with at least one alert")
    counts: dict[str, int] = Field(default_factory=dict, description="candidates by alert, most first")


class ProgressRow(SummaryPart):
    """What one round with results brought."""

    round: int = Field(description="its number; 0 for what was measured before the first")
    objects: int | None = Field(default=None, description="new measured objects that may be proposed")
    hypervolume: Number = Field(default=None, description="of all utilities up to this round")
    best: dict[str, Number] = Field(description="best expected value of each objective, in its units")


class ExpectedObjective(SummaryPart):
    """What the batch is expected to bring for one objective, in utility."""

    gain: Number = Field(default=None, description="expected rise of the best utility")
    noise: Number = Field(default=None, description="standard deviation of one reading in utility")


class ExpectedGain(SummaryPart):
    """What the batch is expected to bring."""

    candidates: int | None = Field(default=None, description="new candidates of the batch")
    hypervolume: Number = Field(default=None, description="expected rise of the hypervolume")
    share: Number = Field(
        default=None, description="that rise, as a share of what is reached; null where nothing is reached"
    )
    per_candidate: Number = Field(default=None, description="that rise, per candidate")
    objectives: dict[str, ExpectedObjective] = Field(description="by objective")


class StoppingNumbers(SummaryPart):
    """The numbers behind the advice; empty while nothing that may be proposed is measured."""

    rounds: list[ProgressRow] = Field(default_factory=list, description="rounds with results, ascending")
    growth: Number = Field(
        default=None, description="share of the hypervolume that the last two rounds brought"
    )
    expected: ExpectedGain | None = Field(default=None, description="what the batch is expected to bring")


class StoppingAdvice(SummaryPart):
    """Whether another round is worth it; advice, because only the lab knows what a batch costs."""

    advice: Literal["continue", "consider stopping"] = Field(description="what the numbers suggest")
    reasons: list[str] = Field(description="the messages in English")
    messages: list[MessageRecord] = Field(
        default_factory=list, description="why; empty in summaries of version 0"
    )
    numbers: StoppingNumbers = Field(description="what the advice rests on")
