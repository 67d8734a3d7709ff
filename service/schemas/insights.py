"""What a campaign has brought so far: as numbers, as sentences, and where its figures are."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from models.messages.message import MessageRecord
from models.specs.objectives import Name
from models.summaries.importance import RoundImportance
from models.summaries.training import BaseMeasureUsed, Convergence
from service.store.states import RoundState

FigureName = Literal["pareto", "hypervolume", "best", "calibration", "hits", "diversity", "importance", "convergence"]
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

    expected: float
    low: float
    high: float


class BestUtility(BaseModel):
    """The best of the objects that a round proposed and the lab measured, and of everything measured so far."""

    n: int = Field(description="objects of this stage that are known well enough")
    best: float | None
    object: str | None
    so_far: float | None = Field(description="of everything measured up to this round, the first data included")
    object_so_far: str | None
    random: Chance | None = Field(description="the best of `n` random objects")
    random_so_far: Chance | None = Field(description="the best of as many random objects as all rounds so far measured")


class BestValue(BestUtility):
    """The same for one objective, in its units; with a target it is the distance from it on the modelled scale."""

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

    n: int
    of: int
    rate: float | None
    low: float | None
    high: float | None


class Enrichment(BaseModel):
    """How many times the rate is that of the first data; the interval takes the latter as known."""

    value: float
    low: float
    high: float


class Hits(Rate):
    """Hits among the measured objects of a stage."""

    enrichment: Enrichment | None


class Success(Rate):
    """Candidates that gave a result, of those that have an outcome."""

    counts: dict[Literal["measured", "failed", "waiting", "withdrawn"], int]


class HitRule(BaseModel):
    """What counts as a hit."""

    rule: str
    thresholds: dict[str, float]
    is_told: bool = Field(description="false where nothing tells what a hit is")


class Diversity(BaseModel):
    """How different the new objects of a batch are from each other."""

    n: int
    mean_pairwise_distance: float
    circles: int = Field(description="objects that are less than 0.5 similar to each other (greedy #Circles)")
    vendi_score: float = Field(description="effective number of different objects")


class Novelty(BaseModel):
    """One minus the similarity to the nearest object measured before the round."""

    n: int
    mean: float
    median: float
    low: float = Field(description="5 % quantile")
    high: float = Field(description="95 % quantile")


class Importance(RoundImportance):
    """What the predictions of the last round that computed it depend on."""

    round: int = Field(description="number of that round")


class Stage(BaseModel):
    """What was measured and reached by a round, or before all of them."""

    measured: int = Field(description="objects known in all objectives and not forbidden")
    best: dict[str, BestValue]
    utility: BestUtility
    hypervolume: Volume
    hits: Hits | None


class RoundInsight(Stage):
    """One round."""

    number: int
    state: RoundState
    candidates: int
    proposed: int = Field(description="candidates without replicates and controls")
    success: Success
    diversity: Diversity | None
    novelty: Novelty | None
    refused: dict[str, int] = Field(description="sampled objects that were refused, by reason")
    sampled: int | None
    seconds: dict[str, float] = Field(description="what the round took, by stage")
    objects_scored: int | None = Field(description="objects that the proxies were asked about")
    calibration: dict[str, dict[str, Any]] = Field(description="scores of the round's forecasts, by objective")
    convergence: list[Convergence] | None = Field(description="how near the policy came to its target")
    base_measure: BaseMeasureUsed | None = Field(description="null for rounds from before it was told")


class ScaleUsed(BaseModel):
    """An objective, and the range that its utilities were read by."""

    name: Name
    direction: Literal["maximize", "minimize", "target"]
    target: float | None
    units: str | None
    transform: Literal["none", "log10"]
    computed: str | None
    range: tuple[float, float] | None
    range_source: Literal["campaign", "domain", "measured", "nothing"]


class Point(BaseModel):
    """A measured object; `round` is 0 where no round proposed it."""

    object: str
    display: str
    round: int
    values: dict[str, float]
    bounds: list[str] = Field(description="objectives whose value is a bound, taken as the worst that it allows")
    utility: float


class Front(BaseModel):
    """Measured objects that no other one beats, and the others."""

    front: list[Point] = Field(description="at most 400, the best of all objectives together first")
    front_size: int
    dominated: int
    others: list[Point] = Field(description="at most 400 of the dominated objects, evenly picked")
    unplaced: int = Field(description="objects that lack a value")
    forbidden: int = Field(description="objects with a value that breaks a constraint or a guardrail")


class FigureLink(BaseModel):
    """A figure that can be downloaded."""

    name: FigureName
    title: str
    svg: str
    png: str


class Insights(BaseModel):
    """What a campaign has brought so far."""

    campaign_id: UUID
    name: str
    statements: list[str] = Field(description="plain sentences, the most important first")
    messages: list[MessageRecord] = Field(description="the same with codes and parameters, in the same order")
    objectives: list[ScaleUsed]
    pareto: Front
    initial: Stage = Field(description="what was measured without being proposed")
    hits: HitRule
    rounds: list[RoundInsight]
    calibration: dict[str, dict[str, Any]] = Field(description="of all rounds together, and whether it drifts")
    importance: Importance | None = Field(description="what the predictions hang on, as the last round told it")
    figures: list[FigureLink]
