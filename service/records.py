"""Frozen values that cross the rooms of the service. They know no file format, no table and no HTTP."""

from dataclasses import dataclass
from datetime import datetime

from models.records import Outcome, Relation


@dataclass(frozen=True, slots=True)
class StandardResult:
    """One result in the campaign's own units, before any transform; what it said verbatim stays with its row."""

    object: str
    type: str
    relation: Relation = "="
    value: float | None = None
    units: str | None = None
    upper_value: float | None = None
    standard_error: float | None = None
    outcome: Outcome = "ok"
    replicate: str | None = None
    assay_version: str | None = None
    plate: str | None = None
    measured_at: datetime | None = None
    lot: str | None = None
    external_id: str | None = None
    comment: str | None = None
