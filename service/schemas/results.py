"""Stored results, and the report that answers an upload."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from models.records import Outcome, Relation
from service.exchange.report import Status
from service.exchange.values import Decimal
from service.schemas.base import Answer
from service.store.states import ResultStatus


class Result(Answer):
    """What was measured: verbatim as it came, and standardised to the campaign's units."""

    id: UUID
    candidate_id: UUID | None
    upload_id: UUID
    row: int = Field(description="its row in the upload")
    verbatim: dict[str, Any] = Field(description="the cells as they came")
    object: str
    compound_id: str | None = Field(description="the id that the laboratory gave the object with any of its results")
    type: str
    relation: Relation
    value: float | None
    upper_value: float | None
    standard_error: float | None
    units: str | None
    outcome: Outcome
    replicate: str | None
    assay_version: str | None
    plate: str | None = Field(description="the plate or run it was measured on")
    measured_at: datetime | None
    lot: str | None
    external_id: str | None
    revision: int = Field(description="how many results had the same external id before")
    comment: str | None
    other_columns: dict[str, str] | None = Field(description="cells of the row that nothing was read from")
    created_at: datetime
    status: ResultStatus = Field(description="whether it counts; a later test may end it nevertheless")
    supersedes: UUID | None = Field(description="the result that it corrects")
    superseded_by: UUID | None = Field(description="the result in its place, when it was corrected")
    status_reason: str | None = Field(description="why it was corrected or withdrawn")
    status_by: str | None = Field(description="the id of the API key by which it was")
    status_at: datetime | None = Field(description="when it was")


class ReportedRow(BaseModel):
    """What became of one row of an upload."""

    row: int
    status: Status
    reason: str | None
    column: str | None
    warnings: list[str]
    candidate_id: str | None
    object: str | None
    type: str | None
    corrects: str | None = Field(description="the id of the stored result in whose place it comes")


class Reading(BaseModel):
    """How a file was understood, from the evidence of all its cells."""

    decimal: Decimal = Field(description="the decimal sign of numbers that are texts")
    delimiter: str | None = Field(description="of a text file")
    units_row: int | None = Field(description="the row below the header that holds units")
    columns: dict[str, str] = Field(description="header -> what it was read as; others were not read")


class UploadReport(BaseModel):
    """What became of an upload; with `dry_run` nothing of it was stored."""

    upload_id: UUID | None = Field(description="where the file is kept, and withdrawn; null where nothing was stored")
    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    warnings: list[str]
    reading: Reading | None = Field(description="how the cells were understood")
    rows: list[ReportedRow]
