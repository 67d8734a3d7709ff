"""What a campaign has brought so far: as numbers, as sentences, and where its figures are."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from models.messages.message import MessageRecord
from models.specs.objectives import Name
from models.summaries.calibration import ForecastScores, ObjectiveCalibration
from models.summaries.importance import RoundImportance
from models.summaries.training import BaseMeasureUsed, Convergence
from service.store.states import RoundState

FigureName = Literal[
    "pareto", "hypervolume", "best", "calibration", "hits", "diversity", "importance", "convergence"
]
Threshold = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}:-?[0-9]{1,15}(\.[0-9]{1,15})?(e[+-]?[0-9]{1,2})?$",
        description="objective:value",
        examples=["solubility:-2.5"],
    ),
]


class Chance(BaseModel):
    """What as many objects drawn at random from the first data would reach, with a 90 % interval."""

    expected: float = Field(description="mean over random draws")
    low: float = Field(description="5 % quantile")
    high: float = Field(description="95 % quantile")


class BestUtility(BaseModel):
    """The best of the measured proposals of a round, and of everything measured so far."""

    n: int = Field(description="objects of this stage that are known well enough")
    best: float | None = Field(description="the best utility among them; null without any")
    object: str | None = Field(description="whose it is")
    so_far: float | None = Field(
        description="of everything measured up to this round, the first data included"
    )
    object_so_far: str | None = Field(description="whose `so_far` is")
    random: Chance | None = Field(description="the best of `n` random objects")
    random_so_far: Chance | None = Field(
        description="the best of as many random objects as all rounds so far measured"
    )


class BestValue(BestUtility):
    """The same for one objective, in its units.

    With a target it is the distance from it on the modelled scale.
    """

    value: float | None = Field(description="the value itself of the round's best object")
    is_bound: bool = Field(description="the value is a bound, such as > 5, taken as the worst that it allows")


class Volume(BaseModel):
    """Hypervolumes of utilities above 0."""

    so_far: float = Field(description="of everything measured up to this round")
    proposed: float | None = Field(description="of what rounds proposed, up to this one")
    random: Chance | None = Field(description="of as many random objects as `proposed` counts")
    is_exact: bool = Field(description="exact, or estimated along directions (four objectives or more)")


class Rate(BaseModel):
    """A share with its 95 % interval (Wilson)."""

    n: int = Field(description="how many")
    of: int = Field(description="out of how many")
    rate: float | None = Field(description="n divided by `of`; null out of none")
    low: float | None = Field(description="lower end of the interval")
    high: float | None = Field(description="upper end of the interval")


class Enrichment(BaseModel):
    """How many times the rate is that of the first data; the interval takes the latter as known."""

    value: float = Field(description="rate divided by that of the first data")
    low: float = Field(description="lower end of the interval")
    high: float = Field(description="upper end of the interval")


class Hits(Rate):
    """Hits among the measured objects of a stage."""

    enrichment: Enrichment | None = Field(description="beside the first data; null where they have no hit")


class Success(Rate):
    """Candidates that gave a result, of those that have an outcome."""

    counts: dict[Literal["measured", "failed", "waiting", "withdrawn"], int] = Field(
        description="by what became of the candidates"
    )


class HitRule(BaseModel):
    """What counts as a hit."""

    rule: str = Field(description="what counts as a hit, in one sentence")
    thresholds: dict[str, float] = Field(description="by objective; with a target the distance from it")
    is_told: bool = Field(description="false where nothing tells what a hit is")


class Diversity(BaseModel):
    """How different the new objects of a batch are from each other."""

    n: int = Field(description="new objects")
    mean_pairwise_distance: float = Field(description="one minus the similarity, over all pairs")
    circles: int = Field(description="objects that are less than 0.5 similar to each other (greedy #Circles)")
    vendi_score: float = Field(description="effective number of different objects")


class Novelty(BaseModel):
    """One minus the similarity to the nearest object measured before the round."""

    n: int = Field(description="new objects that have a nearest one")
    mean: float = Field(description="over the new objects")
    median: float = Field(description="over the new objects")
    low: float = Field(description="5 % quantile")
    high: float = Field(description="95 % quantile")


class Importance(RoundImportance):
    """What the predictions of the last round that computed it depend on."""

    round: int = Field(description="number of that round")


class Stage(BaseModel):
    """What was measured and reached by a round, or before all of them."""

    measured: int = Field(description="objects known in all objectives and not forbidden")
    best: dict[str, BestValue] = Field(description="by objective")
    utility: BestUtility = Field(description="of all objectives together")
    hypervolume: Volume = Field(description="what the measured objects dominate")
    hits: Hits | None = Field(description="null where nothing tells what a hit is")


class RoundInsight(Stage):
    """One round."""

    number: int = Field(description="of the round")
    state: RoundState = Field(description="of the round")
    candidates: int = Field(description="in the batch")
    proposed: int = Field(description="candidates without replicates and controls")
    success: Success = Field(description="whether they gave results")
    diversity: Diversity | None = Field(description="null without new objects")
    novelty: Novelty | None = Field(description="null where nothing was measured before")
    refused: dict[str, int] = Field(description="sampled objects that were refused, by reason")
    sampled: int | None = Field(description="objects that the policy drew; null where the space was listed")
    seconds: dict[str, float] = Field(description="what the round took, by stage")
    objects_scored: int | None = Field(description="objects that the proxies were asked about")
    calibration: dict[str, ForecastScores] = Field(
        description="scores of the round's forecasts, by objective"
    )
    convergence: list[Convergence] | None = Field(description="how near the policy came to its target")
    base_measure: BaseMeasureUsed | None = Field(description="null for rounds from before it was told")


class ScaleUsed(BaseModel):
    """An objective, and the range that its utilities were read by."""

    name: Name = Field(description="of the objective")
    direction: Literal["maximize", "minimize", "target"] = Field(description="what is better")
    target: float | None = Field(description="the wanted value, where the direction is target")
    units: str | None = Field(description="of the objective")
    transform: Literal["none", "log10"] = Field(description="log10: it is modelled in decades")
    computed: str | None = Field(description="the property that it is; null where it is measured")
    derived: str | None = Field(
        default=None, description="the formula of its parts, such as `hERG / IC50`; null where it has none"
    )
    range: tuple[float, float] | None = Field(description="values of utility 0 and 1; null if unknown")
    range_source: Literal["campaign", "domain", "measured", "nothing"] = Field(
        description="who gave the range"
    )


class Point(BaseModel):
    """A measured object; `round` is 0 where no round proposed it."""

    object: str = Field(description="canonical text")
    display: str = Field(description="what a person reads")
    round: int = Field(description="that proposed it")
    values: dict[str, float] = Field(description="by objective, in its units")
    bounds: list[str] = Field(
        description="objectives whose value is a bound, taken as the worst that it allows"
    )
    utility: float = Field(description="of all objectives together")


class Front(BaseModel):
    """Measured objects that no other one beats, and the others."""

    front: list[Point] = Field(description="at most 400, the best of all objectives together first")
    front_size: int = Field(description="objects that no other one beats")
    dominated: int = Field(description="objects that another one beats")
    others: list[Point] = Field(description="at most 400 of the dominated objects, evenly picked")
    unplaced: int = Field(description="objects that lack a value")
    forbidden: int = Field(description="objects with a value that breaks a constraint or a guardrail")


class FigureLink(BaseModel):
    """A figure that can be downloaded."""

    name: FigureName = Field(description="as its address names it")
    title: str = Field(description="what it shows")
    svg: str = Field(description="address of the drawing")
    png: str = Field(description="address of the picture")


class Insights(BaseModel):
    """What a campaign has brought so far."""

    campaign_id: UUID = Field(description="the campaign")
    name: str = Field(description="of the campaign")
    statements: list[str] = Field(description="plain sentences, the most important first")
    messages: list[MessageRecord] = Field(description="the same with codes and parameters, in the same order")
    objectives: list[ScaleUsed] = Field(description="with the ranges by which utilities are read")
    pareto: Front = Field(description="what was measured, by whether anything beats it")
    initial: Stage = Field(description="what was measured without being proposed")
    hits: HitRule = Field(description="what counts as one")
    rounds: list[RoundInsight] = Field(description="by number")
    calibration: dict[str, ObjectiveCalibration] = Field(description="of all rounds, by objective")
    importance: Importance | None = Field(
        description="what the predictions hang on, as the last round told it"
    )
    figures: list[FigureLink] = Field(description="what can be drawn")
