"""Backtests: what is replayed, and the figures that come out of it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.schemas.base import Answer
from service.schemas.jobs import Job
from service.schemas.results import UploadReport


class ReplayAsked(BaseModel):
    """What is replayed, with every default, without the specification."""

    rounds: int = Field(description="rounds of each replay")
    batch_size: int = Field(description="objects that a method may measure in each round")
    initial: int = Field(description="random objects that are measured first")
    seeds: int = Field(description="replays of every method, each with other first objects")
    methods: list[str] = Field(description="what is compared")
    sheet: str | None = Field(
        default=None, description="of a workbook; null when its first visible one is read"
    )


class SpecifiedReplayAsked(ReplayAsked):
    """The specification and what is replayed, with every default."""

    spec: dict[str, Any] = Field(description="the CampaignSpec, defaults filled in")


class BacktestSummary(Job):
    """A backtest in a list: a backtest alone also tells the specification."""

    name: str = Field(description="of the campaign that is replayed")
    request: ReplayAsked = Field(description="what is replayed")


class Backtest(Job):
    """A campaign replayed on a measured table."""

    request: SpecifiedReplayAsked = Field(description="what is replayed")


class CurvePoint(BaseModel):
    """A method after a round, over all seeds.

    The mean of each figure, and under `<figure>_half` half of its interval.
    The figures are those of `FigureRow`. The interval has 95 % and is null with a single seed.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    method: str = Field(description="what chose the objects")
    round: int = Field(description="from 0, the first objects")
    seeds: int = Field(description="replays behind the mean")


class FigureRow(BaseModel):
    """A method after a round of one replay, with its figures.

    They are `measured`, `best_utility`, `mean_of_top_10`, `hypervolume`, `best_<objective>` for each
    objective, `circles`, `n_scored`, `seconds` and, where the table holds everything that can be made,
    `regret`, `hits` and `enrichment`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    method: str = Field(description="what chose the objects")
    round: int = Field(description="from 0, the first objects")
    seed: int = Field(description="of the replay")


class BacktestResult(Answer):
    """What `assayflow backtest --json` writes."""

    objects: int = Field(description="of the table that were replayed")
    rows_rejected: int = Field(description="rows of the table that are no results")
    curves: list[CurvePoint] = Field(description="per method and round")
    rows: list[FigureRow] = Field(description="per method, seed and round")


class BacktestAnswer(Backtest):
    """A backtest with its answer."""

    objects: int | None = Field(
        description="of the table that can be replayed; null while a long one is not read yet"
    )
    report: UploadReport | None = Field(
        description="the table's rows that are no results, the first thousand of them; null like `objects`"
    )
    result: BacktestResult | None = Field(description="null until the state is succeeded")
