"""What people ask of a trained campaign: more samples, predictions, a backtest.

Torch-free; HTTP body and worker input.
Knows the words of a campaign, not who answers.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.campaign.spec import CampaignSpec
from models.specs.base import FrozenModel, Text, field_error
from models.specs.decisions import Columns
from models.specs.sampler import MOST_BETA

MOST_SAMPLES = 1_000
MOST_PREDICTIONS = 10_000
MOST_CONDITIONS = 32

MAX_PATTERN = 1_000
"""Longest pattern, in characters."""

Pattern = Annotated[str, Field(max_length=MAX_PATTERN)]
Preference = Annotated[dict[Text, Annotated[float, Field(ge=0)]], Field(min_length=1, max_length=8)]
"""Weights of objectives by name; those left out weigh nothing. Only their proportions count."""
Preferences = Annotated[tuple[Preference, ...], Field(min_length=1, max_length=MOST_CONDITIONS)]
Beta = Annotated[float, Field(gt=0, le=MOST_BETA)]
Betas = Annotated[tuple[Beta, ...], Field(min_length=1, max_length=MOST_CONDITIONS)]
Shift = Literal["colder", "bolder"]
Boldness = Annotated[float, Field(ge=0, le=1)]


class SimilarityFilter(FrozenModel):
    """The neighbours of one object, made by undoing and rebuilding its last building steps."""

    object: Columns = Field(description="The object, as columns of a table of results.")
    similarity: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Least similarity (0-1, the domain's own) of a sample to the object.",
    )


class GroupFilter(FrozenModel):
    """The group of an object under one of the domain's groupings (its scaffold, its length)."""

    by: Text = Field(description="A grouping of the domain, such as `scaffold`.")
    object: Columns = Field(description="The object whose group is meant, as columns of a table of results.")


class SampleRequest(FrozenModel):
    """More candidates from the policy of a round, at any inverse temperatures and preferences."""

    n: int = Field(
        default=24,
        ge=1,
        le=MOST_SAMPLES,
        description="Samples in all, shared evenly by all pairs of a `beta` (or `boldness`) and a "
        "`preference`.",
    )
    beta: Beta | Betas | Shift | None = Field(
        default=None,
        description="Inverse temperatures; `colder` doubles and `bolder` halves those of the last request. "
        "Absent: sampled as in training. Excludes `boldness`.",
    )
    boldness: (
        Boldness | Annotated[tuple[Boldness, ...], Field(min_length=1, max_length=MOST_CONDITIONS)] | None
    ) = Field(
        default=None,
        description="Inverse temperatures on the scale of the round's own range: 0 is its high end (most "
        "careful, near the best), 1 its low end (boldest), and equal steps are equal factors. Where the "
        "round chose the range (`sampler.beta` is `auto`), it means the same in every campaign. Answered as "
        "`beta`.",
    )
    preference: (
        Preference | Annotated[tuple[Preference, ...], Field(min_length=1, max_length=MOST_CONDITIONS)] | None
    ) = Field(
        default=None,
        description="Weights of the objectives by name, or several such; only proportions count. Absent: "
        "sampled as in training.",
    )
    round: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Number of the round whose policy samples. Absent: the latest that has a policy.",
    )
    like: SimilarityFilter | None = Field(
        default=None, description="Sample neighbours of this object, most similar first."
    )
    require: tuple[Pattern, ...] = Field(
        default=(),
        max_length=16,
        description="Patterns in the domain's language (SMARTS, regular expression, elements) that every "
        "sample shows.",
    )
    avoid: tuple[Pattern, ...] = Field(
        default=(), max_length=16, description="Patterns that no sample shows."
    )
    avoid_groups: tuple[GroupFilter, ...] = Field(
        default=(), max_length=16, description="Groups to which no sample belongs, such as one scaffold."
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        default=None, description="Seed of the samples. Absent: a fresh one, which the answer names."
    )

    @model_validator(mode="after")
    def _has_one_temperature(self) -> Self:
        if self.beta is not None and self.boldness is not None:
            raise field_error("/boldness", "beta and boldness exclude each other: leave one of them out")
        return self


class BacktestRequest(FrozenModel):
    """A campaign replayed against a measured table, which comes beside it."""

    spec: CampaignSpec = Field(description="The campaign to replay.")
    rounds: int = Field(default=4, ge=1, le=100, description="Rounds of each replay.")
    batch_size: int = Field(
        default=24, ge=1, le=1_000, description="Objects that a method chooses in each round."
    )
    initial: int = Field(
        default=24,
        ge=1,
        le=10_000,
        description="Random objects that are known at the start, equal for all methods.",
    )
    seeds: int = Field(
        default=5, ge=1, le=100, description="Replays of each method, each from other first objects."
    )
    methods: tuple[Text, ...] = Field(
        default=("assayflow", "random", "genetic", "greedy", "bayesian"),
        min_length=1,
        max_length=16,
        description="Methods to compare: `assayflow`, `assayflow_generative`, `random`, `genetic`, "
        "`greedy`, `bayesian`.",
    )
    sheet: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255,
            description="Sheet of a workbook that is the table. Absent: its first visible sheet.",
        ),
    ] = None
