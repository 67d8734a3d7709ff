"""Stored results, and the report that answers an upload."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from models.records import Outcome, Relation
from models.specs.result_metadata import RESULT_METADATA, TYPES
from service.exchange.options import DateOrder, ReadingOptions
from service.exchange.report import Status
from service.exchange.values import Decimal
from service.schemas.base import Answer
from service.store.states import ResultStatus

_COLUMNS: dict[str, Any] = {
    name: (TYPES[name], Field(description=column.description)) for name, column in RESULT_METADATA.items()
}
_Described = create_model("_Described", __base__=Answer, **_COLUMNS)
"""The columns that `ResultMetadata` declares."""


class Result(_Described):
    """What was measured: verbatim as it came, and standardised to the campaign's units."""

    id: UUID = Field(description="of the result")
    candidate_id: UUID | None = Field(description="the proposed candidate that it is about; null for other objects")
    upload_id: UUID = Field(description="the upload that brought it")
    row: int = Field(description="its row in the upload")
    verbatim: dict[str, Any] = Field(description="the cells as they came")
    object: str = Field(description="canonical text")
    compound_id: str | None = Field(description="the id that the laboratory gave the object with any of its results")
    type: str = Field(description="what was measured, as an objective's `type` names it")
    relation: Relation = Field(description="= for a reading, others for a limit")
    value: float | None = Field(description="in `units`; null where nothing came out")
    upper_value: float | None = Field(description="upper end of a range that starts at `value`")
    standard_error: float | None = Field(description="of `value`, in `units`")
    units: str | None = Field(description="the campaign's own; null for a pure number")
    outcome: Outcome = Field(description="ok, or why there is no value")
    revision: int = Field(description="how many results had the same external id before")
    other_columns: dict[str, str] | None = Field(description="cells of the row that nothing was read from")
    created_at: datetime = Field(description="when it was stored")
    status: ResultStatus = Field(description="whether it counts; a later test may end it nevertheless")
    supersedes: UUID | None = Field(description="the result that it corrects")
    superseded_by: UUID | None = Field(description="the result in its place, when it was corrected")
    status_reason: str | None = Field(description="why it was corrected or withdrawn")
    status_by: str | None = Field(description="the id of the API key by which it was")
    status_at: datetime | None = Field(description="when it was")


_StoredColumns = create_model("_StoredColumns", __base__=BaseModel, **_COLUMNS)


class StoredValue(_StoredColumns):
    """What a row of a dry run would store beside its object, type and candidate, in the campaign's units."""

    relation: Relation = Field(description="= for a reading, others for a limit")
    value: float | None = Field(description="in `units`; null where nothing came out")
    upper_value: float | None = Field(description="upper end of a range that starts at `value`")
    standard_error: float | None = Field(description="of `value`, in `units`")
    units: str | None = Field(description="the campaign's own; null for a pure number")
    outcome: Outcome = Field(description="ok, or why there is no value")


class ReportedRow(BaseModel):
    """What became of one row of an upload."""

    row: int = Field(description="its row in the upload")
    status: Status = Field(description="what became of it")
    reason: str | None = Field(description="why it was not accepted, and how to mend it")
    column: str | None = Field(description="where the reason lies")
    warnings: list[str] = Field(description="what was read with care")
    candidate_id: str | None = Field(description="the candidate it was linked to")
    object: str | None = Field(description="canonical text, where it could be read")
    type: str | None = Field(description="what was measured")
    corrects: str | None = Field(description="the id of the stored result in whose place it comes")
    would_store: StoredValue | None = Field(description="with dry_run, what an accepted row would store")


class Question(BaseModel):
    """What single cells leave open; no other row waits for it."""

    parameter: str = Field(description="the parameter that answers it")
    detail: str = Field(description="what is open")
    choices: list[str] = Field(description="what may be answered")


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
    stated: dict[str, str | int | dict[str, str]] = Field(
        description="what the sender, or a reading of the campaign, said of the file"
    )
    questions: list[Question] = Field(description="what single cells leave open")


class KeptReading(Answer):
    """How files from one source are read, kept with a campaign."""

    name: str = Field(description="what the files come from")
    options: ReadingOptions = Field(description="what is said of the files; the rest is decided from each")
    created_at: datetime = Field(description="when it was kept first")
    updated_at: datetime = Field(description="when it was kept last")


class UploadReport(BaseModel):
    """What became of an upload; with `dry_run` nothing of it was stored."""

    accepted: int = Field(description="rows that are stored")
    rejected: int = Field(description="rows that cannot be read")
    duplicates: int = Field(description="rows that were sent before")
    skipped: int = Field(description="rows without a value and an outcome")
    warnings: list[str] = Field(description="about the file as a whole")
    reading: Reading | None = Field(description="how the cells were understood")
    rows: list[ReportedRow] = Field(description="every row, in order")
