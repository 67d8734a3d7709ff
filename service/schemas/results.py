"""Stored results, and the report that answers an upload."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from models.records import Outcome, Relation
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


class Reading(BaseModel):
    """How a file was understood, from the evidence of all its cells."""

    decimal: Decimal = Field(description="the decimal sign of numbers that are texts")
    delimiter: str | None = Field(description="of a text file")
    units_row: int | None = Field(description="the row below the header that holds units")
    columns: dict[str, str] = Field(description="header -> what it was read as; others were not read")


class UploadReport(BaseModel):
    """What became of an upload; with `dry_run` nothing of it was stored."""

    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    warnings: list[str]
    reading: Reading | None = Field(description="how the cells were understood")
    rows: list[ReportedRow]
