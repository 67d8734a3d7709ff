"""Work beside rounds: samples, predictions and backtests, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from models.campaign.requests import SampleRequest
from models.messages.message import MessageRecord
from models.summaries.sampling import SamplingSummary, read_sampling_summary
from service.schemas.base import Answer
from service.schemas.candidates import Nearest, Prediction, Proposed
from service.schemas.results import UploadReport
from service.store.states import JobState


class Job(Answer):
    """What was asked for, and how far it is."""

    id: UUID
    state: JobState
    progress: float = Field(ge=0, le=1, description="share of the work that is done")
    message: str = Field(description="what is happening, for a person")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failure: dict[str, Any] | None = Field(description="a problem (RFC 9457) when the state is failed")


class JobEvent(Answer):
    """Where a job is: the data of a server-sent event."""

    state: JobState
    progress: float = Field(ge=0, le=1)
    message: str


class Sampling(Job):
    """More candidates from a trained policy: the request, every choice made."""

    campaign_id: UUID
    request: SampleRequest = Field(description="as it is answered: with its round, its seed and numbers for `beta`")


class SamplingAnswer(Sampling):
    """A request for samples with its answer."""

    samples: list[Proposed] | None = Field(description="null until the state is succeeded")
    summary: Annotated[SamplingSummary, BeforeValidator(read_sampling_summary)] | None = Field(
        description="what drawing was like, and why there may be fewer than asked; null until the state is succeeded"
    )


class ResultsAsked(Answer):
    """The table of results that was sent, and how it is taken."""

    filename: str | None
    sheet: str | None = Field(description="of a workbook; null when the first is read")
    media_type: str
    sha256: str
    bytes: int = Field(description="size of the file")
    mode: Literal["atomic", "partial"]
    dry_run: bool
    again: bool = False
    on_conflict: Literal["reject", "correct"] = "reject"
    reason: str | None = None


class Uploading(Job):
    """A table of results that is read as a job."""

    campaign_id: UUID
    request: ResultsAsked


class UploadingAnswer(Uploading):
    """An upload with what became of every row."""

    report: UploadReport | None = Field(description="as a short table is answered; null until the job has ended")


class ObjectsAsked(Answer):
    """The table of objects that was sent."""

    filename: str | None
    sheet: str | None = Field(default=None, description="of a workbook; null when the first was read")
    media_type: str
    sha256: str
    accepted: int | None = Field(description="rows that describe an object; null while a long table is not read yet")
    rejected: int | None = Field(description="rows that do not; likewise")
    round: int | None = Field(description="the round whose beliefs answer; null when there is none yet")


class Predicting(Job):
    """Predictions of the user's own objects."""

    campaign_id: UUID
    request: ObjectsAsked


class PredictedRow(Answer):
    """What the campaign believes of one row's object; `low` and `high` bound the 90 % interval."""

    row: int = Field(description="its row in the upload")
    object: str = Field(description="canonical text")
    compound_id: str | None = Field(default=None, description="the id that the laboratory gave the object")
    display: str = Field(description="what a person reads: SMILES, HELM, formula, recipe")
    predictions: dict[str, Prediction]
    computed: dict[str, float]
    acquisition: float
    feasibility: float
    guardrails: dict[str, float]
    nearest_measured: Nearest | None
    in_domain: bool | None = Field(description="near enough to measured objects to trust the predictions")
    refused: list[str] = Field(description="why it could not be proposed as it is; empty when it could")
    messages: list[MessageRecord] = Field(
        default_factory=list, description="the same as messages; empty in answers of earlier releases"
    )


class PredictingAnswer(Predicting):
    """Predictions, with what became of every row."""

    report: UploadReport | None = Field(description="null while a long table is not read yet")
    rows: list[PredictedRow] | None = Field(description="one per accepted row; null until the state is succeeded")


class BacktestSummary(Job):
    """A backtest in a list: a backtest alone also tells the specification."""

    name: str = Field(description="of the campaign that is replayed")
    request: dict[str, Any] = Field(description="what is replayed, with every default, without the specification")


class Backtest(Job):
    """A campaign replayed on a measured table."""

    request: dict[str, Any] = Field(description="the specification and what is replayed, with every default")


class BacktestResult(Answer):
    """What `assayflow backtest --json` writes."""

    objects: int
    rows_rejected: int
    curves: list[dict[str, Any]] = Field(description="per method and round: means, and half of the 95 % interval")
    rows: list[dict[str, Any]] = Field(description="per method, seed and round")


class BacktestAnswer(Backtest):
    """A backtest with its answer."""

    objects: int | None = Field(description="of the table that can be replayed; null while a long one is not read yet")
    report: UploadReport | None = Field(
        description="the table's rows that are no results, the first thousand of them; null like `objects`"
    )
    result: BacktestResult | None = Field(description="null until the state is succeeded")
