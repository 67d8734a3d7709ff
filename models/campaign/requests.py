"""What people ask of a trained campaign: more samples, predictions, a backtest. Torch-free; HTTP body and worker input.

Knows the words of a campaign, not who answers.
"""

from typing import Annotated, Literal

from pydantic import Field

from models.campaign.spec import CampaignSpec
from models.specs.base import FrozenModel, Text
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


class SimilarityFilter(FrozenModel):
    """More like one object: its neighbours, found by taking it apart a little and building on."""

    object: Columns
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The least similarity (0-1, the domain's own) to the object."""


class GroupFilter(FrozenModel):
    """The group of an object under one of the domain's groupings (its scaffold, its length)."""

    by: Text
    object: Columns


class SampleRequest(FrozenModel):
    """More candidates from the policy of a round, at any temperatures and trade-offs, without training."""

    n: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 24
    """Samples in all; they are shared evenly by all pairs of a beta and a preference."""
    beta: Beta | Betas | Shift | None = None
    """Inverse temperatures; `colder` doubles and `bolder` halves those asked for last; None draws as in training."""
    preference: (
        Preference | Annotated[tuple[Preference, ...], Field(min_length=1, max_length=MOST_CONDITIONS)] | None
    ) = None
    """Trade-offs between objectives; None draws them as in training."""
    round: Annotated[int, Field(ge=1)] | None = None
    """The round whose policy draws; None takes the latest that has one."""
    like: SimilarityFilter | None = None
    require: Annotated[tuple[Pattern, ...], Field(max_length=16)] = ()
    """Patterns in the domain's own language (SMARTS, regular expression, elements) that every sample shows."""
    avoid: Annotated[tuple[Pattern, ...], Field(max_length=16)] = ()
    """Patterns that no sample shows."""
    avoid_groups: Annotated[tuple[GroupFilter, ...], Field(max_length=16)] = ()
    """Groups that no sample is of: `not this scaffold`."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """None draws a fresh one, which the answer names."""


class BacktestRequest(FrozenModel):
    """A campaign replayed against a measured table, which comes beside it."""

    spec: CampaignSpec
    rounds: Annotated[int, Field(ge=1, le=100)] = 4
    batch_size: Annotated[int, Field(ge=1, le=1_000)] = 24
    initial: Annotated[int, Field(ge=1, le=10_000)] = 24
    seeds: Annotated[int, Field(ge=1, le=100)] = 5
    methods: Annotated[tuple[Text, ...], Field(min_length=1, max_length=16)] = (
        "assayflow",
        "random",
        "genetic",
        "greedy",
        "bayesian",
    )
    sheet: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255,
            description="the sheet of a workbook that is the table; its first visible one when absent",
        ),
    ] = None
