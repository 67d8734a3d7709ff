"""Stored results, and the report that answers an upload."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from models.records import Outcome, Relation
from service.exchange.options import DateOrder, ReadingOptions
from service.exchange.report import Status
from service.exchange.values import Decimal
from service.schemas.base import Answer


class Result(Answer):
    """What was measured: verbatim as it came, and standardised to the campaign's units."""

    id: UUID
    candidate_id: UUID | None
    upload_id: UUID
    row: int = Field(description="its row in the upload")
    verbatim: dict[str, Any] = Field(description="the cells as they came")
    object: str
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
    comment: str | None
    created_at: datetime


class StoredValue(BaseModel):
    """What a row of a dry run would store, in the campaign's units."""

    relation: Relation
    value: float | None
    upper_value: float | None
    standard_error: float | None
    units: str | None
    outcome: Outcome
    replicate: str | None
    assay_version: str | None
    plate: str | None
    measured_at: datetime | None
    lot: str | None
    external_id: str | None
    comment: str | None


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
    would_store: StoredValue | None = Field(
        description="with dry_run, what an accepted row would store beside its object, type and candidate"
    )


class Question(BaseModel):
    """What the file leaves open, with the parameter that answers it; no other row waits for it."""

    parameter: str
    detail: str
    choices: list[str]


class Reading(BaseModel):
    """How a file was understood, from the evidence of all its cells."""

    sheet: str | None = Field(description="of a workbook")
    header_row: int | None = Field(description="the row that names the columns")
    encoding: str | None = Field(description="of a text file")
    delimiter: str | None = Field(description="of a text file")
    decimal: Decimal = Field(description="the decimal sign of numbers that are texts")
    thousands: str | None = Field(description="the sign between groups of digits, where one was seen")
    date_order: DateOrder | None = Field(description="the order of dates such as 05.01.2025, where one was needed")
    units_row: int | None = Field(description="the row below the header that holds units")
    columns: dict[str, str] = Field(description="header -> what it was read as; others were not read")
    stated: dict[str, Any] = Field(description="what the sender, or a reading of the campaign, said of the file")
    questions: list[Question]


class KeptReading(Answer):
    """How files from one source are read, kept with a campaign."""

    name: str
    options: ReadingOptions = Field(description="what is said of the files; the rest is decided from each")
    created_at: datetime
    updated_at: datetime


class UploadReport(BaseModel):
    """What became of an upload; with `dry_run` nothing of it was stored."""

    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    warnings: list[str]
    reading: Reading | None = Field(description="how the cells were understood")
    rows: list[ReportedRow]
