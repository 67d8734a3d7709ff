"""Work beside rounds: samples, predictions and backtests, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from models.campaign.requests import SampleRequest
from models.messages.message import MessageRecord
from models.summaries.sampling import SamplingSummary, read_sampling_summary
from service.exchange import ReadingOptions
from service.schemas.base import Answer
from service.schemas.candidates import Matched, Nearest, Prediction, Proposed
from service.schemas.problems import Failure
from service.schemas.results import UploadReport
from service.store.states import JobState


class Job(Answer):
    """What was asked for, and how far it is."""

    id: UUID = Field(description="names the job in its address")
    state: JobState = Field(description="where the job is on its way")
    progress: float = Field(ge=0, le=1, description="share of the work that is done")
    message: str = Field(description="what is happening, for a person")
    created_at: datetime = Field(description="when it was asked for")
    started_at: datetime | None = Field(description="when a worker began; null before")
    finished_at: datetime | None = Field(description="when it ended, in whatever way; null before")
    failure: Failure | None = Field(description="why, when the state is failed")


class JobEvent(Answer):
    """Where a job is: the data of a server-sent event."""

    state: JobState = Field(description="the job's state")
    progress: float = Field(ge=0, le=1, description="share of the work that is done")
    message: str = Field(description="what is happening, for a person")


class Sampling(Job):
    """More candidates from a trained policy: the request, every choice made."""

    campaign_id: UUID = Field(description="the campaign whose policy draws")
    request: SampleRequest = Field(
        description="as it is answered: with its round, its seed and numbers for `beta`"
    )


class SamplingAnswer(Sampling):
    """A request for samples with its answer."""

    samples: list[Proposed] | None = Field(description="null until the state is succeeded")
    summary: Annotated[SamplingSummary, BeforeValidator(read_sampling_summary)] | None = Field(
        description="what drawing was like, and why there may be fewer than asked; null until the state is "
        "succeeded"
    )


class ResultsAsked(Answer):
    """The table of results that was sent, and how it is taken."""

    filename: str | None = Field(description="as it was sent; null where the request named none")
    sheet: str | None = Field(description="of a workbook; null when the first is read")
    media_type: str = Field(description="of the file")
    sha256: str = Field(description="checksum of the file, in hexadecimal digits")
    bytes: int = Field(description="size of the file")
    mode: Literal["atomic", "partial"] = Field(description="atomic: all rows or none; partial: the good ones")
    dry_run: bool = Field(description="only report, store nothing")
    again: bool = Field(default=False, description="take only the rows that are not stored")
    on_conflict: Literal["reject", "correct"] = Field(
        default="reject", description="what becomes of a row whose external_id another result has"
    )
    reason: str | None = Field(default=None, description="why results are corrected")
    reading: ReadingOptions | None = Field(
        default=None, description="what was said of the file when it was sent"
    )


class Uploading(Job):
    """A table of results that is read as a job."""

    campaign_id: UUID = Field(description="the campaign that gets the results")
    request: ResultsAsked = Field(description="what was sent")


class UploadingAnswer(Uploading):
    """An upload with what became of every row."""

    report: UploadReport | None = Field(
        description="as a short table is answered; null until the job has ended"
    )


class ObjectsAsked(Answer):
    """The table of objects that was sent."""

    filename: str | None = Field(description="as it was sent; null where the request named none")
    sheet: str | None = Field(default=None, description="of a workbook; null when the first was read")
    media_type: str = Field(description="of the file")
    sha256: str = Field(description="checksum of the file, in hexadecimal digits")
    accepted: int | None = Field(
        description="rows that describe an object; null while a long table is not read yet"
    )
    rejected: int | None = Field(description="rows that do not; likewise")
    round: int | None = Field(description="the round whose beliefs answer; null when there is none yet")


class Predicting(Job):
    """Predictions of the user's own objects."""

    campaign_id: UUID = Field(description="the campaign that predicts")
    request: ObjectsAsked = Field(description="what was sent")


class PredictedRow(Answer):
    """What the campaign believes of one row's object; `low` and `high` bound the 90 % interval."""

    row: int = Field(description="its row in the upload")
    object: str = Field(description="canonical text")
    compound_id: str | None = Field(default=None, description="the id that the laboratory gave the object")
    display: str = Field(description="what a person reads: SMILES, HELM, formula, recipe")
    predictions: dict[str, Prediction] = Field(description="by objective; only measured objectives have one")
    computed: dict[str, float] = Field(description="by property: what is known without an assay")
    acquisition: float = Field(description="what measuring it is worth by the campaign's acquisition")
    feasibility: float = Field(description="probability that it can be made and measured")
    guardrails: dict[str, float] = Field(
        description="by guardrail: the greatest risk that the data leave possible"
    )
    nearest_measured: Nearest | None = Field(description="the most similar one; null without results")
    in_domain: bool | None = Field(description="near enough to measured objects to trust the predictions")
    refused: list[str] = Field(description="why it could not be proposed as it is; empty when it could")
    messages: list[MessageRecord] = Field(
        default_factory=list,
        description="`refused` with codes and parameters, in the same order; empty in answers of earlier "
        "releases",
    )
    alerts: list[str] = Field(
        default_factory=list,
        description="structural alerts that the campaign's policy names, with their catalogue",
    )
    matched_pair: Matched | None = Field(
        default=None, description="a measured object that differs by one exchange, if any is near"
    )


class PredictingAnswer(Predicting):
    """Predictions, with what became of every row."""

    report: UploadReport | None = Field(description="null while a long table is not read yet")
    rows: list[PredictedRow] | None = Field(
        description="one per accepted row; null until the state is succeeded"
    )
