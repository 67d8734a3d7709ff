"""What the API says of results, uploads and how files are read."""

from __future__ import annotations

from typing import Any, TypedDict

from assayflow.client.shapes.base import Job


class Result(TypedDict):
    """What was measured: verbatim as it came, and standardised to the campaign's units."""

    replicate: str | None
    assay_version: str | None
    plate: str | None
    measured_at: str | None
    lot: str | None
    external_id: str | None
    comment: str | None
    id: str
    candidate_id: str | None
    upload_id: str
    row: int
    verbatim: dict[str, Any]
    object: str
    compound_id: str | None
    type: str
    relation: str
    value: float | None
    upper_value: float | None
    standard_error: float | None
    units: str | None
    outcome: str
    revision: int
    other_columns: dict[str, str] | None
    created_at: str
    status: str
    supersedes: str | None
    superseded_by: str | None
    status_reason: str | None
    status_by: str | None
    status_at: str | None


class Amendment(TypedDict):
    """What ended a result, why, by which key and when."""

    kind: str
    result_id: str
    replacement_id: str | None
    upload_id: str | None
    reason: str
    api_key_id: str | None
    created_at: str


class ResultHistory(Result):
    """A result with everything that was corrected or withdrawn in its place, in order."""

    history: list[Amendment]


class StoredValue(TypedDict):
    """What a row of a dry run would store beside its object, type and candidate, in the campaign's units."""

    replicate: str | None
    assay_version: str | None
    plate: str | None
    measured_at: str | None
    lot: str | None
    external_id: str | None
    comment: str | None
    relation: str
    value: float | None
    upper_value: float | None
    standard_error: float | None
    units: str | None
    outcome: str


class ReportedRow(TypedDict):
    """What became of one row of an upload."""

    row: int
    status: str
    reason: str | None
    column: str | None
    warnings: list[str]
    candidate_id: str | None
    object: str | None
    type: str | None
    corrects: str | None
    would_store: StoredValue | None


class UploadReport(TypedDict):
    """What became of an upload; with `dry_run` nothing of it was stored."""

    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    warnings: list[str]
    reading: dict[str, Any] | None
    rows: list[ReportedRow]


class SentFile(TypedDict):
    """A file of results as it was sent, and what of it was amended since."""

    id: str
    campaign_id: str
    filename: str | None
    media_type: str
    sheet: str | None
    sha256: str
    bytes: int | None
    api_key_id: str | None
    n_accepted: int
    n_rejected: int
    n_withdrawn: int
    n_corrected: int
    created_at: str


class Upload(Job):
    """A table of results that is read as a job."""

    campaign_id: str
    request: dict[str, Any]


class UploadAnswer(Upload):
    """An upload with what became of every row."""

    report: UploadReport | None


class WithdrawnUpload(TypedDict):
    """What became of an upload that was withdrawn."""

    upload_id: str
    withdrawn: int


class KeptReading(TypedDict):
    """How files from one source are read, kept with a campaign."""

    name: str
    options: dict[str, Any]
    created_at: str
    updated_at: str
